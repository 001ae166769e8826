//! Documents and plan stay one: edits during a run, after it, todos that come, assumptions that go.

use crate::support::{Ended, Gate, Machine, Started, script, task, team_args, writes};
use equitr_core::event::{Ending, Event};
use equitr_core::id::TaskId;
use equitr_core::state::RunState;
use serde_json::{Value, json};
use std::fs;

/// Three parts: two are merged soon, the last waits at the gate.
fn three_parts(gate: &Gate, more: Value) -> Value {
    let mut agents = json!({
        "backend_worker_1#1": writes("one.txt", "1\n"),
        "backend_worker_2": writes("two.txt", "2\n"),
        "backend_worker_3": [
            {"calls": [{"write_file": {"path": "three.txt", "content": "3\n"}}, gate.wait()]},
            {"calls": [{"finish": {"summary": ["three.txt is there"]}}]},
        ],
    });
    for (agent, turns) in more.as_object().unwrap() {
        agents[agent] = turns.clone();
    }
    let tasks = json!([
        task("one", "backend", 1, &[], "test -s one.txt"),
        task("two", "backend", 2, &[], "test -s two.txt"),
        task("three", "backend", 3, &[], "test -s three.txt"),
    ]);
    script(3, tasks, agents)
}

/// Starts it and kills it once the first two parts are merged.
fn killed_with_two_merged(machine: &Machine, model: &str) {
    let mut run: Started = machine.start(&[&team_args(model)[..], &["--json"]].concat());
    let mut merged = 0;
    while merged < 2 {
        assert!(run.until(|event| matches!(event, Event::TaskMerged { .. })));
        merged += 1;
    }
    run.kill();
    let merged: Vec<TaskId> =
        machine.state().tasks.iter().filter(|t| t.attempt().is_none()).map(|t| t.id).collect();
    assert_eq!(merged, [TaskId(1), TaskId(2)]);
}

/// Replaces text in a file of the project, as an editor would.
fn edit(machine: &Machine, path: &str, from: &str, to: &str) {
    let path = machine.project().join(path);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(&path, text.replace(from, to)).unwrap();
}

fn reopened(machine: &Machine) -> Vec<TaskId> {
    let events = machine.events().into_iter();
    let of = |(_, event)| match event {
        Event::TaskReopened { task, .. } => Some(task),
        _ => None,
    };
    events.filter_map(of).collect()
}

fn attempts(state: &RunState) -> Vec<u32> {
    state.tasks.iter().map(|task| task.attempts).collect()
}

#[test]
fn an_edit_during_a_run_opens_the_changed_task_again_adds_the_new_one_and_leaves_the_rest() {
    let machine = Machine::new();
    let gate = Gate::new(&machine, "gate");
    let added = json!([task("four", "docs", 4, &["two"], "test -s four.txt")]);
    let agents = json!({
        "backend_worker_1#2": writes("one.txt", "1\n1\n"),
        "supervisor:plan#1": [{"calls": [{"propose_tasks": {"tasks": added}}]}],
        "docs_worker": writes("four.txt", "4\n"),
    });
    let model = machine.script(&three_parts(&gate, agents));
    killed_with_two_merged(&machine, &model);

    let change = ("1. Do part 1\n", "1. Do part 1 twice\n");
    edit(&machine, "docs/todos.md", change.0, change.1);
    edit(&machine, "docs/todos.md", "3. Do part 3\n", "3. Do part 3\n4. Do part 4\n");
    edit(&machine, "docs/design.md", "A file a part.", "A text file a part.");
    let before = machine.state().records;
    let refused = machine.run(&["replan"]).expect(2);
    assert!(refused.stderr.contains("--yes"), "{}", refused.stderr);
    assert_eq!(machine.state().records, before, "nothing changes before the person's yes");
    for words in [
        "kept     2 todos",
        "todo 1 is now \"Do part 1 twice\", it was \"Do part 1\"",
        "new      4. Do part 4",
        "section  docs/design.md: Parts Design",
        "kept: 2, 3",
        "Task 1 (Part one) was merged and is opened again; spent so far: $0",
    ] {
        assert!(refused.stdout.contains(words), "`{words}` is missing in:\n{}", refused.stdout);
    }
    gate.open();
    let ended = machine.run(&["replan", "--yes"]).expect(0);

    assert!(ended.stdout.contains("The plan changed"), "{}", ended.stdout);
    assert_eq!(reopened(&machine), [TaskId(1)]);
    let state = machine.state();
    assert_eq!(attempts(&state), [2, 1, 1, 1]);
    assert_eq!(machine.merged_tasks("HEAD"), ["four", "one", "one", "three", "two"]);
    assert_eq!(machine.committed("one.txt"), "1\n1");
    let todos = machine.committed("docs/todos.md");
    assert!(todos.contains("1. [x] Do part 1 twice\n2. [x] Do part 2\n"), "{todos}");
    assert_eq!(todos.matches("[x]").count(), 4, "{todos}");
    assert!(machine.committed("docs/design.md").contains("A text file a part."));
    assert_eq!(machine.git(&["status", "--porcelain"]), "", "the edit was not in the way");
}

#[test]
fn an_edit_of_a_run_that_is_on_opens_exactly_one_merged_task_again_while_the_others_work() {
    let machine = Machine::new();
    let gate = Gate::new(&machine, "gate");
    let agents = json!({"backend_worker_1#2": writes("one.txt", "1\n1\n")});
    let model = machine.script(&three_parts(&gate, agents));
    let mut run: Started = machine.start(&[&team_args(&model)[..], &["--json"]].concat());
    let is_merge = |event: &Event| matches!(event, Event::TaskMerged { .. });
    (0..2).for_each(|_| assert!(run.until(is_merge)));

    let nothing = machine.run(&["replan", "--yes"]).expect(0);
    assert!(nothing.stderr.contains("nothing differs from the plan"), "{}", nothing.stderr);
    // More than a run hears of somebody without its token.
    let long = format!("A text file a part.\n{}", "Each holds a number.\n".repeat(8_000));
    edit(&machine, "docs/design.md", "A file a part.", &long);
    edit(&machine, "docs/todos.md", "1. Do part 1\n", "1. Do part 1 twice\n");
    let unasked = machine.run(&["replan"]).expect(2);
    assert!(unasked.stdout.contains("was merged and is opened again"), "{}", unasked.stdout);
    assert_eq!(reopened(&machine), [], "nothing changes before the person's yes");
    let taken = machine.run(&["replan", "--yes"]).expect(0);
    assert!(taken.stdout.contains(": taken, record "), "{}", taken.stdout);
    assert!(!taken.stderr.contains("went on meanwhile"), "{}", taken.stderr);
    assert!(run.until(|event| matches!(event, Event::TaskReopened { .. })));
    gate.open();
    run.wait().expect(0);

    assert_eq!(reopened(&machine), [TaskId(1)]);
    assert_eq!(attempts(&machine.state()), [2, 1, 1]);
    assert_eq!(machine.merged_tasks("HEAD"), ["one", "one", "three", "two"]);
    assert_eq!(machine.committed("one.txt"), "1\n1");
    assert_eq!(machine.committed("docs/design.md").matches("a number").count(), 8_000);
    assert_eq!(machine.git(&["status", "--porcelain"]), "", "the edit was not in the way");
    assert_eq!(machine.events().iter().filter(|(_, e)| *e == Event::RunResumed).count(), 0);
}

#[test]
fn a_todo_and_an_assumption_of_a_run_that_is_on_are_told_as_its_journal_has_them() {
    let machine = Machine::new();
    let gate = Gate::new(&machine, "gate");
    let added = json!([task("four", "docs", 4, &["one"], "test -s four.txt")]);
    let mut script = three_parts(
        &gate,
        json!({
            "backend_worker_1#2": writes("one.txt", "postgres\n"),
            "supervisor:plan#1": [{"calls": [{"propose_tasks": {"tasks": added}}]}],
            "docs_worker": writes("four.txt", "4\n"),
        }),
    );
    let ask =
        json!({"calls": [{"ask_person": {"question": "Which database?", "default": "SQLite"}}]});
    script["agents"]["planner"].as_array_mut().unwrap().insert(0, ask);
    let tasks = &mut script["agents"]["supervisor:graph"][0]["calls"][0]["propose_graph"]["tasks"];
    tasks[0]["assumptions"] = json!([1]);
    let model = machine.script(&script);
    let mut run: Started = machine.start(&[&team_args(&model)[..], &["--json"]].concat());
    let is_merge = |event: &Event| matches!(event, Event::TaskMerged { .. });
    (0..2).for_each(|_| assert!(run.until(is_merge)));
    let taken = machine.run(&["replan", "--add", "Do part 4", "--yes", "--json"]).expect(0);
    let record: Value = serde_json::from_str(&taken.stdout).unwrap();
    assert!(record["events"].to_string().contains("plan_changed"), "{record}");
    machine.run(&["replan", "--assume", "1=PostgreSQL", "--yes"]).expect(0);
    gate.open();
    run.wait().expect(0);

    assert_eq!(reopened(&machine), [TaskId(1)]);
    assert_eq!(machine.merged_tasks("HEAD"), ["four", "one", "one", "three", "two"]);
    assert_eq!(machine.committed("one.txt"), "postgres");
}

#[test]
fn an_edit_that_was_not_taken_over_is_never_lost() {
    let machine = Machine::new();
    let gate = Gate::new(&machine, "gate");
    let agents = json!({"backend_worker_1#2": writes("one.txt", "1\n1\n")});
    let model = machine.script(&three_parts(&gate, agents));
    killed_with_two_merged(&machine, &model);
    edit(&machine, "docs/todos.md", "1. Do part 1\n", "1. Do part 1 twice\n");
    let mut run = machine.start(&["replan", "--yes", "--json"]);
    assert!(run.until(|event| matches!(event, Event::PlanChanged { .. })));
    edit(&machine, "docs/todos.md", "1. Do part 1 twice\n", "1. Do part 1 thrice\n");
    gate.open();
    let ended: Ended = run.wait().expect(0);

    let mine = fs::read_to_string(machine.project().join("docs/todos.md")).unwrap();
    assert!(mine.contains("1. Do part 1 thrice\n2. Do part 2\n"), "{mine}");
    let kept = machine.status()["takeover_command"].as_str().unwrap().to_owned();
    assert!(kept.contains("equitr/"), "{kept}\n{}", ended.stderr);
}

#[test]
fn a_todo_can_be_added_to_a_run_and_a_kill_in_between_changes_nothing() {
    let machine = Machine::new();
    let gate = Gate::new(&machine, "gate");
    let added = json!([task("four", "docs", 4, &["one"], "test -s four.txt")]);
    let agents = json!({
        "supervisor:plan#1": [{"calls": [{"propose_tasks": {"tasks": added}}]}],
        "docs_worker": writes("four.txt", "4\n"),
    });
    let model = machine.script(&three_parts(&gate, agents));
    killed_with_two_merged(&machine, &model);
    let mut run = machine.start(&["replan", "--add", "Do part 4", "--yes", "--json"]);
    assert!(run.until(|event| matches!(event, Event::PlanChanged { .. })));
    run.kill();
    gate.open();
    gate.open();
    machine.run(&["resume"]).expect(0);

    assert_eq!(reopened(&machine), []);
    assert_eq!(machine.merged_tasks("HEAD"), ["four", "one", "three", "two"]);
    let todos = machine.committed("docs/todos.md");
    assert!(todos.ends_with("## Added while it was built\n\n4. [x] Do part 4"), "{todos}");
    let changes = machine.git(&["log", "--format=%s", "--grep=Equitr-Commit"]);
    assert_eq!(changes, "Change the plan", "the change is committed once");
}

#[test]
fn an_assumption_that_does_not_hold_opens_the_tasks_that_cite_it_again() {
    let machine = Machine::new();
    let gate = Gate::new(&machine, "gate");
    let agents = json!({"backend_worker_1#2": writes("one.txt", "postgres\n")});
    let mut script = three_parts(&gate, agents);
    let ask =
        json!({"calls": [{"ask_person": {"question": "Which database?", "default": "SQLite"}}]});
    script["agents"]["planner"].as_array_mut().unwrap().insert(0, ask);
    let tasks = &mut script["agents"]["supervisor:graph"][0]["calls"][0]["propose_graph"]["tasks"];
    tasks[0]["assumptions"] = json!([1]);
    let model = machine.script(&script);
    killed_with_two_merged(&machine, &model);
    let none = machine.run(&["replan", "--assume", "2=no", "--yes"]).expect(2);
    assert!(none.stderr.contains("there is no assumption A2"), "{}", none.stderr);
    gate.open();
    machine.run(&["replan", "--assume", "1=PostgreSQL", "--yes"]).expect(0);

    assert_eq!(reopened(&machine), [TaskId(1)]);
    assert_eq!(machine.committed("one.txt"), "postgres");
    let requirements = machine.committed("docs/requirements.md");
    assert!(requirements.ends_with("- A1: Which database? → PostgreSQL"), "{requirements}");
    let opening = machine.events().into_iter().find_map(|(_, event)| match event {
        Event::AttemptStarted { task: TaskId(1), attempt: 2, opening, .. } => Some(opening),
        _ => None,
    });
    let opening = opening.unwrap();
    assert!(opening.contains("assumption A1 does not hold any more"), "{opening}");
}

#[test]
fn a_run_on_a_finished_project_does_what_is_new_or_changed_and_nothing_else() {
    let machine = Machine::new();
    let tasks = json!([
        task("one", "backend", 1, &[], "test -s one.txt"),
        task("two", "frontend", 2, &[], "test -s two.txt"),
    ]);
    let agents = json!({
        "backend_worker": writes("one.txt", "1\n"),
        "frontend_worker": writes("two.txt", "2\n"),
    });
    let model = machine.script(&script(2, tasks, agents));
    machine.run(&team_args(&model)).expect(0);

    edit(&machine, "docs/todos.md", "1. [x] Do part 1\n", "1. [x] Do part 1 twice\n");
    edit(&machine, "docs/todos.md", "2. [x] Do part 2\n", "2. [x] Do part 2\n3. Do part 3\n");
    machine.git(&["commit", "-q", "--all", "--message=More is wanted"]);
    let tasks = json!([
        task("again", "backend", 1, &[], "grep -q twice one.txt"),
        task("more", "frontend", 3, &[], "test -s three.txt"),
    ]);
    let agents = json!({
        "backend_worker": writes("one.txt", "twice\n"),
        "frontend_worker": writes("three.txt", "3\n"),
    });
    let model = machine.script(&script(2, tasks, agents));
    let ended =
        machine.run(&["run", "--multi-agent", "--repo", "project", "--model", &model]).expect(0);

    for words in [
        "What changes since the project was built",
        "kept     1 todo",
        "changed  todo 1 is now \"Do part 1 twice\", it was \"Do part 1\"",
        "new      3. Do part 3",
    ] {
        assert!(ended.stdout.contains(words), "`{words}` is missing in:\n{}", ended.stdout);
    }
    let state = machine.state();
    assert_eq!((state.tasks.len(), attempts(&state)), (2, vec![1, 1]));
    assert_eq!(machine.merged_tasks("HEAD"), ["again", "more", "one", "two"]);
    assert_eq!(machine.committed("docs/todos.md").matches("[x]").count(), 3);
    let opening = machine.events().into_iter().find_map(|(_, event)| match event {
        Event::AttemptStarted { task: TaskId(1), opening, .. } => Some(opening),
        _ => None,
    });
    let opening = opening.unwrap();
    assert!(opening.contains("(built before as: Do part 1)"), "{opening}");
}

#[test]
fn a_new_wish_for_a_finished_project_is_planned_as_a_change_of_it() {
    let machine = Machine::new();
    let tasks = json!([task("one", "backend", 1, &[], "test -s one.txt")]);
    let agents = json!({"backend_worker": writes("one.txt", "1\n")});
    let model = machine.script(&script(1, tasks, agents));
    machine.run(&team_args(&model)).expect(0);

    // This planner does not repeat the tick; what is built stays built.
    let tasks = json!([task("two", "backend", 2, &[], "test -s two.txt")]);
    let agents = json!({"backend_worker": writes("two.txt", "2\n")});
    let model = machine.script(&script(2, tasks, agents));
    let ended = machine.run(&team_args(&model)).expect(0);

    assert!(ended.stdout.contains("  new      2. Do part 2"), "{}", ended.stdout);
    let state = machine.state();
    assert_eq!((state.tasks.len(), state.ending()), (1, Some(&Ending::Done)));
    assert_eq!(machine.merged_tasks("HEAD"), ["one", "two"]);
    let todos = machine.committed("docs/todos.md");
    assert!(todos.contains("1. [x] Do part 1\n2. [x] Do part 2"), "{todos}");
}
