//! What a person does to a run that is on: pause it and let it go on, cancel a task, tell workers
//! something.

use super::Decision;
use crate::apply::Fault;
use crate::event::{Event, Matter, MessageKind, Sender};
use crate::id::{ConsultId, TaskId};
use crate::state::{Stage, Status, Task};
use std::sync::Arc;

/// What a task says that was dropped because the person wanted it so.
pub const CANCELLED: &str = "cancelled by the person";

/// A message that is longer is a document; it belongs into a file.
const TOLD_BYTES_MAX: usize = 8 * 1024;
/// Messages of the person to one task: every one of them stays in its conversation.
const TOLD_MAX: usize = 200;

impl Decision<'_> {
    pub(super) fn pause(&mut self) -> Result<(), Fault> {
        if self.state.ending().is_some() {
            return self.refuse("the run has ended");
        }
        match self.state.paused {
            None => self.emit(Event::RunPaused),
            Some(_) => Ok(()),
        }
    }

    pub(super) fn unpause(&mut self) -> Result<(), Fault> {
        if self.state.ending().is_some() {
            return self.refuse("the run has ended");
        }
        match self.state.paused {
            Some(_) => self.emit(Event::RunUnpaused),
            None => Ok(()),
        }
    }

    /// Drops a task, whatever its workers are at; what needs it goes on without it.
    pub(super) fn cancel_task(&mut self, id: TaskId) -> Result<(), Fault> {
        if self.state.ending().is_some() {
            return self.refuse("the run has ended");
        }
        let Some(task) = self.state.task(id) else {
            return self.refuse(format!("there is no task {id}"));
        };
        if let Some(why) = past_cancelling(task) {
            return self.refuse(why);
        }
        let about =
            |matter: &Matter| matches!(matter, Matter::Escalation { task, .. } if *task == id);
        let open: Vec<ConsultId> = self
            .state
            .consults
            .iter()
            .filter(|(_, consult)| about(&consult.matter))
            .map(|(&consult, _)| consult)
            .collect();
        for consult in open {
            self.emit(Event::ConsultClosed { id: consult })?;
        }
        self.emit(Event::TaskDropped { task: id, reason: CANCELLED.into() })
    }

    /// Tells a worker something, or all whose tasks are open.
    pub(super) fn tell(&mut self, to: Option<TaskId>, text: &str) -> Result<(), Fault> {
        let text = text.trim();
        if self.state.ending().is_some() {
            return self.refuse("the run has ended");
        }
        if text.is_empty() {
            return self.refuse("the message is empty");
        }
        if text.len() > TOLD_BYTES_MAX {
            let kib = TOLD_BYTES_MAX / 1024;
            return self.refuse(format!("a message may have {kib} KiB; put the rest into a file"));
        }
        if let Some(why) = self.deaf(to) {
            return self.refuse(why);
        }
        let (from, kind) = (Sender::Person, MessageKind::Fact);
        self.emit(Event::MessageSent { from, to, kind, text: text.into() })
    }

    /// Why those whom a message is meant for don't hear it.
    fn deaf(&self, to: Option<TaskId>) -> Option<String> {
        let meant: Vec<&Task> = match to {
            Some(id) => match self.state.task(id) {
                None => return Some(format!("there is no task {id}")),
                Some(task) if task.is_settled() => {
                    let word = settled_word(&task.status);
                    return Some(format!("{} does not listen: task {id} {word}", task.worker));
                }
                Some(task) => vec![task],
            },
            None => self.state.tasks.iter().filter(|task| !task.is_settled()).collect(),
        };
        if meant.is_empty() {
            return Some("no worker listens: there is no open task".to_owned());
        }
        let told = |task: &&&Task| {
            task.mail.iter().filter(|letter| letter.from == Sender::Person).count() >= TOLD_MAX
        };
        meant.iter().find(told).map(|task| {
            format!("{} has {TOLD_MAX} messages of yours; that is the limit", task.worker)
        })
    }
}

/// Why a task can't be cancelled any more.
fn past_cancelling(task: &Task) -> Option<String> {
    let id = task.id;
    match &task.status {
        Status::Merged(_) | Status::Dropped(_) | Status::Failed(_) | Status::Split(_) => {
            let word = settled_word(&task.status);
            Some(format!("task {id} {word}, so there is nothing to cancel"))
        }
        Status::Active(attempt) => match &attempt.stage {
            // The branch may have moved, and what is on it can't be taken back.
            Stage::Landing { .. } => Some(format!("task {id} is being merged at this moment")),
            Stage::Working
            | Stage::Verifying
            | Stage::Reviewing
            | Stage::Queued
            | Stage::Integrating => None,
        },
        Status::Waiting | Status::Ready | Status::Escalated => None,
    }
}

/// What became of a settled task.
fn settled_word(status: &Status) -> Arc<str> {
    match status {
        Status::Merged(_) => "is merged".into(),
        Status::Dropped(_) => "is dropped".into(),
        Status::Failed(_) => "has failed".into(),
        Status::Split(_) => "is split; its parts have its work".into(),
        Status::Waiting | Status::Ready | Status::Active(_) | Status::Escalated => "is open".into(),
    }
}
