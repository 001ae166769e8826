//! Runs an agent's command where it can reach its own worktree and hardly anything else.
//!
//! [`choose`] finds out which sandbox works here, [`wrap`] makes of a [`Policy`] and a command line
//! the process to be started, and [`launch_if_asked`] is what the program's `main` calls first: the
//! program is started again inside the sandbox, where it sets the limits and the system call filter
//! and then becomes the shell. What cannot be set up in full is not run. [`proxy`] is the way out to
//! a list of hosts, [`attacks`] the proof that the rest is shut.
//!
//! Starting, timing and ending commands is left to the caller, as is saying what a person is told.

mod backend;
mod error;
mod mode;
mod policy;
mod wrap;

#[cfg(target_os = "linux")]
mod bridge;
#[cfg(target_os = "linux")]
mod bubblewrap;
#[cfg(target_os = "linux")]
mod fence;
#[cfg(target_os = "linux")]
mod filter;
#[cfg(target_os = "linux")]
mod launcher;
#[cfg(target_os = "linux")]
mod limits;
#[cfg(target_os = "linux")]
mod orders;
#[cfg(target_os = "linux")]
mod probe;
#[cfg(target_os = "linux")]
mod system;

#[cfg(target_os = "linux")]
pub mod attacks;
pub mod proxy;

pub use backend::{Backend, choose};
pub use error::Error;
pub use mode::Mode;
pub use policy::{Limits, Network, Policy};
pub use wrap::wrap;

#[cfg(target_os = "linux")]
pub use launcher::launch_if_asked;

/// Gives back at once: elsewhere than on Linux there is nothing to launch, and [`wrap`] refuses.
#[cfg(not(target_os = "linux"))]
pub fn launch_if_asked(_args: impl IntoIterator<Item = std::ffi::OsString>) {}
