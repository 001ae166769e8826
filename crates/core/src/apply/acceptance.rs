//! What events about acceptance checks do to a state.

use super::Fault;
use crate::acceptance::{AcceptanceCheck, AcceptanceStage, LastProof, entry, missing, writing};
use crate::commits::Before;
use crate::event::Event;
use crate::id::{Commit, TaskId};
use crate::requirements::{ContentHash, RequirementId};
use crate::state::{RunState, Status};
use std::sync::Arc;

pub(super) fn apply(state: &mut RunState, event: &Event) -> Result<(), Fault> {
    match event {
        Event::ChecksWritten { task, checks } => {
            let found = writing(state, *task)?;
            for check in checks {
                for file in &check.files {
                    found.files.insert(file.path.as_str().into(), file.content.as_str().into());
                }
                found.checks.push(AcceptanceCheck {
                    requirement: check.requirement,
                    command: check.command.trim().into(),
                    on_base: None,
                });
            }
            Ok(())
        }
        Event::CheckOmitted { task, requirement, reason } => {
            writing(state, *task)?.unchecked.insert(*requirement, reason.clone());
            Ok(())
        }
        Event::AcceptanceWritten { task, lacking } => written(state, *task, lacking.as_ref()),
        Event::ChecksProved { nth, task: Some(task), locks, checks, .. } => {
            let found = state.acceptance.tasks.get_mut(task).ok_or("no checks were written")?;
            if found.stage != AcceptanceStage::Proving(*nth) {
                return Err("no proof of this number is under way");
            }
            for check in found.checks.iter_mut().filter(|check| check.on_base.is_none()) {
                check.on_base = checks.iter().find(|run| run.command == check.command).cloned();
            }
            found.locks.extend(locks.iter().map(|lock| (lock.path.clone(), lock.hash.clone())));
            found.files.clear();
            found.stage = AcceptanceStage::Settled;
            Ok(())
        }
        Event::ChecksProved { nth, task: None, at, broken, checks, .. } => {
            state.acceptance.proofs = *nth;
            state.acceptance.last =
                Some(LastProof { at: at.clone(), checks: checks.clone(), broken: broken.clone() });
            Ok(())
        }
        Event::ChecksEdited { task, paths, .. } => {
            let task = state.task_mut(*task).ok_or("no such task")?;
            // What was merged of it before is still there.
            if task.earlier.is_empty() {
                task.edited.clear();
            }
            let new: Vec<Arc<str>> =
                paths.iter().filter(|path| !task.edited.contains(path)).cloned().collect();
            task.edited.extend(new);
            Ok(())
        }
        _ => Err("not an event about acceptance checks"),
    }
}

/// Checks of a task are to be written, for what has none or reads differently now.
pub(super) fn begin(state: &mut RunState, task: TaskId) -> Result<(), Fault> {
    let found = state.task(task).ok_or("no such task")?;
    if found.status != Status::Ready {
        return Err("acceptance checks are written before an attempt");
    }
    let wanted: Vec<(RequirementId, ContentHash)> =
        missing(state, found).iter().map(|r| (r.id, r.hash)).collect();
    let found = entry(state, task);
    if found.stage != AcceptanceStage::Settled {
        return Err("the task's checks are being written already");
    }
    for (id, hash) in wanted {
        found.covered.insert(id, hash);
        found.unchecked.remove(&id);
        found.checks.retain(|check| check.requirement != id);
    }
    found.stage = AcceptanceStage::Writing;
    Ok(())
}

fn written(state: &mut RunState, task: TaskId, lacking: Option<&Arc<str>>) -> Result<(), Fault> {
    let title = state.task(task).ok_or("no such task")?.title.clone();
    let found = writing(state, task)?;
    if let Some(why) = lacking {
        for id in found.open() {
            found.unchecked.insert(id, why.clone());
        }
    }
    let files: Vec<(Arc<str>, Arc<str>)> =
        found.files.iter().map(|(path, text)| (path.clone(), text.clone())).collect();
    if !files.is_empty() {
        let subject = format!("Acceptance checks of {title}").into();
        let nth = state.commits.ask(subject, files, Before::These(vec![task]));
        writing(state, task)?.stage = AcceptanceStage::Committing(nth);
        return Ok(());
    }
    prove(state, task);
    Ok(())
}

/// The files are there: what is new is run on the base, as far as there is anything.
fn prove(state: &mut RunState, task: TaskId) {
    let nth = state.acceptance.proofs + 1;
    let found = entry(state, task);
    found.stage = if found.untried().is_empty() && found.files.is_empty() {
        AcceptanceStage::Settled
    } else {
        AcceptanceStage::Proving(nth)
    };
    if found.stage == AcceptanceStage::Proving(nth) {
        state.acceptance.proofs = nth;
    }
}

/// A commit of the run's own is made; it may be the one that some task waits for.
pub(super) fn committed(state: &mut RunState, nth: u32, commit: &Commit) {
    let is_it = |stage| stage == AcceptanceStage::Committing(nth);
    let task = state.acceptance.tasks.iter().find(|(_, found)| is_it(found.stage));
    if let Some((&task, _)) = task {
        entry(state, task).commit = Some(commit.clone());
        prove(state, task);
    }
}

/// Nobody writes any more. What was not written to its end is forgotten, and is asked for again when
/// the task is worked on after all.
pub(super) fn leave(state: &mut RunState, task: TaskId) {
    if let Ok(found) = writing(state, task) {
        for id in found.open() {
            found.covered.remove(&id);
        }
        found.checks.retain(|check| check.on_base.is_some());
        found.files.clear();
        found.stage = AcceptanceStage::Settled;
        let lost: Vec<RequirementId> = found
            .covered
            .keys()
            .copied()
            .filter(|id| !found.unchecked.contains_key(id))
            .filter(|id| found.checks.iter().all(|check| check.requirement != *id))
            .collect();
        lost.iter().for_each(|id| _ = found.covered.remove(id));
    }
}
