//! Two tasks that write the same file, and tasks that are divided.

use crate::support::{Gate, Machine, script, sharing, task, team_args, writes};
use equitr_core::event::{Event, Failure};
use equitr_core::id::TaskId;
use serde_json::json;

#[test]
fn a_conflict_comes_back_with_markers_and_is_merged_once_it_is_resolved() {
    let machine = Machine::new();
    let gate = Gate::new(&machine, "gate");
    let write = |content: &str| json!({"write_file": {"path": "both.txt", "content": content}});
    let finish = json!({"calls": [{"finish": {"summary": ["both.txt is there"]}}]});
    let agents = json!({
        "backend_worker_1": writes("both.txt", "early\n"),
        // Begins where the other began, and ends once that is merged.
        "backend_worker_2#1": [{"calls": [write("late\n"), gate.wait()]}, finish],
        // Leaves the markers.
        "backend_worker_2#2": [{"calls": [{"read_file": {"path": "both.txt"}}]}, finish],
        "backend_worker_2#3": [{"calls": [write("early\nlate\n")]}, finish],
    });
    let tasks = json!([
        task("early", "backend", 1, &[], "grep -q early both.txt"),
        task("late", "backend", 2, &[], "grep -q late both.txt"),
    ]);
    let model = machine.script(&sharing(script(2, tasks, agents), &["both.txt"]));
    let mut run = machine.start(&[&team_args(&model)[..], &["--json"]].concat());
    run.until_merged(1);
    gate.open();
    run.wait().expect(0);

    assert_eq!(machine.committed("both.txt"), "early\nlate");
    assert_eq!(machine.merged_tasks("HEAD"), ["early", "late"]);
    let state = machine.state();
    let late = &state.tasks[1];
    assert_eq!((late.attempts, late.escalations, late.conflicts), (3, 0, 1));
    match &late.failures[..] {
        [(1, Failure::Conflict { paths, .. }), (2, Failure::Refused { message })] => {
            assert_eq!(paths.iter().map(|path| &**path).collect::<Vec<_>>(), ["both.txt"]);
            assert!(message.contains("conflict markers are left in both.txt"), "{message}");
        }
        other => panic!("{other:?}"),
    }
    let read = machine.events().into_iter().find_map(|(_, event)| match event {
        Event::ToolFinished { content, .. } if content.contains("<<<<<<<") => Some(content),
        _ => None,
    });
    let read = read.unwrap();
    for words in ["early", "late", "=======", ">>>>>>>"] {
        assert!(read.contains(words), "`{words}` is missing in:\n{read}");
    }
    let report = machine.run(&["report"]).expect(0).stdout;
    assert!(report.contains("conflicts with merged work in both.txt"), "{report}");
}

#[test]
fn work_that_is_green_alone_and_red_once_merged_goes_back_with_the_merged_tree() {
    let machine = Machine::new();
    let gate = Gate::new(&machine, "gate");
    let write = |path: &str| json!({"write_file": {"path": path, "content": "there\n"}});
    let finish = json!({"calls": [{"finish": {"summary": ["late.txt is there"]}}]});
    let agents = json!({
        "backend_worker_1": writes("early.txt", "early\n"),
        "backend_worker_2#1": [{"calls": [write("late.txt"), gate.wait()]}, finish],
        "backend_worker_2#2": [
            {"calls": [{"run_command": {"command": "cat early.txt late.txt"}}]},
            {"calls": [write("adapted.txt")]},
            finish,
        ],
    });
    let tasks = json!([
        task("early", "backend", 1, &[], "test -s early.txt"),
        task("late", "backend", 2, &[], "test ! -e early.txt || test -s adapted.txt"),
    ]);
    let model = machine.script(&script(2, tasks, agents));
    let mut run = machine.start(&[&team_args(&model)[..], &["--json"]].concat());
    run.until_merged(1);
    gate.open();
    run.wait().expect(0);

    assert_eq!(machine.merged_tasks("HEAD"), ["early", "late"]);
    assert_eq!(machine.committed("adapted.txt"), "there");
    let late = &machine.state().tasks[1];
    assert!(matches!(&late.failures[..], [(1, Failure::MergedChecks { .. })]), "{late:?}");
    let sees_both = |(_, event): &(u64, Event)| match event {
        Event::ToolFinished { content, .. } => content.contains("early\nthere"),
        _ => false,
    };
    assert!(machine.events().iter().any(sees_both), "the second attempt has the merged tree");
}

#[test]
fn a_task_that_the_supervisor_splits_is_done_by_its_parts_and_then_its_dependents_start() {
    let machine = Machine::new();
    machine.configure("orchestrator:\n  task_tries: 1\n");
    let parts = json!([
        {"id": "half1", "title": "First half", "profile": "database", "goal": "Half of it.",
            "todos": [1], "needs": [], "checks": ["test -s half1.txt"]},
        {"id": "half2", "title": "Second half", "profile": "devops", "goal": "The other half.",
            "todos": [2], "needs": ["half1"], "checks": ["test -s half1.txt && test -s half2.txt"]},
    ]);
    let whole = json!({"id": "whole", "title": "The whole", "profile": "backend", "goal": "All of it.",
        "todos": [1, 2], "needs": [], "checks": ["test -s half1.txt && test -s half2.txt"]});
    let agents = json!({
        "backend_worker": [{"calls": [{"give_up": {"reason": "Too large for one worker"}}]}],
        "supervisor:escalation:backend_worker": [{"calls": [{"split_task": {"tasks": parts}}]}],
        "database_worker": writes("half1.txt", "1\n"),
        "devops_worker": writes("half2.txt", "2\n"),
        "docs_worker": writes("after.txt", "after\n"),
    });
    let after = task("after", "docs", 3, &["whole"], "test -s half1.txt && test -s half2.txt");
    let model = machine.script(&script(3, json!([whole, after]), agents));
    machine.run(&team_args(&model)).expect(0);

    assert_eq!(machine.merged_tasks("HEAD"), ["after", "half1", "half2"]);
    assert_eq!(machine.committed("docs/todos.md").matches("[x]").count(), 3);
    let events = machine.events();
    let record_of = |wanted: &dyn Fn(&Event) -> bool| {
        events.iter().find(|(_, event)| wanted(event)).map(|(seq, _)| *seq).unwrap()
    };
    let started =
        record_of(&|e| matches!(e, Event::AttemptStarted { task, .. } if *task == TaskId(2)));
    let merged = record_of(&|e| matches!(e, Event::TaskMerged { task, .. } if *task == TaskId(4)));
    assert_eq!(started, merged, "the dependent starts in the record that merges the last part");
    let status = machine.status();
    assert_eq!(status["tasks"][0]["status"], "split");
    assert_eq!(status["tasks"][2]["part_of"], 1);
}
