//! Each planted bug is found by the simulator within so many seeds, which pass without it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use equitr_core::planted::{self, Mistake};
use equitr_testing::sim::{self, Bug, Violation};

/// Finds a mistake of core within `seeds`, by one of the invariants.
fn finds(mistake: Mistake, seeds: u64, invariants: &[&str]) {
    let found = (0..seeds).find_map(|seed| planted::with(mistake, || sim::run(seed, None)).err());
    judge(found, seeds, invariants, &format!("{mistake:?}"));
}

/// Finds a bug of the engine within `seeds`, by one of the invariants.
fn finds_in_the_engine(bug: Bug, seeds: u64, invariants: &[&str]) {
    let found = (0..seeds).find_map(|seed| sim::run(seed, Some(bug)).err());
    judge(found, seeds, invariants, &format!("{bug:?}"));
}

fn judge(found: Option<Violation>, seeds: u64, invariants: &[&str], planted: &str) {
    let violation = found.unwrap_or_else(|| panic!("{planted} is not found in {seeds} seeds"));
    println!("{planted}: {violation}");
    assert!(invariants.contains(&violation.invariant), "{planted}: {violation}");
    assert_eq!(sim::run(violation.seed, None).err(), None, "{planted} is not what was found");
}

#[test]
fn a_task_that_starts_before_its_needs_is_found() {
    finds(Mistake::IgnoredNeeds, 50, &["I1"]);
}

#[test]
fn a_task_that_starts_before_its_needs_are_merged_is_found() {
    finds(Mistake::EarlyRelease, 50, &["I1"]);
}

#[test]
fn a_failed_task_that_lets_others_start_is_found() {
    finds(Mistake::ReleasedByFailure, 500, &["I1"]);
}

#[test]
fn a_budget_that_counts_only_what_is_spent_is_found() {
    finds(Mistake::UncountedHolds, 500, &["I3"]);
}

#[test]
fn money_that_stays_set_aside_after_a_failed_call_is_found() {
    finds(Mistake::KeptHold, 100, &["I3"]);
}

#[test]
fn calls_of_a_dead_process_that_nobody_pays_are_found() {
    finds(Mistake::UnchargedCalls, 100, &["I3"]);
}

#[test]
fn work_that_is_merged_although_its_review_sent_it_back_is_found() {
    finds(Mistake::UnheardReviews, 200, &["E8"]);
}

#[test]
fn a_reply_that_is_taken_for_another_calls_is_found() {
    finds(Mistake::MissingFence, 500, &["F1", "I3"]);
}

#[test]
fn word_of_a_landing_that_is_taken_for_the_next_ones_is_found() {
    finds(Mistake::NamelessLandings, 10_000, &["I2", "I5", "E1"]);
}

#[test]
fn messages_that_a_new_attempt_does_not_hear_of_are_found() {
    finds(Mistake::LostMail, 500, &["I15"]);
}

#[test]
fn a_worker_that_stays_taken_after_its_attempt_is_found() {
    finds(Mistake::LeakedWorker, 100, &["I11"]);
}

#[test]
fn a_change_of_the_plan_that_a_worker_never_reads_is_found() {
    finds(Mistake::UntoldChange, 2_000, &["P4"]);
}

#[test]
fn a_change_of_the_plan_that_opens_what_it_does_not_concern_is_found() {
    finds(Mistake::WholeReopening, 500, &["P4"]);
}

#[test]
fn a_machines_failure_that_is_ignored_is_found() {
    finds(Mistake::IgnoredFailure, 3_000, &["F2"]);
}

#[test]
fn a_worker_that_goes_in_circles_unseen_is_found() {
    finds(Mistake::UnseenCircles, 500, &["S2"]);
}

#[test]
fn protected_paths_that_are_delivered_without_a_word_are_found() {
    finds(Mistake::UnaskedDelivery, 500, &["S1"]);
}

#[test]
fn a_sandbox_that_stays_what_it_was_is_found() {
    finds(Mistake::ForgottenSandbox, 500, &["S3"]);
}

#[test]
fn a_write_of_anothers_files_is_found() {
    finds(Mistake::OpenClaims, 500, &["C1"]);
}

#[test]
fn a_conflict_in_the_making_that_only_one_is_told_of_is_found() {
    finds(Mistake::WarnedHalf, 500, &["C2"]);
}

#[test]
fn conflicts_in_a_row_that_nobody_looks_at_are_found() {
    finds(Mistake::EndlessConflicts, 2_000, &["C3"]);
}

#[test]
fn work_that_starts_before_its_acceptance_checks_is_found() {
    finds(Mistake::EarlyWork, 100, &["A1"]);
}

#[test]
fn a_check_that_proves_nothing_and_counts_as_a_proof_is_found() {
    finds(Mistake::HollowProof, 1_000, &["A3"]);
}

#[test]
fn acceptance_checks_that_a_worker_changes_are_found() {
    finds(Mistake::UnguardedLocks, 3_000, &["A2"]);
}

#[test]
fn a_paused_run_that_begins_new_work_is_found() {
    finds(Mistake::HeedlessPause, 500, &["P1"]);
}

#[test]
fn records_that_are_acted_on_before_they_are_durable_are_found() {
    finds_in_the_engine(Bug::ActsBeforeDurable, 100, &["I3", "I4"]);
}

#[test]
fn a_merge_that_is_made_again_after_a_crash_is_found() {
    finds_in_the_engine(Bug::LandsWithoutAsking, 500, &["I2", "I5", "I16"]);
}

#[test]
fn a_branch_that_is_set_without_a_comparison_is_found() {
    finds_in_the_engine(Bug::MovesWithoutComparing, 20_000, &["I2", "I5", "I16"]);
}

#[test]
fn a_process_that_does_not_say_it_is_a_new_one_is_found() {
    finds_in_the_engine(Bug::ForgetsToResume, 100, &["I3", "W1"]);
}

#[test]
fn a_process_that_never_wakes_is_found() {
    finds_in_the_engine(Bug::NeverWakes, 100, &["I9"]);
}

#[test]
fn a_stopped_attempt_that_runs_on_is_found() {
    finds_in_the_engine(Bug::ForgetsToStop, 500, &["I11"]);
}

#[test]
fn a_contract_that_changes_unsaid_is_found() {
    finds(Mistake::UntoldContract, 500, &["K2"]);
}

#[test]
fn an_attempt_that_starts_before_the_contracts_are_committed_is_found() {
    finds(Mistake::EarlyStart, 200, &["K1"]);
}
