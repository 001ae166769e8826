//! The real client against a server that speaks the four formats.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod cancellation;
mod faults;
mod keys;
mod replies;
mod support;
