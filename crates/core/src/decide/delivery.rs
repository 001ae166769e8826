//! What follows when the result is handed over, or can't be without the person's word.

use super::Decision;
use crate::apply::Fault;
use crate::event::{Delivery, Event};
use crate::id::QuestionId;
use crate::job::Handover;
use crate::policy::Touched;
use crate::prompt;
use crate::spec::Person;

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
