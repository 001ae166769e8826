//! The repository's rules, as tests.
//!
//! Each rule is a function from texts to what is wrong with them, one line a problem, and is tried
//! here on planted faults; `tests/repository.rs` applies all of them to this repository. Nothing here
//! is part of the product.

pub mod arrows;
pub mod docs;
pub mod readme;
pub mod release;
pub mod repository;
pub mod source;
