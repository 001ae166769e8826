//! What tasks that collide are after, in words: for workers and the supervisor.

use crate::dialogue::cut;
use crate::event::Failure;
use crate::foresight::collisions_of;
use crate::id::TaskId;
use crate::state::{RunState, Status, Task};
use std::fmt::Write;
use std::sync::Arc;

/// A goal in one line.
const GOAL_BYTES: usize = 200;
/// A goal where both sides of a conflict are told.
const WHOLE_GOAL_BYTES: usize = 2_000;
/// Merged tasks that a conflict is told with; each has touched the files in conflict.
const SIDES_MAX: usize = 4;
/// Files that are named.
const PATHS_MAX: usize = 20;
/// Conflicts in the making that the supervisor is told of.
const PAIRS_MAX: usize = 20;

/// `backend_worker_2 (task 2, Payment Service: build the service …)`: who it is and what for.
pub fn who(task: &Task) -> String {
    let goal = task.goal.split_whitespace().collect::<Vec<_>>().join(" ");
    let short = cut(&goal, GOAL_BYTES);
    let more = if short.len() < goal.len() { " …" } else { "" };
    format!("{} (task {}, {}: {short}{more})", task.worker, task.id, task.title)
}

/// Files, a few of them by name.
pub fn files<'a>(paths: impl IntoIterator<Item = &'a Arc<str>>) -> String {
    let paths: Vec<&Arc<str>> = paths.into_iter().collect();
    let mut named: Vec<String> =
        paths.iter().take(PATHS_MAX).map(|path| format!("`{path}`")).collect();
    if let Some(more @ 1..) = paths.len().checked_sub(PATHS_MAX) {
        named.push(format!("{more} more"));
    }
    named.join(", ")
}

/// What both sides of a conflict are after: the task whose work could not be merged, and the merged
/// tasks that changed the same files; empty for other failures.
pub(crate) fn both_sides(state: &RunState, task: &Task, failure: &Failure) -> String {
    let Failure::Conflict { with, .. } = failure else { return String::new() };
    let mut text = format!("\nBoth sides of it:\n- the work of this task, {}\n", whole(task));
    let others = with.iter().filter_map(|key| state.tasks.iter().find(|t| t.key == *key));
    for other in others.clone().take(SIDES_MAX) {
        _ = writeln!(text, "- merged since: {}", whole(other));
        for line in &done(other) {
            _ = writeln!(text, "  it says that it did: {line}");
        }
    }
    if let Some(more @ 1..) = others.count().checked_sub(SIDES_MAX) {
        _ = writeln!(text, "- and {more} more tasks, merged since");
    }
    text
}

fn whole(task: &Task) -> String {
    let goal = cut(task.goal.trim(), WHOLE_GOAL_BYTES);
    format!("task {} ({}, by {}). Its goal: {goal}", task.id, task.title, task.worker)
}

/// What a merged task says it did.
fn done(task: &Task) -> Vec<Arc<str>> {
    match &task.status {
        Status::Merged(work) => work.summary.clone(),
        // It was opened again since.
        Status::Waiting
        | Status::Ready
        | Status::Active(_)
        | Status::Escalated
        | Status::Split(_)
        | Status::Dropped(_)
        | Status::Failed(_) => {
            task.earlier.last().map(|work| work.summary.clone()).unwrap_or_default()
        }
    }
}

/// What a worker is told when its work will conflict with that of `other`.
pub(crate) fn warning(other: &Task, paths: &[Arc<str>]) -> Arc<str> {
    let files = files(paths);
    let who = who(other);
    match &other.status {
        Status::Merged(_) => format!(
            "Your work as it stands conflicts with what was merged meanwhile of {who}, in {files}. \
             You will be asked to resolve it at the merge; what you can still do differently saves \
             that attempt."
        ),
        Status::Waiting
        | Status::Ready
        | Status::Active(_)
        | Status::Escalated
        | Status::Split(_)
        | Status::Dropped(_)
        | Status::Failed(_) => format!(
            "Your work as it stands conflicts with that of {who}, in {files}. Nothing is merged yet, \
             and they are told the same: agree with them by `send_message` who writes what there."
        ),
    }
    .into()
}

/// All conflicts in the making, for the supervisor; empty when there is none.
pub(crate) fn foreseen(state: &RunState) -> String {
    let pairs = &state.foresight.pairs;
    let mut text = String::new();
    if pairs.is_empty() {
        return text;
    }
    text.push_str("\nConflicts in the making, by unfinished work merged in memory:\n");
    for (&(a, b), paths) in pairs.iter().take(PAIRS_MAX) {
        let name = |id: TaskId| state.task(id).map_or("", |task| &*task.worker);
        let files = files(paths);
        _ = writeln!(text, "- task {a} ({}) and task {b} ({}): {files}", name(a), name(b));
    }
    if let Some(more @ 1..) = pairs.len().checked_sub(PAIRS_MAX) {
        _ = writeln!(text, "- and {more} more pairs");
    }
    text
}

/// What a worker asks for that others own, as the supervisor reads it first.
pub(crate) fn claim_opening(
    state: &RunState,
    task: &Task,
    nth: u32,
    paths: &[Arc<str>],
    owners: &[TaskId],
    reason: &str,
) -> Arc<str> {
    let mut text = format!(
        "agent: supervisor:claim:{}#{nth}\n\nThe worker {} asks to write files that belong to others, \
         while it does task {} ({}): {}\n\nIts reason:\n<<<\n{reason}\n>>>\n\nIts goal: {}\n\nThe files \
         belong to:\n",
        task.worker,
        task.worker,
        task.id,
        task.title,
        files(paths),
        cut(&task.goal, WHOLE_GOAL_BYTES)
    );
    for owner in owners.iter().filter_map(|&id| state.task(id)) {
        _ = writeln!(
            text,
            "- {}; it claims {}",
            who(owner),
            files(owner.files.iter().chain(&owner.claimed))
        );
    }
    let known: Vec<String> = collisions_of(state, task.id)
        .filter_map(|(id, paths)| Some(format!("- {}: {}", who(state.task(id)?), files(paths))))
        .take(PAIRS_MAX)
        .collect();
    if !known.is_empty() {
        _ = write!(text, "\nIts work conflicts already with that of:\n{}\n", known.join("\n"));
    }
    text.push_str(
        "\nIf you grant it, both may write there, the owner is told, and what collides comes back at the \
         merge. If the owner should make the change, refuse and say so: the worker can write to them.\n",
    );
    text.into()
}

/// All tasks and conflicts in the making, for the supervisor.
pub(crate) fn overview(text: &mut String, state: &RunState) {
    text.push_str(&foreseen(state));
    text.push_str("\nAll tasks:\n");
    for task in state.tasks.iter().take(100) {
        _ = writeln!(text, "- {} [id {}]", task_line(task), task.key);
    }
    if state.tasks.len() > 100 {
        _ = writeln!(text, "- … and {} more", state.tasks.len() - 100);
    }
    crate::contracts::told::all(text, state);
}

/// A task and where it is, in a line.
pub(crate) fn task_line(task: &Task) -> String {
    let status = match &task.status {
        Status::Waiting => "waits",
        Status::Ready => "about to start",
        Status::Active(_) => "under way",
        Status::Escalated => "with the supervisor",
        Status::Merged(_) => "merged",
        Status::Split(_) => "split",
        Status::Dropped(_) => "dropped",
        Status::Failed(_) => "failed",
    };
    format!("Task {} {} ({}): {status}", task.id, task.title, task.worker)
}
