//! The crate against the real git, in temporary folders with a home of their own.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod advance;
mod ahead;
mod changes;
mod checkout;
mod fixture;
mod hostile;
mod hub;
mod hygiene;
mod merge;
mod poison;
mod recovery;
mod snapshot;
mod trap;
mod worktree;
