//! A run that the person paused: what is under way ends, and nothing new begins.

use crate::job::JobId;
use std::collections::BTreeSet;

/// A pause, as long as it lasts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pause {
    /// Jobs that were under way when it began and may end; none once another process has taken the
    /// run up, as nothing is under way there.
    pub under_way: BTreeSet<JobId>,
}

impl Pause {
    /// Whether a job that the state would want is wanted in the pause.
    ///
    /// A call was paid for before: none is reserved in a pause. A landing ends the merge that was
    /// being made, and nobody would know otherwise whether the branch has moved.
    pub(crate) fn lets(&self, job: JobId) -> bool {
        matches!(job, JobId::Call { .. } | JobId::Land(..)) || self.under_way.contains(&job)
    }
}
