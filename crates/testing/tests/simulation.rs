//! Random runs in a seeded world, crashes included, with every invariant checked at each step.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use equitr_testing::sim;

/// Seeds of a run of the tests: a few seconds on two cores.
const SEEDS: u64 = 20_000;

#[test]
fn no_seed_breaks_an_invariant_and_every_run_ends() {
    let figures = sim::sweep(0..SEEDS).unwrap_or_else(|violation| panic!("{violation}"));
    assert_eq!(figures.runs, SEEDS);
    // The world was as wild as it is meant to be.
    assert!(figures.crashes > SEEDS, "{figures:#?}");
    assert!(figures.late > SEEDS, "{figures:#?}");
    assert!(figures.merges > 2 * SEEDS, "{figures:#?}");
    for ending in ["done", "done with open work", "failed", "cancelled"] {
        let count = figures.endings.get(ending).copied().unwrap_or(0);
        assert!(count > SEEDS / 100, "{ending}: {figures:#?}");
    }
}

#[test]
fn a_seed_repeats_its_run_exactly() {
    for seed in [3, 81, 5_000] {
        let (result, lines) = sim::traced(seed, None);
        let (again, same) = sim::traced(seed, None);
        assert_eq!((&result, &lines), (&again, &same));
        assert_eq!(result, sim::run(seed, None));
        assert!(lines.len() > 10, "{lines:?}");
    }
}

#[test]
fn a_violation_is_told_in_one_line_by_which_it_can_be_run_again() {
    let found = (0..2_000).find_map(|seed| sim::run(seed, Some(sim::Bug::ForgetsToResume)).err());
    let violation = found.expect("a bug that is found");
    let line = violation.to_string();
    let begin = format!("SIM seed={} step={}: ", violation.seed, violation.step);
    assert!(line.starts_with(&begin) && !line.contains('\n'), "{line}");
    let (again, lines) = sim::traced(violation.seed, Some(sim::Bug::ForgetsToResume));
    assert_eq!(again, Err(violation));
    assert!(!lines.is_empty());
}
