//! Whole runs of the real program: real git, real processes, a real journal; only the models' words
//! come from a script, by themselves or over HTTP.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../support/mod.rs"]
mod support;

mod acceptance;
mod budget;
mod claims;
mod conflict;
mod contracts;
mod drift;
mod exits;
mod failure;
mod order;
mod person;
mod plan;
mod providers;
mod replay;
mod review;
mod secrets;
mod steer;
mod trust;
