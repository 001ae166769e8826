//! Merging two commits in the hub, where nothing is checked out and nobody's attributes hold.

use crate::command::lossy;
use crate::commit::Made;
use crate::conflict::Conflict;
use crate::{GitError, Hub, Oid};
use std::collections::BTreeSet;

/// What a merge commit says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeMessage {
    /// Its first line.
    pub subject: String,
    /// Its `Key: value` lines, in their order; a key is of letters, digits and `-`.
    pub trailers: Vec<(String, String)>,
}

/// What came of a merge. Nothing was moved in either case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Merge {
    /// The two go together.
    Clean {
        /// The merge, with `onto` as its first parent.
        commit: Oid,
        /// The merged tree, with the overlay in it.
        tree: Oid,
    },
    /// They do not.
    Conflict {
        /// The files concerned, in git's order.
        paths: Vec<String>,
        /// What git says of each, and of each file the parts in conflict with both sides marked
        /// (`<<<<<<< onto` and `>>>>>>> theirs`), for a worker to read; about 32 KiB at most.
        text: String,
        /// The merge as far as it goes, with markers in its files: a commit on both that nothing
        /// refers to, for a worktree in which the conflict is resolved.
        marked: Oid,
    },
}

impl Hub {
    /// Merges `theirs` into `onto`, and makes the merge commit when they go together.
    ///
    /// The overlay's files are written over the merged tree, so a conflict in those alone is none.
    pub fn merge(
        &self,
        onto: &Oid,
        theirs: &Oid,
        message: &MergeMessage,
        overlay: &[(String, Vec<u8>)],
    ) -> Result<Merge, GitError> {
        let options = ["--write-tree", "-z", "--name-only", onto.as_str(), theirs.as_str()];
        let answer = self.call("merge-tree").args(options).answer()?;
        // A commit that is missing gives 1 as well, but no tree.
        if !matches!(answer.status, 0 | 1) || answer.output.is_empty() {
            return Err(answer.into_failure("merge-tree", &self.dir));
        }
        let mut parts = answer.output.split(|byte| *byte == 0);
        let tree: Oid = lossy(parts.next().unwrap_or_default()).parse()?;
        if answer.status == 1 {
            let conflict = Conflict::read(tree.clone(), parts);
            let overlaid: BTreeSet<&[u8]> =
                overlay.iter().map(|(path, _)| path.as_bytes()).collect();
            let open = |path: &Vec<u8>| !overlaid.contains(path.as_slice());
            if conflict.paths.iter().any(open) {
                let text = self.conflict_text(&conflict, onto, theirs)?;
                let paths = conflict.paths.iter().map(|path| lossy(path)).collect();
                let marked = self.commit_tree(&tree, &[onto, theirs], "Merge with conflicts")?;
                return Ok(Merge::Conflict { paths, text, marked });
            }
        }
        let message = message.text();
        let parents = [onto, theirs];
        if overlay.is_empty() {
            let commit = self.commit_tree(&tree, &parents, &message)?;
            return Ok(Merge::Clean { commit, tree });
        }
        let made = Made { parents: &parents, tree: Some(&tree), files: overlay, message: &message };
        let (commit, tree) = self.make(&made)?;
        Ok(Merge::Clean { commit, tree })
    }
}

impl MergeMessage {
    /// The whole message; line breaks within a part become spaces, so that none can pose as
    /// another trailer.
    fn text(&self) -> String {
        let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut text = format!("{}\n", one_line(&self.subject));
        if !self.trailers.is_empty() {
            text.push('\n');
        }
        for (key, value) in &self.trailers {
            let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
            let key: String = key.chars().map(plain).collect();
            text.push_str(&format!("{key}: {}\n", one_line(value)));
        }
        text
    }
}
