//! The demo is killed again and again, and ends as if it had not been.

use crate::{Demo, UNDISTURBED};
use equitr_engine::{Home, read_run};
use std::io::{BufRead, BufReader};
use std::process::Stdio;

/// How often it is killed.
const KILLS: u64 = 20;

/// A number that looks random, and is the same for the same `n`.
fn scattered(n: u64) -> u64 {
    let mut x = n.wrapping_add(0x5eed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x ^ (x >> 27)
}

/// Reads `lines` records of what the process prints, waits for some turns of the scheduler, and
/// kills it; whether it came to its end before.
fn killed(demo: &Demo, args: &[&str], lines: u64, turns: u64) -> bool {
    let mut child = demo.command(args).stdout(Stdio::piped()).spawn().unwrap();
    let mut records = BufReader::new(child.stdout.take().unwrap()).lines();
    let ended = (0..lines).any(|_| records.next().is_none());
    (0..turns).for_each(|_| std::thread::yield_now());
    child.kill().unwrap();
    child.wait().unwrap();
    ended
}

/// How many records the demo's journal has.
fn records(demo: &Demo) -> u64 {
    let home = Home::at(demo.home().expect("a run that told of itself has a home"));
    read_run(&home.runs().unwrap()[0]).unwrap().state.records
}

/// Kills a new demo at these moments, records of its journal, and has it go on to its end; how often
/// it was killed before that.
fn played(moments: &[u64]) -> usize {
    let demo = Demo::new();
    killed(&demo, &["demo", "--json", "--keep", "shop"], moments[0], 0);
    let home = demo.home().expect("a run that told of itself has a home");
    let resume = ["resume", "--json", "--home", home.to_str().unwrap()];
    let mut kills = 1;
    for &moment in &moments[1..] {
        // A process that was quick is past the moment already: it is killed at its next record.
        let lines = moment.saturating_sub(records(&demo)).max(1);
        if killed(&demo, &resume, lines, scattered(moment) % 2_000) {
            break;
        }
        kills += 1;
    }
    let output = demo.command(&resume).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() || told.contains("no run to resume"), "{told}");
    let undisturbed = &UNDISTURBED.0;
    let changes = demo.git(&["diff", "--stat", "HEAD"]);
    assert_eq!(changes, "", "the checkout is not what is committed");
    for same in [
        ["rev-parse", "HEAD^{tree}"].as_slice(),
        &["rev-list", "--merges", "--first-parent", "--count", "HEAD"],
    ] {
        assert_eq!(demo.git(same), undisturbed.git(same), "{same:?}");
    }
    kills
}

#[test]
fn killed_at_twenty_moments_the_demo_ends_with_the_same_tree() {
    let all = records(&UNDISTURBED.0);
    let mut moments: Vec<u64> = (0..KILLS).map(|n| 1 + scattered(n) % (all * 9 / 10)).collect();
    moments.sort_unstable();
    let mut kills = 0;
    // One that came to its end before its last moment leaves the rest to another.
    while kills < moments.len() {
        kills += played(&moments[kills..]);
    }
}
