//! The main job, told as inputs and the events they lead to. Models and git are played by the test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod play;

use equitr_core::chat::{CallFault, Reply};
use equitr_core::event::{Ending, Event, Failure, Verdict};
use equitr_core::id::{AgentId, TaskId};
use equitr_core::input::{CallFailure, Command, Input, Outcome, Used};
use equitr_core::job::JobId;
use equitr_core::spec::Person;
use equitr_core::state::{Phase, Status};
use equitr_core::units::{MicroDollars, Price};
use play::{Play, call, graph, reply, task};

#[test]
fn a_conversation_becomes_documents_a_graph_and_merged_work() {
    let mut play = Play::new();
    play.command(Command::Say("a shop".into()));
    play.model_says(
        AgentId::Planner,
        call("ask_person", r#"{"question":"Which database?","default":"SQLite"}"#),
    );
    assert_eq!(play.state.questions.len(), 1);
    play.command(Command::Say("PostgreSQL".into()));
    play.writes_plan("1. Users\n2. Catalog\n");
    assert_eq!(play.state.phase, Phase::Review);
    play.command(Command::Approve);
    play.publishes();
    play.supervisor_says(graph(&[task("users", &[1], &[]), task("catalog", &[2], &["users"])]));
    assert_eq!(play.state.tasks.len(), 2);
    play.works(1, 1);
    assert!(matches!(play.state.task(TaskId(1)).unwrap().status, Status::Merged(_)));
    play.works(2, 1);
    play.delivers();
    assert_eq!(play.state.ending(), Some(&Ending::Done));
    play.replays();
}

#[test]
fn a_question_nobody_answers_takes_its_default_and_is_listed_in_the_requirements() {
    let mut play = Play::with(|spec| spec.person = Person::Absent { answers: vec![] });
    play.command(Command::Say("a shop".into()));
    play.model_says(
        AgentId::Planner,
        call("ask_person", r#"{"question":"Which database?","default":"SQLite"}"#),
    );
    assert!(play.state.questions.is_empty());
    play.writes_plan("1. Users\n");
    let requirements = &play.state.plan.documents.requirements;
    assert!(requirements.contains("- A1: Which database? → SQLite"), "{requirements}");
    play.replays();
}

#[test]
fn a_wrong_graph_goes_back_to_the_supervisor_with_what_is_wrong() {
    let mut play = Play::planned("1. Users\n2. Catalog\n");
    play.supervisor_says(graph(&[task("users", &[1], &["nobody"])]));
    let (_, consult) = play.state.consults.first_key_value().unwrap();
    let told = format!("{:?}", consult.dialogue.messages.last());
    assert!(told.contains("needs `nobody`, which does not exist"), "{told}");
    assert!(told.contains("todo 2"), "{told}");
    play.replays();
}

#[test]
fn red_checks_open_the_next_attempt_with_their_output() {
    let mut play = Play::graphed(&[task("users", &[1], &[])]);
    play.claims(1, 1);
    play.verify(1, 1, &[("pytest", Verdict::Failed { exit: 1 })]);
    let attempt = play.state.task(TaskId(1)).unwrap().attempt().unwrap();
    assert_eq!(attempt.number, 2);
    let opening = format!("{:?}", attempt.dialogue.messages[0]);
    assert!(opening.contains("checks failed: pytest"), "{opening}");
    assert!(opening.contains("output of pytest"), "{opening}");
    play.replays();
}

#[test]
fn a_task_whose_tries_are_spent_goes_to_the_supervisor_who_may_split_it() {
    let mut play = Play::graphed(&[task("users", &[1, 2], &[]), task("shop", &[3], &["users"])]);
    for attempt in 1..=3 {
        play.claims(1, attempt);
        play.verify(1, attempt, &[("check", Verdict::Failed { exit: 1 })]);
    }
    assert_eq!(play.state.task(TaskId(1)).unwrap().status, Status::Escalated);
    let parts = [task("users-a", &[1], &[]), task("users-b", &[2], &["users-a"])];
    play.supervisor_says(call("split_task", &graph_args(&parts)));
    assert_eq!(play.state.tasks.len(), 4);
    play.works(3, 1);
    assert_eq!(play.state.task(TaskId(2)).unwrap().status, Status::Waiting);
    play.works(4, 1);
    play.works(2, 1);
    play.delivers();
    assert_eq!(play.state.ending(), Some(&Ending::Done));
    play.replays();
}

#[test]
fn a_failed_task_holds_back_only_what_needs_it() {
    let mut play =
        Play::graphed(&[task("a", &[1], &[]), task("b", &[2], &["a"]), task("c", &[3], &[])]);
    for attempt in 1..=3 {
        play.fails(1, attempt);
    }
    play.supervisor_says(call("fail_task", r#"{"reason":"no way"}"#));
    play.works(3, 1);
    play.delivers();
    assert_eq!(play.state.ending(), Some(&Ending::DoneWithOpenWork));
    assert_eq!(play.state.task(TaskId(2)).unwrap().status, Status::Waiting);
    play.replays();
}

#[test]
fn tasks_start_as_soon_as_their_last_need_is_merged_the_longest_path_first() {
    // Todos stand for length: A is long, B short; C and D follow B, E follows A.
    let mut play = Play::graphed_with(
        &[
            task("a", &[1, 2, 3, 4], &[]),
            task("b", &[5], &[]),
            task("c", &[6], &["b"]),
            task("d", &[7], &["c"]),
            task("e", &[8], &["a"]),
        ],
        |spec| spec.limits.workers = 2,
    );
    let under_way = |play: &Play| play.state.active.iter().map(|t| t.0).collect::<Vec<_>>();
    assert_eq!(under_way(&play), [1, 2]);
    play.works(2, 1);
    assert_eq!(under_way(&play), [1, 3]);
    play.works(3, 1);
    assert_eq!(under_way(&play), [1, 4]);
    play.works(4, 1);
    assert_eq!(under_way(&play), [1]);
    play.works(1, 1);
    assert_eq!(under_way(&play), [5]);
}

#[test]
fn of_two_hundred_calls_in_one_reply_the_first_64_are_run() {
    let mut play = Play::graphed(&[task("a", &[1], &[])]);
    let agent = AgentId::Worker(TaskId(1), 1);
    let message = r#"{"to":"all","text":"hello"}"#;
    play.model_says(agent, reply(vec![("send_message", message.to_owned()); 200]));
    let told = format!("{:?}", play.state.dialogue(agent).unwrap().messages);
    assert_eq!(told.matches("not run: a reply may have 64 calls").count(), 136, "{told}");
    play.replays();
}

#[test]
fn a_single_worker_does_the_tasks_in_their_order() {
    let tasks = [task("a", &[1], &[]), task("b", &[2, 3, 4], &[]), task("c", &[5], &["b"])];
    let mut play = Play::graphed_with(&tasks, |spec| spec.limits.workers = 1);
    for id in [1, 2, 3] {
        assert_eq!(play.state.active.iter().map(|t| t.0).collect::<Vec<_>>(), [id]);
        play.works(id, 1);
    }
}

#[test]
fn workers_of_a_repository_with_code_see_its_map() {
    let play = Play::planned_with("1. Users\n", |spec| spec.map = "src/main.rs\n".into());
    assert!(play.state.worker_system.contains("src/main.rs"), "{}", play.state.worker_system);
}

#[test]
fn a_conflict_becomes_an_attempt_on_the_merged_tree_and_costs_no_try() {
    let mut play = Play::graphed(&[task("a", &[1], &[]), task("b", &[2], &[])]);
    play.claims(1, 1);
    play.verify(1, 1, &[("check", Verdict::Passed)]);
    play.done(
        JobId::Integrate(TaskId(1), 1),
        Outcome::Conflicted {
            paths: vec!["a.py".into()],
            text: "<<<<<<<".into(),
            onto: play::commit("head"),
            tree: play::commit("tree"),
            with: Vec::new(),
        },
    );
    let found = play.state.task(TaskId(1)).unwrap();
    assert_eq!((found.attempts, found.attempts_max), (2, 4));
    assert!(matches!(found.failures[0].1, Failure::Conflict { .. }));
    play.works(1, 2);
    play.replays();
}

#[test]
fn an_answer_of_the_supervisor_is_the_tool_calls_result() {
    let mut play = Play::graphed(&[task("a", &[1], &[])]);
    let agent = AgentId::Worker(TaskId(1), 1);
    play.model_says(agent, call("ask_supervisor", r#"{"question":"JSON or XML?"}"#));
    play.supervisor_says(call("answer", r#"{"answer":"JSON"}"#));
    let told = format!("{:?}", play.state.dialogue(agent).unwrap().messages.last());
    assert!(told.contains("\"JSON\""), "{told}");
    play.replays();
}

#[test]
fn a_message_is_read_with_the_next_call_and_again_by_the_next_attempt() {
    let mut play = Play::graphed(&[task("a", &[1], &[]), task("b", &[2], &[])]);
    let first = AgentId::Worker(TaskId(1), 1);
    play.model_says(first, call("send_message", r#"{"to":"backend_worker_2","text":"port 8001"}"#));
    let second = AgentId::Worker(TaskId(2), 1);
    play.model_says(second, call("send_message", r#"{"to":"all","text":"thanks"}"#));
    let heard = |play: &Play, agent| {
        format!("{:?}", play.state.dialogue(agent).unwrap().messages).matches("port 8001").count()
    };
    assert_eq!(heard(&play, second), 1);
    play.fails(2, 1);
    assert_eq!(heard(&play, AgentId::Worker(TaskId(2), 2)), 1);
    play.replays();
}

#[test]
fn no_call_starts_that_could_pass_the_budget() {
    let mut play = Play::graphed_with(&[task("a", &[1], &[]), task("b", &[2], &[])], |spec| {
        spec.models.worker.price = Price { output: 10_000_000, ..Price::FREE };
        spec.limits.budget = Some(MicroDollars(60_000));
    });
    play.prepare(1, 1);
    play.prepare(2, 1);
    // 4,096 tokens at $10 a million are $0.041: one fits, two do not.
    let calls = play.calls();
    assert_eq!(calls.len(), 1);
    assert!(play.state.ledger.held <= MicroDollars(60_000));
    let mut costly = reply(vec![]);
    costly.usage.output_tokens = 4_096;
    play.done(calls[0], Outcome::Called { result: Ok(costly), took_ms: 1 });
    // $0.019 are left: a shorter reply still fits, for one of the two.
    assert_eq!(play.calls().len(), 1);
    let mut rest = reply(vec![]);
    rest.usage.output_tokens = 1_900;
    let last = play.calls()[0];
    play.done(last, Outcome::Called { result: Ok(rest), took_ms: 1 });
    assert_eq!(play.state.ending(), Some(&Ending::OutOfBudget));
    play.command(Command::SetBudget(None));
    play.command(Command::Reopen);
    assert_eq!(play.calls().len(), 2);
    play.replays();
}

#[test]
fn calls_under_way_at_a_kill_are_charged_in_full_and_made_again() {
    let mut play = Play::graphed_with(&[task("a", &[1], &[])], |spec| {
        spec.models.worker.price = Price { output: 10_000_000, ..Price::FREE };
        spec.limits.budget = Some(MicroDollars(1_000_000));
    });
    let held = play.state.ledger.held;
    assert!(held > MicroDollars::ZERO);
    let before = play.calls();
    play.input(Input::Resume);
    assert_eq!((play.state.ledger.spent, play.state.ledger.held), (held, held));
    let (after, caller) = (play.calls(), |job: &JobId| match job {
        JobId::Call { agent, .. } => Some(*agent),
        _ => None,
    });
    assert!(after.iter().map(caller).eq(before.iter().map(caller)), "{after:?}");
    play.replays();
}

#[test]
fn a_rate_limit_closes_the_gate_for_everybody_until_it_is_over() {
    let mut play = Play::graphed(&[task("a", &[1], &[]), task("b", &[2], &[])]);
    let calls = play.calls();
    play.done(calls[0], failed(CallFault::RateLimited, Some(7_000)));
    play.done(calls[1], Outcome::Called { result: Ok(reply(vec![])), took_ms: 1 });
    assert_eq!(play.calls(), []);
    assert_eq!(equitr_core::job::wake_at(&play.state), Some(play.now_ms + 7_000));
    play.now_ms += 7_000;
    play.input(Input::Tick);
    assert_eq!(play.calls().len(), 2);
    play.replays();
}

#[test]
fn a_refused_key_stops_the_run_once_what_is_under_way_has_ended() {
    let mut play = Play::graphed(&[task("a", &[1], &[]), task("b", &[2], &[])]);
    let calls = play.calls();
    play.prepare(1, 1);
    play.done(calls[0], failed(CallFault::KeyRefused, None));
    assert_eq!(play.state.ending(), None);
    play.prepare(2, 1);
    play.done(calls[1], Outcome::Called { result: Ok(reply(vec![])), took_ms: 1 });
    assert!(matches!(play.state.ending(), Some(Ending::ModelUnavailable { .. })));
    play.command(Command::Reopen);
    assert_eq!(play.calls().len(), 2);
    play.replays();
}

#[test]
fn an_agent_that_used_no_tool_is_asked_again_when_the_run_goes_on() {
    let words = || Reply { text: "hm".into(), ..Reply::default() };
    let mut play = Play::new();
    play.command(Command::Say("a shop".into()));
    play.command(Command::Close);
    for _ in 0..3 {
        play.model_says(AgentId::Planner, words());
    }
    assert!(matches!(play.state.ending(), Some(Ending::ModelUnavailable { .. })));
    play.command(Command::Reopen);
    play.writes_plan("1. Users\n");
    assert_eq!(play.state.phase, Phase::Review);
    play.replays();

    let mut play = Play::planned("1. Users\n");
    for _ in 0..3 {
        play.supervisor_says(words());
    }
    assert!(matches!(play.state.ending(), Some(Ending::ModelUnavailable { .. })));
    play.command(Command::Reopen);
    play.supervisor_says(graph(&[task("users", &[1], &[])]));
    assert_eq!(play.state.phase, Phase::Working);
    play.replays();
}

#[test]
fn a_planner_that_never_submits_its_plan_stops_the_run() {
    let mut play = Play::new();
    play.command(Command::Say("a shop".into()));
    let write = || call("write_document", r##"{"document":"design","content":"# Shop"}"##);
    let mut replies = 0;
    while play.state.ending().is_none() {
        play.model_says(AgentId::Planner, write());
        replies += 1;
        assert!(replies < 100, "the planner goes on for ever");
    }
    assert!(matches!(play.state.ending(), Some(Ending::ModelUnavailable { .. })));
    play.command(Command::Reopen);
    play.model_says(AgentId::Planner, write());
    play.writes_plan("1. Users\n");
    assert_eq!(play.state.phase, Phase::Review);
    play.replays();
}

#[test]
fn a_late_reply_to_a_call_that_was_given_up_is_not_taken_for_the_next_one() {
    let mut play = Play::graphed(&[task("a", &[1], &[])]);
    let given_up = play.calls()[0];
    play.input(Input::Resume);
    assert_eq!(play.calls().len(), 1);
    let before = play.state.records;
    play.done(given_up, Outcome::Called { result: Ok(reply(vec![])), took_ms: 1 });
    assert_eq!(play.state.records, before);

    let mut play = Play::new();
    play.command(Command::Say("a shop".into()));
    let given_up = play.calls()[0];
    play.command(Command::Clear);
    play.command(Command::Say("a blog".into()));
    let before = play.state.records;
    play.done(given_up, Outcome::Called { result: Ok(reply(vec![])), took_ms: 1 });
    assert_eq!(play.state.records, before);
}

#[test]
fn a_machine_that_fails_a_job_ends_a_run_that_was_coming_to_a_halt() {
    let mut play = Play::graphed(&[task("a", &[1], &[]), task("b", &[2], &[])]);
    let calls = play.calls();
    play.done(calls[0], failed(CallFault::KeyRefused, None));
    assert_eq!(play.state.ending(), None);
    play.done(JobId::Prepare(TaskId(2), 1), Outcome::Failed("the disk is full".into()));
    assert!(matches!(play.state.ending(), Some(Ending::Broken { .. })));
    play.replays();
}

#[test]
fn an_old_word_about_a_landing_is_not_taken_for_the_next_one() {
    let mut play = Play::graphed(&[task("a", &[1], &[])]);
    play.claims(1, 1);
    play.verify(1, 1, &[("check", Verdict::Passed)]);
    play.integrate(1, 1, &[("check", Verdict::Passed)]);
    let first = play.landing();
    play.done(first, Outcome::Overtaken);
    play.integrate(1, 1, &[("check", Verdict::Passed)]);
    let before = play.state.records;
    play.done(first, Outcome::Overtaken);
    assert_eq!(play.state.records, before);
    play.lands(1, 1);
    assert!(matches!(play.state.task(TaskId(1)).unwrap().status, Status::Merged(_)));
    play.replays();
}

#[test]
fn an_outcome_nobody_waits_for_changes_nothing() {
    let mut play = Play::graphed(&[task("a", &[1], &[])]);
    play.claims(1, 1);
    play.verify(1, 1, &[("check", Verdict::Failed { exit: 1 })]);
    let before = play.state.clone();
    play.verify(1, 1, &[("check", Verdict::Passed)]);
    assert_eq!(play.state.records, before.records);
    assert_eq!(play.state.tasks, before.tasks);
}

#[test]
fn a_check_that_cannot_run_is_never_green() {
    let mut play = Play::graphed(&[task("a", &[1], &[])]);
    let missing = Verdict::CantRun { program: "pytest".into() };
    play.claims(1, 1);
    play.verify(1, 1, &[("pytest", missing.clone())]);
    play.integrate(1, 1, &[("pytest", missing)]);
    play.lands(1, 1);
    play.delivers();
    assert_eq!(play.state.ending(), Some(&Ending::DoneWithOpenWork));
}

#[test]
fn a_worker_that_does_not_call_tools_is_told_twice_and_then_stopped() {
    let mut play = Play::graphed(&[task("a", &[1], &[])]);
    for _ in 0..3 {
        let agent = AgentId::Worker(TaskId(1), 1);
        play.model_says(agent, Reply { text: "hm".into(), ..Reply::default() });
    }
    assert_eq!(play.state.task(TaskId(1)).unwrap().failures, [(1, Failure::NoProgress)]);
}

#[test]
fn events_of_a_record_are_applied_together_or_refused() {
    let mut play = Play::graphed(&[task("a", &[1], &[])]);
    let merged = Event::TaskMerged { task: TaskId(1), attempt: 1, commit: play::commit("x") };
    let record =
        equitr_core::event::Record { seq: play.state.records, at_ms: 1, events: vec![merged] };
    let refused = equitr_core::apply::apply(&mut play.state, &record).unwrap_err();
    assert_eq!(refused.why, "no merge is landing");
}

fn failed(fault: CallFault, retry_after_ms: Option<u64>) -> Outcome {
    let failure = CallFailure { fault, message: "no".into(), retry_after_ms, used: Used::Nothing };
    Outcome::Called { result: Err(failure), took_ms: 1 }
}

fn graph_args(tasks: &[serde_json::Value]) -> String {
    serde_json::json!({ "tasks": tasks }).to_string()
}
