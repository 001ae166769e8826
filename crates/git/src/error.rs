//! What can go wrong with a repository, one variant for each thing a caller would do about it.

use crate::{Operation, Version};
use std::io;
use std::path::PathBuf;

/// Why a repository could not be read or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GitError {
    /// There is no `git` command on the `PATH`.
    #[error("the `git` command was not found")]
    NotFound(#[source] io::Error),
    /// The `git` command lacks what we need (`merge-tree --write-tree`).
    #[error("git {found} is too old; {needed} or newer is needed")]
    TooOld {
        /// The version that is installed.
        found: Version,
        /// The oldest version that would do.
        needed: Version,
    },
    /// No repository has this folder in its working tree.
    #[error("`{path}` is not in a git repository")]
    NotARepository {
        /// The folder that was asked for.
        path: PathBuf,
    },
    /// The repository has no files checked out, so there is nothing to work on or deliver to.
    #[error("`{path}` is a bare repository; a checkout is needed")]
    Bare {
        /// The repository.
        path: PathBuf,
    },
    /// The repository's own configuration (`core.worktree`) says that its files are in a folder
    /// that is not its own.
    #[error("the repository at `{path}` has its files elsewhere (`core.worktree`): in `{root}`")]
    FilesElsewhere {
        /// The folder that was asked for.
        path: PathBuf,
        /// Where its files would be.
        root: PathBuf,
    },
    /// The person is in the middle of something that only they can finish.
    #[error("a {operation} is in progress in `{path}`")]
    InProgress {
        /// What was begun and not ended.
        operation: Operation,
        /// The checkout's top folder.
        path: PathBuf,
    },
    /// The folder is no hub of ours (or was damaged so far that it can't be told for one).
    #[error("`{path}` is not a hub")]
    NotAHub {
        /// The folder that was asked for.
        path: PathBuf,
    },
    /// No sound worktree of this hub is at the place; it has to be added (again).
    #[error("`{path}` is not a sound worktree")]
    NotAWorktree {
        /// The folder that was asked for.
        path: PathBuf,
    },
    /// The worktree holds something that git would take for a repository of its own.
    #[error("`{path}` is a repository inside the worktree, which is not allowed: remove it")]
    NestedRepository {
        /// The nested `.git`, relative to the worktree.
        path: PathBuf,
    },
    /// A file that a worker made or changed is larger than a snapshot takes.
    #[error(
        "`{path}` has {bytes} bytes, and {bytes_max} is the most for one file: have `.gitignore` \
         leave it out, or make it smaller"
    )]
    FileTooLarge {
        /// The file, relative to the worktree.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// [`SNAPSHOT_FILE_BYTES_MAX`](crate::SNAPSHOT_FILE_BYTES_MAX).
        bytes_max: u64,
    },
    /// The worktree holds a name that git can't keep.
    #[error("`{path}` can't be kept: {why}; remove it, or give it another name")]
    Unkeepable {
        /// The file or folder, relative to the worktree; the beginning of it when it is very long.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A path that no commit of ours may hold: absolute, leaving the tree, or with a `.git` in it.
    #[error("`{path}` is not a path that can be committed")]
    BadPath {
        /// The path as it was given.
        path: String,
    },
    /// The name is not one of a reference (`refs/…`).
    #[error("`{name}` is not the name of a reference")]
    BadReference {
        /// The name as it was given.
        name: String,
    },
    /// A reference that has to be there is not.
    #[error("there is no reference `{name}`")]
    NoReference {
        /// Its name.
        name: String,
    },
    /// The text is not the hexadecimal name of an object.
    #[error("`{text}` is not an object id")]
    BadOid {
        /// The text as it was given, cut at 80 characters.
        text: String,
    },
    /// The file at this path of a commit is larger than what the caller can take.
    #[error("`{path}` has {bytes} bytes; the limit is {bytes_max}")]
    TooLarge {
        /// The path inside the commit, or what else was read.
        path: String,
        /// Its size; a lower bound where reading stopped early.
        bytes: u64,
        /// The limit.
        bytes_max: u64,
    },
    /// Every name tried for the branch belongs to other work or is checked out.
    #[error("no free branch name like `{name}`")]
    NoFreeBranch {
        /// The name that was wished for.
        name: String,
    },
    /// The command ran and refused.
    #[error("`git {verb}` failed in `{place}`: {words}")]
    Failed {
        /// The subcommand, such as `merge-tree`.
        verb: &'static str,
        /// The repository or worktree it ran in.
        place: PathBuf,
        /// What git wrote to its standard error, cut at 8 KiB; its exit status when it was silent.
        words: String,
    },
    /// The command ran and said something we can't read.
    #[error("`git {verb}` answered something unexpected: `{answer}`")]
    Garbled {
        /// The subcommand.
        verb: &'static str,
        /// The beginning of its answer.
        answer: String,
    },
    /// The command could not be started or listened to.
    #[error("`git {verb}` could not be run in `{place}`")]
    Spawn {
        /// The subcommand.
        verb: &'static str,
        /// Where it should have run.
        place: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file or folder beside git could not be read or written.
    #[error("could not {act} `{path}`")]
    Io {
        /// What was tried, such as `remove`.
        act: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

/// Gives an I/O error the act and the path it belongs to.
pub(crate) fn io_error(
    act: &'static str,
    path: impl Into<PathBuf>,
) -> impl FnOnce(io::Error) -> GitError {
    let path = path.into();
    move |source| GitError::Io { act, path, source }
}
