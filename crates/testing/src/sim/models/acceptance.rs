//! Who writes acceptance checks.

use super::super::dice::Dice;
use super::call;
use equitr_core::id::TaskId;
use equitr_core::requirements::RequirementId;
use equitr_core::state::RunState;
use serde_json::{Value, json};

/// A check for each requirement of the task.
pub(super) fn all(state: &RunState, task: TaskId) -> Vec<(&'static str, String)> {
    let checks: Vec<Value> = wanted(state, task).iter().map(|id| check(task, *id)).collect();
    vec![call("write_checks", json!({ "checks": checks }))]
}

/// What comes to its mind: checks for all or some, none for others, and what can't be taken.
pub(super) fn some(dice: &mut Dice, state: &RunState, task: TaskId) -> Vec<(&'static str, String)> {
    let wanted = wanted(state, task);
    match dice.below(8) {
        0..=2 => return all(state, task),
        3 => {
            let mut check = check(task, wanted.first().copied().unwrap_or(RequirementId(1)));
            check["files"] = json!([{ "path": "src/main.rs", "content": "x" }]);
            return vec![call("write_checks", json!({ "checks": [check] }))];
        }
        4 => {
            let check = check(task, RequirementId(99));
            return vec![
                call("write_checks", json!({ "checks": [check] })),
                call("fly", json!({})),
            ];
        }
        _ => {}
    }
    let mut calls = Vec::new();
    for id in wanted {
        match dice.below(4) {
            0 => {}
            1 => {
                let none = json!({ "requirement": id.to_string(), "reason": "nobody can tell" });
                calls.push(call("no_check", none));
            }
            _ => calls.push(call("write_checks", json!({ "checks": [check(task, id)] }))),
        }
    }
    calls
}

fn wanted(state: &RunState, task: TaskId) -> Vec<RequirementId> {
    let found = state.acceptance.tasks.get(&task);
    found.map(|found| found.covered.keys().copied().collect()).unwrap_or_default()
}

fn check(task: TaskId, id: RequirementId) -> Value {
    let path = format!("tests/acceptance/{task}/{id}.sh");
    json!({
        "requirement": id.to_string(),
        "command": format!("sh {path}"),
        "files": [{ "path": path, "content": format!("see {id} of {task}") }],
    })
}
