//! The person's side: their repository, which is read, and written only by
//! [`Checkout::advance`](Checkout::advance).

use crate::command::{Call, Place, git, items, lossy};
use crate::error::io_error;
use crate::hub::{Format, commit_named, is_vacant, read_blob};
use crate::removal::remove;
use crate::setting::{Setting, executable, settings, without_programs};
use crate::{GitError, Oid};
use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The largest file of the person's that is read as a whole.
pub const FILE_BYTES_MAX: u64 = 16 << 20;

/// A repository of the person's with its files checked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    pub(crate) root: PathBuf,
    pub(crate) git_dir: PathBuf,
    pub(crate) common_dir: PathBuf,
    pub(crate) format: Format,
}

/// Where the person stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The commit that is checked out; `None` before the first one.
    pub commit: Option<Oid>,
    /// The branch that is checked out, without `refs/heads/`; `None` when it is none (detached).
    pub branch: Option<String>,
}

/// What a person can have begun in a checkout, and only they can end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// `git rebase` or `git am`.
    Rebase,
    /// `git merge`.
    Merge,
    /// `git cherry-pick`.
    CherryPick,
    /// `git revert`.
    Revert,
    /// `git bisect`.
    Bisect,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Operation::Rebase => "rebase",
            Operation::Merge => "merge",
            Operation::CherryPick => "cherry-pick",
            Operation::Revert => "revert",
            Operation::Bisect => "bisect",
        })
    }
}

/// Where a new repository's `.git` is built, in its checkout.
const PARTIAL: &str = ".git.partial";

/// What each operation leaves in the repository's folder while it lasts.
const TRACES: [(&str, Operation); 6] = [
    ("rebase-merge", Operation::Rebase),
    ("rebase-apply", Operation::Rebase),
    ("MERGE_HEAD", Operation::Merge),
    ("CHERRY_PICK_HEAD", Operation::CherryPick),
    ("REVERT_HEAD", Operation::Revert),
    ("BISECT_LOG", Operation::Bisect),
];

impl Checkout {
    /// The repository that has this folder in its working tree.
    ///
    /// [`GitError::NotARepository`], [`GitError::Bare`] or [`GitError::InProgress`] when there is
    /// none to work with.
    pub fn open(path: &Path) -> Result<Self, GitError> {
        let path = std::path::absolute(path).map_err(io_error("find", path))?;
        if !path.is_dir() {
            return Err(GitError::NotARepository { path });
        }
        let asked = ["--is-bare-repository", "--absolute-git-dir", "--path-format=absolute"];
        let call = git("rev-parse", Place::Found(&path)).args(asked);
        let call = call.args(["--git-common-dir", "--show-object-format", "--show-toplevel"]);
        let answer = call.answer()?;
        let text = lossy(&answer.output);
        let lines: Vec<&str> = text.lines().collect();
        match lines.as_slice() {
            ["false", git_dir, common_dir, format, root] => {
                let checkout = Self {
                    root: root.into(),
                    git_dir: git_dir.into(),
                    common_dir: common_dir.into(),
                    format: Format::named(format),
                };
                // A `core.worktree` that the repository came with would have us write elsewhere.
                if fs::symlink_metadata(checkout.root.join(".git")).is_err() {
                    return Err(GitError::FilesElsewhere { path, root: checkout.root });
                }
                match checkout.operation() {
                    Some(operation) => Err(GitError::InProgress { operation, path: checkout.root }),
                    None => Ok(checkout),
                }
            }
            ["true", ..] => Err(GitError::Bare { path }),
            // Inside a `.git`: a repository, but no checkout.
            ["false", ..] => Err(GitError::NotARepository { path }),
            _ => {
                let failure = answer.into_failure("rev-parse", &path);
                match &failure {
                    GitError::Failed { words, .. } if words.contains("not a git repository") => {
                        Err(GitError::NotARepository { path })
                    }
                    _ => Err(failure),
                }
            }
        }
    }

    /// Whether a path is free for a new repository: nothing is there, or a folder with nothing in it
    /// but what a killed [`Checkout::open_or_init`] left.
    pub fn is_vacant(path: &Path) -> bool {
        match fs::read_dir(path) {
            Ok(entries) => entries.flatten().all(|entry| entry.file_name() == PARTIAL),
            Err(_) => is_vacant(path),
        }
    }

    /// Opens the repository at a path. Where the path is vacant one is made first, folder and all:
    /// without commits, on branch `main`.
    ///
    /// Its `.git` is built under another name and renamed when whole, so a killed call leaves none
    /// that is half made; the next call removes what it did leave. No two calls may make the same
    /// repository at once.
    pub fn open_or_init(path: &Path) -> Result<Self, GitError> {
        let path = &std::path::absolute(path).map_err(io_error("find", path))?;
        let partial = path.join(PARTIAL);
        if Self::is_vacant(path) {
            remove(&partial)?;
            fs::create_dir_all(path).map_err(io_error("make", path))?;
            let options = ["-q", "--template=", "--initial-branch=main", "--"];
            git("init", Place::Anywhere).args(options).arg(&partial).output()?;
            let whole = partial.join(".git");
            fs::rename(&whole, path.join(".git")).map_err(io_error("rename", &whole))?;
        }
        let opened = Self::open(path)?;
        remove(&partial)?;
        Ok(opened)
    }

    /// The top folder of the checkout, absolute.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What is checked out now.
    pub fn head(&self) -> Result<Head, GitError> {
        let answer =
            self.call("rev-parse").args(["HEAD", "--symbolic-full-name", "HEAD"]).answer()?;
        let text = lossy(&answer.output);
        if answer.status == 0 {
            let (commit, name) = text.trim().split_once('\n').unwrap_or((text.trim(), "HEAD"));
            let branch = name.strip_prefix("refs/heads/").map(str::to_owned);
            return Ok(Head { commit: Some(commit.parse()?), branch });
        }
        let name = self.call("symbolic-ref").args(["-q", "HEAD"]).text()?;
        let commit = commit_named(self.call("rev-parse"), "HEAD")?;
        Ok(Head { commit, branch: name.strip_prefix("refs/heads/").map(str::to_owned) })
    }

    /// The paths with changes that are not committed, untracked ones too (a wholly untracked
    /// folder as itself, with a `/`), ignored ones not; in git's order.
    ///
    /// What the person's global ignore file leaves out is listed: only the repository's own
    /// configuration is read.
    pub fn uncommitted(&self) -> Result<Vec<String>, GitError> {
        let options = ["--porcelain=v1", "-z", "--untracked-files=normal", "--no-renames"];
        let call = without_programs(self.files_call("status"), &self.settings()?);
        let answer = call.args(options).arg("--ignore-submodules=all").output()?;
        Ok(items(&answer).map(|item| lossy(item.get(3..).unwrap_or_default())).collect())
    }

    /// The files of the commit that is checked out: the first `max` of them in git's order, and
    /// how many there are in all.
    pub fn files(&self, max: usize) -> Result<(Vec<String>, usize), GitError> {
        let Some(commit) = self.head()?.commit else { return Ok((Vec::new(), 0)) };
        let options = ["-r", "-z", "--name-only", "--full-tree", commit.as_str()];
        let answer = self.call("ls-tree").args(options).output()?;
        let listed = items(&answer).take(max).map(lossy).collect();
        Ok((listed, items(&answer).count()))
    }

    /// The bytes of a file of the commit that is checked out; `None` when it is not in it.
    ///
    /// [`GitError::TooLarge`] above [`FILE_BYTES_MAX`].
    pub fn read(&self, path: &str) -> Result<Option<Vec<u8>>, GitError> {
        let Some(commit) = self.head()?.commit else { return Ok(None) };
        read_blob(self.call("cat-file"), &commit, path, FILE_BYTES_MAX)
    }

    /// The newest commit behind the one that is checked out whose message has a line that begins with
    /// `words`: letters, digits, `-` and `:`.
    pub fn newest_saying(&self, words: &str) -> Result<Option<Oid>, GitError> {
        let Some(commit) = self.head()?.commit else { return Ok(None) };
        let options = ["-1", "--format=%H", &format!("--grep=^{words}")];
        let found = self.call("log").args(options).arg(commit.as_str()).text()?;
        let found = found.trim();
        if found.is_empty() { Ok(None) } else { found.parse().map(Some) }
    }

    /// As [`Checkout::read`], of any commit.
    pub fn read_at(&self, commit: &Oid, path: &str) -> Result<Option<Vec<u8>>, GitError> {
        read_blob(self.call("cat-file"), commit, path, FILE_BYTES_MAX)
    }

    /// What is configured in the repository that could run a program, such as `filter.lfs.clean`
    /// or `hooks/pre-commit`, so that a person can be told it is ignored. In order, each once.
    pub fn executable_settings(&self) -> Result<Vec<String>, GitError> {
        let mut found = executable(&self.settings()?);
        let mut hooks = Vec::new();
        for entry in fs::read_dir(self.common_dir.join("hooks")).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let runs = fs::metadata(entry.path())
                .is_ok_and(|hook| hook.is_file() && hook.permissions().mode() & 0o111 != 0);
            if runs && !name.ends_with(".sample") {
                hooks.push(format!("hooks/{name}"));
            }
        }
        hooks.sort();
        found.append(&mut hooks);
        Ok(found)
    }

    /// What the person has begun and not ended, if anything.
    pub(crate) fn operation(&self) -> Option<Operation> {
        let begun = TRACES.iter().find(|(trace, _)| self.git_dir.join(trace).exists());
        begun.map(|(_, operation)| *operation)
    }

    pub(crate) fn settings(&self) -> Result<Vec<Setting>, GitError> {
        settings(self.call("config"))
    }

    /// A call about commits and references; it sees no files.
    pub(crate) fn call(&self, verb: &'static str) -> Call {
        git(verb, Place::Bare(&self.git_dir))
    }

    /// A call that may look at the files, too.
    pub(crate) fn files_call(&self, verb: &'static str) -> Call {
        git(verb, Place::Files { git_dir: &self.git_dir, root: &self.root })
    }
}
