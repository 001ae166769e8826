//! Why an attempt came to nothing, as models and people read it.

use super::bounded;
use crate::dialogue::{cut, cut_front};
use crate::event::{CheckResult, Failure, Verdict};
use std::fmt::Write;

/// What the last attempt left to say.
const FAILURE_BYTES: usize = 6_000;

/// One line on why an attempt came to nothing.
pub fn failure_line(failure: &Failure) -> String {
    match failure {
        Failure::Checks { checks } => format!("checks failed: {}", red(checks)),
        Failure::MergedChecks { checks, .. } => {
            format!("checks failed on the merged tree: {}", red(checks))
        }
        Failure::Conflict { paths, .. } => {
            format!("conflicts with merged work in {}", paths.join(", "))
        }
        Failure::Refused { message } => format!("the work can't be taken: {message}"),
        Failure::Review { findings } => {
            format!("the review found: {}", cut(&findings.join("; "), 300))
        }
        Failure::GaveUp { reason } => format!("the worker gave up: {}", cut(reason, 300)),
        Failure::OutOfTurns => "the worker used up its turns".to_owned(),
        Failure::OutOfTime => "the worker used up its time".to_owned(),
        Failure::NoProgress => "the worker neither called a tool nor finished".to_owned(),
        Failure::Circle { call, times } => format!(
            "the worker went in circles: `{call}` gave the same result {times} times among its last calls"
        ),
        Failure::Idle { turns } => {
            format!("the worker wrote nothing and ran nothing in {turns} replies")
        }
        Failure::Model { message } => format!("the model refused: {}", cut(message, 300)),
    }
}

fn red(checks: &[CheckResult]) -> String {
    let commands: Vec<&str> =
        checks.iter().filter(|c| is_red(&c.verdict)).map(|c| &*c.command).collect();
    commands.join("; ")
}

/// Whether a check speaks against the work; one that can't run speaks neither way.
pub fn is_red(verdict: &Verdict) -> bool {
    match verdict {
        Verdict::Failed { .. } | Verdict::TimedOut => true,
        Verdict::Passed | Verdict::CantRun { .. } => false,
    }
}

pub(crate) fn tell_failure(text: &mut String, failure: &Failure) {
    _ = writeln!(text, "{}", failure_line(failure));
    match failure {
        Failure::Checks { checks } | Failure::MergedChecks { checks, .. } => {
            for check in checks.iter().filter(|c| is_red(&c.verdict)) {
                let how = match &check.verdict {
                    Verdict::Failed { exit } => format!("exit code {exit}"),
                    Verdict::TimedOut => "ran too long".to_owned(),
                    Verdict::Passed | Verdict::CantRun { .. } => continue,
                };
                let output = cut_front(&check.output, FAILURE_BYTES / 2);
                _ = write!(text, "\n`{}` ({how}):\n<<<\n{output}\n>>>\n", check.command);
            }
        }
        Failure::Conflict { text: both, .. } => {
            _ = write!(text, "<<<\n{}\n>>>\n", bounded(both, FAILURE_BYTES));
        }
        Failure::Review { findings } => {
            findings.iter().for_each(|finding| _ = writeln!(text, "- {finding}"));
        }
        Failure::Refused { .. }
        | Failure::GaveUp { .. }
        | Failure::OutOfTurns
        | Failure::OutOfTime
        | Failure::NoProgress
        | Failure::Circle { .. }
        | Failure::Idle { .. }
        | Failure::Model { .. } => {}
    }
}
