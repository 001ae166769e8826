//! What contract events do to a state.

use super::Fault;
use crate::commits::{Before, DueCommit};
use crate::contracts::{Change, Contract, PlannedContract, Recheck, TASK, judge};
use crate::event::Event;
use crate::id::{Commit, TaskId};
use crate::state::{RunState, Status};
use std::sync::Arc;

pub(super) fn apply(state: &mut RunState, event: &Event) -> Result<(), Fault> {
    match event {
        Event::ContractChanged { contract, version, text, by, reason, note } => {
            let list = &mut state.contracts.list;
            let found = list.iter_mut().find(|c| c.path == *contract).ok_or("no such contract")?;
            if *version != found.version + 1 {
                return Err("versions of a contract follow each other");
            }
            let before = std::mem::replace(&mut found.text, text.clone());
            found.version = *version;
            found.kind = judge(contract, text).0;
            found.commit = None;
            found.changes.push(Change {
                version: *version,
                by: *by,
                reason: reason.clone(),
                note: note.clone(),
                before,
            });
            let tasks = found.tasks().collect();
            let subject = format!("Change the contract {contract} to version {version}");
            let files = vec![(contract.clone(), text.clone())];
            state.commits.ask(subject.into(), files, Before::These(tasks));
            Ok(())
        }
        Event::ContractRechecked { nth, .. } => {
            let due = state.contracts.rechecks.pop_front().ok_or("nothing is checked again")?;
            if due.nth == *nth { Ok(()) } else { Err("tasks are checked again in their order") }
        }
        _ => Err("not a contract's event"),
    }
}

/// The contracts of an accepted graph: the first versions, to be committed before all else, and the
/// checks they ask of their tasks.
pub(super) fn accept(state: &mut RunState, planned: &[PlannedContract]) -> Result<(), Fault> {
    if planned.is_empty() {
        return Ok(());
    }
    for plan in planned {
        let contract = Contract {
            path: plan.path.clone(),
            kind: judge(&plan.path, &plan.text).0,
            version: 1,
            text: plan.text.clone(),
            owner: plan.owner,
            consumers: plan.consumers.clone(),
            check: plan.check.clone(),
            commit: None,
            changes: Vec::new(),
        };
        for task in contract.tasks() {
            demand(state, task, contract.check.as_ref())?;
        }
        state.contracts.list.push(contract);
    }
    let files = planned.iter().map(|plan| (plan.path.clone(), plan.text.clone())).collect();
    let subject = match planned {
        [one] => format!("Write the contract {}", one.path),
        several => format!("Write {} contracts", several.len()),
    };
    state.commits.ask(subject.into(), files, Before::All);
    Ok(())
}

/// What takes a task's place is bound by its contracts.
pub(super) fn split(state: &mut RunState, task: TaskId, into: &[TaskId]) -> Result<(), Fault> {
    let mut checks = Vec::new();
    for contract in state.contracts.list.iter_mut().filter(|c| c.concerns(task)) {
        contract.consumers.extend(into);
        checks.push(contract.check.clone());
    }
    for check in &checks {
        for &part in into {
            demand(state, part, check.as_ref())?;
        }
    }
    Ok(())
}

fn demand(state: &mut RunState, task: TaskId, check: Option<&Arc<str>>) -> Result<(), Fault> {
    let task = state.task_mut(task).ok_or("a contract names a task that does not exist")?;
    // So that what one task still has to follow does not keep another from its merge.
    let check = check.map(|check| Arc::from(check.replace(TASK, &task.key)));
    task.checks.extend(check.filter(|check| !task.checks.contains(check)));
    Ok(())
}

/// Contracts among files that were committed: what is merged and concerned by a new version is
/// checked again.
pub(super) fn committed(state: &mut RunState, due: &DueCommit, commit: &Commit) {
    for (path, text) in &due.files {
        let newest = |c: &&mut Contract| c.path == *path && c.text == *text && c.commit.is_none();
        let Some(contract) = state.contracts.list.iter_mut().find(newest) else { continue };
        contract.commit = Some(commit.clone());
        if contract.version == 1 {
            continue;
        }
        let (contract, version) = (contract.path.clone(), contract.version);
        let tasks: Vec<TaskId> =
            state.contracts.get(&contract).into_iter().flat_map(Contract::tasks).collect();
        for task in tasks {
            let merged = state.task(task).is_some_and(|t| matches!(t.status, Status::Merged(_)));
            if !merged {
                continue;
            }
            state.contracts.rechecks_asked += 1;
            state.contracts.rechecks.push_back(Recheck {
                nth: state.contracts.rechecks_asked,
                contract: contract.clone(),
                version,
                task,
                commit: commit.clone(),
            });
        }
    }
}
