//! The graph in a state: tasks that come in, what waits for what, and the longest paths.

use super::{Fault, paths};
use crate::event::Start;
use crate::graph::PlannedTask;
use crate::id::TaskId;
use crate::state::{RunState, Status, Task};
use std::cmp::Reverse;

/// Tells everything that waits for `id` that it need not wait any more.
pub(super) fn satisfy(state: &mut RunState, id: TaskId) {
    let mut met = vec![id];
    while let Some(id) = met.pop() {
        let Some(task) = state.task_mut(id) else { continue };
        // A task that is merged or dropped a second time was counted the first time.
        let is_first = !std::mem::replace(&mut task.met, true);
        let part_of = task.part_of.filter(|_| is_first);
        for dependent in std::mem::take(&mut task.waiting) {
            let Some(task) = state.task_mut(dependent) else { continue };
            task.unmet = task.unmet.saturating_sub(1);
            if task.unmet == 0 && task.status == Status::Waiting {
                task.status = Status::Ready;
                let key = (Reverse(task.path), dependent);
                state.ready.insert(key);
            }
        }
        if let Some(whole) = part_of
            && let Some(task) = state.task_mut(whole)
            && let Status::Split(open) = &mut task.status
        {
            *open = open.saturating_sub(1);
            if *open == 0 {
                met.push(whole);
            }
        }
    }
}

pub(super) fn add(
    state: &mut RunState,
    planned: &[PlannedTask],
    part_of: Option<TaskId>,
) -> Result<(), Fault> {
    for plan in planned {
        if plan.id.0 as usize != state.tasks.len() + 1 {
            return Err("tasks are numbered without gaps");
        }
        let checks = state.spec.checks.iter().chain(&plan.checks).cloned().collect();
        state.tasks.push(Task {
            id: plan.id,
            key: plan.key.clone(),
            title: plan.title.clone(),
            goal: plan.goal.clone(),
            profile: plan.profile.clone(),
            worker: plan.worker.clone(),
            todos: plan.todos.clone(),
            needs: plan.needs.clone(),
            dependents: Vec::new(),
            waiting: Vec::new(),
            files: plan.files.clone(),
            claimed: Vec::new(),
            checks,
            part_of,
            unmet: 0,
            path: 0,
            status: Status::Waiting,
            attempts: 0,
            attempts_max: state.spec.limits.tries,
            conflicts: 0,
            conflicts_in_a_row: 0,
            escalations: 0,
            failures: Vec::new(),
            start: Start::Fresh,
            advice: None,
            earlier: Vec::new(),
            touched: false,
            review: plan.review,
            reviews: 0,
            reviewed: None,
            reopened: None,
            mail: Vec::new(),
            sent: 0,
            questions: 0,
            claims_asked: 0,
            edited: Vec::new(),
            spent: Default::default(),
            assumptions: plan.assumptions.clone(),
            met: false,
        });
    }
    for plan in planned {
        let mut unmet = 0;
        for &need in &plan.needs {
            let task = state.task_mut(need).ok_or("a task needs one that does not exist")?;
            task.dependents.push(plan.id);
            if !is_met(task) {
                task.waiting.push(plan.id);
                unmet += 1;
            }
        }
        #[cfg(feature = "planted")]
        if crate::planted::is(crate::planted::Mistake::IgnoredNeeds) {
            unmet = 0;
        }
        let task = state.task_mut(plan.id).ok_or("no such task")?;
        task.unmet = unmet;
    }
    paths::measure(state);
    for plan in planned {
        let task = state.task_mut(plan.id).ok_or("no such task")?;
        if task.unmet == 0 {
            task.status = Status::Ready;
            let key = (Reverse(task.path), plan.id);
            state.ready.insert(key);
        }
    }
    Ok(())
}

fn is_met(task: &Task) -> bool {
    match &task.status {
        Status::Merged(_) | Status::Dropped(_) | Status::Split(0) => true,
        Status::Split(_)
        | Status::Waiting
        | Status::Ready
        | Status::Active(_)
        | Status::Escalated
        | Status::Failed(_) => false,
    }
}
