//! The worker's part.

use super::super::dice::Dice;
use super::super::mail;
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
    for _ in 0..dice.within(1..=3) {
        let one = match dice.below(20) {
            0..=5 => call("read_file", json!({ "path": "a" })),
            6..=9 => message(dice, messages, state),
            10 | 11 => call("ask_supervisor", json!({ "question": "JSON or XML?" })),
            12 => call("give_up", json!({ "reason": "no compiler" })),
            13 => call("list_files", json!({})),
            _ => finish.clone(),
        };
        calls.push(one);
    }
    Turn::Calls(calls)
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
