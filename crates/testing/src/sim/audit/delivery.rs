//! The person's word: for protected paths, and for what commands run in.

use super::super::git::Git;
use super::{Breach, holds};
use equitr_core::event::{AnsweredBy, Event};
use equitr_core::id::QuestionId;
use equitr_core::input::{Command, Input};
use equitr_core::policy::{Acceptance, Sandbox, Touched};
use equitr_core::spec::RunSpec;
use equitr_core::state::RunState;
use std::sync::Arc;

/// What was asked about the result, and what the person said.
#[derive(Debug)]
pub(super) struct Delivery {
    protected: Vec<Arc<str>>,
    accepted: bool,
    asked: Option<QuestionId>,
    /// What commands run in.
    sandbox: Sandbox,
}

impl Delivery {
    pub fn new(spec: &RunSpec) -> Self {
        Self {
            protected: spec.policy.protected.clone(),
            accepted: spec.policy.protected_accepted == Acceptance::Given,
            asked: None,
            sandbox: spec.policy.sandbox,
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
            Event::ProtectedAccepted => {
                self.accepted = true;
                Ok(())
            }
            Event::SandboxSet { sandbox } => {
                self.sandbox = *sandbox;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Protected paths come to the person's branch by their word alone, and commands run in what
    /// the person chose last.
    pub fn check(&self, state: &RunState, git: &Git) -> Result<(), Breach> {
        let sandbox = state.spec.policy.sandbox;
        holds(sandbox == self.sandbox, "S3", || {
            format!("commands run in {sandbox:?} instead of {:?}", self.sandbox)
        })?;
        if git.delivered.is_none() || self.accepted {
            return Ok(());
        }
        let touched = Touched::of(&self.protected, git.changed.iter().copied());
        holds(touched.total == 0, "S1", || {
            format!("{} came to the person's branch without their word", touched.words())
        })
    }
}

/// What only the person may bring about came of their command.
pub(super) fn by_the_person(input: &Input, event: &Event) -> Result<(), Breach> {
    match (event, input) {
        (Event::ProtectedAccepted, input) => {
            let asked = matches!(input, Input::Command(Command::AcceptProtected));
            holds(asked, "S1", || "protected paths are accepted, and by nobody".to_owned())
        }
        (Event::SandboxSet { sandbox }, input) => {
            let asked = matches!(input, Input::Command(Command::SetSandbox(s)) if s == sandbox);
            holds(asked, "S3", || format!("nobody chose that commands run in {sandbox:?}"))
        }
        _ => Ok(()),
    }
}
