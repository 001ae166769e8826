//! Protected paths and the person's word for them.

use super::super::git::Git;
use super::{Breach, holds};
use equitr_core::event::{AnsweredBy, Event};
use equitr_core::id::QuestionId;
use equitr_core::policy::{Acceptance, Touched};
use equitr_core::spec::RunSpec;
use std::sync::Arc;

/// What was asked about the result, and what the person said.
#[derive(Debug)]
pub(super) struct Delivery {
    protected: Vec<Arc<str>>,
    accepted: bool,
    asked: Option<QuestionId>,
}

impl Delivery {
    pub fn new(spec: &RunSpec) -> Self {
        Self {
            protected: spec.policy.protected.clone(),
            accepted: spec.policy.protected_accepted == Acceptance::Given,
            asked: None,
        }
    }

    pub fn saw(&mut self, event: &Event) -> Result<(), Breach> {
        match event {
            Event::DeliveryAsked { id, .. } => {
                let before = self.asked.replace(*id);
                holds(before.is_none(), "S1", || "the person is asked twice".to_owned())
            }
            Event::QuestionAnswered { id, text, by: AnsweredBy::Person } => {
                self.accepted |= self.asked == Some(*id) && &**text == "yes";
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Protected paths come to the person's branch by their word alone.
    pub fn check(&self, git: &Git) -> Result<(), Breach> {
        let touched = Touched::of(&self.protected, git.changed.iter().copied());
        let moved = git.delivered.is_some();
        holds(!moved || touched.total == 0 || self.accepted, "S1", || {
            format!("{} came to the person's branch without their word", touched.words())
        })
    }
}
