//! Tasks that a failed one holds back.

use equitr_core::id::TaskId;
use equitr_core::state::{RunState, Status};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A waiting task that will not start, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The task.
    pub task: TaskId,
    /// The failed tasks it waits for, directly or not, by number.
    pub failed: Vec<TaskId>,
    /// From the task to the first of `failed`, each needing the next; both ends included.
    pub chain: Vec<TaskId>,
}

/// The tasks that wait for a failed one, directly or not, by number.
///
/// Cost: for each failed task, what waits for it.
pub fn held_back(state: &RunState) -> Vec<Held> {
    let mut held: BTreeMap<TaskId, Held> = BTreeMap::new();
    for failed in &state.tasks {
        if !matches!(failed.status, Status::Failed(_)) {
            continue;
        }
        let needed_by = behind(state, failed.id);
        for &task in needed_by.keys() {
            let waits = state.task(task).is_some_and(|t| t.status == Status::Waiting);
            if !waits {
                continue;
            }
            let entry = held.entry(task).or_insert_with(|| Held {
                task,
                failed: Vec::new(),
                chain: chain(&needed_by, task, failed.id),
            });
            entry.failed.push(failed.id);
        }
    }
    held.into_values().collect()
}

/// What waits for `failed`, each with the task that it waits for on the shortest way there.
///
/// What needs a split task needs its parts.
fn behind(state: &RunState, failed: TaskId) -> BTreeMap<TaskId, TaskId> {
    let mut found = BTreeMap::new();
    let mut seen = BTreeSet::from([failed]);
    let mut open = VecDeque::from([failed]);
    while let Some(id) = open.pop_front() {
        let Some(task) = state.task(id) else { continue };
        for next in task.dependents.iter().copied().chain(task.part_of) {
            if seen.insert(next) {
                found.insert(next, id);
                open.push_back(next);
            }
        }
    }
    found
}

fn chain(needed_by: &BTreeMap<TaskId, TaskId>, task: TaskId, failed: TaskId) -> Vec<TaskId> {
    let mut chain = vec![task];
    let mut at = task;
    while at != failed {
        let Some(&next) = needed_by.get(&at) else { break };
        chain.push(next);
        at = next;
    }
    chain
}
