//! What is wrong with what a person gives is said with the value, the place and a way out; nothing
//! is asked of a model then.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod prompt;
mod repository;
mod runs;
mod settings;
#[path = "../support/mod.rs"]
mod support;
mod trust;

use serde_json::json;
use support::{Machine, script, task, writes};

/// A model whose one task is done at once.
fn model(machine: &Machine) -> String {
    let tasks = json!([task("one", "general", 1, &[], "test -s one.txt")]);
    machine.script(&script(1, tasks, json!({"general_worker": writes("one.txt", "1\n")})))
}

/// What the program says of each of these command lines, and its exit codes.
fn told(machine: &Machine, lines: &[&[&str]]) -> String {
    let mut told = String::new();
    for args in lines {
        let ended = machine.run(args);
        assert_eq!(ended.stdout, "", "{args:?}");
        let args: Vec<String> = args.iter().map(|arg| shown(arg)).collect();
        told.push_str(&format!("$ equitrcoder {}\n", args.join(" ")));
        told.push_str(&format!("{}exit {}\n\n", ended.stderr, ended.code.unwrap()));
    }
    without_places(machine, &told).trim_end().to_owned()
}

/// `text` with the names of temporary folders left out.
fn without_places(machine: &Machine, text: &str) -> String {
    let folder = machine.path("project").parent().unwrap().display().to_string();
    text.replace(&folder, "[folder]")
}

fn shown(arg: &str) -> String {
    if arg.is_empty() || arg.contains(char::is_whitespace) {
        format!("{arg:?}")
    } else {
        arg.to_owned()
    }
}
