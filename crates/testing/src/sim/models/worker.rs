//! The worker's part.

use super::super::dice::Dice;
use super::super::mail;
use super::super::setup::{FREE, SHARED};
use super::{Mood, Turn, call};
use equitr_core::id::TaskId;
use equitr_core::state::RunState;
use serde_json::json;

pub(super) fn calls(
    dice: &mut Dice,
    messages: &mut u64,
    state: &RunState,
    (task, attempt): (TaskId, u32),
    mood: Mood,
) -> Turn {
    let finish = call("finish", json!({ "summary": [format!("Task {task} built")] }));
    match mood {
        Mood::Helpful => return Turn::Calls(vec![finish]),
        Mood::Stubborn => {
            let look = call("read_file", json!({ "path": "a" }));
            let ask = call("ask_supervisor", json!({ "question": "Really?" }));
            // Every second attempt goes in the smallest circle.
            if attempt.is_multiple_of(2) {
                return Turn::Calls(vec![call("list_files", json!({}))]);
            }
            return Turn::Calls(vec![dice.one_of([&look, &ask]).clone()]);
        }
        Mood::Wild { .. } => {}
    }
    let mut calls = Vec::new();
    // More than an opening repeats, once in a while.
    if dice.chance(20) {
        (0..12).for_each(|_| calls.push(message(dice, messages, state)));
    }
    if !state.contracts.list.is_empty() && dice.chance(120) {
        calls.push(proposal(dice, messages, state));
    }
    for _ in 0..dice.within(1..=3) {
        let one = match dice.below(20) {
            0..=5 => call("read_file", json!({ "path": "a" })),
            6..=9 => message(dice, messages, state),
            10 | 11 => call("ask_supervisor", json!({ "question": "JSON or XML?" })),
            12 => call("give_up", json!({ "reason": "no compiler" })),
            13 => call("list_files", json!({})),
            14 | 15 => {
                let path = file(dice, state, task);
                call("write_file", json!({ "path": path, "content": "x" }))
            }
            16 => {
                let paths = [file(dice, state, task), file(dice, state, task)];
                call("claim_files", json!({ "paths": paths, "reason": "I need them" }))
            }
            _ => finish.clone(),
        };
        calls.push(one);
    }
    Turn::Calls(calls)
}

/// A file: one of the task's own, another's, a shared one, or nobody's.
fn file(dice: &mut Dice, state: &RunState, task: TaskId) -> String {
    let of = |key: &str| format!("{key}.rs");
    match dice.below(6) {
        0 => SHARED.to_owned(),
        1 => FREE.to_owned(),
        2 => dice.pick(&state.tasks).map_or(FREE.to_owned(), |other| of(&other.key)),
        _ => state.task(task).map_or(FREE.to_owned(), |own| of(&own.key)),
    }
}

/// Another version of a contract; the reason is numbered like a message, since that is what those
/// whom it concerns are told.
fn proposal(dice: &mut Dice, messages: &mut u64, state: &RunState) -> (&'static str, String) {
    let path = match dice.pick(&state.contracts.list) {
        Some(contract) if !dice.chance(50) => contract.path.to_string(),
        Some(_) | None => "docs/contracts/none.json".to_owned(),
    };
    *messages += 1;
    let content = if dice.chance(50) { "{".to_owned() } else { format!("[{messages}]") };
    let reason = mail::text(*messages);
    let args = json!({ "contract": path, "content": content, "reason": reason });
    call("propose_contract_change", args)
}

fn message(dice: &mut Dice, messages: &mut u64, state: &RunState) -> (&'static str, String) {
    let to = match dice.below(6) {
        0 => "nobody".to_owned(),
        1 => "all".to_owned(),
        _ => dice.pick(&state.tasks).map_or("all".to_owned(), |task| task.worker.to_string()),
    };
    *messages += 1;
    call("send_message", json!({ "to": to, "text": mail::text(*messages) }))
}
