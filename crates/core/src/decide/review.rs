//! What verified work that is to be reviewed leads to.

use super::Decision;
use crate::apply::Fault;
use crate::event::{CheckResult, Event, Failure, Matter};
use crate::id::{ConsultId, TaskId};
use crate::prompt;
use crate::review::Reviewed;
use crate::state::Stage;

impl Decision<'_> {
    /// Puts verified work before a reviewer, when its profile wants one.
    pub(super) fn ask_for_review(
        &mut self,
        task: TaskId,
        attempt: u32,
        checks: &[CheckResult],
        diff: &str,
    ) -> Result<(), Fault> {
        let Some(found) = self.state.task(task) else { return Err("no such task") };
        let Some(work) = found.attempt().filter(|a| a.stage == Stage::Reviewing) else {
            return Ok(());
        };
        let opening =
            prompt::review_opening(self.state, found, attempt, &work.summary, checks, diff);
        let id = ConsultId(self.state.consults_opened + 1);
        self.emit(Event::ConsultOpened { id, matter: Matter::Review { task, attempt }, opening })
    }

    /// The review is there, or will not come.
    pub(super) fn reviewed(&mut self, id: ConsultId, verdict: Reviewed) -> Result<(), Fault> {
        let Some(consult) = self.state.consults.get(&id) else { return Ok(()) };
        let Matter::Review { task, attempt } = consult.matter else {
            return Err("only work is reviewed");
        };
        self.emit(Event::ConsultClosed { id })?;
        self.emit(Event::WorkReviewed { task, attempt, verdict: verdict.clone() })?;
        #[cfg(feature = "planted")]
        if crate::planted::is(crate::planted::Mistake::UnheardReviews) {
            return Ok(());
        }
        match verdict {
            Reviewed::Clean | Reviewed::Missing(_) => Ok(()),
            Reviewed::Findings(findings) => {
                self.attempt_failed(task, attempt, Failure::Review { findings })
            }
        }
    }
}
