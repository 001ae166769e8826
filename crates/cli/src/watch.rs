//! Notices that the person edits the documents while a run builds from them.

use crate::survey::documents_on_disk;
use equitr_core::documents::Documents;
use equitr_core::state::{Phase, RunState};
use std::path::Path;
use std::time::{Duration, Instant};

/// Between two looks at the files: nobody edits quicker.
const PAUSE: Duration = Duration::from_secs(1);

/// What to do about documents that were edited.
const NOTE: &str = "note: the documents in docs/ were edited; the run goes on with its own until \
                    `equitrcoder replan` has shown what that changes and you say yes";

/// What was seen of the files so far.
#[derive(Debug, Default)]
pub struct Watch {
    looked: Option<Instant>,
    /// As they were when the run began to build, or when they were last told of.
    known: Option<Documents>,
}

impl Watch {
    /// Looks at the files now and then; a note when they hold what neither the run knows nor the person
    /// was told of.
    pub fn look(&mut self, state: &RunState) -> Option<&'static str> {
        let now = Instant::now();
        let builds = matches!(state.phase, Phase::Working) && !state.is_delivering();
        let early = self.looked.is_some_and(|looked| now.duration_since(looked) < PAUSE);
        if !builds || early {
            return None;
        }
        self.looked = Some(now);
        let files = documents_on_disk(Path::new(&*state.spec.repository)).ok()?;
        let known = self.known.replace(files.clone())?;
        let differs = !same(&files, &known) && !same(&files, &state.plan.seen);
        differs.then_some(NOTE)
    }
}

/// The same but for the ends, which a commit evens out.
fn same(one: &Documents, other: &Documents) -> bool {
    let ends = |d: &Documents| [&d.requirements, &d.design, &d.todos].map(|t| t.trim().to_owned());
    ends(one) == ends(other)
}
