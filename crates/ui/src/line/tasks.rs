//! Tasks, their attempts and what becomes of them, in the plain flow.

use super::{Lines, say};
use crate::contracts;
use crate::held::held_back;
use crate::names;
use crate::page::Page;
use crate::style::{Mark, Style, Tone};
use crate::tally::doubts;
use crate::text::{LINE_COLUMNS, count, listed, one_line, tail, thousands};
use equitr_core::event::{CheckResult, Event, Failure, Start};
use equitr_core::graph::PlannedTask;
use equitr_core::id::TaskId;
use equitr_core::prompt::{failure_line, is_red};
use equitr_core::review::Reviewed;
use equitr_core::state::{RunState, Status, Task};

/// Titles of a graph that are listed; the status has the rest.
const TASKS_LISTED: usize = 200;
/// Lines of a failed check: where tools print their verdict.
const OUTPUT_LINES: usize = 5;
/// Failed checks of an attempt whose output is shown.
const CHECKS_SHOWN: usize = 3;

impl Lines {
    pub(super) fn task(&mut self, state: &RunState, event: &Event, page: &mut Page) {
        let style = page.style;
        match event {
            Event::GraphAccepted { tasks, contracts, .. } => {
                graph(state, tasks, page);
                contracts::found(state, contracts, page);
            }
            Event::AttemptStarted { task, attempt, start, .. } => {
                if !self.spawned {
                    self.spawned = true;
                    let words = if state.spec.limits.workers > 1 {
                        "Spawning worker agents for parallel execution..."
                    } else {
                        "Starting the worker agent..."
                    };
                    page.block(&[format!("{}{words}", style.mark(Mark::Spawning))]);
                }
                started(state, *task, *attempt, start, page);
            }
            Event::WorkReviewed { task, verdict, .. } => {
                let task = names::number(*task);
                match verdict {
                    Reviewed::Clean => {
                        page.quiet(&format!("{task}: reviewed, nothing has to change"))
                    }
                    Reviewed::Missing(why) => {
                        say(
                            page,
                            Mark::Note,
                            Tone::Notice,
                            &format!("{task} is not reviewed"),
                            why,
                        );
                    }
                    // The attempt's end says what.
                    Reviewed::Findings(_) => {}
                }
            }
            Event::TaskMerged { task, .. } => merged(state, *task, page),
            Event::AttemptFailed { task, attempt, reason } => {
                self.asked.retain(|&(t, a, _)| (t, a) != (*task, *attempt));
                attempt_failed(*task, *attempt, reason, page);
            }
            Event::AdviceGiven { task, advice, reassigned } => {
                let task = names::number(*task);
                let fact = match reassigned {
                    None => format!("supervisor: {task} is tried again"),
                    Some((_, worker)) => {
                        let worker = one_line(worker, LINE_COLUMNS, &style);
                        format!("supervisor: {task} goes to {worker}")
                    }
                };
                say(page, Mark::Note, Tone::Notice, &fact, advice);
            }
            Event::TaskSplit { task, into } => {
                let (task, parts) = (names::number(*task), count(into.len(), "task"));
                let mark = style.mark(Mark::Note);
                let first = format!("{mark}supervisor: {task} is split into {parts}:");
                let mut lines = vec![style.paint(Tone::Notice, &first)];
                lines.extend(into.iter().take(TASKS_LISTED).map(|part| entry(part, &style)));
                page.block(&lines);
            }
            Event::TasksAdded { tasks } => {
                let added = count(tasks.len(), "new task");
                let mut lines = vec![style.paint(Tone::Notice, &format!("supervisor: {added}:"))];
                lines.extend(tasks.iter().take(TASKS_LISTED).map(|task| entry(task, &style)));
                page.block(&lines);
            }
            Event::TaskDropped { task, reason } => {
                let fact = format!("{} is dropped", names::number(*task));
                say(page, Mark::Note, Tone::Notice, &fact, reason);
            }
            Event::TaskReopened { task, because } => {
                let fact = format!("{} is opened again", names::number(*task));
                say(page, Mark::Note, Tone::Notice, &fact, because);
            }
            Event::TaskFailed { task, reason } => {
                let fact = format!("{} failed", names::number(*task));
                say(page, Mark::Bad, Tone::Bad, &fact, reason);
                let held = held_back(state).into_iter().filter(|h| h.failed.contains(task));
                let held = listed(held.map(|h| names::number(h.task)), 10);
                if !held.is_empty() {
                    page.line(&format!("  held back by it: {held}"));
                }
            }
            // One that was nobody's is a small matter; one that is shared now is not.
            Event::ClaimGranted { task, paths, owners } if !owners.is_empty() => {
                let paths = listed(paths.iter().map(ToString::to_string), 10);
                let owners = listed(owners.iter().map(|id| names::number(*id)), 10);
                let fact = format!("{} may write files of {owners} as well", names::number(*task));
                say(page, Mark::Note, Tone::Notice, &fact, &paths);
            }
            Event::ConflictForeseen { task, with, paths } => {
                let pair = format!("{} and {}", names::number(*task), names::number(*with));
                let fact = format!("{pair} will conflict as they stand; both are told");
                let paths = listed(paths.iter().map(ToString::to_string), 10);
                say(page, Mark::Note, Tone::Notice, &fact, &paths);
            }
            Event::ConflictPassed { task, with, paths } => {
                let pair = format!("{} and {}", names::number(*task), names::number(*with));
                let paths = listed(paths.iter().map(ToString::to_string), 10);
                let paths = one_line(&paths, LINE_COLUMNS, &style);
                page.quiet(&format!("{pair} don't conflict any more in {paths}"));
            }
            Event::WorkCompared { .. } | Event::ClaimGranted { .. } => {}
            // Steps on the way to the merge: the live line's.
            Event::WorktreePrepared { .. }
            | Event::WorkClaimed { .. }
            | Event::WorkVerified { .. }
            | Event::MergeStarted { .. }
            | Event::MergeVerified { .. }
            | Event::MergeOvertaken { .. } => {}
            _ => {}
        }
    }
}

fn graph(state: &RunState, tasks: &[PlannedTask], page: &mut Page) {
    let style = page.style;
    let many = state.spec.limits.workers > 1;
    let (mode, purpose) = if many {
        ("Using multi-agent mode for complex project", " for multi-agent execution")
    } else {
        ("Using a single worker agent", "")
    };
    page.block(&[format!("{}{mode}", style.mark(Mark::Agent))]);
    let created = count(tasks.len(), "task");
    let mut lines = vec![format!("{}Created {created}{purpose}:", style.mark(Mark::Tasks))];
    lines.extend(tasks.iter().take(TASKS_LISTED).map(|task| entry(task, &style)));
    if tasks.len() > TASKS_LISTED {
        let more = thousands((tasks.len() - TASKS_LISTED) as u64);
        lines.push(format!("{} and {more} more", style.mark(Mark::Cut)));
    }
    page.block(&lines);
}

/// `3. Product Catalog (needs 1, 2)`
fn entry(task: &PlannedTask, style: &Style) -> String {
    let title = one_line(&task.title, LINE_COLUMNS, style);
    if task.needs.is_empty() {
        return format!("{}. {title}", task.id);
    }
    let needs = listed(task.needs.iter().map(TaskId::to_string), 10);
    format!("{}. {title} {}", task.id, style.paint(Tone::Quiet, &format!("(needs {needs})")))
}

fn started(state: &RunState, id: TaskId, attempt: u32, start: &Start, page: &mut Page) {
    let style = page.style;
    let worker = style.paint(Tone::Strong, &names::worker(state, id, &style));
    let title = state.task(id).map(|task| names::title(task, &style)).unwrap_or_default();
    let again = match (attempt, start) {
        (0 | 1, _) => String::new(),
        (_, Start::Fresh) => format!(", attempt {attempt}, from a fresh worktree"),
        (_, Start::Kept { .. }) => format!(", attempt {attempt}"),
        (_, Start::Merged { .. }) => format!(", attempt {attempt}, on the merged tree"),
    };
    page.line(&format!("Agent: {worker} started {}: {title}{again}", names::number(id)));
}

fn merged(state: &RunState, id: TaskId, page: &mut Page) {
    let style = page.style;
    let Some(task) = state.task(id) else { return };
    let Status::Merged(work) = &task.status else { return };
    let worker = style.paint(Tone::Strong, &names::worker(state, id, &style));
    let title = names::done_title(task, &style);
    let done = format!("{}{}: {title} complete", style.mark(Mark::Good), names::number(id));
    let mut lines = vec![format!("Agent: {worker}"), style.paint(Tone::Good, &done)];
    lines.extend(work.summary.iter().map(|l| format!("  - {}", one_line(l, LINE_COLUMNS, &style))));
    lines.extend(
        doubts(work, &style).iter().map(|doubt| {
            style.paint(Tone::Notice, &format!("  {}{doubt}", style.mark(Mark::Note)))
        }),
    );
    page.block(&lines);
    whole(state, task, page);
}

/// After the last part of a split task: that the whole is complete.
fn whole(state: &RunState, part: &Task, page: &mut Page) {
    let style = page.style;
    let Some(whole) = part.part_of.and_then(|id| state.task(id)) else { return };
    let parts = || state.tasks.iter().filter(|task| task.part_of == Some(whole.id));
    if !parts().all(|part| matches!(part.status, Status::Merged(_) | Status::Split(0))) {
        return;
    }
    let (number, title) = (names::number(whole.id), names::done_title(whole, &style));
    let names = listed(parts().map(|part| names::number(part.id)), 10);
    let done = format!("{}{number}: {title} complete, as {names}", style.mark(Mark::Good));
    page.block(&[style.paint(Tone::Good, &done)]);
    self::whole(state, whole, page);
}

fn attempt_failed(task: TaskId, attempt: u32, reason: &Failure, page: &mut Page) {
    let style = page.style;
    let fact = format!("{}, attempt {attempt}", names::number(task));
    say(page, Mark::Bad, Tone::Bad, &fact, &failure_line(reason));
    let checks: &[CheckResult] = match reason {
        Failure::Checks { checks } | Failure::MergedChecks { checks, .. } => checks,
        Failure::Conflict { .. }
        | Failure::Review { .. }
        | Failure::Refused { .. }
        | Failure::GaveUp { .. }
        | Failure::OutOfTurns
        | Failure::OutOfTime
        | Failure::NoProgress
        | Failure::Circle { .. }
        | Failure::Idle { .. }
        | Failure::Model { .. } => &[],
    };
    for check in checks.iter().filter(|check| is_red(&check.verdict)).take(CHECKS_SHOWN) {
        for line in tail(&check.output, OUTPUT_LINES, "    ", &style) {
            page.quiet(&line);
        }
    }
}
