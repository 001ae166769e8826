//! The planner's part.

use super::super::dice::Dice;
use super::super::setup::documents;
use super::{Mood, Turn, call};
use equitr_core::state::RunState;
use serde_json::json;

pub(super) fn calls(dice: &mut Dice, state: &RunState, mood: Mood) -> Turn {
    let ask = || {
        let args = json!({ "question": "Which database?", "default": "SQLite" });
        call("ask_person", args)
    };
    match mood {
        Mood::Helpful => return Turn::Calls(plan(dice, state)),
        Mood::Stubborn => {
            let mut calls = plan(dice, state);
            calls.truncate(3);
            return Turn::Calls(calls);
        }
        Mood::Wild { .. } => {}
    }
    match dice.below(10) {
        0 | 1 if state.plan.asked < 3 => Turn::Calls(vec![ask()]),
        2 if state.plan.asked < 3 => Turn::Words("What shall it be called?".to_owned()),
        3 if state.plan.asked < 3 => {
            Turn::Calls(vec![ask(), ask(), call("submit_plan", json!({}))])
        }
        4 => Turn::Calls(vec![call("submit_plan", json!({})), call("submit_plan", json!({}))]),
        5 => {
            let todos = dice.one_of(["# Tasks\n", "1. a\n1. b\n", "1.\n"]);
            let broken = json!({ "document": "todos", "content": todos });
            Turn::Calls(vec![call("write_document", broken), call("submit_plan", json!({}))])
        }
        6 => {
            let mut calls = plan(dice, state);
            calls.truncate(2);
            Turn::Calls(calls)
        }
        7 => Turn::Words(String::new()),
        _ => Turn::Calls(plan(dice, state)),
    }
}

fn plan(dice: &mut Dice, state: &RunState) -> Vec<(&'static str, String)> {
    let documents = documents(dice, u64::from(state.questions_asked));
    let write = |kind: &str, text: &str| {
        call("write_document", json!({ "document": kind, "content": text }))
    };
    vec![
        write("requirements", &documents.requirements),
        write("design", &documents.design),
        write("todos", &documents.todos),
        call("submit_plan", json!({})),
    ]
}
