//! Decisions: one input in, one record's events out, each applied as it is decided so that the next
//! sees it.

mod acceptance;
mod claims;
mod commands;
mod contracts;
mod delivery;
mod foresight;
mod outcomes;
mod plan;
mod planner;
mod review;
mod schedule;
mod steering;
mod supervisor;
mod worker;

pub use commands::{WORKERS_MAX, document_problems};
pub use delivery::acceptance_objection;
pub use steering::CANCELLED;

use crate::apply::{self, Fault, Refused, apply_event};
use crate::event::{Event, Record};
use crate::input::Input;
use crate::job::is_wanted;
use crate::spec::{Origin, RunSpec};
use crate::state::RunState;
use std::sync::Arc;

/// What an input led to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reaction {
    /// The record to be made durable; none when the input changed nothing.
    pub record: Option<Record>,
    /// Why a command could not be taken, for the person.
    pub objection: Option<String>,
}

/// Begins a run: its state and its first record.
///
/// # Errors
/// On a fault of ours; never for what the spec says.
pub fn start(spec: Arc<RunSpec>, at_ms: u64) -> Result<(RunState, Record), Refused> {
    let first = Event::RunStarted { spec: Arc::clone(&spec) };
    let record = Record { seq: 0, at_ms, events: vec![first.clone()] };
    let mut state = apply::open(&record)?;
    state.records = 0;
    let mut decision = Decision { state: &mut state, events: vec![first], objection: None };
    let decided = match &spec.origin {
        Origin::Conversation { prompt: Some(text) } => {
            decision.emit(Event::PersonSaid { text: text.clone() })
        }
        Origin::Conversation { prompt: None } => Ok(()),
        Origin::Documents(_) => decision.approve(),
    };
    let decided = decided.and_then(|()| decision.follow_up());
    let events = decision.events;
    decided.map_err(|why| Refused { seq: 0, why })?;
    state.records = 1;
    Ok((state, Record { seq: 0, at_ms, events }))
}

/// Reacts to an input at a time: changes the state and says what has to be recorded of it.
///
/// The record has to be durable before anybody sees it or acts on it. An outcome that the state no
/// longer wants changes nothing.
///
/// # Errors
/// On a fault of ours; the state is of no use then, the journal is.
pub fn step(state: &mut RunState, at_ms: u64, input: Input) -> Result<Reaction, Refused> {
    let seq = state.records;
    // Wall clocks step back; a run's time does not.
    let at_ms = at_ms.max(state.now_ms);
    state.now_ms = at_ms;
    let mut decision = Decision { state, events: Vec::new(), objection: None };
    decision.react(input).map_err(|why| Refused { seq, why })?;
    let Decision { events, objection, .. } = decision;
    if events.is_empty() {
        return Ok(Reaction { record: None, objection });
    }
    state.records += 1;
    Ok(Reaction { record: Some(Record { seq, at_ms, events }), objection })
}

/// A decision in the making.
struct Decision<'a> {
    state: &'a mut RunState,
    events: Vec<Event>,
    objection: Option<String>,
}

impl Decision<'_> {
    fn emit(&mut self, event: Event) -> Result<(), Fault> {
        apply_event(self.state, &event)?;
        self.events.push(event);
        Ok(())
    }

    fn object(&mut self, why: impl Into<String>) {
        self.objection = Some(why.into());
    }

    fn react(&mut self, input: Input) -> Result<(), Fault> {
        match input {
            Input::Resume => {
                if self.state.ending().is_none() {
                    self.emit(Event::RunResumed)?;
                }
            }
            Input::Command(command) => self.command(command)?,
            Input::Done(job, outcome) => {
                if is_wanted(self.state, job) {
                    self.outcome(job, outcome)?;
                }
            }
            Input::Tick => {}
        }
        self.follow_up()
    }
}
