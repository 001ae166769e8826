//! The books of reviews: what a review sent back is not merged (E8).

use super::{Breach, holds};
use equitr_core::event::Event;
use equitr_core::id::TaskId;
use equitr_core::review::{ROUNDS_MAX, Reviewed};
use std::collections::{BTreeMap, BTreeSet};

/// What reviews came to, from records alone.
#[derive(Debug, Default)]
pub(super) struct Reviews {
    /// Attempts whose checks were green, and no red check since.
    verified: BTreeSet<(TaskId, u32)>,
    sent_back: BTreeSet<(TaskId, u32)>,
    rounds: BTreeMap<TaskId, u32>,
}

impl Reviews {
    pub fn saw(&mut self, event: &Event) -> Result<(), Breach> {
        match event {
            Event::WorkVerified { task, attempt, .. } => {
                self.verified.insert((*task, *attempt));
            }
            Event::TaskReopened { task, .. } => _ = self.rounds.remove(task),
            Event::WorkReviewed { task, attempt, verdict } => {
                holds(self.verified.contains(&(*task, *attempt)), "E8", || {
                    format!("attempt {attempt} of task {task} is reviewed before it is verified")
                })?;
                if let Reviewed::Findings(_) = verdict {
                    self.sent_back.insert((*task, *attempt));
                    let rounds = self.rounds.entry(*task).or_default();
                    *rounds += 1;
                    holds(*rounds <= ROUNDS_MAX, "E8", || {
                        format!("task {task} is sent back {rounds} times")
                    })?;
                }
            }
            Event::MergeStarted { task, attempt } | Event::TaskMerged { task, attempt, .. } => {
                holds(!self.sent_back.contains(&(*task, *attempt)), "E8", || {
                    format!(
                        "attempt {attempt} of task {task} is merged, and its review sent it back"
                    )
                })?;
            }
            _ => {}
        }
        Ok(())
    }
}
