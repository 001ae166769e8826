//! What follows when the result is handed over, or can't be without the person's word.

use super::Decision;
use crate::apply::Fault;
use crate::event::{Delivery, Event};
use crate::id::QuestionId;
use crate::job::Handover;
use crate::policy::Touched;
use crate::prompt;
use crate::spec::Person;
use crate::state::RunState;

/// Why the person's word for protected paths changes nothing any more, for them to read; nothing
/// while it can be given.
pub fn acceptance_objection(state: &RunState) -> Option<String> {
    match (&state.delivery, state.handover) {
        (Some(Delivery::Moved { branch, .. }), _) => {
            Some(format!("the result is on branch `{branch}` already"))
        }
        (Some(Delivery::OnBranch { .. }), Handover::Aside) => None,
        (Some(Delivery::OnBranch { branch, why, .. }), Handover::Guarded | Handover::Accepted) => {
            Some(format!("the result lies on branch `{branch}` for another reason: {why}"))
        }
        (None, _) => state
            .ending()
            .is_some_and(|ending| !ending.can_resume())
            .then(|| "the run is over, and no result waits to be handed over".to_owned()),
    }
}

impl Decision<'_> {
    /// Protected paths: the person decides, once. Without them, the result stays aside.
    pub(super) fn protected(&mut self, touched: Touched) -> Result<(), Fault> {
        let text = prompt::delivery_question(&touched);
        self.emit(Event::ProtectedTouched { touched })?;
        #[cfg(feature = "planted")]
        if crate::planted::is(crate::planted::Mistake::UnaskedDelivery) {
            return Ok(());
        }
        match self.state.spec.person {
            Person::Present { .. } => {
                let id = QuestionId(self.state.questions_asked + 1);
                self.emit(Event::DeliveryAsked { id, text, default: prompt::NO.into() })
            }
            Person::Absent { .. } => Ok(()),
        }
    }

    pub(super) fn delivered(
        &mut self,
        handover: Handover,
        delivery: Delivery,
    ) -> Result<(), Fault> {
        let delivery = match (handover, delivery, &self.state.touched) {
            (Handover::Aside, Delivery::OnBranch { branch, commit, .. }, Some(touched)) => {
                let why = prompt::aside(touched, &self.state.spec.person);
                Delivery::OnBranch { branch, commit, why }
            }
            (Handover::Guarded | Handover::Accepted | Handover::Aside, delivery, _) => delivery,
        };
        self.emit(Event::ProjectDelivered { delivery })
    }
}
