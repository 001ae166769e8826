//! Reviews: a fresh pair of eyes on verified work, before it is merged.
//!
//! A reviewer sees the change, the task and the requirements, reads in the worker's tree and runs
//! nothing. It comes after the checks were green and before they are run on the merged tree, so
//! that no word of it can take the place of a check.

use crate::chat::ToolSpec;
use crate::control::SubmitReview;
use crate::dialogue::cut;
use crate::state::{RunState, Task};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Reviews of one task that may send it back; work that comes after them is merged without one.
pub const ROUNDS_MAX: u32 = 2;
/// Bytes of the change that a reviewer is shown; it reads the rest in the tree.
pub const DIFF_BYTES: usize = 48 * 1024;
/// Worktree tools of a reviewer: those that only read.
pub const READING_TOOLS: [&str; 3] = ["read_file", "list_files", "search"];

/// Findings of one review: more of them say that the task has to be thought through again.
const FINDINGS_MAX: usize = 20;
/// Bytes of one finding.
const FINDING_BYTES: usize = 1_000;

/// What a review came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reviewed {
    /// Nothing that has to change was found.
    Clean,
    /// This has to change, a line each; never empty.
    Findings(Vec<Arc<str>>),
    /// There was no review, for this reason; the work goes on to its merge.
    Missing(Arc<str>),
}

impl Reviewed {
    /// What the reviewer handed in, bounded.
    pub(crate) fn of(review: &SubmitReview) -> Self {
        let lines: Vec<Arc<str>> = review
            .findings
            .iter()
            .map(|finding| {
                let (place, problem) = (finding.place.trim(), finding.problem.trim());
                let line = match (place, problem) {
                    ("", problem) => problem.to_owned(),
                    (place, "") => place.to_owned(),
                    (place, problem) => format!("{place}: {problem}"),
                };
                Arc::from(cut(&line, FINDING_BYTES))
            })
            .filter(|line: &Arc<str>| !line.is_empty())
            .take(FINDINGS_MAX)
            .collect();
        if lines.is_empty() { Self::Clean } else { Self::Findings(lines) }
    }
}

/// Whether verified work of this task is reviewed before it is merged.
pub fn is_due(state: &RunState, task: &Task) -> bool {
    let wanted = || state.spec.profiles.get(&task.profile).is_some_and(|p| p.review);
    task.reviews < ROUNDS_MAX && (task.review || wanted())
}

/// The worktree tools a reviewer is told of.
pub(crate) fn reading_tools(state: &RunState) -> impl Iterator<Item = &ToolSpec> {
    state.spec.tools.iter().filter(|tool| READING_TOOLS.contains(&&*tool.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::arguments;

    fn reviewed(args: &str) -> Reviewed {
        Reviewed::of(&arguments::<SubmitReview>(args).unwrap())
    }

    #[test]
    fn a_review_without_a_finding_that_says_something_is_clean() {
        assert_eq!(reviewed(r#"{"findings":[]}"#), Reviewed::Clean);
        assert_eq!(reviewed(r#"{"findings":[{"place":" ","problem":""}]}"#), Reviewed::Clean);
    }

    #[test]
    fn findings_are_lines_and_bounded() {
        let finding = r#"{"place":"a.rs:3","problem":"leaks"}"#;
        let many = vec![finding; 30].join(",");
        let Reviewed::Findings(lines) = reviewed(&format!(r#"{{"findings":[{many}]}}"#)) else {
            panic!("no findings");
        };
        assert_eq!((lines.len(), &*lines[0]), (FINDINGS_MAX, "a.rs:3: leaks"));
    }
}
