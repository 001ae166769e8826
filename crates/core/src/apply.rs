//! Folding records into a state: total on what `decide` yields, refusing what can't follow.

mod acceptance;
mod calls;
mod claims;
mod contracts;
mod graph;
mod paths;
mod plan;
mod planning;
mod tasks;

use crate::commits;
use crate::event::{Event, Record};
use crate::job::{Handover, jobs};
use crate::pause::Pause;
use crate::state::{Phase, RunState};
use std::sync::Arc;

/// A record that cannot follow what was recorded before it: a damaged journal or a fault of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("record {seq} does not follow: {why}")]
pub struct Refused {
    /// The record's place.
    pub seq: u64,
    /// What is wrong with it.
    pub why: &'static str,
}

/// Why an event does not follow.
pub(crate) type Fault = &'static str;

/// The state after a journal's first record.
///
/// # Errors
/// When the record is not the start of a run.
pub fn open(first: &Record) -> Result<RunState, Refused> {
    let refused = |why| Refused { seq: first.seq, why };
    match first.events.split_first() {
        Some((Event::RunStarted { spec }, rest)) => {
            let mut state = RunState::new(Arc::clone(spec), first.at_ms);
            rest.iter().try_for_each(|event| apply_event(&mut state, event)).map_err(refused)?;
            state.records = 1;
            Ok(state)
        }
        Some(_) | None => Err(refused("a journal begins with the start of a run")),
    }
}

/// Applies a record that follows the ones before it.
///
/// # Errors
/// When it does not; the state is of no use then.
pub fn apply(state: &mut RunState, record: &Record) -> Result<(), Refused> {
    let refused = |why| Refused { seq: record.seq, why };
    if record.seq != state.records {
        return Err(refused("its number is not the next one"));
    }
    state.now_ms = record.at_ms;
    for event in &record.events {
        apply_event(state, event).map_err(refused)?;
    }
    state.records += 1;
    Ok(())
}

/// Applies one event. Its effects are in the rooms below, by what they concern.
pub(crate) fn apply_event(state: &mut RunState, event: &Event) -> Result<(), Fault> {
    match event {
        Event::RunStarted { .. } => Err("a run starts once"),
        Event::RunResumed => {
            calls::charge_calls_under_way(state);
            tasks::resume(state);
            planning::wait_anew(state);
            Ok(())
        }
        Event::RunReopened => {
            tasks::resume(state);
            planning::wait_anew(state);
            planning::reopen(state)
        }
        Event::RunEnded { ending } => {
            calls::charge_calls_under_way(state);
            state.phase = Phase::Ended(ending.clone());
            Ok(())
        }
        Event::RunHalted { ending } => {
            state.halting = Some(ending.clone());
            Ok(())
        }
        Event::BudgetSet { budget } => {
            state.ledger.limit = *budget;
            Arc::make_mut(&mut state.spec).limits.budget = *budget;
            Ok(())
        }
        Event::WorkersSet { workers } => {
            Arc::make_mut(&mut state.spec).limits.workers = *workers;
            Ok(())
        }
        Event::SandboxSet { sandbox } => {
            #[cfg(feature = "planted")]
            if crate::planted::is(crate::planted::Mistake::ForgottenSandbox) {
                return Ok(());
            }
            Arc::make_mut(&mut state.spec).policy.sandbox = *sandbox;
            Ok(())
        }
        Event::ProtectedAccepted => planning::accept_protected(state),
        Event::RunPaused => {
            if state.paused.is_some() {
                return Err("the run is paused already");
            }
            let under_way = jobs(state).into_iter().collect();
            state.paused = Some(Pause { under_way });
            Ok(())
        }
        Event::RunUnpaused => {
            state.paused.take().ok_or("the run is not paused")?;
            // Nobody is hurried by the time in which nothing went on.
            planning::wait_anew(state);
            Ok(())
        }
        Event::PersonSaid { .. }
        | Event::PlanCleared
        | Event::PlanningClosed
        | Event::QuestionAsked { .. }
        | Event::QuestionAnswered { .. }
        | Event::DocumentWritten { .. }
        | Event::PlanProposed
        | Event::RevisionAsked { .. }
        | Event::DocumentsEdited { .. }
        | Event::PlanApproved
        | Event::RequirementsMarked { .. }
        | Event::DocumentsPublished { .. } => planning::apply(state, event),
        Event::ConsultOpened { .. }
        | Event::ConsultClosed { .. }
        | Event::CallReserved { .. }
        | Event::CallReplied { .. }
        | Event::CallFailed { .. }
        | Event::ToolFinished { .. }
        | Event::AgentNudged { .. }
        | Event::WorkerWarned { .. }
        | Event::SupervisorAnswered { .. }
        | Event::CircleNoticed { .. } => calls::apply(state, event),
        Event::GraphAccepted { .. }
        | Event::AttemptStarted { .. }
        | Event::WorktreePrepared { .. }
        | Event::MessageSent { .. }
        | Event::WorkClaimed { .. }
        | Event::WorkVerified { .. }
        | Event::WorkReviewed { .. }
        | Event::MergeStarted { .. }
        | Event::MergeVerified { .. }
        | Event::MergeOvertaken { .. }
        | Event::TaskMerged { .. }
        | Event::AttemptFailed { .. }
        | Event::AdviceGiven { .. }
        | Event::TaskSplit { .. }
        | Event::TaskDropped { .. }
        | Event::TaskFailed { .. }
        | Event::TaskReopened { .. } => tasks::apply(state, event),
        Event::ClaimGranted { .. }
        | Event::WorkCompared { .. }
        | Event::ConflictForeseen { .. }
        | Event::ConflictPassed { .. } => claims::apply(state, event),
        Event::ProtectedTouched { touched } => {
            if state.handover != Handover::Guarded || !state.is_delivering() {
                return Err("nothing is being handed over that is guarded");
            }
            state.handover = Handover::Aside;
            state.touched = Some(touched.clone());
            #[cfg(feature = "planted")]
            if crate::planted::is(crate::planted::Mistake::UnaskedDelivery) {
                state.handover = Handover::Accepted;
            }
            Ok(())
        }
        Event::DeliveryAsked { id, text, default } => {
            planning::ask_for_delivery(state, *id, text, default)
        }
        Event::PlanChanged { .. } | Event::TasksAdded { .. } => plan::apply(state, event),
        Event::ProjectDelivered { delivery } => {
            state.delivery = Some(delivery.clone());
            Ok(())
        }
        Event::FilesCommitted { nth, commit, .. } => {
            let due = commits::made(state, *nth, commit)?;
            contracts::committed(state, &due, commit);
            acceptance::committed(state, *nth, commit);
            Ok(())
        }
        Event::ContractChanged { .. } | Event::ContractRechecked { .. } => {
            contracts::apply(state, event)
        }
        Event::ChecksWritten { .. }
        | Event::CheckOmitted { .. }
        | Event::AcceptanceWritten { .. }
        | Event::ChecksProved { .. }
        | Event::ChecksEdited { .. } => acceptance::apply(state, event),
    }
}
