//! Facts, state and decisions of a run, and the words for them.
//!
//! Pure: no clock, I/O, randomness or unordered map; time comes in with the input.
//!
//! ```text
//! Input ─▶ decide::step ─▶ Record (made durable) ─▶ job::jobs: what should be under way now
//! ```

pub mod acceptance;
pub mod answers;
pub mod apply;
pub mod chat;
pub mod commits;
pub mod contracts;
pub mod control;
pub mod decide;
pub mod dialogue;
pub mod documents;
pub mod drift;
pub mod event;
pub mod foresight;
pub mod glob;
pub mod graph;
pub mod id;
pub mod input;
pub mod intent;
pub mod job;
pub mod ledger;
pub mod pause;
pub mod plan_diff;
#[cfg(feature = "planted")]
pub mod planted;
pub mod policy;
pub mod prompt;
pub mod redact;
pub mod repeats;
pub mod requirements;
pub mod retry;
pub mod review;
pub mod scope;
pub mod spec;
pub mod state;
pub mod todos;
pub mod units;

pub use decide::{Reaction, start, step};
