//! How much longer a run takes than its model calls alone would: bound / makespan.
//!
//! The bound is what the model's latency leaves possible: the longest path of turns through the
//! graph, or all turns divided by the workers. Two figures are printed for each case: until the last
//! worker was handed its finishing reply (`turns`), and until the run had ended, with a worktree, a
//! verification and a merge of its own for every task, and the delivery (`all`).
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod table;
mod world;

use std::time::Duration;
use table::{Row, print, row};
use world::{Paced, Work, World, alike, hear_out};

struct Case {
    name: &'static str,
    works: Vec<Work>,
    workers: u32,
    latency_ms: u64,
    goal: &'static str,
    best: &'static str,
}

fn main() {
    let wanted: Option<String> = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    let chosen = cases().into_iter().filter(|c| wanted.as_ref().is_none_or(|w| c.name.contains(w)));
    let rows: Vec<Row> = chosen.flat_map(|case| measure(&case)).collect();
    print("Bound / makespan", &rows);
}

fn cases() -> Vec<Case> {
    let part = |turns, needs: &[usize]| Work { turns, needs: needs.to_vec() };
    let graph = vec![part(24, &[]), part(4, &[]), part(10, &[1]), part(10, &[2]), part(4, &[0])];
    let case = |name, works, workers, latency_ms, goal, best| Case {
        name,
        works,
        workers,
        latency_ms,
        goal,
        best,
    };
    vec![
        case("64 workers x 10 turns, 500 ms", alike(64, 10), 64, 500, "0.97", "0.68"),
        case("64 workers x 10 turns, 50 ms", alike(64, 10), 64, 50, "0.75", "0.09"),
        case("16 workers x 10 turns, 50 ms", alike(16, 10), 16, 50, "0.85", "0.37"),
        case("1,000 workers x 10 turns, 500 ms", alike(1_000, 10), 1_000, 500, "0.88", "-"),
        case("A24 B4 C10 D10 E4, 2 workers, 250 ms", graph, 2, 250, "0.97", "0.89"),
    ]
}

fn measure(case: &Case) -> [Row; 2] {
    let world = World::new();
    let model = Paced::new(Duration::from_millis(case.latency_ms), case.works.clone());
    let handle = world.begin(model.clone(), &case.works, case.workers);
    let ended = hear_out(handle);
    let began = model.graph_given.lock().unwrap().unwrap();
    let finished = model.finished.lock().unwrap().unwrap();
    let bound = f64::from(bound(&case.works, case.workers)) * case.latency_ms as f64 / 1_000.0;
    let turns = (finished.at - began.at).as_secs_f64();
    let all = (ended.at - began.at).as_secs_f64();
    let tasks = case.works.len() as f64;
    let own = (ended.own - began.own).as_secs_f64() * 1_000.0 / tasks;
    let children = (ended.children - began.children).as_secs_f64() * 1_000.0 / tasks;
    let told = format!("{:.2} ({turns:.2} s of {bound:.2} s)", bound / turns);
    let whole = format!(
        "{:.2} ({all:.2} s; CPU a task: {own:.1} ms own, {children:.1} ms git and checks)",
        bound / all
    );
    [
        row(format!("{}: turns", case.name), told, case.goal, case.best),
        row(format!("{}: all", case.name), whole, case.goal, case.best),
    ]
}

/// The least number of turns one after the other: the longest path, or all divided by the workers.
fn bound(works: &[Work], workers: u32) -> u32 {
    let mut ends: Vec<u32> = Vec::new();
    for work in works {
        let begins = work.needs.iter().map(|&need| ends[need]).max().unwrap_or(0);
        ends.push(begins + work.turns);
    }
    let sum: u32 = works.iter().map(|work| work.turns).sum();
    ends.into_iter().max().unwrap_or(0).max(sum.div_ceil(workers))
}
