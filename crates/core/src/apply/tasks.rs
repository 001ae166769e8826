//! What task events do to a state.

use super::graph::{add, satisfy};
use super::{Fault, calls, contracts};
use crate::dialogue::Dialogue;
use crate::drift::Conduct;
use crate::event::{Event, Failure, Sender, Start};
use crate::foresight;
use crate::id::{AgentId, ConsultId, TaskId};
use crate::review::{self, Reviewed};
use crate::state::{Attempt, Letter, Phase, RunState, Stage, Status, Work};
use crate::{event::Matter, state::Consult};
use std::cmp::Reverse;
use std::sync::Arc;

/// A merge conflict is nobody's failure: so many of them do not count as tries.
const CONFLICTS_FORGIVEN: u32 = 2;

pub(super) fn apply(state: &mut RunState, event: &Event) -> Result<(), Fault> {
    match event {
        Event::GraphAccepted { tasks, shared, contracts } => {
            state.phase = Phase::Working;
            state.shared = shared.clone();
            add(state, tasks, None)?;
            contracts::accept(state, contracts)
        }
        Event::AttemptStarted { task, attempt, start, opening } => {
            begin(state, *task, *attempt, start, opening)
        }
        Event::WorktreePrepared { task, attempt, base } => {
            let found = current(state, *task, *attempt)?;
            found.base = Some(base.clone());
            found.stands = true;
            // What it starts with is work of the attempt before.
            if found.start != Start::Fresh {
                found.changes = found.changes.max(1);
            }
            Ok(())
        }
        Event::MessageSent { from, to, kind, text } => {
            if let Sender::Worker(from) = from {
                state.task_mut(*from).ok_or("no such sender")?.sent += 1;
            }
            let letter = Letter { from: *from, kind: *kind, text: text.clone() };
            for task in &mut state.tasks {
                let meant = to.map_or(*from != Sender::Worker(task.id), |to| to == task.id);
                if meant && !task.is_settled() {
                    task.mail.push(letter.clone());
                }
            }
            Ok(())
        }
        Event::WorkClaimed { task, attempt, summary } => {
            let found = current(state, *task, *attempt)?;
            if found.stage != Stage::Working {
                return Err("the work is claimed already");
            }
            found.stage = Stage::Verifying;
            found.summary = summary.clone();
            state.working -= 1;
            foresight::count_changes(state, AgentId::Worker(*task, *attempt));
            end_talk(state, *task, *attempt);
            Ok(())
        }
        Event::WorkVerified { task, attempt, commit, .. } => {
            let found = current(state, *task, *attempt)?;
            if found.stage != Stage::Verifying {
                return Err("nothing is being verified");
            }
            found.stage = Stage::Reviewing;
            found.work = Some(commit.clone());
            if !state.task(*task).is_some_and(|task| review::is_due(state, task)) {
                queue(state, *task, *attempt)?;
            }
            #[cfg(feature = "planted")]
            if crate::planted::is(crate::planted::Mistake::EarlyRelease) {
                satisfy(state, *task);
            }
            Ok(())
        }
        Event::WorkReviewed { task, attempt, verdict } => {
            if current(state, *task, *attempt)?.stage != Stage::Reviewing {
                return Err("nothing is being reviewed");
            }
            let found = state.task_mut(*task).ok_or("no such task")?;
            found.reviewed = Some(verdict.clone());
            match verdict {
                Reviewed::Clean | Reviewed::Missing(_) => queue(state, *task, *attempt),
                // A review is no failed try: each that sends work back grants another.
                Reviewed::Findings(_) => {
                    found.reviews += 1;
                    found.attempts_max += 1;
                    #[cfg(feature = "planted")]
                    if crate::planted::is(crate::planted::Mistake::UnheardReviews) {
                        return queue(state, *task, *attempt);
                    }
                    Ok(())
                }
            }
        }
        Event::MergeStarted { task, attempt } => {
            if state.merging.front() != Some(task) {
                return Err("work is merged in its turn");
            }
            current(state, *task, *attempt)?.stage = Stage::Integrating;
            Ok(())
        }
        Event::MergeVerified { task, attempt, commit, onto, checks } => {
            let found = current(state, *task, *attempt)?;
            if found.stage != Stage::Integrating {
                return Err("no merge is being made");
            }
            found.merges += 1;
            found.stage = Stage::Landing {
                commit: commit.clone(),
                onto: onto.clone(),
                checks: checks.clone(),
            };
            Ok(())
        }
        Event::MergeOvertaken { task, attempt } => {
            current(state, *task, *attempt)?.stage = Stage::Integrating;
            Ok(())
        }
        Event::TaskMerged { task, attempt, commit } => {
            let found = current(state, *task, *attempt)?;
            let Stage::Landing { commit: landing, checks, .. } = &found.stage else {
                return Err("no merge is landing");
            };
            if landing != commit {
                return Err("another merge is landing");
            }
            let work = Work {
                commit: commit.clone(),
                summary: std::mem::take(&mut found.summary),
                checks: checks.clone(),
            };
            state.merging.pop_front();
            state.active.remove(task);
            state.head = Some(commit.clone());
            settle(state, *task, Status::Merged(work))?;
            satisfy(state, *task);
            Ok(())
        }
        Event::AttemptFailed { task, attempt, reason } => fail(state, *task, *attempt, reason),
        Event::AdviceGiven { task, advice, reassigned } => {
            let found = state.task_mut(*task).ok_or("no such task")?;
            if found.status != Status::Escalated {
                return Err("only an escalated task is given advice");
            }
            found.advice = Some(advice.clone());
            found.attempts_max = found.attempts_max.max(found.attempts + 1);
            found.conflicts_in_a_row = 0;
            if let Some((profile, worker)) = reassigned {
                found.profile = profile.clone();
                found.worker = worker.clone();
            }
            found.status = Status::Ready;
            let key = (Reverse(found.path), *task);
            state.escalated.remove(task);
            state.ready.insert(key);
            Ok(())
        }
        Event::TaskSplit { task, into } => {
            let parts = u32::try_from(into.len()).map_err(|_| "too many parts")?;
            settle(state, *task, Status::Split(parts))?;
            add(state, into, Some(*task))?;
            let parts: Vec<TaskId> = into.iter().map(|part| part.id).collect();
            contracts::split(state, *task, &parts)
        }
        Event::TaskDropped { task, reason } => {
            leave(state, *task);
            settle(state, *task, Status::Dropped(reason.clone()))?;
            satisfy(state, *task);
            Ok(())
        }
        Event::TaskFailed { task, reason } => {
            #[cfg(feature = "planted")]
            if crate::planted::is(crate::planted::Mistake::ReleasedByFailure) {
                satisfy(state, *task);
            }
            settle(state, *task, Status::Failed(reason.clone()))
        }
        Event::TaskReopened { task, because } => reopen(state, *task, because),
        _ => Err("not a task's event"),
    }
}

/// Makes every worktree be looked at again, and marks commands that may run for a second time.
pub(super) fn resume(state: &mut RunState) {
    // A pause lasts; in another process nothing is under way.
    if let Some(pause) = &mut state.paused {
        pause.under_way.clear();
    }
    for id in state.active.clone() {
        if let Some(attempt) = state.task_mut(id).and_then(|t| t.attempt_mut()) {
            if matches!(attempt.stage, Stage::Working | Stage::Verifying | Stage::Reviewing) {
                attempt.stands = false;
            }
            for pending in &mut attempt.dialogue.acting {
                pending.repeated = pending.result.is_none();
            }
        }
    }
}

fn begin(
    state: &mut RunState,
    id: TaskId,
    number: u32,
    start: &Start,
    opening: &Arc<str>,
) -> Result<(), Fault> {
    let agent = AgentId::Worker(id, number);
    let cap = state.dialogue_cap_bytes(agent);
    let system = state.worker_system.clone();
    let task = state.task_mut(id).ok_or("no such task")?;
    if task.status != Status::Ready || number != task.attempts + 1 {
        return Err("the task is not ready for this attempt");
    }
    let key = (Reverse(task.path), id);
    state.plan.untold.remove(&id);
    let task = state.task_mut(id).ok_or("no such task")?;
    task.attempts = number;
    task.status = Status::Active(Box::new(Attempt {
        number,
        start: start.clone(),
        dialogue: Dialogue::new(system, opening.clone(), cap),
        base: None,
        stands: false,
        stage: Stage::Working,
        worked_ms: 0,
        conduct: Conduct::default(),
        mail_seen: task.mail.len(),
        merges: 0,
        work: None,
        summary: Vec::new(),
        changes: 0,
        compared: 0,
    }));
    state.ready.remove(&key);
    state.active.insert(id);
    state.working += 1;
    state.callers.push_back(agent);
    Ok(())
}

fn fail(state: &mut RunState, id: TaskId, number: u32, reason: &Failure) -> Result<(), Fault> {
    current(state, id, number)?;
    leave(state, id);
    if matches!(reason, Failure::Conflict { .. }) {
        foresight::forget_come(state, id);
    }
    let task = state.task_mut(id).ok_or("no such task")?;
    let base = task.attempt().and_then(|a| a.base.clone());
    task.start = match reason {
        Failure::Conflict { onto, tree, .. } => {
            Start::Merged { onto: onto.clone(), tree: tree.clone() }
        }
        Failure::MergedChecks { onto, commit, .. } => {
            Start::Merged { onto: onto.clone(), tree: commit.clone() }
        }
        _ => base.map_or(task.start.clone(), |base| Start::Kept { base }),
    };
    task.conflicts_in_a_row = match reason {
        Failure::Conflict { .. } => task.conflicts_in_a_row + 1,
        _ => 0,
    };
    if matches!(reason, Failure::Conflict { .. }) {
        task.conflicts += 1;
        if task.conflicts <= CONFLICTS_FORGIVEN {
            task.attempts_max += 1;
        }
    }
    task.failures.push((number, reason.clone()));
    task.status = Status::Ready;
    let key = (Reverse(task.path), id);
    state.ready.insert(key);
    Ok(())
}

/// The work waits for its merge.
fn queue(state: &mut RunState, id: TaskId, number: u32) -> Result<(), Fault> {
    current(state, id, number)?.stage = Stage::Queued;
    state.merging.push_back(id);
    Ok(())
}

/// Takes a task from its worker and from those that wait to be merged; its attempt, if it has one,
/// is the caller's to put away.
fn leave(state: &mut RunState, id: TaskId) {
    let Some(attempt) = state.task(id).and_then(|task| task.attempt()) else { return };
    let number = attempt.number;
    if attempt.stage == Stage::Working {
        state.working -= 1;
        #[cfg(feature = "planted")]
        if crate::planted::is(crate::planted::Mistake::LeakedWorker) {
            state.working += 1;
        }
    }
    end_talk(state, id, number);
    state.active.remove(&id);
    state.merging.retain(|&task| task != id);
}

/// Ends a worker's conversation and what it asked the supervisor.
fn end_talk(state: &mut RunState, id: TaskId, number: u32) {
    calls::close(state, AgentId::Worker(id, number));
    let asked = |consult: &Consult| match consult.matter {
        Matter::Question { task, attempt, .. }
        | Matter::Review { task, attempt }
        | Matter::Claim { task, attempt, .. }
        | Matter::ContractChange { task, attempt, .. } => task == id && attempt == number,
        Matter::Graph
        | Matter::Escalation { .. }
        | Matter::Acceptance { .. }
        | Matter::PlanChange { .. } => false,
    };
    let void: Vec<ConsultId> =
        state.consults.iter().filter(|(_, c)| asked(c)).map(|(&consult, _)| consult).collect();
    for consult in void {
        calls::close(state, AgentId::Supervisor(consult));
        state.consults.remove(&consult);
    }
}

fn current(state: &mut RunState, id: TaskId, number: u32) -> Result<&mut Attempt, Fault> {
    state
        .task_mut(id)
        .and_then(|task| task.attempt_mut())
        .filter(|attempt| attempt.number == number)
        .ok_or("no such attempt is under way")
}

fn settle(state: &mut RunState, id: TaskId, status: Status) -> Result<(), Fault> {
    let task = state.task_mut(id).ok_or("no such task")?;
    if task.is_settled() {
        return Err("the task is settled");
    }
    let key = (Reverse(task.path), id);
    task.status = status;
    state.ready.remove(&key);
    state.escalated.remove(&id);
    foresight::forget_settled(state, id);
    Ok(())
}

/// Opens a settled task again. What waited for it and went on is not held back by that.
fn reopen(state: &mut RunState, id: TaskId, because: &Arc<str>) -> Result<(), Fault> {
    let tries = state.spec.limits.tries;
    state.plan.untold.remove(&id);
    let task = state.task_mut(id).ok_or("no such task")?;
    let status = if task.unmet == 0 { Status::Ready } else { Status::Waiting };
    match std::mem::replace(&mut task.status, status) {
        Status::Merged(work) => task.earlier.push(work),
        Status::Dropped(_) | Status::Failed(_) => {}
        other @ (Status::Waiting
        | Status::Ready
        | Status::Active(_)
        | Status::Escalated
        | Status::Split(_)) => {
            task.status = other;
            return Err("only a settled task is opened again, and of a split one its parts");
        }
    }
    task.attempts_max = task.attempts + tries;
    task.conflicts = 0;
    task.conflicts_in_a_row = 0;
    task.escalations = 0;
    task.reviews = 0;
    task.start = Start::Fresh;
    task.advice = None;
    // Others may have made it theirs meanwhile.
    task.claimed.clear();
    task.reopened = Some(because.clone());
    if task.status == Status::Ready {
        let key = (Reverse(task.path), id);
        state.ready.insert(key);
    }
    Ok(())
}
