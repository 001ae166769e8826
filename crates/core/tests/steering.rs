//! What a person does to a run that is on.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[allow(dead_code)]
mod play;

use equitr_core::decide::CANCELLED;
use equitr_core::event::{Event, MessageKind, Sender, Verdict};
use equitr_core::id::{AgentId, TaskId};
use equitr_core::input::{Command, Input};
use equitr_core::job::{JobId, is_wanted, jobs, wake_at};
use equitr_core::state::{Phase, Status};
use play::{Play, call, task};
use serde_json::json;

fn worker(id: u32) -> AgentId {
    AgentId::Worker(TaskId(id), 1)
}

fn objection(play: &mut Play, command: Command) -> String {
    let input = Input::Command(command);
    let reaction = equitr_core::step(&mut play.state, play.now_ms, input).unwrap();
    assert_eq!(reaction.record, None);
    reaction.objection.unwrap_or_default()
}

fn finish() -> equitr_core::chat::Reply {
    call("finish", &json!({"summary": ["done"]}).to_string())
}

#[test]
fn a_paused_run_lets_what_is_under_way_end_and_begins_nothing_until_it_goes_on() {
    let mut play = Play::graphed(&[task("a", &[1], &[]), task("b", &[2], &["a"])]);
    play.command(Command::Pause);
    let under_way = jobs(&play.state);
    assert_eq!(under_way.len(), 2, "its call and its worktree: {under_way:?}");
    play.prepare(1, 1);
    play.model_says(worker(1), finish());
    assert_eq!(jobs(&play.state), [], "the claim waits");
    assert!(!is_wanted(&play.state, JobId::Verify(TaskId(1), 1)));
    assert_eq!(wake_at(&play.state), None);
    assert_eq!(play.state.phase, Phase::Working, "it waits and does not end");
    play.command(Command::Unpause);
    assert_eq!(jobs(&play.state), [JobId::Verify(TaskId(1), 1)]);
    play.replays();
}

#[test]
fn a_pause_lasts_over_a_new_process_and_then_nothing_is_under_way() {
    let mut play = Play::graphed(&[task("a", &[1], &[])]);
    play.command(Command::Pause);
    play.input(Input::Resume);
    assert!(play.state.paused.is_some());
    assert_eq!(jobs(&play.state), []);
    play.command(Command::Unpause);
    assert_eq!(jobs(&play.state).len(), 2);
    assert_eq!(objection(&mut play, Command::Unpause), "", "it is so already");
    play.replays();
}

#[test]
fn a_cancelled_task_is_taken_from_its_worker_and_what_needs_it_goes_on() {
    let mut play = Play::graphed(&[task("a", &[1], &[]), task("b", &[2], &["a"])]);
    play.command(Command::CancelTask(TaskId(1)));
    assert_eq!(play.state.task(TaskId(1)).unwrap().status, Status::Dropped(CANCELLED.into()));
    assert_eq!(play.state.working, 1, "the one that needed it");
    assert!(play.state.task(TaskId(2)).unwrap().attempt().is_some());
    assert!(!jobs(&play.state).contains(&JobId::Prepare(TaskId(1), 1)));
    let again = objection(&mut play, Command::CancelTask(TaskId(1)));
    assert_eq!(again, "task 1 is dropped, so there is nothing to cancel");
    assert_eq!(objection(&mut play, Command::CancelTask(TaskId(9))), "there is no task 9");
    play.replays();
}

#[test]
fn a_task_is_cancelled_while_its_merge_is_made_and_not_while_it_lands() {
    let verified = || {
        let mut play = Play::graphed(&[task("a", &[1], &[])]);
        play.prepare(1, 1);
        play.model_says(worker(1), finish());
        play.verify(1, 1, &[("check", Verdict::Passed)]);
        play
    };
    let mut play = verified();
    play.command(Command::CancelTask(TaskId(1)));
    assert!(play.state.merging.is_empty());
    assert!(matches!(play.state.phase, Phase::Ended(_)), "nothing is left to do");
    play.replays();

    let mut play = verified();
    play.integrate(1, 1, &[("check", Verdict::Passed)]);
    let why = objection(&mut play, Command::CancelTask(TaskId(1)));
    assert_eq!(why, "task 1 is being merged at this moment");
}

#[test]
fn a_message_of_the_person_goes_to_open_tasks_only() {
    let mut play = Play::graphed(&[task("a", &[1], &[]), task("b", &[2], &[])]);
    play.command(Command::CancelTask(TaskId(2)));
    let tell =
        |to: Option<u32>, text: &str| Command::Tell { to: to.map(TaskId), text: text.into() };
    let why = objection(&mut play, tell(Some(2), "hello"));
    assert!(why.ends_with("does not listen: task 2 is dropped"), "{why}");
    assert_eq!(objection(&mut play, tell(Some(1), "  ")), "the message is empty");
    let long = "x".repeat(9_000);
    assert!(objection(&mut play, tell(None, &long)).starts_with("a message may have 8 KiB"));

    play.command(tell(None, " The port is 8080 \n"));
    let sent = play.journal.last().unwrap().events.first().unwrap();
    let text = "The port is 8080".into();
    let (from, kind) = (Sender::Person, MessageKind::Fact);
    assert_eq!(*sent, Event::MessageSent { from, to: None, kind, text });
    assert_eq!(play.state.task(TaskId(1)).unwrap().mail.len(), 1);
    assert_eq!(play.state.task(TaskId(2)).unwrap().mail.len(), 0);

    (1..200).for_each(|n| play.command(tell(Some(1), &n.to_string())));
    assert!(objection(&mut play, tell(None, "one more")).ends_with("that is the limit"));
    play.replays();
}
