//! A task that fails for good, and what becomes of the others.

use crate::support::{Machine, script, task, team_args, writes};
use serde_json::{Value, json};

/// `broken` fails for good; `next` and `last` are behind it; `solid` and `apart` are not.
fn one_broken_task() -> Value {
    let tasks = json!([
        task("solid", "backend", 1, &[], "test -s solid.txt"),
        task("broken", "frontend", 2, &["solid"], "test -s broken.txt"),
        task("next", "database", 3, &["broken"], "true"),
        task("last", "docs", 4, &["next", "solid"], "true"),
        task("apart", "devops", 5, &["solid"], "test -s apart.txt"),
    ]);
    let agents = json!({
        "backend_worker": writes("solid.txt", "solid\n"),
        "frontend_worker": [
            {"calls": [{"run_command": {"command": "echo looks fine"}}]},
            {"calls": [{"finish": {"summary": ["It should work"]}}]},
        ],
        "devops_worker": writes("apart.txt", "apart\n"),
        "supervisor:escalation:frontend_worker": [
            {"calls": [{"fail_task": {"reason": "The part can't be made here"}}]},
        ],
    });
    script(5, tasks, agents)
}

#[test]
fn one_task_failing_for_good_leaves_the_others_done_and_says_what_is_held_back_and_why() {
    let machine = Machine::new();
    machine.configure("orchestrator:\n  task_tries: 2\n");
    let model = machine.script(&one_broken_task());
    let ended = machine.run(&team_args(&model)).expect(5);

    assert_eq!(machine.merged_tasks("HEAD"), ["apart", "solid"]);
    assert_eq!(machine.committed("apart.txt"), "apart");
    let todos = machine.committed("docs/todos.md");
    assert_eq!(todos.matches("[x]").count(), 2, "{todos}");

    for line in [
        "Task 2 Part broken: failed: The part can't be made here",
        "Task 3 Part next: held back, it needs Task 2",
        "Task 4 Part last: held back, it needs Task 2",
    ] {
        assert!(ended.stdout.contains(line), "`{line}` is missing in:\n{}", ended.stdout);
    }
    let report = machine.run(&["report"]).expect(0).stdout;
    for words in [
        "The part can't be made here",
        "Task 2, attempt 1: checks failed: test -s broken.txt",
        "Task 2, attempt 2: checks failed: test -s broken.txt",
        "Task 3",
        "Task 3, which needs Task 2",
    ] {
        assert!(report.contains(words), "`{words}` is missing in:\n{report}");
    }

    let status = machine.status();
    assert_eq!(status["ending"]["kind"], "done_with_open_work");
    let of = |key: &str| {
        let tasks = status["tasks"].as_array().unwrap();
        tasks.iter().find(|task| task["key"] == key).unwrap().clone()
    };
    assert_eq!((&of("broken")["status"], &of("broken")["attempts"]), (&json!("failed"), &json!(2)));
    assert_eq!(of("broken")["why"], "The part can't be made here");
    for held in ["next", "last"] {
        assert_eq!(of(held)["status"], "held_back");
        assert_eq!(of(held)["held_back_by"], json!([2]));
        assert_eq!(of(held)["attempts"], 0);
    }
    for done in ["solid", "apart"] {
        assert_eq!((&of(done)["status"], &of(done)["proven"]), (&json!("merged"), &json!(true)));
    }
}
