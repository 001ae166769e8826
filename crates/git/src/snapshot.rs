//! Keeping what a worktree holds, as a commit.

use crate::error::io_error;
use crate::intake::{look_through, refuse_large};
use crate::removal::{open_up, remove};
use crate::worktree::HeldLink;
use crate::{GitError, Hub, Oid};
use std::fs;
use std::path::Path;

/// What a worktree held, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The commit; the parent itself when nothing had changed.
    pub commit: Oid,
    /// Its tree.
    pub tree: Oid,
    /// Whether its tree is another than the parent's.
    pub changed: bool,
}

impl Hub {
    /// Keeps everything in a worktree that its `.gitignore` does not leave out, as a commit on
    /// `parent`, under `reference` (wherever that was before).
    ///
    /// The worktree and its index stay as they are; only unreadable files are made readable. A
    /// `.git` below the top, in any spelling, gives [`GitError::NestedRepository`]: git would take
    /// the folder for a repository, run what that one's configuration says, and keep a reference
    /// to it instead of its files. A file that was added or changed and is above
    /// [`SNAPSHOT_FILE_BYTES_MAX`](crate::SNAPSHOT_FILE_BYTES_MAX) gives
    /// [`GitError::FileTooLarge`], and a name that git can't keep [`GitError::Unkeepable`].
    pub fn snapshot(
        &self,
        worktree: &Path,
        parent: &Oid,
        message: &str,
        reference: &str,
    ) -> Result<Snapshot, GitError> {
        let link = self.whole_link(worktree)?;
        let large = look_through(&link.root)?;
        link.restore()?;
        refuse_large(&link, &large)?;
        let (tree, parent_tree) = std::thread::scope(|scope| {
            let parent_tree = scope.spawn(|| self.tree_of(parent));
            (tree_of_files(&link), parent_tree.join())
        });
        let tree = tree?;
        let parent_tree = match parent_tree {
            Ok(parent_tree) => parent_tree?,
            Err(_) => self.tree_of(parent)?,
        };
        let changed = tree != parent_tree;
        let commit =
            if changed { self.commit_tree(&tree, &[parent], message)? } else { parent.clone() };
        self.set_ref(reference, &commit)?;
        Ok(Snapshot { commit, tree, changed })
    }

    /// A commit of a tree that is there already.
    pub(crate) fn commit_tree(
        &self,
        tree: &Oid,
        parents: &[&Oid],
        message: &str,
    ) -> Result<Oid, GitError> {
        let parents = parents.iter().flat_map(|parent| ["-p", parent.as_str()]);
        let call = self.call("commit-tree").arg(tree.as_str()).args(parents);
        call.args(["-F", "-"]).input(format!("{}\n", message.trim_end())).oid()
    }
}

/// The tree of all files, made by way of an index beside the worktree's.
///
/// The other index begins as another name of the same file, whose time of writing git needs to
/// tell which files changed since. Git replaces an index and never writes into one, so the
/// worktree's own stays what it is.
fn tree_of_files(link: &HeldLink) -> Result<Oid, GitError> {
    let index = link.admin.join("index.snapshot");
    let lock = link.admin.join("index.snapshot.lock");
    let add = || {
        for leftover in [&index, &lock] {
            remove(leftover)?;
        }
        fs::hard_link(link.admin.join("index"), &index).map_err(io_error("make", &index))?;
        link.call("add")?.args(["-A", "--", "."]).env("GIT_INDEX_FILE", &index).output()
    };
    if add().is_err() {
        open_up(&link.root);
        add()?;
    }
    let tree = link.call("write-tree")?.env("GIT_INDEX_FILE", &index).oid()?;
    remove(&index)?;
    Ok(tree)
}
