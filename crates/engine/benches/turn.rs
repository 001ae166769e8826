//! The engine's share of a durable tool turn.
//!
//! Measured between a reply being handed back by the model and the next request of the same worker
//! arriving at it: the reply is recorded, the tool run, its result recorded, the request built. The
//! tool's own time, measured alone on the same file, is told beside it and is a part of the share.
//! Processor time is that of the whole process, so the model's timers are in it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod table;
mod world;

use equitr_tools::{Environment, Limits, Place, Tool, Worktree};
use std::sync::Arc;
use std::time::{Duration, Instant};
use table::{Row, percentile, print, row};
use world::{Paced, World, alike, hear_out};

fn main() {
    let mut rows = Vec::new();
    rows.extend(measure(1, 400, 5));
    rows.extend(measure(16, 50, 50));
    rows.extend(measure(64, 50, 500));
    let (write, read) = tool_alone();
    rows.push(row("of that, write_file alone, p50", format!("{write:.2} ms"), "", ""));
    rows.push(row("of that, read_file alone, p50", format!("{read:.2} ms"), "", ""));
    print("Engine's share of a durable tool turn", &rows);
}

fn measure(workers: usize, turns: u32, latency_ms: u64) -> [Row; 2] {
    let world = World::new();
    let works = alike(workers, turns);
    let model = Paced::new(Duration::from_millis(latency_ms), works.clone());
    let handle = world.begin(model.clone(), &works, workers as u32);
    hear_out(handle);
    let calls = model.calls.lock().unwrap();
    let replied = |task: usize, turn: u32| {
        let found = calls.iter().find(|call| (call.task, call.turn) == (task, turn));
        found.and_then(|call| call.replied)
    };
    let mut shares: Vec<f64> = calls
        .iter()
        .filter(|call| call.turn > turns / 5 && call.turn < turns - 1)
        .filter_map(|call| {
            let before = replied(call.task, call.turn - 1)?;
            Some((call.asked - before).as_secs_f64() * 1_000.0)
        })
        .collect();
    // Worktrees are made during the first turns and merges begin after the last.
    let of_turn = |turn: u32| calls.iter().filter(move |call| call.turn == turn);
    let from = of_turn(turns / 5).max_by_key(|call| call.asked).unwrap();
    let to = of_turn(turns - 2).min_by_key(|call| call.asked).unwrap();
    let between = calls.iter().filter(|call| call.asked > from.asked && call.asked <= to.asked);
    let cpu = (to.own - from.own).as_secs_f64() * 1_000.0 / between.count() as f64;
    let wall =
        format!("{:.2} / {:.2} ms", percentile(&mut shares, 50), percentile(&mut shares, 95));
    let who = format!("{workers} at {latency_ms} ms");
    [
        row(format!("{who}: wall p50 / p95"), wall, "2 / 6 ms", "12.8 / 24.7 ms"),
        row(format!("{who}: CPU"), format!("{cpu:.2} ms"), "0.4 ms", "13.9 ms"),
    ]
}

/// Milliseconds of writing and of reading the worker's small file.
fn tool_alone() -> (f64, f64) {
    let folder = tempfile::tempdir().unwrap();
    let place = Place {
        worktree: Worktree::open(folder.path()).unwrap(),
        environment: Environment::new(std::env::vars_os(), folder.path(), folder.path()),
        sandbox: equitr_tools::Sandbox::off(),
        quotas: equitr_tools::Quotas::default(),
        redactor: Arc::default(),
    };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let content = "A line of a small file that a worker writes.\n".repeat(10);
    let mut times = (Vec::new(), Vec::new());
    for n in 0..200 {
        let path = format!("part/file{n}.txt");
        let write = serde_json::json!({ "path": path, "content": content }).to_string();
        let read = serde_json::json!({ "path": path }).to_string();
        for (name, args, into) in
            [("write_file", write, &mut times.0), ("read_file", read, &mut times.1)]
        {
            let (began, limits) = (Instant::now(), Limits::default());
            let run = equitr_tools::run(&Tool::ALL, name, &args, &place, &limits, &|_| {});
            runtime.block_on(run);
            into.push(began.elapsed().as_secs_f64() * 1_000.0);
        }
    }
    (percentile(&mut times.0, 50), percentile(&mut times.1, 50))
}
