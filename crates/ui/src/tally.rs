//! How many tasks stand where.

use crate::held::held_back;
use crate::style::Style;
use crate::text::{count, one_line, thousands};
use equitr_core::event::{CheckResult, Verdict};
use equitr_core::state::{RunState, Status, Work};
use std::collections::BTreeSet;

/// Tasks by where they stand. A task that was split counts as its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// All of them.
    pub total: usize,
    /// Merged, and every check of the merge passed.
    pub proven: usize,
    /// Merged, and a check could not run, or there was none.
    pub unproven: usize,
    /// With a worker, being checked or merged, or with the supervisor.
    pub under_way: usize,
    /// Not started, and not held back.
    pub to_come: usize,
    /// Failed for good.
    pub failed: usize,
    /// Waiting for a failed one.
    pub held_back: usize,
    /// Left undone.
    pub dropped: usize,
}

impl Tally {
    /// Counts the tasks of a run.
    pub fn of(state: &RunState) -> Self {
        let held: BTreeSet<_> = held_back(state).into_iter().map(|held| held.task).collect();
        let mut tally = Self::default();
        for task in &state.tasks {
            let place = match &task.status {
                Status::Split(_) => continue,
                Status::Merged(work) if is_proven(work) => &mut tally.proven,
                Status::Merged(_) => &mut tally.unproven,
                Status::Active(_) | Status::Escalated => &mut tally.under_way,
                Status::Waiting if held.contains(&task.id) => &mut tally.held_back,
                Status::Waiting | Status::Ready => &mut tally.to_come,
                Status::Failed(_) => &mut tally.failed,
                Status::Dropped(_) => &mut tally.dropped,
            };
            *place += 1;
            tally.total += 1;
        }
        tally
    }

    /// Tasks whose work is on the integration branch.
    pub fn merged(&self) -> usize {
        self.proven + self.unproven
    }
}

/// `6 tasks completed successfully`, or what else is true.
pub(crate) fn in_words(tally: &Tally) -> String {
    let mut text = if tally.proven == tally.total {
        format!("{} completed successfully", count(tally.total, "task"))
    } else {
        let proven = thousands(tally.proven as u64);
        format!("{proven} of {} completed successfully", count(tally.total, "task"))
    };
    for (number, words) in [
        (tally.unproven, "merged but not proven"),
        (tally.failed, "failed"),
        (tally.held_back, "held back"),
        (tally.dropped, "dropped"),
        (tally.under_way, "under way"),
        (tally.to_come, "not started"),
    ] {
        if number > 0 {
            text.push_str(&format!(", {} {words}", thousands(number as u64)));
        }
    }
    text
}

/// Whether all checks of a merge passed, and there was one.
pub(crate) fn is_proven(work: &Work) -> bool {
    !work.checks.is_empty() && work.checks.iter().all(|check| check.verdict == Verdict::Passed)
}

/// Why merged work is not proven, a line each; nothing when it is.
pub(crate) fn doubts(work: &Work, style: &Style) -> Vec<String> {
    if work.checks.is_empty() {
        return vec!["not proven: it has no check".to_owned()];
    }
    work.checks.iter().filter_map(|check| doubt(check, style)).collect()
}

fn doubt(check: &CheckResult, style: &Style) -> Option<String> {
    let command = one_line(&check.command, 120, style);
    match &check.verdict {
        Verdict::Passed => None,
        Verdict::CantRun { program } if program.is_empty() => {
            Some(format!("not proven: `{command}` could not run here"))
        }
        Verdict::CantRun { program } => {
            let program = one_line(program, 60, style);
            Some(format!("not proven: `{command}` could not run, `{program}` is not here"))
        }
        Verdict::Failed { exit } => Some(format!("`{command}` failed with exit code {exit}")),
        Verdict::TimedOut => Some(format!("`{command}` ran too long")),
    }
}
