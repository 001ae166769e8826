//! What the program can do, a room for each.

pub mod config;
pub mod demo;
pub mod doctor;
pub mod explain;
pub mod models;
pub mod page;
pub mod replan;
pub mod runs;
pub mod steer;
