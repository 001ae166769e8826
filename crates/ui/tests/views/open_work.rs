//! A run in which much goes wrong, in every view: nothing is told better than it is.

use crate::screen::{PLAIN, SYMBOLS, flow, journal};
use crate::shop;
use equitr_core::id::TaskId;
use equitr_ui::report::report;
use equitr_ui::status::{status, status_json};
use equitr_ui::{Held, Tally, held_back, takeover_command};

#[test]
fn the_flow_tells_every_failure_and_what_came_of_it() {
    insta::assert_snapshot!("open_work_flow", flow(&shop::open_work(), &SYMBOLS));
}

#[test]
fn the_flow_of_failures_is_readable_without_symbols() {
    let told = flow(&shop::open_work(), &PLAIN);
    assert!(told.is_ascii(), "{told}");
    assert!(told.contains("\nx Task 1, attempt 1: checks failed: pytest -q\n"), "{told}");
    assert!(
        told.contains("frontend_worker -> backend_worker_1: GET /users/{id} gives {id, name}\n")
    );
}

#[test]
fn a_rate_limit_that_many_run_into_is_told_once() {
    let told = flow(&shop::open_work(), &SYMBOLS);
    assert_eq!(told.matches("limits the rate").count(), 1, "{told}");
}

#[test]
fn the_report_says_what_failed_what_is_held_back_and_what_is_not_proven() {
    insta::assert_snapshot!("open_work_report", report(&shop::open_work().state, &SYMBOLS));
}

#[test]
fn the_status_says_what_failed_and_what_is_held_back() {
    insta::assert_snapshot!("open_work_status", status(&shop::open_work().state, &PLAIN));
}

#[test]
fn the_status_for_programs_has_every_task_with_its_reason() {
    let json = status_json(&shop::open_work().state);
    insta::assert_snapshot!("open_work_json", serde_json::to_string_pretty(&json).unwrap());
}

#[test]
fn the_journal_of_failures_is_readable() {
    // How long core's prompts are is not this view's matter.
    insta::with_settings!({ filters => [(r"… \d+ lines left out …", "… lines left out …")] }, {
        insta::assert_snapshot!("open_work_journal", journal(&shop::open_work(), &SYMBOLS));
    });
}

#[test]
fn a_held_back_task_names_the_failed_one_and_the_chain_to_it() {
    let state = shop::open_work().state;
    let held = |task, chain: &[u32]| Held {
        task: TaskId(task),
        failed: vec![TaskId(1)],
        chain: chain.iter().map(|&id| TaskId(id)).collect(),
    };
    assert_eq!(held_back(&state), [held(2, &[2, 1]), held(5, &[5, 2, 1])]);
}

#[test]
fn every_task_is_counted_once_and_a_split_one_by_its_worst_part() {
    let tally = Tally::of(&shop::open_work().state);
    let expected = Tally {
        total: 6,
        proven: 1,
        unproven: 1,
        under_way: 0,
        to_come: 0,
        failed: 1,
        held_back: 2,
        dropped: 1,
        split: 1,
    };
    assert_eq!(tally, expected);
}

#[test]
fn a_result_on_a_branch_of_its_own_is_taken_over_by_one_command() {
    assert_eq!(
        takeover_command(&shop::open_work().state).unwrap(),
        "git -C /home/me/ecommerce-platform merge equitr/shop"
    );
}

#[test]
fn what_needs_a_split_task_is_held_back_by_a_failed_part() {
    let mut play = crate::play::Play::graphed(&[
        crate::play::task("a", &[1, 2], &[]),
        crate::play::task("b", &[3], &["a"]),
    ]);
    (1..=3).for_each(|attempt| play.fails(1, attempt));
    let parts = [crate::play::task("a1", &[1], &[]), crate::play::task("a2", &[2], &[])];
    let args = serde_json::json!({ "tasks": parts }).to_string();
    play.supervisor_says(crate::play::call("split_task", &args));
    (1..=3).for_each(|attempt| play.fails(3, attempt));
    assert_eq!(held_back(&play.state), []);
    play.supervisor_says(crate::play::call("fail_task", r#"{"reason":"no"}"#));
    let chain: Vec<u32> = held_back(&play.state)[0].chain.iter().map(|id| id.0).collect();
    assert_eq!(chain, [2, 1, 3]);
}
