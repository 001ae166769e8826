//! Journals in, screens out: runs are played with core, and every view of them is looked at.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod attack;
mod budget;
mod flow;
mod open_work;
mod plan;
#[path = "../../../core/tests/play/mod.rs"]
#[allow(dead_code)]
mod play;
mod policy;
mod screen;
mod shop;
mod whole_run;
