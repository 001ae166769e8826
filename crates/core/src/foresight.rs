//! Looking ahead: which unfinished work is merged in memory with which, and what came of it.

use crate::chat::ToolOutcome;
use crate::dialogue::Pending;
use crate::event::{Looked, Start};
use crate::id::{AgentId, Commit, TaskId};
use crate::job::{Place, is_worktree_tool, place};
use crate::scope;
use crate::state::{Attempt, Phase, RunState, Stage, Status, Task};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is known of conflicts before they come to a merge.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Foresight {
    /// How often it was looked.
    pub looks: u32,
    /// Pairs of tasks whose work will conflict, the lower number first, and the files.
    pub pairs: BTreeMap<(TaskId, TaskId), BTreeSet<Arc<str>>>,
}

/// One task's unfinished work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// The task.
    pub task: TaskId,
    /// Its worktree.
    pub place: Place,
    /// The commit it started from.
    pub base: Commit,
    /// The work, committed, once it was verified; until then it lies in the worktree.
    pub work: Option<Commit>,
    /// Tool calls that may have changed something so far.
    pub changes: u32,
    /// Whether there are changes that were not looked at yet.
    pub news: bool,
}

/// What a look came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Foreseen {
    /// Whose new changes were looked at, or could not be.
    pub looked: Vec<Looked>,
    /// All whose work was compared.
    pub sides: Vec<TaskId>,
    /// What will conflict.
    pub collisions: Vec<Collision>,
    /// How long it took.
    pub took_ms: u64,
}

/// Two tasks whose work will conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collision {
    /// The id of one in the graph; its work is not merged.
    pub one: Arc<str>,
    /// The id of the other; its work may be merged.
    pub other: Arc<str>,
    /// The files, in order.
    pub paths: Vec<Arc<str>>,
}

/// The number of the look that is due, if one is: there are new changes, and something to compare
/// them with.
pub fn due(state: &RunState) -> Option<u32> {
    if state.phase != Phase::Working || state.halting.is_some() || state.active.len() < 2 {
        return None;
    }
    let attempts = || state.active.iter().filter_map(|&id| state.task(id)?.attempt());
    let comparable = attempts().filter(|attempt| is_side(attempt)).count();
    let wanted = attempts().any(|attempt| {
        is_side(attempt)
            && attempt.changes > attempt.compared
            && (comparable > 1 || attempt.base != state.head)
    });
    wanted.then_some(state.foresight.looks + 1)
}

/// All unfinished work that can be compared, in the order of the tasks.
pub(crate) fn sides(state: &RunState) -> Vec<Side> {
    let side = |task: &Task| {
        let attempt = task.attempt().filter(|attempt| is_side(attempt))?;
        Some(Side {
            task: task.id,
            place: place(task, attempt),
            base: attempt.base.clone()?,
            work: attempt.work.clone(),
            changes: attempt.changes,
            news: attempt.changes > attempt.compared,
        })
    };
    state.active.iter().filter_map(|&id| side(state.task(id)?)).collect()
}

/// Whether an attempt has work that is neither merged nor about to be.
fn is_side(attempt: &Attempt) -> bool {
    let there = match &attempt.stage {
        Stage::Working | Stage::Verifying => attempt.stands,
        Stage::Reviewing | Stage::Queued | Stage::Integrating => attempt.work.is_some(),
        Stage::Landing { .. } => false,
    };
    there && attempt.base.is_some() && (attempt.changes > 0 || attempt.start != Start::Fresh)
}

/// Counts the tool calls of a worker's last reply that may have changed its worktree, at the end of
/// the turn: what is half done tells of conflicts that are none.
pub(crate) fn count_changes(state: &mut RunState, agent: AgentId) {
    let AgentId::Worker(task, _) = agent else { return };
    let Some(dialogue) = state.dialogue(agent) else { return };
    let changed = |pending: &&Pending| match &pending.result {
        Some((_, ToolOutcome::Ok)) => scope::may_write(&pending.call.name),
        // A command that failed may have done a part of it.
        Some((_, ToolOutcome::Error)) => {
            scope::may_write(&pending.call.name) && !scope::is_writer(&pending.call.name)
        }
        None => false,
    };
    let ours = |pending: &&Pending| is_worktree_tool(state, &pending.call.name);
    let count = dialogue.acting.iter().filter(ours).filter(changed).count();
    if let Some(attempt) = state.task_mut(task).and_then(|task| task.attempt_mut()) {
        attempt.changes += u32::try_from(count).unwrap_or(u32::MAX);
    }
}

/// Forgets what is known of a task that is settled: when nothing of it comes to a merge any more,
/// or nothing of the other.
pub(crate) fn forget_settled(state: &mut RunState, id: TaskId) {
    let merged = |id| state.task(id).is_some_and(|t| matches!(t.status, Status::Merged(_)));
    let settled = |id| state.task(id).is_none_or(Task::is_settled);
    let over: Vec<(TaskId, TaskId)> = state
        .foresight
        .pairs
        .keys()
        .filter(|&&(a, b)| a == id || b == id)
        .filter(|&&(a, b)| !merged(id) || (settled(a) && settled(b)))
        .copied()
        .collect();
    for pair in over {
        state.foresight.pairs.remove(&pair);
    }
}

/// Forgets the conflicts of a task with merged work once they have come: they are no news any more.
pub(crate) fn forget_come(state: &mut RunState, id: TaskId) {
    let settled: BTreeSet<TaskId> =
        state.tasks.iter().filter(|task| task.is_settled()).map(|task| task.id).collect();
    state
        .foresight
        .pairs
        .retain(|&(a, b), _| !(a == id && settled.contains(&b) || b == id && settled.contains(&a)));
}

/// The tasks with which one will conflict, and the files.
pub fn collisions_of(
    state: &RunState,
    task: TaskId,
) -> impl Iterator<Item = (TaskId, &BTreeSet<Arc<str>>)> {
    state.foresight.pairs.iter().filter_map(move |(&(a, b), paths)| match task {
        id if id == a => Some((b, paths)),
        id if id == b => Some((a, paths)),
        _ => None,
    })
}
