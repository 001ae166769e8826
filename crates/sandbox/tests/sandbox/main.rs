//! The sandbox, tried with the real bubblewrap and the real kernel; each has to be there.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod attacks;
#[cfg(target_arch = "x86_64")]
mod calls;
mod choice;
mod launcher;
mod limits;
mod place;
mod proxy;
mod walls;
