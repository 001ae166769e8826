//! How many tasks stand where.

use crate::held::held_back;
use crate::style::Style;
use crate::text::{count, one_line, thousands};
use equitr_core::event::{CheckResult, Verdict};
use equitr_core::id::TaskId;
use equitr_core::state::{RunState, Status, Work};
use std::collections::{BTreeMap, BTreeSet};

/// The graph's tasks by where they stand. One that was split is one task, and stands where the part
/// stands that is worst off.
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
    /// Of all of them, those that were split.
    pub split: usize,
}

/// Where a task stands, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    Proven,
    Unproven,
    Dropped,
    ToCome,
    UnderWay,
    HeldBack,
    Failed,
}

impl Tally {
    /// Counts the tasks of a run.
    pub fn of(state: &RunState) -> Self {
        let held: BTreeSet<_> = held_back(state).into_iter().map(|held| held.task).collect();
        let mut tally = Self::default();
        let mut standings: BTreeMap<TaskId, Standing> = BTreeMap::new();
        for task in &state.tasks {
            let standing = match &task.status {
                Status::Split(_) => {
                    tally.split += usize::from(task.part_of.is_none());
                    continue;
                }
                Status::Merged(work) if is_proven(work) => Standing::Proven,
                Status::Merged(_) => Standing::Unproven,
                Status::Active(_) | Status::Escalated => Standing::UnderWay,
                Status::Waiting if held.contains(&task.id) => Standing::HeldBack,
                Status::Waiting | Status::Ready => Standing::ToCome,
                Status::Failed(_) => Standing::Failed,
                Status::Dropped(_) => Standing::Dropped,
            };
            let whole = standings.entry(planned(state, task.id)).or_insert(standing);
            *whole = standing.max(*whole);
        }
        for standing in standings.values() {
            *match standing {
                Standing::Proven => &mut tally.proven,
                Standing::Unproven => &mut tally.unproven,
                Standing::Dropped => &mut tally.dropped,
                Standing::ToCome => &mut tally.to_come,
                Standing::UnderWay => &mut tally.under_way,
                Standing::HeldBack => &mut tally.held_back,
                Standing::Failed => &mut tally.failed,
            } += 1;
        }
        tally.total = standings.len();
        tally
    }

    /// Tasks whose work is on the integration branch.
    pub fn merged(&self) -> usize {
        self.proven + self.unproven
    }
}

/// The task of the graph that a task is a part of, however often it was split; else itself.
fn planned(state: &RunState, mut id: TaskId) -> TaskId {
    while let Some(whole) = state.task(id).and_then(|task| task.part_of) {
        id = whole;
    }
    id
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
        (tally.split, "split into parts"),
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
