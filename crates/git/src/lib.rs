//! Worktrees, branches and merges of a repository, by the git command.
//!
//! Two places, and never more: the *hub*, a bare repository of our own in which everything
//! happens, and the *checkout*, the person's repository, which is read and, at delivery, moved
//! forward. Calls block; many threads may make them at once. What tasks, attempts or runs are is
//! the callers' business: here are only commits, trees, references and folders.
//!
//! What holds for every call: no hook, filter, fsmonitor, alias or driver of anybody's runs; no
//! configuration but the repository's own is read; the person's configuration is never written.

mod advance;
mod ahead;
mod blobs;
mod change;
mod changes;
mod checkout;
mod command;
mod commit;
mod conflict;
mod contents;
mod diff;
mod error;
mod hub;
mod index_lock;
mod intake;
mod mark;
mod merge;
mod name;
mod oddity;
mod oid;
mod removal;
mod setting;
mod snapshot;
mod stage;
mod version;
mod worktree;

pub use advance::{Advance, LeftBecause, Taken};
pub use ahead::Touching;
pub use changes::{CHANGES_MAX, ChangeKind, Changed, Changes, Flag};
pub use checkout::{Checkout, FILE_BYTES_MAX, Head, Operation};
pub use commit::Logged;
pub use error::GitError;
pub use hub::{Hub, Swap};
pub use intake::SNAPSHOT_FILE_BYTES_MAX;
pub use mark::Mark;
pub use merge::{Merge, MergeMessage};
pub use oid::Oid;
pub use removal::remove as remove_folder;
pub use snapshot::Snapshot;
pub use version::{NEEDED, Version, version};
