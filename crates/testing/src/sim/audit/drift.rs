//! The books of drifting workers: told once of each thing, and only when it is so (F6).

use super::{Breach, holds};
use equitr_core::drift::{IDLE_TOLD_AT, Warning};
use equitr_core::event::Event;
use equitr_core::id::{AgentId, TaskId};
use equitr_core::spec::Limits;
use std::collections::{BTreeMap, BTreeSet};

/// What attempts did and were told, from records alone.
#[derive(Debug)]
pub(super) struct Drift {
    turns_max: u32,
    replies: BTreeMap<(TaskId, u32), u32>,
    warned: BTreeSet<(TaskId, u32, Warning)>,
}

impl Drift {
    pub fn new(limits: &Limits) -> Self {
        Self { turns_max: limits.turns, replies: BTreeMap::new(), warned: BTreeSet::new() }
    }

    pub fn saw(&mut self, event: &Event) -> Result<(), Breach> {
        match event {
            Event::CallReplied { agent: AgentId::Worker(task, attempt), .. } => {
                *self.replies.entry((*task, *attempt)).or_default() += 1;
            }
            Event::WorkerWarned { task, attempt, warning, .. } => {
                holds(self.warned.insert((*task, *attempt, *warning)), "F6", || {
                    format!("attempt {attempt} of task {task} is told {warning:?} twice")
                })?;
                let replies = self.replies.get(&(*task, *attempt)).copied().unwrap_or(0);
                let is_so = match warning {
                    Warning::Turns => replies * 10 >= self.turns_max * 7,
                    Warning::Idle => replies >= IDLE_TOLD_AT,
                    Warning::Time | Warning::Money => true,
                };
                holds(is_so, "F6", || {
                    format!("task {task} is told {warning:?} after {replies} replies")
                })?;
            }
            Event::CallReserved { agent: AgentId::Worker(task, attempt), .. } => {
                let replies = self.replies.get(&(*task, *attempt)).copied().unwrap_or(0);
                let due = replies > 0 && replies * 10 >= self.turns_max * 7;
                let told = self.warned.contains(&(*task, *attempt, Warning::Turns));
                holds(told || !due, "F6", || {
                    format!("task {task} calls after {replies} replies and was told nothing")
                })?;
            }
            _ => {}
        }
        Ok(())
    }
}
