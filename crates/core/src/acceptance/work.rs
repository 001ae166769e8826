//! What jobs are told of acceptance checks.

use super::{Lock, is_used, last_commands, last_is_due, proving};
use crate::id::TaskId;
use crate::job::{JobId, Work};
use crate::state::{RunState, Task};
use std::sync::Arc;

/// Acceptance checks that are to be run apart from any work.
pub(crate) fn proofs(state: &RunState) -> impl Iterator<Item = JobId> + '_ {
    let last = state.is_complete() && last_is_due(state);
    let last = last.then(|| JobId::Prove { task: None, nth: state.acceptance.proofs + 1 });
    let on_base = proving(state);
    on_base.map(|(nth, task)| JobId::Prove { task: Some(task), nth }).chain(last)
}

/// A task's checks and the acceptance checks of its requirements, each once.
pub(crate) fn checks_of(state: &RunState, task: &Task) -> Vec<Arc<str>> {
    let mut checks = task.checks.clone();
    let written = state.acceptance.tasks.get(&task.id).map(|found| found.commands());
    checks.extend(written.into_iter().flatten().filter(|command| !task.checks.contains(command)));
    checks
}

/// The files that no merge may change, in a run that has acceptance checks.
pub(crate) fn guarded(state: &RunState) -> Option<Vec<Lock>> {
    #[cfg(feature = "planted")]
    if crate::planted::is(crate::planted::Mistake::UnguardedLocks) {
        return None;
    }
    is_used(state).then(|| state.acceptance.locks())
}

/// What a proof needs.
pub(crate) fn proof_work(state: &RunState, task: Option<TaskId>) -> Option<Work> {
    let at = state.head.clone()?;
    let check_ms = state.spec.limits.check_ms;
    let Some(task) = task else {
        let (locks, checks) = (state.acceptance.locks(), last_commands(state));
        return Some(Work::Prove { key: None, at, paths: Vec::new(), locks, checks, check_ms });
    };
    let found = state.acceptance.tasks.get(&task)?;
    let key = state.task(task).map(|task| task.key.clone());
    let (paths, locks) = (found.files.keys().cloned().collect(), Vec::new());
    Some(Work::Prove { key, at, paths, locks, checks: found.untried(), check_ms })
}
