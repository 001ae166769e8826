//! What an agent can do in its worktree: files, search, shell.
//!
//! The trust boundary: a model's words become paths in [`worktree`] and processes in [`process`],
//! and nowhere else. Whether a call is wanted, and what it means for the run, is core's.

mod bounded;
mod check;
mod disk;
mod edit;
mod environment;
mod error;
mod leftovers;
mod list;
mod listing;
mod path;
pub mod process;
mod processes;
mod quotas;
mod read;
mod sandbox;
mod search;
mod secret_files;
mod shell;
mod spawner;
mod stop;
mod tool;
mod usage;
mod walk;
pub mod worktree;
mod write;

pub use check::{CheckOutcome, check};
pub use environment::Environment;
pub use error::Error;
pub use leftovers::{RUN_VARIABLE, kill_leftovers};
pub use process::Progress;
pub use quotas::{Excess, Quotas};
pub use sandbox::Sandbox;
pub use secret_files::secret_files;
pub use tool::{Limits, Output, Place, Tool, run, specs};
pub use worktree::Worktree;
pub use write::UNFINISHED_PREFIX;
