//! The person's own repository: what agents see of it, and what is left as it was.

use crate::support::{Gate, KEY, Machine, script, task, team_args, writes};
use equitr_core::event::{Event, Failure};
use equitr_llm::scripted::Script;
use equitr_testing::loopback::{Faults, Loopback};
use serde_json::{Value, json};
use std::fs;
use std::process::Command;

/// One task that writes `app.txt`.
fn writes_app() -> Value {
    let tasks =
        json!([task("app", "backend", 1, &[], "grep -q new app.txt && test -s lib/old.sh")]);
    script(1, tasks, json!({"backend_worker": writes("app.txt", "new\n")}))
}

fn code() -> [(&'static str, &'static str); 3] {
    [
        ("app.txt", "old\n"),
        ("lib/old.sh", "echo old\n"),
        ("AGENTS.md", "Indent with four spaces, always.\n"),
    ]
}

#[test]
fn agents_see_the_code_and_the_rules_of_a_repository_and_its_history_goes_on() {
    let script = Script::parse(&writes_app().to_string(), "script.yaml".as_ref()).unwrap();
    let server = Loopback::start(script, Faults::none()).unwrap();
    let machine = Machine::new().with("OPENAI_API_KEY", KEY);
    machine.repository(&code());
    let before = machine.git(&["rev-parse", "HEAD"]);
    let config = fs::read(machine.project().join(".git/config")).unwrap();
    let url = server.url();
    let args = team_args("openai/gpt-4o");
    machine.run(&[&args[..], &["--api-base", &url]].concat()).expect(0);

    for agent in ["planner", "supervisor:graph", "backend_worker#1"] {
        let requests = server.requests();
        let request = requests.iter().find(|seen| seen.agent == agent).unwrap();
        let body = request.body.to_string();
        assert!(body.contains("lib/old.sh"), "{agent} sees the map");
        assert!(body.contains("Indent with four spaces"), "{agent} sees AGENTS.md");
    }
    assert_eq!(machine.committed("app.txt"), "new");
    assert_eq!(machine.committed("lib/old.sh"), "echo old");
    assert_eq!(fs::read_to_string(machine.project().join("app.txt")).unwrap(), "new\n");
    machine.git(&["merge-base", "--is-ancestor", &before, "HEAD"]);
    assert_eq!(machine.git(&["status", "--porcelain"]), "");
    assert_eq!(machine.git(&["branch", "--format=%(refname:short)"]), "main");
    assert_eq!(machine.git(&["worktree", "list"]).lines().count(), 1);
    assert_eq!(fs::read(machine.project().join(".git/config")).unwrap(), config);
}

#[test]
fn uncommitted_changes_that_are_not_in_the_way_stay_as_they_are() {
    let machine = Machine::new();
    machine.repository(&code());
    fs::write(machine.project().join("lib/old.sh"), "echo mine\n").unwrap();
    fs::write(machine.project().join("notes.txt"), "mine\n").unwrap();
    machine.git(&["add", "notes.txt"]);
    fs::write(machine.project().join("loose.txt"), "mine, too\n").unwrap();
    let changes = machine.git(&["status", "--porcelain"]);
    let model = machine.script(&writes_app());
    let ended = machine.run(&team_args(&model)).expect(0);

    assert!(ended.stderr.contains("note: 3 uncommitted changes"), "{}", ended.stderr);
    assert_eq!(machine.git(&["status", "--porcelain"]), changes);
    assert_eq!(machine.committed("app.txt"), "new");
    assert_eq!(machine.committed("lib/old.sh"), "echo old", "only what is committed is built on");
    let mine = fs::read_to_string(machine.project().join("lib/old.sh")).unwrap();
    assert_eq!(mine, "echo mine\n");
    assert_eq!(machine.status()["takeover_command"], Value::Null);
}

/// Runs what the program says takes the result over.
fn take_over(machine: &Machine, stdout: &str) {
    let command = machine.status()["takeover_command"].as_str().unwrap().to_owned();
    assert!(stdout.contains(&command), "{stdout}");
    let output = Command::new("sh")
        .args(["-c", &command])
        .env("HOME", machine.path("person"))
        .env("GIT_AUTHOR_NAME", "Person")
        .env("GIT_AUTHOR_EMAIL", "person@example.org")
        .env("GIT_COMMITTER_NAME", "Person")
        .env("GIT_COMMITTER_EMAIL", "person@example.org")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn with_an_uncommitted_change_in_the_way_the_result_is_on_a_branch_and_can_be_taken_over() {
    let machine = Machine::new();
    machine.repository(&code());
    fs::write(machine.project().join("app.txt"), "mine\n").unwrap();
    let model = machine.script(&writes_app());
    let ended = machine.run(&team_args(&model)).expect(0);

    assert_eq!(fs::read_to_string(machine.project().join("app.txt")).unwrap(), "mine\n");
    assert_eq!(machine.git(&["status", "--porcelain"]), "M app.txt");
    assert_eq!(machine.committed("app.txt"), "old");
    assert!(ended.stdout.contains("uncommitted changes are in the way: `app.txt`"));
    let branch = format!("equitr/{}", machine.runs()[0].id());
    assert!(ended.stdout.contains(&format!("Result: on branch `{branch}`")), "{}", ended.stdout);
    assert_eq!(machine.merged_tasks(&branch), ["app"]);

    machine.git(&["stash", "-q"]);
    take_over(&machine, &ended.stdout);
    assert_eq!(machine.tree(), machine.git(&["rev-parse", &format!("{branch}^{{tree}}")]));
    assert_eq!(machine.committed("app.txt"), "new");
}

#[test]
fn a_branch_that_the_person_moved_meanwhile_stays_and_the_result_can_be_merged_into_it() {
    let machine = Machine::new();
    machine.repository(&code());
    let gate = Gate::new(&machine, "gate");
    let mut script = writes_app();
    let turns = script["agents"]["backend_worker"].as_array_mut().unwrap();
    turns.insert(0, json!({"calls": [gate.wait()]}));
    let model = machine.script(&script);
    let mut run = machine.start(&[&team_args(&model)[..], &["--json"]].concat());
    assert!(run.until(|event| matches!(event, Event::AttemptStarted { .. })));
    fs::write(machine.project().join("mine.txt"), "mine\n").unwrap();
    machine.git(&["add", "mine.txt"]);
    machine.git(&["commit", "-q", "--message=Mine"]);
    let mine = machine.git(&["rev-parse", "HEAD"]);
    gate.open();
    run.wait().expect(0);

    assert_eq!(machine.git(&["rev-parse", "HEAD"]), mine);
    assert_eq!(machine.git(&["status", "--porcelain"]), "");
    let why = machine.status()["delivery"]["why"].as_str().unwrap().to_owned();
    assert!(why.contains("branch `main` has moved"), "{why}");
    take_over(&machine, &machine.run(&["report"]).expect(0).stdout);
    assert_eq!((&*machine.committed("app.txt"), &*machine.committed("mine.txt")), ("new", "mine"));
}

#[test]
fn documents_of_the_persons_in_the_way_stay_and_the_result_can_be_taken_over() {
    let machine = Machine::new();
    machine.repository(&code());
    let before = machine.git(&["rev-parse", "HEAD"]);
    fs::create_dir(machine.project().join("docs")).unwrap();
    fs::write(machine.project().join("docs/design.md"), "my own design\n").unwrap();
    let model = machine.script(&writes_app());
    let ended = machine.run(&team_args(&model)).expect(0);

    assert_eq!(machine.git(&["rev-parse", "HEAD"]), before);
    let design = fs::read_to_string(machine.project().join("docs/design.md")).unwrap();
    assert_eq!(design, "my own design\n");
    assert!(ended.stdout.contains("docs/design.md"), "{}", ended.stdout);

    fs::remove_dir_all(machine.project().join("docs")).unwrap();
    take_over(&machine, &ended.stdout);
    assert_eq!(machine.committed("app.txt"), "new");
    assert_eq!(machine.merged_tasks("HEAD"), ["app"]);
}

#[test]
fn a_repository_inside_a_worktree_is_refused_by_its_name_until_it_is_gone() {
    let machine = Machine::new();
    let nest = "mkdir inner && cd inner && git init -q && echo x > x.txt && git add x.txt && \
                git -c user.name=w -c user.email=w@example.org commit -q --message=x";
    let finish = json!({"calls": [{"finish": {"summary": ["inner/x.txt is there"]}}]});
    let agents = json!({
        "backend_worker#1": [{"calls": [{"run_command": {"command": nest}}]}, finish],
        "backend_worker#2": [{"calls": [{"run_command": {"command": "rm -rf inner/.git"}}]}, finish],
    });
    let tasks = json!([task("nest", "backend", 1, &[], "test -s inner/x.txt")]);
    let model = machine.script(&script(1, tasks, agents));
    machine.run(&team_args(&model)).expect(0);

    assert_eq!(machine.committed("inner/x.txt"), "x");
    let refused = machine.events().into_iter().find_map(|(_, event)| match event {
        Event::AttemptFailed { reason: Failure::Refused { message }, .. } => Some(message),
        _ => None,
    });
    let refused = refused.unwrap();
    assert!(refused.contains("`inner/.git` is a repository inside the worktree"), "{refused}");
    let opening = machine.events().into_iter().find_map(|(_, event)| match event {
        Event::AttemptStarted { attempt: 2, opening, .. } => Some(opening),
        _ => None,
    });
    assert!(opening.unwrap().contains("`inner/.git`"), "the worker is told which");
}
