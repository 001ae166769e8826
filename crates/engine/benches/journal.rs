//! The journal: records a second, reading a long run back, and what is paid twice after a stop.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod table;
mod world;

use equitr_engine::{Journal, Parts, SharedRecord, read_run, resume};
use std::collections::BTreeMap;
use std::io::{Seek, SeekFrom, Write};
use std::time::{Duration, Instant};
use table::{Row, percentile, print, row};
use world::{Paced, World, alike, hear_out};

/// What the loop puts into one transaction at the most.
const GROUP: usize = 512;

fn main() {
    let world = World::new();
    let works = alike(50, 102);
    let handle = world.begin(Paced::new(Duration::ZERO, works.clone()), &works, 50);
    hear_out(handle);
    let records = read_run(&world.dir).unwrap().records;
    let mut rows = vec![
        row("fdatasync here, p50", format!("{:.2} ms", flush()), "", "0.3 ms is assumed"),
        appended("records/s, a commit each", &records[..2_000], 1, "3,000"),
        appended("records/s, grouped by 512", &records[..10_000], GROUP, "25,000"),
    ];
    rows.push(read_back(&world, &records));
    rows.push(repeated());
    print("Journal", &rows);
}

fn flush() -> f64 {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&[0; 1 << 16]).unwrap();
    file.sync_all().unwrap();
    let mut times: Vec<f64> = (0..200)
        .map(|_| {
            file.seek(SeekFrom::Start(0)).unwrap();
            file.write_all(&[1; 4_096]).unwrap();
            let began = Instant::now();
            file.sync_data().unwrap();
            began.elapsed().as_secs_f64() * 1_000.0
        })
        .collect();
    percentile(&mut times, 50)
}

fn appended(figure: &str, records: &[SharedRecord], group: usize, goal: &str) -> Row {
    let world = World::new();
    std::fs::create_dir_all(world.dir.root()).unwrap();
    let mut journal = Journal::create(&world.dir).unwrap();
    let began = Instant::now();
    for chunk in records.chunks(group) {
        journal.append(chunk.iter().map(|record| &**record)).unwrap();
    }
    let rate = records.len() as f64 / began.elapsed().as_secs_f64();
    let bytes: usize =
        records.iter().map(|r| serde_json::to_string(&r.events).unwrap().len()).sum();
    let each = bytes / records.len();
    row(figure, format!("{rate:.0} ({each} bytes each)"), goal, "")
}

fn read_back(world: &World, records: &[SharedRecord]) -> Row {
    let mut times: Vec<f64> = (0..9)
        .map(|_| {
            let began = Instant::now();
            let loaded = read_run(&world.dir).unwrap();
            let took = began.elapsed().as_secs_f64() * 1_000.0;
            assert_eq!(loaded.records.len(), records.len());
            took
        })
        .collect();
    let count = records.len() as f64;
    let for_10_000 = percentile(&mut times, 50) * 10_000.0 / count;
    let told = format!("{for_10_000:.1} ms ({count} read)");
    row("resume of 10,000 records", told, "30 ms", "")
}

/// Stops a run of eight in the middle and takes it up: which calls were made twice.
fn repeated() -> Row {
    let world = World::new();
    let works = alike(8, 10);
    let model = Paced::new(Duration::from_millis(20), works.clone());
    let handle = world.begin(model.clone(), &works, 8);
    while model.calls.lock().unwrap().len() < 40 {
        std::thread::sleep(Duration::from_millis(1));
    }
    handle.stopper()();
    for _ in handle.news.iter() {}
    handle.join().unwrap();
    let cut_off = model.calls.lock().unwrap().iter().filter(|c| c.replied.is_none()).count();
    let loaded = read_run(&world.dir).unwrap();
    let handle = resume(loaded, Parts::of(model.clone()), world.lock(), Vec::new()).unwrap();
    hear_out(handle);
    let mut counts: BTreeMap<(usize, u32), u32> = BTreeMap::new();
    for call in model.calls.lock().unwrap().iter() {
        *counts.entry((call.task, call.turn)).or_default() += 1;
    }
    let twice = counts.values().filter(|&&count| count > 1).count();
    let told = format!("{twice} of 80; {cut_off} had no reply yet");
    row("paid calls repeated after a stop", told, "those in flight", "0-1")
}
