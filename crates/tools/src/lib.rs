//! What an agent can do in its worktree: files, search, shell.
//!
//! The trust boundary: a model's words become paths in [`worktree`] and processes in [`process`],
//! and nowhere else. Whether a call is wanted, and what it means for the run, is core's.

mod bounded;
mod check;
mod edit;
mod environment;
mod error;
mod leftovers;
mod list;
mod path;
pub mod process;
mod read;
mod search;
mod shell;
mod stop;
mod tool;
mod walk;
pub mod worktree;
mod write;

pub use check::{CheckOutcome, check};
pub use environment::Environment;
pub use error::Error;
pub use leftovers::{RUN_VARIABLE, kill_leftovers};
pub use process::Progress;
pub use tool::{Limits, Output, Place, Tool, run, specs};
pub use worktree::Worktree;
pub use write::UNFINISHED_PREFIX;
