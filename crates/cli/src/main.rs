//! Arguments in, exit code out.

mod args;
mod commands;
mod error;
mod models;
mod profiles;
mod settings;

fn main() {}
