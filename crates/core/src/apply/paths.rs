//! How much work waits behind each task, by which ready ones are ordered.

use crate::id::TaskId;
use crate::state::{RunState, Status};
use std::cmp::Reverse;

/// Sets every task's `path`: its own todos (one at least) and the longest path behind it. What
/// waits for a split task waits for its parts.
pub(super) fn measure(state: &mut RunState) {
    let count = state.tasks.len();
    let place = |id: TaskId| (id.0 as usize).saturating_sub(1);
    let behind: Vec<Vec<usize>> = state
        .tasks
        .iter()
        .map(|task| {
            let whole = task.part_of.and_then(|id| state.task(id));
            let inherited = whole.map(|t| t.dependents.as_slice()).unwrap_or_default();
            task.dependents.iter().chain(inherited).map(|&id| place(id)).collect()
        })
        .collect();
    let mut waits = vec![0_u32; count];
    behind.iter().flatten().for_each(|&next| waits[next] += 1);
    let mut order: Vec<usize> = (0..count).filter(|&n| waits[n] == 0).collect();
    let mut at = 0;
    while let Some(&n) = order.get(at) {
        at += 1;
        for &next in &behind[n] {
            waits[next] -= 1;
            if waits[next] == 0 {
                order.push(next);
            }
        }
    }
    let mut paths = vec![0_u32; count];
    for &n in order.iter().rev() {
        let own = u32::try_from(state.tasks[n].todos.len()).unwrap_or(u32::MAX).max(1);
        let longest = behind[n].iter().map(|&next| paths[next]).max().unwrap_or(0);
        paths[n] = own.saturating_add(longest);
    }
    state.ready.clear();
    for (task, path) in state.tasks.iter_mut().zip(paths) {
        task.path = path;
        if task.status == Status::Ready {
            state.ready.insert((Reverse(path), task.id));
        }
    }
}
