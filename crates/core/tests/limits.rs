//! What bounds an agent that has lost its way, or its owner (T6): a test for each limit.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[allow(dead_code)]
mod play;

use equitr_core::chat::{Message, ToolOutcome, ToolSpec};
use equitr_core::event::{Ending, Event, Failure};
use equitr_core::id::{AgentId, TaskId};
use equitr_core::input::{Command, Input, Outcome};
use equitr_core::job::{JobId, jobs};
use equitr_core::spec::RunSpec;
use equitr_core::state::Status;
use equitr_core::units::{MicroDollars, Price};
use play::{Play, call, reply, task};
use serde_json::json;
use std::sync::Arc;

fn worker(attempt: u32) -> AgentId {
    AgentId::Worker(TaskId(1), attempt)
}

/// One task whose worker may read files.
fn reading(change: impl FnOnce(&mut RunSpec)) -> Play {
    let schema = Arc::new(json!({ "type": "object" }));
    let read = ToolSpec { name: "read_file".into(), description: "Read.".into(), schema };
    let mut play = Play::graphed_with(&[task("a", &[1], &[])], |spec| {
        spec.tools = Arc::new([read]);
        change(spec);
    });
    play.prepare(1, 1);
    play
}

/// The worker reads, and is told `content`.
fn reads(play: &mut Play, args: &str, content: &str, took_ms: u64) {
    play.model_says(worker(1), call("read_file", args));
    let tool = jobs(&play.state).into_iter().find(|job| matches!(job, JobId::Tool { .. }));
    let (content, outcome) = (content.into(), ToolOutcome::Ok);
    play.done(tool.unwrap(), Outcome::ToolRan { content, outcome, took_ms });
}

fn failure(play: &Play) -> Option<&Failure> {
    play.state.task(TaskId(1)).unwrap().failures.first().map(|(_, failure)| failure)
}

/// What the worker's last message from us says.
fn told(play: &Play) -> String {
    let dialogue = play.state.dialogue(worker(1)).unwrap();
    match dialogue.messages.last() {
        Some(Message::User { text }) => text.to_string(),
        Some(Message::Assistant(_) | Message::Tool(_)) | None => String::new(),
    }
}

#[test]
fn limit_01_an_attempt_ends_when_its_turns_are_used_up() {
    let mut play = reading(|spec| spec.limits.turns = 4);
    for turn in 0..4 {
        assert_eq!(failure(&play), None);
        reads(&mut play, &format!(r#"{{"path":"{turn}"}}"#), "text", 1);
    }
    assert_eq!(failure(&play), Some(&Failure::OutOfTurns));
    play.replays();
}

#[test]
fn limit_02_an_attempt_ends_when_its_model_and_tool_time_is_used_up() {
    let mut play = reading(|spec| spec.limits.attempt_ms = 10_000);
    reads(&mut play, r#"{"path":"a"}"#, "text", 6_000);
    assert_eq!(failure(&play), None);
    reads(&mut play, r#"{"path":"b"}"#, "text", 6_000);
    assert_eq!(failure(&play), Some(&Failure::OutOfTime));
    play.replays();
}

#[test]
fn limit_03_tries_are_spent_and_then_the_supervisor_decides_at_most_twice() {
    let mut play = Play::graphed_with(&[task("a", &[1], &[])], |spec| spec.limits.tries = 2);
    let mut attempts = 0;
    for escalation in 0..=2 {
        let tries = if escalation == 0 { 2 } else { 1 };
        for _ in 0..tries {
            attempts += 1;
            play.fails(1, attempts);
        }
        if escalation < 2 {
            assert_eq!(play.state.task(TaskId(1)).unwrap().status, Status::Escalated);
            play.supervisor_says(call("retry_task", r#"{"advice":"again"}"#));
        }
    }
    assert!(matches!(play.state.task(TaskId(1)).unwrap().status, Status::Failed(_)));
    assert_eq!(attempts, 4);
    play.replays();
}

#[test]
fn limit_04_no_call_starts_that_could_pass_the_runs_money() {
    let mut play = reading(|spec| {
        spec.models.worker.price = Price { output: 10_000_000, ..Price::FREE };
        spec.limits.budget = Some(MicroDollars(100_000));
    });
    let mut turn = 0;
    while play.state.ending().is_none() {
        let ledger = &play.state.ledger;
        assert!(ledger.spent + ledger.held <= MicroDollars(100_000), "{ledger:?}");
        let mut reads = call("read_file", &format!(r#"{{"path":"{turn}"}}"#));
        reads.usage.output_tokens = 1_000;
        play.model_says(worker(1), reads);
        let tool = jobs(&play.state).into_iter().find(|job| matches!(job, JobId::Tool { .. }));
        let (content, outcome) = ("text".into(), ToolOutcome::Ok);
        play.done(tool.unwrap(), Outcome::ToolRan { content, outcome, took_ms: 1 });
        turn += 1;
        assert!(turn < 30, "the money never ends");
    }
    assert_eq!(play.state.ending(), Some(&Ending::OutOfBudget));
    play.replays();
}

#[test]
fn limit_05_of_a_replys_calls_64_are_run() {
    let mut play = reading(|_| {});
    let calls = (0..100).map(|n| ("read_file", format!(r#"{{"path":"{n}"}}"#))).collect();
    play.model_says(worker(1), reply(calls));
    let acting = &play.state.dialogue(worker(1)).unwrap().acting;
    assert_eq!(acting.iter().filter(|pending| pending.result.is_none()).count(), 64);
    let (refused, _) = acting[64].result.as_ref().unwrap();
    assert_eq!(&**refused, "not run: a reply may have 64 calls");
}

#[test]
fn limit_06_a_task_sends_at_most_40_messages_of_8_kib() {
    let mut play = Play::graphed(&[task("a", &[1], &[]), task("b", &[2], &[])]);
    let message = |text: &str| json!({ "to": "all", "text": text }).to_string();
    let calls = (0..60).map(|n| ("send_message", message(&n.to_string()))).collect();
    play.model_says(worker(1), reply(calls));
    assert_eq!(play.state.task(TaskId(1)).unwrap().sent, 40);
    assert_eq!(play.state.task(TaskId(2)).unwrap().mail.len(), 40);
    let second = AgentId::Worker(TaskId(2), 1);
    play.model_says(second, call("send_message", &message(&"x".repeat(8 * 1024 + 1))));
    assert_eq!(play.state.task(TaskId(2)).unwrap().sent, 0);
    play.replays();
}

#[test]
fn limit_07_a_task_asks_at_most_20_questions_over_all_its_attempts() {
    let mut play = Play::graphed(&[task("a", &[1], &[])]);
    let question = |n: usize| ("ask_supervisor", json!({ "question": n.to_string() }).to_string());
    play.model_says(worker(1), reply((0..15).map(question).collect()));
    play.input(Input::Resume);
    for _ in 0..15 {
        play.supervisor_says(call("answer", r#"{"answer":"so"}"#));
    }
    play.model_says(worker(1), call("give_up", r#"{"reason":"no"}"#));
    play.model_says(worker(2), reply((15..30).map(question).collect()));
    assert_eq!(play.state.consults.len(), 5);
    assert_eq!(play.state.task(TaskId(1)).unwrap().questions, 20);
    play.replays();
}

#[test]
fn limit_08_the_planner_asks_at_most_12_questions() {
    let mut play = Play::new();
    play.command(Command::Say("a shop".into()));
    for n in 0..12 {
        assert!(!play.state.plan.closed, "{n}");
        let ask = json!({ "question": n.to_string(), "default": "so" }).to_string();
        play.model_says(AgentId::Planner, call("ask_person", &ask));
        if n < 11 {
            play.command(Command::Say("yes".into()));
        }
    }
    assert!(play.state.plan.closed);
    play.replays();
}

#[test]
fn limit_09_the_same_call_with_the_same_result_is_told_at_the_third_and_stopped_at_the_fifth_time()
{
    let mut play = reading(|_| {});
    let same = r#"{"path":"a"}"#;
    reads(&mut play, same, "text", 1);
    reads(&mut play, same, "text", 1);
    assert_eq!(told(&play), "");
    // A new process knows of it, too.
    play.input(Input::Resume);
    play.prepare(1, 1);
    reads(&mut play, same, "text", 1);
    assert!(told(&play).contains(r#"`read_file {"path":"a"}` 3 times"#), "{}", told(&play));
    reads(&mut play, same, "text", 1);
    assert_eq!(told(&play), "", "it is told once");
    reads(&mut play, same, "text", 1);
    let expected = Failure::Circle { call: r#"read_file {"path":"a"}"#.into(), times: 5 };
    assert_eq!(failure(&play), Some(&expected));
    let opening = format!("{:?}", play.state.dialogue(worker(2)).unwrap().messages[0]);
    assert!(opening.contains("went in circles: `read_file"), "{opening}");
    play.replays();
}

#[test]
fn limit_10_waiting_for_something_that_changes_is_no_circle() {
    let mut play = reading(|_| {});
    for n in 0..15 {
        reads(&mut play, r#"{"path":"log"}"#, &format!("line {n}"), 1);
    }
    assert_eq!(failure(&play), None);
    let noticed = |e: &Event| matches!(e, Event::CircleNoticed { .. });
    assert!(!play.journal.iter().flat_map(|record| &record.events).any(noticed));
}

#[test]
fn limit_13_a_worker_that_writes_and_runs_nothing_is_told_after_10_replies_and_over_after_16() {
    let mut play = reading(|_| {});
    for n in 0..15 {
        reads(&mut play, &format!(r#"{{"path":"{n}"}}"#), "text", 1);
    }
    assert_eq!(failure(&play), None);
    reads(&mut play, r#"{"path":"15"}"#, "text", 1);
    assert_eq!(failure(&play), Some(&Failure::Idle { turns: 16 }));
    play.replays();
}
