//! Whose files are whose, what is told of conflicts in the making, and conflicts in a row.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[allow(dead_code)]
mod play;

use equitr_core::chat::{Message, ToolOutcome, ToolSpec};
use equitr_core::event::{Event, Failure, Looked, Sender, Verdict};
use equitr_core::foresight::{Collision, Foreseen};
use equitr_core::id::{AgentId, TaskId};
use equitr_core::input::Outcome;
use equitr_core::job::{JobId, jobs};
use equitr_core::scope;
use equitr_core::spec::RunSpec;
use equitr_core::state::{RunState, Stage, Status};
use play::{Play, call, commit, reply, task};
use serde_json::{Value, json};
use std::sync::Arc;

fn writing(spec: &mut RunSpec) {
    let tool = |name: &str| ToolSpec {
        name: name.into(),
        description: "".into(),
        schema: Arc::new(json!({"type": "object"})),
    };
    spec.tools = Arc::new([tool("write_file"), tool("run_command"), tool("read_file")]);
}

fn claiming(id: &str, todo: u32, needs: &[&str], files: &[&str]) -> Value {
    let mut task = task(id, &[todo], needs);
    task["files"] = json!(files);
    task
}

fn worker(task: u32) -> AgentId {
    AgentId::Worker(TaskId(task), 1)
}

fn write(path: &str) -> (&'static str, String) {
    ("write_file", json!({"path": path, "content": "x"}).to_string())
}

/// Results of the last reply's tool calls that are there.
fn last_results(state: &RunState, agent: AgentId) -> Vec<(String, ToolOutcome)> {
    let dialogue = state.dialogue(agent).unwrap();
    let acting = dialogue.acting.iter().filter_map(|pending| pending.result.clone());
    let shown = dialogue.messages.iter().rev().map_while(|message| match message {
        Message::Tool(result) => Some((result.content.clone(), result.outcome)),
        Message::User { .. } | Message::Assistant(_) => None,
    });
    let mut results: Vec<_> = shown.collect();
    results.reverse();
    results.extend(acting);
    results.into_iter().map(|(content, outcome)| (content.to_string(), outcome)).collect()
}

/// Ends all tool jobs that are wanted.
fn tools_run(play: &mut Play) {
    while let Some(job) = jobs(&play.state).into_iter().find(|j| matches!(j, JobId::Tool { .. })) {
        let outcome = ToolOutcome::Ok;
        play.done(job, Outcome::ToolRan { content: "done".into(), outcome, took_ms: 1 });
    }
}

fn closed(play: &Play, task: u32, path: &str) -> bool {
    scope::barrier(&scope::closed(&play.state, TaskId(task)), path).is_some()
}

#[test]
fn claims_are_closed_to_all_but_those_that_come_after() {
    let tasks = [
        claiming("a", 1, &[], &["a/**", "both"]),
        claiming("b", 2, &[], &["b/**"]),
        claiming("c", 3, &["a"], &["c", "both"]),
    ];
    let mut play = Play::graphed(&tasks);
    assert!(closed(&play, 2, "a/x") && closed(&play, 1, "b/x") && closed(&play, 2, "both"));
    assert!(!closed(&play, 1, "a/x") && !closed(&play, 1, "both"), "its own");
    assert!(!closed(&play, 2, "free"));
    assert!(closed(&play, 1, "c") && closed(&play, 2, "c"), "both could write it before c starts");
    assert!(!closed(&play, 3, "a/x"), "it starts once a is merged");
    play.works(1, 1);
    assert!(!closed(&play, 2, "a/x"), "what is merged is free");
    assert!(closed(&play, 2, "both"), "c is still to write it");
    play.replays();
}

#[test]
fn a_write_is_refused_before_it_is_a_job_and_the_first_to_write_a_free_file_has_it() {
    let tasks = [claiming("a", 1, &[], &["a"]), claiming("b", 2, &[], &["b"])];
    let mut play = Play::graphed_with(&tasks, writing);
    play.prepare(1, 1);
    play.prepare(2, 1);
    play.model_says(worker(1), reply(vec![write("./src/../b"), write("free[1].rs")]));
    let results = last_results(&play.state, worker(1));
    assert_eq!(results.len(), 1, "{results:?}");
    assert!(results[0].0.contains("backend_worker_2 (task 2, b)"), "{results:?}");
    assert_eq!(jobs(&play.state).iter().filter(|j| matches!(j, JobId::Tool { .. })).count(), 1);
    assert!(closed(&play, 2, "free[1].rs") && !closed(&play, 2, "free1.rs"));
    play.model_says(worker(2), reply(vec![write("free[1].rs")]));
    assert!(last_results(&play.state, worker(2))[0].0.contains("backend_worker_1"));
    play.replays();
}

#[test]
fn files_that_are_shared_may_be_claimed_and_written_by_all() {
    let tasks = [claiming("a", 1, &[], &["go.sum"]), claiming("b", 2, &[], &["go.sum", "b"])];
    let propose = |shared: &[&str]| {
        call("propose_graph", &json!({"tasks": tasks, "shared": shared}).to_string())
    };
    let mut play = Play::planned("1. a\n2. b\n");
    play.supervisor_says(propose(&["b"]));
    assert!(play.state.tasks.is_empty(), "they may meet in shared files only");
    play.supervisor_says(propose(&["../x", "*.sum"]));
    assert!(play.state.tasks.is_empty(), "none outside of the repository");
    play.supervisor_says(propose(&["*.sum"]));
    assert_eq!(play.state.tasks.len(), 2);
    assert!(!closed(&play, 1, "go.sum") && !closed(&play, 2, "go.sum") && closed(&play, 1, "b"));
    play.replays();
}

#[test]
fn work_that_changes_what_became_anothers_meanwhile_is_refused_with_its_checks_green() {
    let tasks = [claiming("a", 1, &[], &["a"]), claiming("b", 2, &[], &["b"])];
    let mut play = Play::graphed_with(&tasks, writing);
    let finishes = |play: &mut Play, attempt: u32| {
        let agent = AgentId::Worker(TaskId(1), attempt);
        play.prepare(1, attempt);
        play.model_says(agent, reply(vec![write("a")]));
        tools_run(play);
        play.model_says(agent, call("finish", r#"{"summary":["built"]}"#));
    };
    finishes(&mut play, 1);
    play.prepare(2, 1);
    play.model_says(worker(2), reply(vec![write("made")]));
    let verified = |paths: &[&str]| Outcome::Verified {
        commit: commit("work"),
        paths: paths.iter().map(|&path| path.into()).collect(),
        edited: vec![],
        checks: vec![],
        diff: "".into(),
    };
    play.done(JobId::Verify(TaskId(1), 1), verified(&["a", "made"]));
    let failures = &play.state.tasks[0].failures;
    assert!(
        matches!(&failures[..], [(1, Failure::Refused { message })] if message.contains("`made`")),
        "{failures:?}"
    );
    finishes(&mut play, 2);
    play.done(JobId::Verify(TaskId(1), 2), verified(&["a", "new"]));
    assert_eq!(play.state.tasks[0].attempt().unwrap().stage, Stage::Integrating);
    assert!(closed(&play, 2, "new"), "verified work has its files until it is merged");
    play.replays();
}

#[test]
fn a_claim_on_anothers_file_is_the_supervisors_to_grant() {
    let tasks = [claiming("a", 1, &[], &["a"]), claiming("b", 2, &[], &["b"])];
    let mut play = Play::graphed_with(&tasks, writing);
    play.prepare(1, 1);
    let ask =
        |paths: Value| call("claim_files", &json!({"paths": paths, "reason": "r"}).to_string());
    play.model_says(worker(1), ask(json!([])));
    assert_eq!(last_results(&play.state, worker(1))[0].0, "name 1 to 20 files");
    play.model_says(worker(1), ask(json!(["free", "b"])));
    let (&id, _) = play.state.consults.first_key_value().unwrap();
    let agent = AgentId::Supervisor(id);
    assert_eq!(&*play.state.agent_name(agent), "supervisor:claim:backend_worker_1#1");
    play.model_says(agent, call("answer", r#"{"answer":"yes"}"#));
    assert_eq!(play.state.consults.len(), 1, "a claim is granted or refused");
    play.model_says(agent, call("grant_claim", "{}"));
    assert!(!closed(&play, 1, "b") && !closed(&play, 2, "b"), "both may write it");
    assert!(closed(&play, 2, "free"));
    assert_eq!(play.state.tasks[1].mail[0].from, Sender::Supervisor);
    play.replays();
}

fn looking(play: &mut Play, nth: u32, looked: &[u32], sides: &[u32], collide: &[&str]) {
    let looked =
        looked.iter().map(|&task| Looked { task: TaskId(task), attempt: 1, changes: 9 }).collect();
    let collisions = match collide {
        [] => vec![],
        paths => vec![Collision {
            one: "b".into(),
            other: "a".into(),
            paths: paths.iter().map(|&path| path.into()).collect(),
        }],
    };
    let sides = sides.iter().map(|&task| TaskId(task)).collect();
    play.done(
        JobId::Foresee(nth),
        Outcome::Foreseen(Foreseen { looked, sides, collisions, took_ms: 1 }),
    );
}

/// Two workers, each of which wrote a file in its first turn.
fn two_at_work() -> Play {
    let tasks = [claiming("a", 1, &[], &["a"]), claiming("b", 2, &[], &["b"])];
    let mut play = Play::graphed_with(&tasks, writing);
    for task in [1, 2] {
        play.prepare(task, 1);
        play.model_says(worker(task), reply(vec![write(["a", "b"][task as usize - 1])]));
    }
    assert!(!jobs(&play.state).contains(&JobId::Foresee(1)), "the turns are not over");
    tools_run(&mut play);
    play
}

#[test]
fn it_is_looked_ahead_after_turns_that_may_have_changed_something() {
    let mut play = two_at_work();
    assert!(jobs(&play.state).contains(&JobId::Foresee(1)));
    let looked = |play: &Play| {
        play.state.active.iter().any(|&id| {
            let attempt = play.state.task(id).unwrap().attempt().unwrap();
            attempt.changes > attempt.compared
        })
    };
    looking(&mut play, 1, &[1, 2], &[1, 2], &[]);
    assert!(!looked(&play) && !jobs(&play.state).contains(&JobId::Foresee(2)));
    play.model_says(worker(1), call("read_file", r#"{"path":"a"}"#));
    tools_run(&mut play);
    assert!(!looked(&play), "reading changes nothing");
    play.replays();
}

#[test]
fn a_conflict_in_the_making_is_told_once_and_again_when_it_comes_back() {
    let mut play = two_at_work();
    let told = |play: &Play| play.state.tasks.iter().map(|t| t.mail.len()).collect::<Vec<_>>();
    looking(&mut play, 1, &[], &[1, 2], &["x"]);
    assert_eq!(told(&play), [1, 1]);
    let letter = &play.state.tasks[0].mail[0];
    assert_eq!(letter.from, Sender::Run);
    assert!(letter.text.contains("`x`") && letter.text.contains("backend_worker_2"));
    looking(&mut play, 2, &[], &[1, 2], &["x"]);
    assert_eq!(told(&play), [1, 1], "known");
    looking(&mut play, 3, &[], &[1, 2], &["x", "y"]);
    assert_eq!(told(&play), [2, 2], "a file more");
    looking(&mut play, 4, &[1], &[1], &[]);
    assert_eq!(play.state.foresight.pairs.len(), 1, "the other was not compared");
    looking(&mut play, 5, &[1, 2], &[1, 2], &["y"]);
    let known = &play.state.foresight.pairs[&(TaskId(1), TaskId(2))];
    assert_eq!(known.iter().map(|path| &**path).collect::<Vec<_>>(), ["y"], "the other is gone");
    assert_eq!(told(&play), [2, 2]);
    play.replays();
}

#[test]
fn two_conflicts_in_a_row_go_to_the_supervisor_though_tries_are_left() {
    let mut play = Play::graphed_with(&[task("a", &[1], &[]), task("b", &[2], &[])], |spec| {
        spec.limits.tries = 5;
    });
    play.works(2, 1);
    let collides = |play: &mut Play, attempt: u32| {
        play.claims(1, attempt);
        play.verify(1, attempt, &[("check", Verdict::Passed)]);
        let conflict = Outcome::Conflicted {
            paths: vec!["x".into()],
            text: "<<<<<<<".into(),
            onto: commit("head"),
            tree: commit("tree"),
            with: vec!["b".into()],
        };
        play.done(JobId::Integrate(TaskId(1), attempt), conflict);
    };
    collides(&mut play, 1);
    let opening =
        play.journal.iter().rev().flat_map(|record| &record.events).find_map(|e| match e {
            Event::AttemptStarted { opening, attempt: 2, .. } => Some(opening.clone()),
            _ => None,
        });
    let opening = opening.unwrap();
    for words in ["Both sides of it", "task 1 (a, by", "merged since: task 2 (b, by", "did: built"]
    {
        assert!(opening.contains(words), "`{words}` is missing in:\n{opening}");
    }
    collides(&mut play, 2);
    assert_eq!(play.state.tasks[0].status, Status::Escalated);
    play.supervisor_says(call("retry_task", r#"{"advice":"keep both"}"#));
    assert!(play.state.tasks[0].attempts_max > 3, "the tries that were left are left");
    collides(&mut play, 3);
    assert!(matches!(play.state.tasks[0].status, Status::Active(_)), "one in a row");
    play.replays();
}
