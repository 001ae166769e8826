//! Figures of the whole program: how soon it is there, how large it is, what one prompt with one
//! reply costs, and how long a worker's first prompt is.
//!
//! The model is a server on this machine that answers at once over plain HTTP; `plan` asks it once
//! and commits the documents it gets. Processor time and memory include the git processes.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../../engine/benches/table.rs"]
mod table;

use equitr_core::chat::ToolSpec;
use equitr_core::event::Event;
use equitr_engine::{Home, Loaded, read_run};
use equitr_llm::scripted::Script;
use equitr_testing::loopback::{Faults, Loopback};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use serde_json::json;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;
use table::{Row, percentile, print, row};

/// Bytes to a token of such texts, nearly.
const BYTES_PER_TOKEN: f64 = 3.4;

fn main() {
    let mut rows = one_prompt();
    rows.extend(version());
    rows.extend(first_prompt());
    print("The process", &rows);
}

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_equitrcoder"));
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Milliseconds of wall and of processor time that a command takes; it has to succeed.
fn timed(command: &mut Command) -> (f64, f64) {
    let (began, before) = (Instant::now(), cpu_ms());
    let status = command.status().unwrap();
    let wall = began.elapsed().as_secs_f64() * 1_000.0;
    assert!(status.success(), "{command:?} ended with {status}");
    (wall, cpu_ms() - before)
}

fn cpu_ms() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    let sum = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    sum as f64 / 1_000.0
}

/// The most memory that any process of ours has had, in MiB.
fn peak_mib() -> f64 {
    getrusage(UsageWho::RUSAGE_CHILDREN).unwrap().max_rss() as f64 / 1_024.0
}

fn version() -> Vec<Row> {
    let mut walls: Vec<f64> = (0..50).map(|_| timed(program().arg("--version")).0).collect();
    let size = std::fs::metadata(env!("CARGO_BIN_EXE_equitrcoder")).unwrap().len();
    let wall = format!("{:.1} ms", percentile(&mut walls, 50));
    let size = format!("{:.1} MiB", size as f64 / f64::from(1 << 20));
    vec![row("--version, warm", wall, "3 ms", "6 ms"), row("binary", size, "20 MiB", "141 MiB")]
}

fn one_prompt() -> Vec<Row> {
    let write = |document: &str, content: &str| json!({ "write_document": { "document": document, "content": content } });
    let script = json!({ "agents": { "planner": [{ "calls": [
        write("requirements", "# Shop Requirements\n\n## What\n\nA shop.\n"),
        write("design", "# Design\n\n## Parts\n\nOne program.\n"),
        write("todos", "# Steps\n\n## All\n\n1. [ ] Write the program\n"),
        { "submit_plan": {} },
    ] }] } });
    let script = Script::parse(&script.to_string(), Path::new("script.yaml")).unwrap();
    let server = Loopback::start(script, Faults::none()).unwrap();
    let (mut walls, mut cpus) = (Vec::new(), Vec::new());
    for _ in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let base = format!("{}/v1", server.url());
        let mut plan = program();
        plan.args(["plan", "--prompt", "A shop", "--yes", "--model", "openai/gpt-4o"])
            .args(["--api-base", &base, "--repo"])
            .arg(folder.path().join("shop"))
            .env("EQUITR_HOME", folder.path().join("equitr"))
            .env("OPENAI_API_KEY", "none")
            .env("HOME", folder.path());
        let (wall, cpu) = timed(&mut plan);
        walls.push(wall);
        cpus.push(cpu);
    }
    assert_eq!(server.requests().len(), 20);
    let wall = format!("{:.0} ms", percentile(&mut walls, 50));
    let cpu = format!("{:.0} ms", percentile(&mut cpus, 50));
    vec![
        row("one prompt, one reply: wall", wall, "30 ms", "245 ms"),
        row("one prompt, one reply: CPU", cpu, "20 ms", "190 ms"),
        row("one prompt, one reply: memory", format!("{:.1} MiB", peak_mib()), "16 MiB", "97 MiB"),
    ]
}

/// The longest first prompt of the example's workers, and the part of it that all have.
fn first_prompt() -> Vec<Row> {
    let folder = tempfile::tempdir().unwrap();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/todo");
    let mut run = program();
    run.args(["--multi-agent", "--yes", "--prompt-file"])
        .arg(example.join("prompt.txt"))
        .arg("--answers")
        .arg(example.join("answers.txt"))
        .arg("--model")
        .arg(format!("script:{}", example.join("script.yaml").display()))
        .arg("--repo")
        .arg(folder.path().join("todo"))
        .env("EQUITR_HOME", folder.path().join("equitr"))
        .env("HOME", folder.path());
    timed(&mut run);
    let runs = Home::at(folder.path().join("equitr")).runs().unwrap();
    let run = read_run(runs.last().unwrap()).unwrap();
    let tools: usize = run.state.spec.tools.iter().map(told_bytes).sum::<usize>()
        + equitr_core::control::worker_tools().iter().map(told_bytes).sum::<usize>();
    let same = tools + run.state.worker_system.len();
    let longest = openings(&run).into_iter().max().unwrap_or_default();
    let tokens = |bytes: usize| bytes as f64 / BYTES_PER_TOKEN;
    let whole = format!("{:.0} tokens ({} bytes)", tokens(same + longest), same + longest);
    let prefix = format!("{:.0} tokens ({same} bytes)", tokens(same));
    vec![
        row("a worker's first prompt", whole, "2,500 tokens", "8,251 tokens"),
        row("of that, the same for all", prefix, "", ""),
    ]
}

fn openings(run: &Loaded) -> Vec<usize> {
    let events = run.records.iter().flat_map(|record| &record.events);
    events
        .filter_map(|event| match event {
            Event::AttemptStarted { attempt: 1, opening, .. } => Some(opening.len()),
            _ => None,
        })
        .collect()
}

fn told_bytes(tool: &ToolSpec) -> usize {
    tool.name.len() + tool.description.len() + tool.schema.to_string().len() + 16
}
