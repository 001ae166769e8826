//! What a person steers: pauses, and tasks that they cancelled.

use super::{Breach, holds};
use equitr_core::decide::CANCELLED;
use equitr_core::event::Event;
use equitr_core::id::TaskId;
use equitr_core::job::{JobId, jobs};
use equitr_core::state::RunState;
use std::collections::BTreeSet;

/// Kept from records alone.
#[derive(Debug, Default)]
pub(super) struct Steering {
    /// While the run is paused, the jobs that were under way when that began, in this process.
    pause: Option<BTreeSet<JobId>>,
    cancelled: BTreeSet<TaskId>,
}

impl Steering {
    /// Enters an event; `state` is the one right after its record.
    pub fn saw(&mut self, event: &Event, state: &RunState) -> Result<(), Breach> {
        match event {
            Event::RunPaused => self.pause = Some(jobs(state).into_iter().collect()),
            Event::RunUnpaused => self.pause = None,
            Event::RunResumed | Event::RunReopened => {
                if let Some(under_way) = &mut self.pause {
                    under_way.clear();
                }
            }
            Event::CallReserved { .. }
            | Event::AttemptStarted { .. }
            | Event::MergeStarted { .. } => {
                holds(self.pause.is_none(), "P1", || format!("in a pause, {event:?}"))?;
            }
            Event::TaskDropped { task, reason } if **reason == *CANCELLED => {
                self.cancelled.insert(*task);
            }
            Event::TaskReopened { task, .. } => _ = self.cancelled.remove(task),
            Event::TaskMerged { task, .. } => {
                holds(!self.cancelled.contains(task), "P2", || {
                    format!("task {task} is merged, and the person cancelled it")
                })?;
            }
            _ => {}
        }
        Ok(())
    }

    /// No job begins in a pause but what was under way, and the landing of a merge that was made.
    pub fn starts(&self, job: JobId) -> Result<(), Breach> {
        let begins = match (&self.pause, job) {
            (Some(under_way), job) => !under_way.contains(&job) && !matches!(job, JobId::Land(..)),
            (None, _) => false,
        };
        holds(!begins, "P1", || format!("{job:?} begins in a pause"))
    }

    /// A pause lasts until the person ends it, whatever becomes of the process.
    pub fn check(&self, state: &RunState) -> Result<(), Breach> {
        holds(self.pause.is_some() == state.paused.is_some(), "P3", || {
            format!("paused by the books: {}", self.pause.is_some())
        })
    }
}
