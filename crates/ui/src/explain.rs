//! Why one task stands where it stands: what it waits for, and what it collides with.

use crate::held::{chain_words, held_by_task};
use crate::names;
use crate::status;
use crate::style::{Style, Tone};
use crate::text::{LINE_COLUMNS, listed, one_line};
use crate::time::utc_seconds;
use equitr_core::dialogue::Step;
use equitr_core::event::{Failure, Matter};
use equitr_core::foresight::collisions_of;
use equitr_core::id::{AgentId, Asker, TaskId};
use equitr_core::prompt::failure_line;
use equitr_core::scope;
use equitr_core::state::{Attempt, RunState, Stage, Status, Task};
use std::sync::Arc;

/// Needs, claims and the like that are named; more are counted.
const NAMED_MAX: usize = 20;

/// The task that is called so: by its number, its worker's name or its id in the graph.
pub fn task_named(state: &RunState, name: &str) -> Option<TaskId> {
    let number: Option<u32> = name.parse().ok();
    let called =
        |task: &&Task| Some(task.id.0) == number || &*task.worker == name || &*task.key == name;
    state.tasks.iter().find(called).map(|task| task.id)
}

/// Why a task waits or what it collides with, from the state alone; empty for a task that does not
/// exist.
pub fn explain(state: &RunState, id: TaskId, style: &Style) -> String {
    let Some(task) = state.task(id) else { return String::new() };
    let held = held_by_task(state);
    let words = status::words(state, task, held.get(&id), style);
    let head = format!(
        "{} {} ({}): {words}",
        names::number(id),
        names::title(task, style),
        names::worker(state, id, style)
    );
    let mut lines = vec![style.paint(Tone::Strong, &head)];
    section(&mut lines, "Why", why(state, task, style));
    section(&mut lines, "Its last attempts", failures(state, task, style));
    section(&mut lines, "Collides with", collisions(state, task, style));
    section(&mut lines, "Its files", files(state, task, style));
    lines.push(String::new());
    lines.join("\n")
}

fn section(lines: &mut Vec<String>, heading: &str, entries: Vec<String>) {
    if entries.is_empty() {
        return;
    }
    lines.push(format!("{heading}:"));
    let more = entries.len().saturating_sub(NAMED_MAX);
    lines.extend(entries.into_iter().take(NAMED_MAX).map(|entry| format!("  - {entry}")));
    if more > 0 {
        lines.push(format!("  - and {more} more"));
    }
}

/// What it waits for.
fn why(state: &RunState, task: &Task, style: &Style) -> Vec<String> {
    let mut why = Vec::new();
    match (&state.ending(), &state.halting) {
        (Some(_), _) => why.push("the run has ended; nothing starts any more".to_owned()),
        (None, Some(_)) => why.push("the run comes to a halt; no new call starts".to_owned()),
        (None, None) => {}
    }
    match &task.status {
        Status::Waiting => {
            for need in task.needs.iter().filter_map(|&need| state.task(need)) {
                if matches!(need.status, Status::Merged(_) | Status::Dropped(_) | Status::Split(0))
                {
                    continue;
                }
                why.push(format!("it needs {}", standing(state, need, style)));
            }
            if let Some(held) = held_by_task(state).get(&task.id) {
                why.push(format!("it is held back: it needs {}", chain_words(held)));
            }
        }
        Status::Ready => {
            let told = status::ready_words(state, task);
            if told != "ready" {
                why.push(told.to_owned());
            }
            let (working, workers) = (state.working, state.spec.limits.workers);
            if working >= workers {
                why.push(format!("no worker is free: {working} of {workers} are at work"));
                let first = state.ready.iter().take_while(|&&(_, id)| id != task.id).count();
                if first > 0 {
                    why.push(format!("{first} tasks go first, with more work behind them"));
                }
            }
        }
        Status::Active(attempt) => under_way(state, task, attempt, style, &mut why),
        Status::Escalated => {
            why.push("the supervisor decides what becomes of it".to_owned());
            let about = |matter: &Matter| matches!(matter, Matter::Escalation { task: id, .. } if *id == task.id);
            for (&id, _) in state.consults.iter().filter(|(_, c)| about(&c.matter)) {
                waits_of(state, AgentId::Supervisor(id), style, &mut why);
            }
        }
        Status::Merged(_) | Status::Split(_) | Status::Dropped(_) | Status::Failed(_) => {}
    }
    why
}

fn standing(state: &RunState, task: &Task, style: &Style) -> String {
    let held = held_by_task(state);
    format!(
        "{} {} ({}), which is: {}",
        names::number(task.id),
        names::title(task, style),
        names::worker(state, task.id, style),
        status::words(state, task, held.get(&task.id), style)
    )
}

fn under_way(
    state: &RunState,
    task: &Task,
    attempt: &Attempt,
    style: &Style,
    why: &mut Vec<String>,
) {
    match &attempt.stage {
        Stage::Working => {
            let agent = AgentId::Worker(task.id, attempt.number);
            if !attempt.stands {
                why.push("its worktree is being made".to_owned());
            }
            waits_of(state, agent, style, why);
            let asked = |matter: &Matter| match matter {
                Matter::Question { task: id, .. }
                | Matter::Claim { task: id, .. }
                | Matter::ContractChange { task: id, .. } => *id == task.id,
                Matter::Graph
                | Matter::Review { .. }
                | Matter::Escalation { .. }
                | Matter::Acceptance { .. }
                | Matter::PlanChange { .. } => false,
            };
            for (&id, consult) in state.consults.iter().filter(|(_, c)| asked(&c.matter)) {
                why.push(match &consult.matter {
                    Matter::Claim { paths, .. } => format!(
                        "it waits for the supervisor's word on writing {}",
                        paths_words(paths.iter(), style)
                    ),
                    Matter::ContractChange { contract, .. } => format!(
                        "it waits for the supervisor's word on changing {}",
                        paths_words([contract].into_iter(), style)
                    ),
                    Matter::Question { .. }
                    | Matter::Graph
                    | Matter::Review { .. }
                    | Matter::Escalation { .. }
                    | Matter::Acceptance { .. }
                    | Matter::PlanChange { .. } => {
                        "it waits for the supervisor's answer".to_owned()
                    }
                });
                waits_of(state, AgentId::Supervisor(id), style, why);
            }
        }
        Stage::Verifying => why.push("its checks run in its worktree".to_owned()),
        Stage::Reviewing => why.push("a reviewer reads its work".to_owned()),
        Stage::Queued => {
            let place = state.merging.iter().position(|&id| id == task.id).unwrap_or(0);
            let before = state.merging.iter().take(place).map(|&id| names::number(id));
            let before = listed(before, 5);
            why.push(format!("its merge comes after those of {before}"));
        }
        Stage::Integrating => why.push("its merge is made and checked".to_owned()),
        Stage::Landing { .. } => why.push("the integration branch moves to its merge".to_owned()),
    }
}

/// What an agent's conversation waits for.
fn waits_of(state: &RunState, agent: AgentId, style: &Style, why: &mut Vec<String>) {
    let Some(dialogue) = state.dialogue(agent) else { return };
    let who = names::agent(state, agent, style);
    match dialogue.step {
        Step::NeedsCall { failures, not_before_ms } => {
            let provider = &state.model(agent).provider;
            let gate = state.gates.get(provider).copied().unwrap_or(0);
            let at = |ms| utc_seconds(ms);
            if gate > state.now_ms {
                let provider = one_line(provider, LINE_COLUMNS, style);
                why.push(format!("{provider} limits the rate; calls wait until {}", at(gate)));
            } else if not_before_ms > state.now_ms {
                why.push(format!(
                    "{who}'s call failed {failures} times and is tried again at {}",
                    at(not_before_ms)
                ));
            } else if let Some(left) = state.ledger.left() {
                let held = state.ledger.held;
                why.push(format!(
                    "{who}'s next call waits for money: {left} is left, {held} is set aside for calls \
                     under way"
                ));
            } else {
                why.push(format!("{who}'s model is about to be called"));
            }
        }
        Step::Calling { .. } => why.push(format!("{who}'s model is thinking")),
        Step::Acting => {
            let open = dialogue.acting.iter().filter(|pending| pending.result.is_none());
            let tools = open.map(|pending| one_line(&pending.call.name, 60, style));
            why.push(format!("{who} waits for {}", listed(tools, 5)));
        }
        Step::Listening | Step::Closed => {}
    }
    for (id, question) in state.questions.iter().filter(|(_, q)| q.by == Asker::Agent(agent)) {
        let text = one_line(&question.text, 120, style);
        why.push(format!("question {id} waits for the person's answer: {text}"));
    }
}

fn failures(state: &RunState, task: &Task, style: &Style) -> Vec<String> {
    let last = task.failures.iter().rev().take(3).rev();
    last.map(|(number, failure)| {
        let line = one_line(&failure_line(failure), LINE_COLUMNS, style);
        let with = match failure {
            Failure::Conflict { with, .. } => {
                let named = with.iter().filter_map(|key| task_named(state, key));
                let named = listed(named.map(names::number), 5);
                if named.is_empty() { String::new() } else { format!(", merged by {named}") }
            }
            _ => String::new(),
        };
        format!("attempt {number}: {line}{with}")
    })
    .collect()
}

fn collisions(state: &RunState, task: &Task, style: &Style) -> Vec<String> {
    collisions_of(state, task.id)
        .map(|(other, paths)| {
            format!(
                "{} ({}) in {}, if both are merged as they stand",
                names::number(other),
                names::worker(state, other, style),
                paths_words(paths.iter(), style)
            )
        })
        .collect()
}

fn files(state: &RunState, task: &Task, style: &Style) -> Vec<String> {
    let mut files = Vec::new();
    let mut told = |what: &str, paths: &[Arc<str>]| {
        if !paths.is_empty() {
            files.push(format!("{what} {}", paths_words(paths.iter(), style)));
        }
    };
    told("it writes", &task.files);
    told("it got besides", &task.claimed);
    told("all tasks may write", &state.shared);
    if !task.is_settled() {
        let closed = scope::closed(state, task.id);
        let mut owners: Vec<Option<TaskId>> = closed.iter().map(|closed| closed.owner).collect();
        owners.dedup();
        for owner in owners {
            let globs: Vec<Arc<str>> =
                closed.iter().filter(|c| c.owner == owner).map(|c| c.glob.clone()).collect();
            let whose = owner.map_or_else(
                || "the run".to_owned(),
                |id| format!("{} ({})", names::number(id), names::worker(state, id, style)),
            );
            files.push(format!("closed to it, of {whose}: {}", paths_words(globs.iter(), style)));
        }
    }
    files
}

fn paths_words<'a>(paths: impl Iterator<Item = &'a Arc<str>>, style: &Style) -> String {
    listed(paths.map(|path| one_line(path, 120, style)), 10)
}
