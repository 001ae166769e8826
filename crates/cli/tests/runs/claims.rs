//! Whose files are whose, conflicts that are seen coming, and conflicts that come.

use crate::support::{Gate, Machine, claiming, script, sharing, task, team_args, writes};
use equitr_core::chat::ToolOutcome;
use equitr_core::event::{Event, Failure, Matter, Sender};
use equitr_core::id::{AgentId, TaskId};
use serde_json::{Value, json};

fn write(path: &str, content: &str) -> Value {
    json!({"write_file": {"path": path, "content": content}})
}

fn finish() -> Value {
    json!({"calls": [{"finish": {"summary": ["it is there"]}}]})
}

/// Two tasks with a file each, which may run at the same time.
fn two_tasks() -> Value {
    json!([
        claiming(task("one", "backend", 1, &[], "test -s one.txt"), &["one.txt"]),
        claiming(
            task("two", "backend", 2, &[], "test ! -e foreign && test -s two.txt"),
            &["two.txt"]
        ),
    ])
}

/// What the tools of a task's worker gave back, in order.
fn results(machine: &Machine, task: u32) -> Vec<(String, ToolOutcome)> {
    let of = |(_, event): (u64, Event)| match event {
        Event::ToolFinished { agent: AgentId::Worker(id, _), content, outcome, .. }
            if id == TaskId(task) =>
        {
            Some((content.to_string(), outcome))
        }
        _ => None,
    };
    machine.events().into_iter().filter_map(of).collect()
}

/// The openings of a task's attempts.
fn openings(machine: &Machine, task: u32) -> Vec<String> {
    let of = |(_, event): (u64, Event)| match event {
        Event::AttemptStarted { task: id, opening, .. } if id == TaskId(task) => {
            Some(opening.to_string())
        }
        _ => None,
    };
    machine.events().into_iter().filter_map(of).collect()
}

#[track_caller]
fn has(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "`{word}` is missing in:\n{text}");
    }
}

#[test]
fn a_write_of_anothers_file_is_refused_with_the_owners_name_until_the_supervisor_grants_it() {
    let machine = Machine::new();
    let gate = Gate::new(&machine, "gate");
    let ask = |reason: &str| json!({"claim_files": {"paths": ["./one.txt"], "reason": reason}});
    let agents = json!({
        "backend_worker_1": [{"calls": [gate.wait()]}, {"calls": [write("one.txt", "same\n")]}, finish()],
        "backend_worker_2": [
            {"calls": [write("one.txt", "same\n"), write("two.txt", "two\n")]},
            {"calls": [{"claim_files": {"paths": ["free.txt"], "reason": "nobody's"}}, ask("please")]},
            {"calls": [ask("I really need it")]},
            {"calls": [write("one.txt", "same\n")]},
            finish(),
        ],
        "supervisor:claim:backend_worker_2#1": [{"calls": [{"refuse_claim": {"reason": "It is theirs."}}]}],
        "supervisor:claim:backend_worker_2#2": [{"calls": [{"grant_claim": {}}]}],
    });
    let model = machine.script(&script(2, two_tasks(), agents));
    let mut run = machine.start(&[&team_args(&model)[..], &["--json"]].concat());
    run.until_merged(2);
    gate.open();
    run.wait().expect(0);

    let results = results(&machine, 2);
    let (refused, outcome) = &results[0];
    assert_eq!(*outcome, ToolOutcome::Error);
    has(refused, &["`one.txt`", "backend_worker_1", "task 1, Part one", "`claim_files`"]);
    assert_eq!(results[1].1, ToolOutcome::Ok, "its own file is open to it");
    assert_eq!(results[2], ("you may write `free.txt`".to_owned(), ToolOutcome::Ok));
    assert_eq!(results[3], ("refused: It is theirs.".to_owned(), ToolOutcome::Error));
    has(&results[4].0, &["granted", "`one.txt`"]);
    assert_eq!(results[5].1, ToolOutcome::Ok, "{results:?}");
    let letter = machine.events().into_iter().find_map(|(_, event)| match event {
        Event::MessageSent { from: Sender::Supervisor, to: Some(TaskId(1)), text, .. } => {
            Some(text)
        }
        _ => None,
    });
    has(&letter.unwrap(), &["backend_worker_2", "`one.txt`"]);
    assert_eq!(machine.committed("one.txt"), "same");
    assert_eq!(machine.merged_tasks("HEAD"), ["one", "two"]);
}

#[test]
fn what_a_command_wrote_of_anothers_is_refused_before_any_check_runs() {
    let machine = Machine::new();
    let gate = Gate::new(&machine, "gate");
    let command = |command: &str| json!({"calls": [{"run_command": {"command": command}}]});
    let agents = json!({
        "backend_worker_1": [{"calls": [gate.wait()]}, {"calls": [write("one.txt", "one\n")]}, finish()],
        // The checks would be red by then: that they are not told of shows that they did not run.
        "backend_worker_2#1": [command("echo x > one.txt; touch foreign; echo two > two.txt"), finish()],
        "backend_worker_2#2": [command("rm one.txt foreign"), finish()],
    });
    let model = machine.script(&script(2, two_tasks(), agents));
    let mut run = machine.start(&[&team_args(&model)[..], &["--json"]].concat());
    run.until_merged(2);
    gate.open();
    run.wait().expect(0);

    let state = machine.state();
    match &state.tasks[1].failures[..] {
        [(1, Failure::Refused { message })] => {
            has(message, &["`one.txt`", "backend_worker_1", "Put back"]);
        }
        other => panic!("{other:?}"),
    }
    has(&openings(&machine, 2)[1], &["`one.txt`", "backend_worker_1"]);
    assert_eq!(machine.committed("one.txt"), "one");
}

#[test]
fn a_conflict_in_the_making_is_told_to_both_and_the_second_one_resolves_it_knowing_both_sides() {
    let machine = Machine::new();
    let (first, second) = (Gate::new(&machine, "first"), Gate::new(&machine, "second"));
    let agents = json!({
        "backend_worker_1": [{"calls": [write("both.txt", "one\n")]}, {"calls": [first.wait()]}, finish()],
        "backend_worker_2#1": [{"calls": [write("both.txt", "two\n")]}, {"calls": [second.wait()]}, finish()],
        "backend_worker_2#2": [{"calls": [write("both.txt", "one\ntwo\n")]}, finish()],
        "backend_worker_3": writes("three.txt", "three\n"),
    });
    let tasks = json!([
        task("one", "backend", 1, &[], "grep -q one both.txt"),
        task("two", "backend", 2, &[], "grep -q two both.txt"),
        task("three", "backend", 3, &["one"], "test -s three.txt"),
    ]);
    let model = machine.script(&sharing(script(3, tasks, agents), &["both.txt"]));
    let mut run = machine.start(&[&team_args(&model)[..], &["--json"]].concat());
    assert!(run.until(|event| matches!(event, Event::ConflictForeseen { .. })));
    // The run is on, and neither is merged.
    let explained = machine.run(&["explain", "two"]).expect(0).stdout;
    has(&explained, &["Task 2 Part two (backend_worker_2)", "Collides with", "Task 1", "both.txt"]);
    let waits = machine.run(&["explain", "backend_worker_3"]).expect(0).stdout;
    has(&waits, &["it needs Task 1 Part one (backend_worker_1), which is: at work"]);
    let unknown = machine.run(&["explain", "nobody"]).expect(2).stderr;
    has(&unknown, &["no task `nobody`", "status"]);
    first.open();
    run.until_merged(1);
    second.open();
    run.wait().expect(0);

    let events: Vec<Event> = machine.events().into_iter().map(|(_, event)| event).collect();
    let foreseen = events.iter().position(|e| matches!(e, Event::ConflictForeseen { .. })).unwrap();
    let merged = events.iter().position(|e| matches!(e, Event::TaskMerged { .. })).unwrap();
    assert!(foreseen < merged);
    let told = |id: u32| {
        events[..merged]
            .iter()
            .filter_map(|event| match event {
                Event::MessageSent { from: Sender::Run, to: Some(to), text, .. } if to.0 == id => {
                    Some(text)
                }
                _ => None,
            })
            .collect::<Vec<_>>()
    };
    assert_eq!((told(1).len(), told(2).len()), (1, 1), "both are told, once");
    has(told(1)[0], &["`both.txt`", "backend_worker_2", "Part two", "Make two."]);
    has(told(2)[0], &["`both.txt`", "backend_worker_1", "Part one", "Make one."]);
    let openings = openings(&machine, 2);
    assert_eq!(openings.len(), 2, "{openings:?}");
    has(
        &openings[1],
        &["Both sides", "Part two", "Make two.", "Part one", "Make one.", "it is there", "<<<<<<<"],
    );
    assert_eq!(machine.committed("both.txt"), "one\ntwo");
    let explained = machine.run(&["explain", "2"]).expect(0).stdout;
    has(&explained, &["conflicts with merged work in both.txt, merged by Task 1"]);
    assert!(!explained.contains("Collides with"), "{explained}");
    let took: Vec<u64> = events
        .iter()
        .filter_map(|e| match e {
            Event::WorkCompared { took_ms, .. } => Some(*took_ms),
            _ => None,
        })
        .collect();
    println!("looks ahead took {took:?} ms");
}

#[test]
fn two_conflicts_in_a_row_go_to_the_supervisor_with_both_intents() {
    let machine = Machine::new();
    let [first, second, third] = ["first", "second", "third"].map(|name| Gate::new(&machine, name));
    let agents = json!({
        "backend_worker_1": writes("both.txt", "one\n"),
        "backend_worker_2#1": [{"calls": [write("both.txt", "two\n"), first.wait()]}, finish()],
        "backend_worker_2#2": [{"calls": [write("both.txt", "one\ntwo\n"), second.wait()]}, finish()],
        "backend_worker_2#3": [{"calls": [write("both.txt", "one\nthree\ntwo\n")]}, finish()],
        "backend_worker_3": [{"calls": [write("both.txt", "one\nthree\n"), third.wait()]}, finish()],
        "supervisor:escalation:backend_worker_2#1":
            [{"calls": [{"retry_task": {"advice": "Keep all three lines."}}]}],
    });
    let tasks = json!([
        task("one", "backend", 1, &[], "grep -q one both.txt"),
        task("two", "backend", 2, &[], "grep -q two both.txt"),
        task("three", "backend", 3, &["one"], "grep -q three both.txt"),
    ]);
    let model = machine.script(&sharing(script(3, tasks, agents), &["both.txt"]));
    let mut run = machine.start(&[&team_args(&model)[..], &["--json"]].concat());
    run.until_merged(1);
    first.open();
    // The second attempt starts from what was merged before the third task is.
    let again =
        |e: &Event| matches!(e, Event::WorktreePrepared { task, attempt: 2, .. } if task.0 == 2);
    assert!(run.until(again));
    third.open();
    run.until_merged(3);
    second.open();
    run.wait().expect(0);

    let state = machine.state();
    let two = &state.tasks[1];
    let conflicts = |(_, f): &(u32, Failure)| matches!(f, Failure::Conflict { .. });
    assert!(two.failures.len() == 2 && two.failures.iter().all(conflicts), "{:?}", two.failures);
    assert_eq!((two.attempts, two.escalations), (3, 1));
    let opening = machine.events().into_iter().find_map(|(_, event)| match event {
        Event::ConsultOpened { matter: Matter::Escalation { .. }, opening, .. } => Some(opening),
        _ => None,
    });
    has(
        &opening.unwrap(),
        &["collided with merged work", "Make two.", "Make three.", "it is there"],
    );
    assert_eq!(machine.committed("both.txt"), "one\nthree\ntwo");
}
