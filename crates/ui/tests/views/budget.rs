//! Runs that end for want of something, and go on.

use crate::play::{Play, commit, reply};
use crate::screen::{SYMBOLS, flow};
use crate::shop::{self, call_failure, titled, worker};
use equitr_core::chat::CallFault;
use equitr_core::event::Ending;
use equitr_core::id::{AgentId, TaskId};
use equitr_core::input::{Command, Outcome};
use equitr_core::job::{Handover, JobId};
use equitr_core::units::{MicroDollars, Price};
use equitr_ui::progress::status_line;
use equitr_ui::report::report;
use equitr_ui::resume_command;
use equitr_ui::status::status;

fn two_tasks(budget: Option<MicroDollars>, workers: u32) -> Play {
    let mut play = shop::begin(|spec| {
        spec.limits.workers = workers;
        spec.limits.budget = budget;
        spec.models.worker.price = Price { output: 10_000_000, ..Price::FREE };
    });
    play.command(Command::Say("a shop".into()));
    play.writes_plan("1. Users\n2. Catalog\n");
    play.command(Command::Approve);
    play.publishes();
    play.supervisor_says(crate::play::graph(&[
        titled("users", "Users", "backend", &[1], &[]),
        titled("catalog", "Catalog", "backend", &[2], &[]),
    ]));
    play
}

/// Task 1 is merged; the second worker's money runs out.
fn out_of_budget() -> Play {
    let mut play = two_tasks(Some(MicroDollars(60_000)), 2);
    play.prepare(2, 1);
    let mut done = shop::finish(&["built"]);
    done.usage.output_tokens = 100;
    play.prepare(1, 1);
    play.model_says(worker(1, 1), done);
    let passed = equitr_core::event::Verdict::Passed;
    play.verify(1, 1, &[("check", passed.clone())]);
    play.integrate(1, 1, &[("check", passed)]);
    play.lands(1, 1);
    let mut costly = reply(vec![]);
    costly.usage.output_tokens = 5_500;
    play.model_says(worker(2, 1), costly);
    assert_eq!(play.state.ending(), Some(&Ending::OutOfBudget));
    play
}

#[test]
fn a_run_out_of_budget_says_what_is_there_and_the_command_that_goes_on() {
    let mut play = out_of_budget();
    assert_eq!(resume_command(&play.state).unwrap(), "equitrcoder resume --budget 1");
    insta::assert_snapshot!("out_of_budget_report", report(&play.state, &SYMBOLS));
    insta::assert_snapshot!("out_of_budget_status", status(&play.state, &SYMBOLS));
    play.command(Command::SetBudget(Some(MicroDollars(1_000_000))));
    play.command(Command::Reopen);
    assert_eq!(resume_command(&play.state), None);
    insta::assert_snapshot!("out_of_budget_flow", flow(&play, &SYMBOLS));
}

#[test]
fn the_live_line_says_when_a_worker_waits_for_money() {
    let play = two_tasks(Some(MicroDollars(60_000)), 2);
    let line = status_line(&play.state, play.now_ms, "", &SYMBOLS);
    assert_eq!(line, "0/2 tasks merged · waits for money · 2 workers at work · $0.00/$0.0600 · 0s");
}

#[test]
fn the_live_line_counts_a_rate_limit_down() {
    let mut play = two_tasks(None, 1);
    let call = shop::call_of(&play, worker(1, 1));
    play.done(call, call_failure(CallFault::RateLimited, "429", Some(7_000)));
    let line = |ms| status_line(&play.state, play.now_ms + ms, "", &SYMBOLS);
    let at_work = "1 worker at work · $0.00";
    assert_eq!(line(0), format!("0/2 tasks merged · script limits the rate, 7s · {at_work} · 0s"));
    assert_eq!(
        line(2_500),
        format!("0/2 tasks merged · script limits the rate, 5s · {at_work} · 2s")
    );
    assert_eq!(line(7_000), format!("0/2 tasks merged · {at_work} · 7s"));
}

#[test]
fn a_refused_key_is_told_at_once_and_at_the_end() {
    let mut play = two_tasks(None, 2);
    let (first, second) = (shop::call_of(&play, worker(1, 1)), shop::call_of(&play, worker(2, 1)));
    let refused = "401 the key is refused\x1b]0;pwned\x07";
    play.done(first, call_failure(CallFault::KeyRefused, refused, None));
    play.prepare(1, 1);
    play.prepare(2, 1);
    play.done(second, call_failure(CallFault::KeyRefused, "401", None));
    assert!(matches!(play.state.ending(), Some(Ending::ModelUnavailable { .. })));
    insta::assert_snapshot!("refused_key_flow", flow(&play, &SYMBOLS));
}

#[test]
fn a_broken_machine_and_a_cancelled_run_say_so() {
    let mut play = two_tasks(None, 1);
    play.done(JobId::Prepare(TaskId(1), 1), Outcome::Failed("no space left on device".into()));
    let told = flow(&play, &SYMBOLS);
    assert!(told.contains("\n✗ The machine failed the run: no space left on device\n"), "{told}");
    assert!(told.ends_with("hint: go on with `equitrcoder resume`\n"), "{told}");
    let mut play = two_tasks(None, 1);
    play.command(Command::Cancel);
    let told = flow(&play, &SYMBOLS);
    assert!(told.contains("\n✗ Cancelled\n📊 Summary: 0 of 2 tasks completed successfully, 1 under way, 1 not started\n"), "{told}");
}

#[test]
fn a_single_worker_is_not_called_a_team() {
    let mut play = two_tasks(None, 1);
    play.works(1, 1);
    play.works(2, 1);
    play.delivers();
    let told = flow(&play, &SYMBOLS);
    assert!(!told.to_lowercase().contains("multi"), "{told}");
    assert!(told.contains("🤖 Using a single worker agent\n\n📋 Created 2 tasks:\n"), "{told}");
    assert!(
        told.contains("✅ Execution completed!\n📊 Summary: 2 tasks completed successfully\n"),
        "{told}"
    );
}

#[test]
fn a_planner_that_fails_is_the_end_and_the_reason_is_told() {
    let mut play = shop::begin(|_| {});
    play.command(Command::Say("a shop".into()));
    let call = shop::call_of(&play, AgentId::Planner);
    play.done(call, call_failure(CallFault::BadRequest, "400", None));
    let told = flow(&play, &SYMBOLS);
    assert!(told.contains("✗ The model is unavailable: the planner failed: 400\n"), "{told}");
}

#[test]
fn a_result_that_moved_the_branch_says_where_it_is() {
    let mut play = two_tasks(None, 2);
    play.works(1, 1);
    play.works(2, 1);
    let delivery = equitr_core::event::Delivery::Moved {
        branch: "main".into(),
        commit: commit("0123456789abcdef"),
    };
    play.done(JobId::Deliver(Handover::Guarded), Outcome::Delivered(delivery));
    assert!(flow(&play, &SYMBOLS).contains("\nResult: branch `main` moved to 012345678\n"));
}
