//! The supervisor's part.

use super::super::dice::Dice;
use super::super::setup::SHARED;
use super::{Mood, Turn, acceptance, call};
use equitr_core::event::Matter;
use equitr_core::id::{ConsultId, TaskId};
use equitr_core::plan_diff;
use equitr_core::state::RunState;
use serde_json::{Value, json};

/// A run does not grow beyond this by splitting.
const TASKS_MAX: usize = 30;

pub(super) fn calls(dice: &mut Dice, state: &RunState, id: ConsultId, mood: Mood) -> Turn {
    let Some(consult) = state.consults.get(&id) else { return Turn::Calls(vec![]) };
    let ask = call("ask_person", json!({ "question": "Is it needed?", "default": "yes" }));
    let calls = match (&consult.matter, mood) {
        (_, Mood::Stubborn) => vec![call("read_file", json!({ "path": "a" }))],
        (Matter::Graph, Mood::Helpful) => vec![graph(dice, state, true)],
        (Matter::Graph, Mood::Wild { .. }) => {
            let sound = dice.chance(800);
            vec![graph(dice, state, sound)]
        }
        (Matter::PlanChange { .. }, Mood::Helpful) => vec![added(dice, state, true)],
        (Matter::PlanChange { .. }, Mood::Wild { .. }) => {
            let sound = dice.chance(800);
            vec![added(dice, state, sound)]
        }
        (Matter::Question { .. }, Mood::Wild { .. }) if dice.chance(200) => vec![ask],
        (Matter::Question { .. }, _) => {
            let answer = call("answer", json!({ "answer": "JSON" }));
            if mood != Mood::Helpful && dice.chance(100) { vec![ask, answer] } else { vec![answer] }
        }
        (Matter::Review { .. }, Mood::Helpful) => {
            vec![call("submit_review", json!({ "findings": [] }))]
        }
        (Matter::Review { .. }, Mood::Wild { .. }) => review(dice),
        (Matter::Claim { .. }, _) if dice.chance(500) => vec![call("grant_claim", json!({}))],
        (Matter::Claim { .. }, _) => {
            vec![call("refuse_claim", json!({ "reason": "it is theirs" }))]
        }
        (Matter::Acceptance { task }, Mood::Helpful) => acceptance::all(state, *task),
        (Matter::Acceptance { task }, Mood::Wild { .. }) => acceptance::some(dice, state, *task),
        (Matter::ContractChange { .. }, Mood::Wild { .. }) if dice.chance(100) => vec![ask],
        (Matter::ContractChange { .. }, _) => {
            vec![match dice.below(3) {
                0 => call("refuse_contract_change", json!({ "reason": "keep it" })),
                _ => call("accept_contract_change", json!({ "note": "follow it" })),
            }]
        }
        (Matter::Escalation { .. }, Mood::Helpful) => {
            vec![call("retry_task", json!({ "advice": "read the check's output" }))]
        }
        (Matter::Escalation { task, .. }, Mood::Wild { .. }) => escalation(dice, state, *task, ask),
    };
    Turn::Calls(calls)
}

fn escalation(
    dice: &mut Dice,
    state: &RunState,
    task: TaskId,
    ask: (&'static str, String),
) -> Vec<(&'static str, String)> {
    let profile = dice.one_of(["backend", "frontend", "writer", "nobody"]);
    match dice.below(9) {
        0 => vec![call("retry_task", json!({ "advice": "try again" }))],
        1 => vec![call("reassign_task", json!({ "profile": profile, "advice": "you do it" }))],
        2..=4 if state.tasks.len() < TASKS_MAX => vec![split(dice, state, task)],
        5 => vec![call("drop_task", json!({ "reason": "not needed" }))],
        6 => vec![ask],
        7 => vec![ask.clone(), ask, call("drop_task", json!({ "why": "" }))],
        _ => vec![call("fail_task", json!({ "reason": "no way" }))],
    }
}

fn review(dice: &mut Dice) -> Vec<(&'static str, String)> {
    let read = call("read_file", json!({ "path": "a" }));
    let found = json!({ "findings": [{ "place": "a:1", "problem": "wrong" }] });
    match dice.below(6) {
        0 => vec![read],
        1 => vec![read, call("run_command", json!({ "command": "true" }))],
        2 | 3 => vec![call("submit_review", found)],
        4 => vec![read, call("submit_review", json!({ "findings": [] }))],
        _ => vec![call("submit_review", json!({}))],
    }
}

/// A graph over the open todos; one that is not sound has one thing wrong with it.
fn graph(dice: &mut Dice, state: &RunState, sound: bool) -> (&'static str, String) {
    let open: Vec<u32> = state.plan.todos.iter().filter(|t| !t.done).map(|t| t.number).collect();
    let count = dice.within(1..=open.len().max(1) as u64);
    let mut groups: Vec<Vec<u32>> = vec![Vec::new(); usize::try_from(count).unwrap_or(1)];
    for (n, &todo) in open.iter().enumerate() {
        let place = if n < groups.len() { n as u64 } else { dice.below(count) };
        if let Some(group) = groups.get_mut(usize::try_from(place).unwrap_or(0)) {
            group.push(todo);
        }
    }
    let density = dice.one_of([0, 200, 600]);
    let mut tasks: Vec<Value> = Vec::new();
    for (n, todos) in groups.iter().enumerate() {
        let needs: Vec<String> =
            (0..n).filter(|_| dice.chance(density)).map(|m| format!("t{m}")).collect();
        tasks.push(task(dice, &format!("t{n}"), todos, &needs));
    }
    if !sound {
        spoil(dice, &mut tasks);
    }
    let mut contracts = contracts(dice, groups.len() as u64);
    if !sound && dice.chance(200) {
        contracts.push(json!({ "path": "src/a", "content": "", "owner": "t0", "consumers": [] }));
    }
    call("propose_graph", json!({ "tasks": tasks, "shared": [SHARED], "contracts": contracts }))
}

/// None, one or two contracts between any tasks.
fn contracts(dice: &mut Dice, tasks: u64) -> Vec<Value> {
    let wanted = if tasks > 1 { dice.one_of([0, 0, 1, 2]) } else { 0 };
    (0..wanted)
        .map(|n| {
            let owner = dice.below(tasks);
            let consumers: Vec<String> = (0..tasks)
                .filter(|&task| task == (owner + 1) % tasks || dice.chance(300))
                .map(|task| format!("t{task}"))
                .collect();
            let mut contract = json!({
                "path": format!("docs/contracts/c{n}.json"),
                "content": "{}",
                "owner": format!("t{owner}"),
                "consumers": consumers,
            });
            if dice.chance(700) {
                contract["check"] = json!("agrees");
            }
            contract
        })
        .collect()
}

/// A task for each todo that none covers; one of them not sound has one thing wrong with it.
fn added(dice: &mut Dice, state: &RunState, sound: bool) -> (&'static str, String) {
    let mut tasks: Vec<Value> = Vec::new();
    for (n, todo) in plan_diff::uncovered(state).into_iter().enumerate() {
        let mut needs = Vec::new();
        if dice.chance(300)
            && let Some(other) = dice.pick(&state.tasks)
        {
            needs.push(other.key.to_string());
        }
        let id = format!("p{}-{n}", state.plan.changes);
        tasks.push(task(dice, &id, &[todo], &needs));
    }
    if !sound && !tasks.is_empty() {
        spoil(dice, &mut tasks);
    }
    call("propose_tasks", json!({ "tasks": tasks }))
}

fn spoil(dice: &mut Dice, tasks: &mut Vec<Value>) {
    match dice.below(6) {
        0 => _ = tasks.pop(),
        4 => tasks.iter_mut().for_each(|task| task["files"] = json!(["everybody.rs"])),
        1 => tasks[0]["needs"] = json!(["nobody"]),
        2 => tasks[0]["needs"] = json!(["t0"]),
        3 => tasks[0]["todos"] = json!([99]),
        _ => tasks.push(tasks[0].clone()),
    }
}

fn split(dice: &mut Dice, state: &RunState, id: TaskId) -> (&'static str, String) {
    let Some(whole) = state.task(id) else { return ("split_task", String::new()) };
    let parts = dice.within(1..=3);
    let mut tasks = Vec::new();
    for part in 0..parts {
        let todos: Vec<u32> = whole
            .todos
            .iter()
            .enumerate()
            .filter(|(n, _)| *n as u64 % parts == part)
            .map(|(_, &todo)| todo)
            .collect();
        let mut needs: Vec<String> = (0..part)
            .filter(|_| dice.chance(400))
            .map(|earlier| format!("{}-{earlier}", whole.key))
            .collect();
        // Any other task: sound, or behind the whole and then refused.
        if dice.chance(200)
            && let Some(other) = dice.pick(&state.tasks)
        {
            needs.push(other.key.to_string());
        }
        tasks.push(task(dice, &format!("{}-{part}", whole.key), &todos, &needs));
    }
    call("split_task", json!({ "tasks": tasks }))
}

fn task(dice: &mut Dice, id: &str, todos: &[u32], needs: &[String]) -> Value {
    json!({
        "id": id,
        "title": format!("Part {id}"),
        "profile": dice.one_of(["backend", "backend", "frontend", "writer"]),
        "goal": "build it",
        "todos": todos,
        "needs": needs,
        "files": [format!("{id}.rs"), SHARED],
        "checks": ["check"],
    })
}
