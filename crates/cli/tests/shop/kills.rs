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

#[test]
fn killed_at_twenty_moments_the_demo_ends_with_the_same_tree() {
    let (undisturbed, _) = &*UNDISTURBED;
    let home = Home::at(undisturbed.home().unwrap());
    let records = read_run(&home.runs().unwrap()[0]).unwrap().state.records;
    let mut moments: Vec<u64> = (0..KILLS).map(|n| 1 + scattered(n) % (records - 1)).collect();
    moments.sort_unstable();
    let demo = Demo::new();
    let mut ended = killed(&demo, &["demo", "--json", "--keep", "shop"], moments[0], 0);
    let home = demo.home().expect("a run that told of itself has a home");
    let resume = ["resume", "--json", "--home", home.to_str().unwrap()];
    for (n, pair) in (1..).zip(moments.windows(2)) {
        assert!(!ended, "it came to its end after {n} kills, the last at {} of {records}", pair[0]);
        let lines = (pair[1] - pair[0]).max(1);
        ended = killed(&demo, &resume, lines, scattered(n) % 9_000);
    }
    let output = demo.command(&resume).output().unwrap();
    assert!(ended || output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = |demo: &Demo| demo.git(&["rev-parse", "HEAD^{tree}"]);
    let paths = demo.git(&["diff", "--stat", "HEAD"]);
    assert_eq!(paths, "", "the checkout is not what is committed");
    assert_eq!(tree(&demo), tree(undisturbed));
    let merges =
        |demo: &Demo| demo.git(&["rev-list", "--merges", "--first-parent", "--count", "HEAD"]);
    assert_eq!(merges(&demo), merges(undisturbed));
}
