//! Memory of an idle worker beyond its transcript.
//!
//! Idle is a worker whose worktree stands and whose model thinks. Each number of workers is measured
//! in a process of its own, which this program starts.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod table;
mod world;

use equitr_core::event::Event;
use equitr_engine::News;
use std::process::Command;
use std::time::Duration;
use table::{print, row};
use world::{Paced, World, alike};

const MANY: usize = 1_000;

fn main() {
    let mut args = std::env::args().skip_while(|arg| arg != "--idle").skip(1);
    if let Some(workers) = args.next() {
        return idle(workers.parse().unwrap());
    }
    let (few, _) = idle_in_process(1);
    let (many, transcript) = idle_in_process(MANY);
    let each = many.saturating_sub(few) as f64 / (MANY - 1) as f64;
    let beyond = each - transcript as f64 / MANY as f64 / 1_024.0;
    let told = format!("{beyond:.1} KiB ({few} KiB with 1, {many} KiB with {MANY})");
    print("Memory", &[row("an idle worker beyond its transcript", told, "64 KiB", "220 KiB")]);
}

/// Resident KiB and the transcripts' bytes with so many idle workers.
fn idle_in_process(workers: usize) -> (usize, usize) {
    let program = std::env::current_exe().unwrap();
    let output = Command::new(program).args(["--idle", &workers.to_string()]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut numbers = text.split_whitespace().map(|word| word.parse().unwrap());
    (numbers.next().unwrap(), numbers.next().unwrap())
}

fn idle(workers: usize) {
    let world = World::new();
    let works = alike(workers, 2);
    let model = Paced::new(Duration::from_secs(3_600), works.clone());
    let handle = world.begin(model.clone(), &works, workers as u32);
    let (mut prepared, mut transcript) = (0, 0);
    while prepared < workers || model.calls.lock().unwrap().len() < workers {
        let News::Record(record) = handle.news.recv().unwrap() else { continue };
        for event in &record.events {
            match event {
                Event::AttemptStarted { opening, .. } => transcript += opening.len(),
                Event::WorktreePrepared { .. } => prepared += 1,
                _ => {}
            }
        }
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let resident: usize = line.split_whitespace().next().unwrap().parse().unwrap();
    println!("{resident} {transcript}");
    handle.stopper()();
    handle.join().unwrap();
}
