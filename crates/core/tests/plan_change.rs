//! Changes of a plan that is being built.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[allow(dead_code)]
mod play;

use equitr_core::documents::Documents;
use equitr_core::event::{Ending, Event, Matter, Sender, Verdict};
use equitr_core::id::{AgentId, TaskId};
use equitr_core::input::{Command, Input, Outcome};
use equitr_core::job::{JobId, Work, jobs, work};
use equitr_core::plan_diff::{self, TaskFate};
use equitr_core::spec::Person;
use equitr_core::state::Status;
use play::{Play, call, commit, task};
use serde_json::json;

/// The person's files, with one text in one of them replaced.
fn edited(play: &Play, from: &str, to: &str) -> Documents {
    let mut documents = play.state.plan.seen.clone();
    let parts = [&mut documents.requirements, &mut documents.design, &mut documents.todos];
    let mut found = false;
    for part in parts {
        found |= part.contains(from);
        *part = part.replace(from, to).into();
    }
    assert!(found, "{from}");
    documents
}

fn objection(play: &mut Play, command: Command) -> Option<String> {
    let reaction =
        equitr_core::step(&mut play.state, play.now_ms, Input::Command(command)).unwrap();
    play.journal.extend(reaction.record);
    reaction.objection
}

/// The run's own commit that is due is made.
fn commits(play: &mut Play) {
    let due = jobs(&play.state).into_iter().find(|job| matches!(job, JobId::Commit(_)));
    play.done(due.expect("a commit that is due"), Outcome::Committed(commit("plan")));
}

fn last(play: &Play) -> &[Event] {
    &play.journal.last().unwrap().events
}

fn is_merged(play: &Play, task: u32) -> bool {
    matches!(play.state.task(TaskId(task)).unwrap().status, Status::Merged(_))
}

#[test]
fn a_change_is_committed_before_what_it_opens_again_begins() {
    let tasks = [task("a", &[1], &[]), task("b", &[2], &["a"]), task("c", &[3], &[])];
    let mut play = Play::graphed(&tasks);
    play.works(1, 1);
    play.works(2, 1);
    let documents = edited(&play, "1. todo 1", "1. todo one");
    play.command(Command::EditPlan(documents));
    assert!(!is_merged(&play, 1) && is_merged(&play, 2), "what was built on it is kept");
    let started =
        |play: &Play| last(play).iter().any(|e| matches!(e, Event::AttemptStarted { .. }));
    assert!(!started(&play));
    let job = *jobs(&play.state).iter().find(|job| matches!(job, JobId::Commit(_))).unwrap();
    let Some(Work::Commit { files, .. }) = work(&play.state, job) else { panic!("no files") };
    assert!(files[2].1.contains("1. todo one\n2. [x] todo 2\n3. todo 3\n"), "{files:?}");
    commits(&mut play);
    assert!(started(&play));
    play.works(1, 2);
    play.works(3, 1);
    play.delivers();
    assert_eq!(play.state.ending(), Some(&Ending::Done));
    play.replays();
}

#[test]
fn a_worker_that_is_done_before_it_reads_of_a_change_is_opened_again() {
    let mut play = Play::graphed(&[task("a", &[1], &[]), task("b", &[2], &[])]);
    play.claims(1, 1);
    let documents = edited(&play, "1. todo 1", "1. todo one");
    play.command(Command::EditPlan(documents));
    let told = |e: &Event| {
        matches!(e, Event::MessageSent { from: Sender::Person, to: Some(TaskId(1)), .. })
    };
    assert!(last(&play).iter().any(told));
    commits(&mut play);
    play.verify(1, 1, &[("check", Verdict::Passed)]);
    play.integrate(1, 1, &[("check", Verdict::Passed)]);
    play.lands(1, 1);
    let opened = |e: &Event| matches!(e, Event::TaskReopened { task: TaskId(1), .. });
    assert!(last(&play).iter().any(opened), "{:?}", last(&play));
    play.replays();
}

#[test]
fn work_that_lands_in_a_pause_is_opened_again_when_its_worker_read_of_no_change() {
    let mut play = Play::graphed(&[task("a", &[1], &[]), task("b", &[2], &[])]);
    play.claims(1, 1);
    play.verify(1, 1, &[("check", Verdict::Passed)]);
    let documents = edited(&play, "1. todo 1", "1. todo one");
    play.command(Command::EditPlan(documents));
    play.command(Command::Pause);
    play.integrate(1, 1, &[("check", Verdict::Passed)]);
    play.lands(1, 1);
    let opened = |e: &Event| matches!(e, Event::TaskReopened { task: TaskId(1), .. });
    assert!(last(&play).iter().any(opened), "{:?}", last(&play));
    play.replays();
}

#[test]
fn a_plan_whose_result_was_handed_over_in_a_pause_does_not_change_any_more() {
    let mut play = Play::graphed(&[task("a", &[1], &[])]);
    play.works(1, 1);
    play.command(Command::Pause);
    play.delivers();
    let told = objection(&mut play, Command::AddTodo("one thing more".into()));
    assert!(told.is_some_and(|told| told.contains("handed over")));
    play.command(Command::Unpause);
    assert_eq!(play.state.ending(), Some(&Ending::Done));
    play.replays();
}

#[test]
fn a_worker_that_reads_of_a_change_in_time_goes_on() {
    let mut play = Play::graphed(&[task("a", &[1], &[])]);
    let documents = edited(&play, "1. todo 1", "1. todo one");
    play.command(Command::EditPlan(documents));
    commits(&mut play);
    // The call that was under way ends, and the next one shows the letter.
    play.model_says(
        AgentId::Worker(TaskId(1), 1),
        call("send_message", r#"{"to":"x","text":"y"}"#),
    );
    play.works(1, 1);
    assert!(is_merged(&play, 1));
    play.replays();
}

#[test]
fn a_task_without_any_todo_left_is_dropped_and_what_is_merged_stays() {
    let tasks = [task("a", &[1], &[]), task("b", &[2], &[]), task("c", &[3], &["b"])];
    let mut play = Play::graphed(&tasks);
    play.works(1, 1);
    let documents = edited(&play, "1. todo 1\n2. todo 2\n", "");
    let diff = plan_diff::diff(&play.state, &documents).unwrap();
    let fates: Vec<TaskFate> = diff.tasks.iter().map(|task| task.fate).collect();
    assert_eq!(fates, [TaskFate::Stays, TaskFate::Dropped, TaskFate::Kept]);
    play.command(Command::EditPlan(documents));
    commits(&mut play);
    assert!(is_merged(&play, 1));
    assert!(matches!(play.state.task(TaskId(2)).unwrap().status, Status::Dropped(_)));
    play.works(3, 1);
    play.delivers();
    assert_eq!(play.state.ending(), Some(&Ending::Done), "nobody wants what was dropped");
    play.replays();
}

#[test]
fn a_requirement_that_changes_concerns_the_todos_that_cite_it_and_a_tick_nothing() {
    let mut play = Play::planned("1. Users (R1)\n2. Catalog\n");
    play.supervisor_says(play::graph(&[task("a", &[1], &[]), task("b", &[2], &[])]));
    let mut documents = play.state.plan.seen.clone();
    documents.requirements = "# Shop Requirements\n\n- R1: People sign in\n".into();
    play.command(Command::EditPlan(documents.clone()));
    commits(&mut play);
    play.works(1, 1);
    play.works(2, 1);
    let ticked = Documents { todos: documents.todos.replace("1. ", "1. [x] ").into(), ..documents };
    let why = objection(&mut play, Command::EditPlan(ticked.clone()));
    assert!(why.is_some(), "all is done, and the result is being handed over");
    let mut play = Play::planned("1. Users (R1)\n2. Catalog\n");
    play.supervisor_says(play::graph(&[task("a", &[1], &[]), task("b", &[2], &[])]));
    play.command(Command::EditPlan(ticked.clone()));
    commits(&mut play);
    play.works(1, 1);
    assert_eq!(
        objection(&mut play, Command::EditPlan(ticked.clone())).as_deref(),
        Some("nothing differs from the plan of the run")
    );
    let other = ticked.requirements.replace("sign in", "sign in with a key");
    play.command(Command::EditPlan(Documents { requirements: other.into(), ..ticked }));
    assert!(!is_merged(&play, 1));
    let because = play.state.task(TaskId(1)).unwrap().reopened.clone().unwrap();
    assert!(because.contains("todo 1 cites requirement R1, which is now"), "{because}");
    play.replays();
}

#[test]
fn a_todo_that_was_added_is_not_dropped_by_an_edit_of_files_that_never_held_it() {
    let mut play = Play::graphed(&[task("a", &[1], &[]), task("b", &[2], &[])]);
    play.command(Command::AddTodo("Mail the receipt".into()));
    commits(&mut play);
    assert!(play.state.is_replanning());
    let documents = edited(&play, "1. todo 1", "1. todo one");
    play.command(Command::EditPlan(documents));
    commits(&mut play);
    let open: Vec<&Matter> = play.state.consults.values().map(|c| &c.matter).collect();
    assert_eq!(open, [&Matter::PlanChange { nth: 2 }], "one matter for all");
    play.supervisor_says(call(
        "propose_tasks",
        &json!({ "tasks": [task("c", &[3], &["a"])] }).to_string(),
    ));
    assert_eq!(play.state.tasks.len(), 3);
    let clash = edited(&play, "2. todo 2", "2. todo 2\n3. Charts");
    let why = objection(&mut play, Command::EditPlan(clash)).unwrap();
    assert!(why.contains("give \"Charts\" another number"), "{why}");
    let reads = call("send_message", r#"{"to":"x","text":"y"}"#);
    play.model_says(AgentId::Worker(TaskId(1), 1), reads);
    play.works(1, 1);
    play.works(2, 1);
    play.works(3, 1);
    play.delivers();
    assert_eq!(play.state.ending(), Some(&Ending::Done));
    play.replays();
}

#[test]
fn an_assumption_concerns_the_tasks_that_cite_it_and_the_one_that_asked() {
    let mut cites = task("a", &[1], &[]);
    cites["goal"] = json!("build it, as A1 says");
    let tasks = [cites, task("b", &[2], &[]), task("c", &[3], &[])];
    let mut play =
        Play::graphed_with(&tasks, |spec| spec.person = Person::Absent { answers: vec![] });
    play.prepare(2, 1);
    let ask = call("ask_supervisor", r#"{"question":"Which database?"}"#);
    play.model_says(AgentId::Worker(TaskId(2), 1), ask);
    play.supervisor_says(call("ask_person", r#"{"question":"Which?","default":"SQLite"}"#));
    play.supervisor_says(call("answer", r#"{"answer":"SQLite"}"#));
    for task in 1..=2 {
        play.works(task, 1);
    }
    play.command(Command::Flip(1, "PostgreSQL".into()));
    assert!(!is_merged(&play, 1) && !is_merged(&play, 2));
    assert_eq!(play.state.task(TaskId(3)).unwrap().mail, []);
    let none = objection(&mut play, Command::Flip(2, "x".into())).unwrap();
    assert_eq!(none, "there is no assumption A2; there are 1");
    play.replays();
}

#[test]
fn todos_that_the_supervisor_makes_no_task_of_stay_open() {
    let mut play = Play::graphed(&[task("a", &[1], &[])]);
    play.command(Command::AddTodo("Mail the receipt".into()));
    commits(&mut play);
    for _ in 0..8 {
        play.supervisor_says(call("propose_tasks", r#"{"tasks":[]}"#));
    }
    assert!(!play.state.is_replanning());
    play.works(1, 1);
    play.delivers();
    assert_eq!(play.state.ending(), Some(&Ending::DoneWithOpenWork));
    play.replays();
}
