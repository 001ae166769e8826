//! Facts, state and decisions of a run, and the words for them.
//!
//! Pure: no clock, I/O, randomness or unordered map; time comes in with the input.

pub mod chat;
pub mod documents;
pub mod graph;
pub mod id;
pub mod spec;
pub mod todos;
pub mod units;
