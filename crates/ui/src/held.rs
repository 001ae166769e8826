//! Tasks that a failed one holds back.

use crate::names;
use equitr_core::id::TaskId;
use equitr_core::state::{RunState, Status};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Links of a chain that are kept: nobody reads more.
const CHAIN_MAX: usize = 16;

/// A waiting task that will not start, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The task.
    pub task: TaskId,
    /// The failed tasks it waits for, directly or not, by number.
    pub failed: Vec<TaskId>,
    /// From the task to the first of `failed`, each needing the next; both ends included. Of more
    /// than 16 links, those before the last are left out.
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
    while at != failed && chain.len() < CHAIN_MAX - 1 {
        let Some(&next) = needed_by.get(&at) else { break };
        chain.push(next);
        at = next;
    }
    if at != failed {
        chain.push(failed);
    }
    chain
}

/// The held-back tasks by number.
pub(crate) fn held_by_task(state: &RunState) -> BTreeMap<TaskId, Held> {
    held_back(state).into_iter().map(|held| (held.task, held)).collect()
}

/// `Task 2, which needs Task 1`: what a held-back task needs.
pub(crate) fn chain_words(held: &Held) -> String {
    let mut text = String::new();
    for (place, &id) in held.chain.iter().enumerate().skip(1) {
        let link = match place {
            1 => "",
            _ if place == CHAIN_MAX - 1 => ", which in the end needs ",
            _ => ", which needs ",
        };
        text.push_str(link);
        text.push_str(&names::number(id));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_chain_keeps_its_beginning_and_its_end() {
        let needed_by = (2..=40).map(|id| (TaskId(id), TaskId(id - 1))).collect();
        let chain = chain(&needed_by, TaskId(40), TaskId(1));
        assert_eq!(chain.len(), CHAIN_MAX);
        assert_eq!((chain[0], chain[14], chain[15]), (TaskId(40), TaskId(26), TaskId(1)));
        let words = chain_words(&Held { task: TaskId(40), failed: vec![TaskId(1)], chain });
        assert!(words.starts_with("Task 39, which needs Task 38, which needs"), "{words}");
        assert!(words.ends_with("Task 26, which in the end needs Task 1"), "{words}");
    }
}
