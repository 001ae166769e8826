//! The loop: one thread owns a run's state and journal; jobs are leaves that report back to it.
//!
//! ```text
//! inputs ─▶ decide, all that have come ─▶ one transaction ─▶ publish ─▶ start what is wanted and
//!                                                                    not running, stop the rest
//! ```
//!
//! There is no code for resuming or cancelling work: the set of wanted jobs is another then.

mod clock;
mod control;
mod error;
mod handle;
mod home;
mod jobs;
mod journal;
mod lock;
mod parts;
mod progress;
mod redact;
mod run_loop;

pub use control::{Answer, Steer, is_on, steer};
pub use error::EngineError;
pub use handle::{News, RunHandle, Stopped, begin, resume};
pub use home::{Home, RunDir};
pub use journal::{Journal, Loaded, SharedRecord, read_run};
pub use lock::{Holder, RepositoryLock};
pub use parts::Parts;
pub use progress::Activity;
