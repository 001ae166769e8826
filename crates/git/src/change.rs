//! One path that differs between two trees.

use crate::command::{cut, lossy};
use crate::{GitError, Oid};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The mode of a submodule's entry.
pub(crate) const SUBMODULE: &str = "160000";
/// The mode of a symbolic link's.
pub(crate) const LINK: &str = "120000";
/// The mode of a file that may be run.
pub(crate) const RUNS: &str = "100755";

/// What a tree has at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub mode: String,
    pub oid: Oid,
}

/// A path, and what was and is at it; `None` for nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub path: PathBuf,
    pub old: Option<Entry>,
    pub new: Option<Entry>,
    /// The index holds several versions of it, from a merge that was not ended.
    pub unmerged: bool,
}

/// One of a change's two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Old,
    New,
}

impl Change {
    pub fn has(&self, side: Side) -> bool {
        match side {
            Side::Old => self.old.is_some(),
            Side::New => self.new.is_some(),
        }
    }

    pub fn is_of_submodule(&self) -> bool {
        [&self.old, &self.new].into_iter().flatten().any(|entry| entry.mode == SUBMODULE)
    }
}

/// Reads what `diff-tree -r -z --raw` and `diff-index --raw -z` answer:
/// `:<mode> <mode> <id> <id> <status>`, a zero byte, the path, a zero byte.
pub(crate) fn changes(verb: &'static str, answer: &[u8]) -> Result<Vec<Change>, GitError> {
    let mut parts = answer.split(|byte| *byte == 0);
    let mut changes = Vec::new();
    while let (Some(about), Some(path)) = (parts.next(), parts.next()) {
        let about = lossy(about);
        let words: Vec<&str> = about.trim_start_matches(':').split(' ').collect();
        let [old_mode, new_mode, old, new, status] = words[..] else {
            return Err(GitError::Garbled { verb, answer: cut(&about) });
        };
        changes.push(Change {
            path: Path::new(OsStr::from_bytes(path)).to_owned(),
            old: entry(old_mode, old)?,
            new: entry(new_mode, new)?,
            unmerged: status.starts_with('U'),
        });
    }
    Ok(changes)
}

fn entry(mode: &str, oid: &str) -> Result<Option<Entry>, GitError> {
    let oid: Oid = oid.parse()?;
    Ok((mode != "000000").then(|| Entry { mode: mode.to_owned(), oid }))
}
