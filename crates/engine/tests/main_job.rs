//! The main job with everything real but the model: journal, git, tools, checks, merges.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use equitr_core::event::{Ending, Event};
use equitr_core::policy::{Policy, Sandbox};
use equitr_core::spec::{
    Approval, Goal, Limits, ModelSpec, Models, Origin, Person, Profile, RunSpec,
};
use equitr_core::state::Status;
use equitr_core::units::Price;
use equitr_engine::{Home, News, Parts, RepositoryLock, Stopped, begin, read_run};
use equitr_llm::scripted::{Script, ScriptedModel};
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/todo")
}

fn spec(repository: &Path) -> RunSpec {
    let read = |name: &str| std::fs::read_to_string(example().join(name)).unwrap();
    let model = ModelSpec {
        name: "script:test".into(),
        provider: "script".into(),
        price: Price::FREE,
        context_tokens: 128_000,
        reply_tokens: 8_192,
        temperature_milli: None,
    };
    let profile = |role: &str| Profile {
        role: role.into(),
        prompt: "Be good.".into(),
        tools: vec![],
        review: false,
    };
    RunSpec {
        version: "test".into(),
        repository: repository.to_string_lossy().into(),
        origin: Origin::Conversation { prompt: Some(read("prompt.txt").trim().into()) },
        goal: Goal::Project,
        person: Person::Absent { answers: read("answers.txt").lines().map(Arc::from).collect() },
        approval: Approval::Given,
        limits: Limits {
            workers: 3,
            turns: 30,
            attempt_ms: 600_000,
            tries: 3,
            budget: None,
            check_ms: 60_000,
        },
        models: Models { planner: model.clone(), supervisor: model.clone(), worker: model },
        profiles: ["infrastructure", "backend", "general"]
            .into_iter()
            .map(|name| (name.into(), profile(name)))
            .collect(),
        checks: vec![],
        tools: equitr_tools::specs(&equitr_tools::Tool::ALL).into(),
        map: "".into(),
        guide: "".into(),
        commit_prefix: "".into(),
        acceptance: false,
        earlier: None,
        policy: Policy::new(Sandbox::Off),
    }
}

/// A run of one task by a script that lists what its workers reply.
fn run_of_one_task(workers: &str) -> (tempfile::TempDir, equitr_core::state::RunState) {
    let folder = tempfile::tempdir().unwrap();
    let repository = folder.path().join("project");
    let script = format!(
        r##"agents:
  planner:
    - calls:
        - write_document: {{document: requirements, content: "# P Requirements\n"}}
        - write_document: {{document: design, content: "# P Design\n"}}
        - write_document: {{document: todos, content: "1. a\n"}}
        - submit_plan: {{}}
  supervisor:graph:
    - calls:
        - propose_graph: {{tasks: [{{id: a, title: A, profile: backend, goal: g, todos: [1], checks: ["test -s a.txt"]}}]}}
{workers}"##
    );
    let script = Script::parse(&script, &folder.path().join("script.yaml")).unwrap();
    let home = Home::at(folder.path().join("home"));
    let dir = home.run("r1");
    let lock = RepositoryLock::take(&home, &repository, "r1").unwrap();
    let parts = Parts::of(Arc::new(ScriptedModel::new(script)));
    let handle = begin(&dir, Arc::new(spec(&repository)), parts, lock).unwrap();
    handle.join().unwrap();
    (folder, read_run(&dir).unwrap().state)
}

#[test]
fn a_worker_that_deletes_its_worktree_gets_a_new_one_for_its_next_attempt() {
    let (folder, state) = run_of_one_task(
        r#"
  backend_worker#1:
    - calls:
        - run_command: {command: "rm -rf \"$PWD\""}
        - write_file: {path: a.txt, content: "a"}
    - calls:
        - finish: {summary: [done]}
  backend_worker#2:
    - calls:
        - write_file: {path: a.txt, content: "a"}
        - finish: {summary: [done]}
"#,
    );
    assert_eq!(state.ending(), Some(&Ending::Done), "{:#?}", state.tasks);
    let told = format!("{:?}", state.tasks[0].failures);
    assert!(told.contains("deleted or damaged"), "{told}");
    assert!(folder.path().join("project/a.txt").is_file());
}

#[test]
fn the_example_ends_as_a_merged_and_verified_repository() {
    let folder = tempfile::tempdir().unwrap();
    let repository = folder.path().join("todo");
    let home = Home::at(folder.path().join("home"));
    let dir = home.run("r1");
    let script = Script::load(&example().join("script.yaml")).unwrap();
    let parts = Parts::of(Arc::new(ScriptedModel::new(script)));
    let lock = RepositoryLock::take(&home, &repository, "r1").unwrap();
    let handle = begin(&dir, Arc::new(spec(&repository)), parts, lock).unwrap();
    let told: Vec<Event> = handle
        .news
        .iter()
        .flat_map(|news| match news {
            News::Record(record) => record.events.clone(),
            News::Objection(why) => panic!("{why}"),
        })
        .collect();
    assert_eq!(handle.join().unwrap(), Stopped::Ended);

    let run = read_run(&dir).unwrap();
    let ending = run.state.ending();
    assert_eq!(ending, Some(&Ending::Done), "{told:#?}");
    assert_eq!(run.records.iter().flat_map(|r| r.events.clone()).collect::<Vec<_>>(), told);
    assert!(run.state.tasks.iter().all(|t| matches!(t.status, Status::Merged(_))));
    assert_eq!(run.state.tasks[2].attempts, 2, "the first attempt's check was red");
    let todos = std::fs::read_to_string(repository.join("docs/todos.md")).unwrap();
    assert_eq!(todos.matches("[x]").count(), 9, "{todos}");
    assert!(repository.join("README.md").is_file());
    let status = std::process::Command::new("sh")
        .arg("tests/run.sh")
        .current_dir(&repository)
        .status()
        .unwrap();
    assert!(status.success());
}

#[test]
fn documents_that_are_committed_already_are_not_committed_again() {
    let (folder, _) = run_of_one_task("  backend_worker#1: []\n");
    let repository = folder.path().join("project");
    let head = || {
        let output = std::process::Command::new("git")
            .args(["rev-parse", "HEAD"])
            .current_dir(&repository)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let before = head();
    let read = |name: &str| std::fs::read_to_string(repository.join("docs").join(name)).unwrap();
    let documents = equitr_core::documents::Documents {
        requirements: read("requirements.md").into(),
        design: read("design.md").into(),
        todos: read("todos.md").into(),
    };
    let again =
        RunSpec { origin: Origin::Documents(documents), goal: Goal::Plan, ..spec(&repository) };
    let home = Home::at(folder.path().join("home"));
    let lock = RepositoryLock::take(&home, &repository, "r2").unwrap();
    let script = Script::parse("agents: {}\n", &folder.path().join("none.yaml")).unwrap();
    let parts = Parts::of(Arc::new(ScriptedModel::new(script)));
    begin(&home.run("r2"), Arc::new(again), parts, lock).unwrap().join().unwrap();
    assert_eq!(read_run(&home.run("r2")).unwrap().state.ending(), Some(&Ending::Done));
    assert_eq!(head(), before);
}
