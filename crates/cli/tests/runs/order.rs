//! When tasks start: as soon as what they need is merged, whatever else is under way.

use crate::support::{Gate, Machine, script, task, team_args, writes};
use equitr_core::event::Event;
use equitr_core::id::TaskId;
use serde_json::json;

/// The record in which something first happened.
fn record_of(events: &[(u64, Event)], happened: impl Fn(&Event) -> bool) -> u64 {
    events.iter().find(|(_, event)| happened(event)).map(|(seq, _)| *seq).unwrap()
}

fn started(events: &[(u64, Event)], id: u32) -> u64 {
    record_of(events, |e| matches!(e, Event::AttemptStarted { task, .. } if *task == TaskId(id)))
}

fn merged(events: &[(u64, Event)], id: u32) -> u64 {
    record_of(events, |e| matches!(e, Event::TaskMerged { task, .. } if *task == TaskId(id)))
}

#[test]
fn each_task_starts_in_the_moment_its_last_need_is_merged() {
    let machine = Machine::new();
    let gate = Gate::new(&machine, "gate");
    // A ends when this test says so: after D is merged. If D waited for A, A's command would time
    // out, and A would be merged first.
    let a = json!([
        {"calls": [gate.wait(), {"write_file": {"path": "a.txt", "content": "a\n"}}]},
        {"calls": [{"finish": {"summary": ["A is there"]}}]},
    ]);
    let tasks = json!([
        task("a", "frontend", 1, &[], "test -s a.txt"),
        task("b", "backend", 2, &[], "test -s b.txt"),
        task("c", "database", 3, &["b"], "test -s b.txt && test -s c.txt"),
        task("d", "devops", 4, &["c"], "test -s c.txt && test -s d.txt"),
        task("e", "docs", 5, &["a"], "test -s a.txt && test -s e.txt"),
    ]);
    let agents = json!({
        "frontend_worker": a, "backend_worker": writes("b.txt", "b\n"),
        "database_worker": writes("c.txt", "c\n"), "devops_worker": writes("d.txt", "d\n"),
        "docs_worker": writes("e.txt", "e\n"),
    });
    let model = machine.script(&script(5, tasks, agents));
    let args = team_args(&model);
    let mut run = machine.start(&[&args[..], &["--max-workers", "2", "--json"]].concat());
    run.until_merged(4);
    gate.open();
    run.wait().expect(0);

    let events = machine.events();
    let [a, b, c, d, e] = [1, 2, 3, 4, 5].map(|id| (started(&events, id), merged(&events, id)));
    assert_eq!(a.0, b.0, "both workers begin at once");
    assert_eq!(c.0, b.1, "C starts in the record that merges B");
    assert_eq!(d.0, c.1, "D starts in the record that merges C");
    assert_eq!(e.0, a.1, "E starts in the record that merges A");
    assert!(d.1 < a.1, "A is the long one");
    assert_eq!(machine.merged_tasks("HEAD"), ["a", "b", "c", "d", "e"]);
}

#[test]
fn a_single_worker_does_one_task_after_the_other_in_the_order_in_which_people_read_them() {
    let machine = Machine::new();
    let tasks = json!([
        task("short", "backend", 1, &[], "test -s short.txt"),
        // The longest path begins here, and a team would begin with it.
        task("first", "frontend", 2, &[], "test -s first.txt"),
        task("last", "docs", 3, &["first"], "test -s first.txt && test -s last.txt"),
    ]);
    let agents = json!({
        "backend_worker": writes("short.txt", "short\n"),
        "frontend_worker": writes("first.txt", "first\n"), "docs_worker": writes("last.txt", "last\n"),
    });
    let model = machine.script(&script(3, tasks, agents));
    let team = team_args(&model);
    let alone: Vec<&str> = team.into_iter().filter(|arg| *arg != "--multi-agent").collect();
    machine.run(&alone).expect(0);

    let mut order = Vec::new();
    for (_, event) in machine.events() {
        match event {
            Event::AttemptStarted { task, .. } => order.push(("starts", task.0)),
            Event::WorkClaimed { task, .. } => order.push(("ends", task.0)),
            _ => {}
        }
    }
    let in_turn = [1, 2, 3].map(|id| [("starts", id), ("ends", id)]);
    assert_eq!(order, in_turn.concat());
}
