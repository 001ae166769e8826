//! Checking work: a command whose exit code says whether it is good.

use crate::Place;
use crate::error::Error;
use crate::process::{Ended, Progress, run, told};
use crate::shell::{command, masked};
use std::time::Duration;

/// What a check found. Outputs are bounded, as [`crate::process::Finished::output`] is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckOutcome {
    /// Exit code 0.
    Passed {
        /// How long it took.
        duration: Duration,
    },
    /// Any other end of the command's own; the work is to be looked at.
    Failed {
        /// The exit code; 128 and the signal's number for a command that was killed.
        exit: i32,
        /// What it wrote.
        output: String,
    },
    /// It was ended when its time was up.
    TimedOut {
        /// The time it had.
        timeout: Duration,
        /// What it wrote until then.
        output: String,
    },
    /// The check itself can't be run: the work was not judged.
    CantRun {
        /// Which program is missing or not executable.
        program: String,
        /// What it wrote.
        output: String,
    },
}

/// Runs a check in the place; dropping the future kills it.
///
/// Fails when the line is none, or no shell can be started in the worktree.
pub async fn check(
    line: &str,
    place: &Place,
    timeout: Duration,
    progress: Progress<'_>,
) -> Result<CheckOutcome, Error> {
    let finished = run(command(line, place, &masked(place).await, timeout)?, progress).await?;
    let told = told(&finished, timeout);
    let (duration, output) = (finished.duration, finished.output);
    let noted = |output: String| format!("{output}\n[{told}]\n");
    Ok(match finished.ended {
        Ended::Exited(0) => CheckOutcome::Passed { duration },
        Ended::Exited(exit) => CheckOutcome::Failed { exit, output },
        Ended::Signalled(signal) => {
            CheckOutcome::Failed { exit: 128 + signal, output: noted(output) }
        }
        // What SIGKILL, which ended it, would have given.
        Ended::Flooded | Ended::OverQuota(_) => {
            CheckOutcome::Failed { exit: 137, output: noted(output) }
        }
        Ended::TimedOut => CheckOutcome::TimedOut { timeout, output },
        Ended::CantRun { program } => CheckOutcome::CantRun { program, output },
    })
}
