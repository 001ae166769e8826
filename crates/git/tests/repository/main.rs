//! The crate against the real git, in temporary folders with a home of their own.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod advance;
mod checkout;
mod fixture;
mod hub;
mod hygiene;
mod merge;
mod recovery;
mod snapshot;
mod worktree;
