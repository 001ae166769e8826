//! Making commits without a working tree, and reading what made ones say.

use crate::command::{committer, cut, items, lossy};
use crate::name::is_gits_own;
use crate::{GitError, Hub, Oid};

/// A reference that a stream of `fast-import` must name for its commit. It is forgotten within the
/// stream again, so no reference is read, locked or written.
const UNNAMED: &str = "refs/equitr/unnamed";

/// A commit, as its message tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// Which commit.
    pub commit: Oid,
    /// The first line of its message.
    pub subject: String,
    /// The `Key: value` lines its message ends with, in their order.
    pub trailers: Vec<(String, String)>,
}

/// What a commit is made of.
pub(crate) struct Made<'a> {
    pub parents: &'a [&'a Oid],
    /// The tree to begin with; `None` for the first parent's.
    pub tree: Option<&'a Oid>,
    /// Files to be written over that tree.
    pub files: &'a [(String, Vec<u8>)],
    pub message: &'a str,
}

impl Hub {
    /// A commit whose tree is the parent's with these files written over it; no reference moves.
    ///
    /// Without a parent it is a first commit. The files are plain ones (not executable), replace
    /// what is at their path, and may be any number.
    pub fn commit_files(
        &self,
        parent: Option<&Oid>,
        files: &[(String, Vec<u8>)],
        message: &str,
    ) -> Result<Oid, GitError> {
        let parents: Vec<&Oid> = parent.into_iter().collect();
        Ok(self.make(&Made { parents: &parents, tree: None, files, message })?.0)
    }

    /// The commits from a tip back to (and without) `since`, newest first; all when it is `None`.
    ///
    /// Only first parents are followed: on an integration branch those are the commits we made,
    /// so that nothing a merged branch says in its messages is taken for ours.
    pub fn log_trailers(&self, since: Option<&Oid>, tip: &Oid) -> Result<Vec<Logged>, GitError> {
        let format = "--format=%H%n%s%n%(trailers:only,unfold)";
        let mut call = self.call("log").args(["-z", "--first-parent", format, tip.as_str()]);
        if let Some(since) = since {
            call = call.arg(format!("^{since}"));
        }
        items(&call.arg("--").output()?).map(|item| logged(&lossy(item))).collect()
    }

    /// A commit and its tree, by one process: `fast-import` writes what is new as one pack, flushes
    /// it, and has it unpacked to loose objects (also flushed) when they are few.
    pub(crate) fn make(&self, made: &Made<'_>) -> Result<(Oid, Oid), GitError> {
        for (path, _) in made.files {
            check_path(path)?;
        }
        let options = ["--quiet", "--done", "--date-format=now"];
        let answer = self.call("fast-import").args(options).input(stream(made)).text()?;
        let garbled = || GitError::Garbled { verb: "fast-import", answer: cut(&answer) };
        let (commit, tree) = answer.split_once('\n').ok_or_else(garbled)?;
        let tree = tree.split_whitespace().nth(2).ok_or_else(garbled)?;
        Ok((commit.parse()?, tree.parse()?))
    }
}

fn stream(made: &Made<'_>) -> Vec<u8> {
    let size: usize = made.files.iter().map(|(path, bytes)| path.len() + bytes.len() + 64).sum();
    let mut stream = Vec::with_capacity(size + made.message.len() + 512);
    let mut line = |text: &str| {
        stream.extend_from_slice(text.as_bytes());
        stream.push(b'\n');
    };
    line(&format!("commit {UNNAMED}\nmark :1\ncommitter {} now", committer()));
    line(&format!("data {}\n{}", made.message.len(), made.message));
    for (at, parent) in made.parents.iter().enumerate() {
        line(&format!("{} {parent}", if at == 0 { "from" } else { "merge" }));
    }
    if let Some(tree) = made.tree {
        line(&format!("M 040000 {tree} \"\""));
    }
    for (path, bytes) in made.files {
        let path = path.replace('\\', "\\\\").replace('"', "\\\"");
        stream.extend_from_slice(format!("M 100644 inline \"{path}\"\n").as_bytes());
        stream.extend_from_slice(format!("data {}\n", bytes.len()).as_bytes());
        stream.extend_from_slice(bytes);
        stream.push(b'\n');
    }
    let end = format!("\nget-mark :1\nls :1 \"\"\nreset {UNNAMED}\n\ndone\n");
    stream.extend_from_slice(end.as_bytes());
    stream
}

/// A path is one of a file inside the tree, and none that git would take for its own.
fn check_path(path: &str) -> Result<(), GitError> {
    let odd = |part: &str| matches!(part, "" | "." | "..") || is_gits_own(part.as_bytes());
    if path.contains(['\n', '\0']) || path.split('/').any(odd) {
        return Err(GitError::BadPath { path: cut(path) });
    }
    Ok(())
}

fn logged(text: &str) -> Result<Logged, GitError> {
    let mut lines = text.lines();
    let commit = lines.next().unwrap_or_default().parse()?;
    let subject = lines.next().unwrap_or_default().to_owned();
    let trailers = lines.filter_map(|line| line.split_once(": "));
    let trailers = trailers.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    Ok(Logged { commit, subject, trailers })
}
