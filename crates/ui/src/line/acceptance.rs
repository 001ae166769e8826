//! Acceptance checks in the plain flow: what is written, and what proves nothing.

use super::{Lines, say};
use crate::names;
use crate::page::Page;
use crate::style::{Mark, Style, Tone};
use crate::text::{LINE_COLUMNS, count, listed, one_line};
use equitr_core::event::{CheckResult, Event, Verdict};
use equitr_core::id::TaskId;
use equitr_core::state::RunState;
use std::sync::Arc;

impl Lines {
    pub(super) fn acceptance(&mut self, state: &RunState, event: &Event, page: &mut Page) {
        let style = page.style;
        match event {
            Event::CheckOmitted { task, requirement, reason } => {
                let fact =
                    format!("{}: no acceptance check for {requirement}", names::number(*task));
                say(page, Mark::Note, Tone::Quiet, &fact, reason);
            }
            Event::AcceptanceWritten { task, lacking: Some(why) } => {
                let fact = format!("{} goes on without acceptance checks", names::number(*task));
                say(page, Mark::Note, Tone::Notice, &fact, why);
            }
            Event::ChecksProved { task: Some(task), checks, .. } => {
                before(*task, checks, page);
            }
            Event::ChecksProved { task: None, checks, broken, .. } => result(checks, broken, page),
            Event::ChecksEdited { task, attempt, paths } if !paths.is_empty() => {
                let task = names::number(*task);
                let paths = listed(paths.iter().map(ToString::to_string), 10);
                let fact =
                    format!("{task}, attempt {attempt} changed files that its own checks run");
                say(page, Mark::Note, Tone::Notice, &fact, &paths);
            }
            _ => {}
        }
        // The first word of it, while the worker waits for them.
        if let Event::AcceptanceWritten { task, lacking: None } = event {
            let written = state.acceptance.tasks.get(task).map_or(0, |found| found.checks.len());
            let number = names::number(*task);
            let line =
                format!("{number}: {} written before its work", count(written, "acceptance check"));
            page.quiet(&one_line(&line, LINE_COLUMNS, &style));
        }
    }
}

fn before(task: TaskId, checks: &[CheckResult], page: &mut Page) {
    let task = names::number(task);
    let commands = |wanted: fn(&Verdict) -> bool| {
        let found = checks.iter().filter(|check| wanted(&check.verdict));
        listed(found.map(|check| format!("`{}`", check.command)), 5)
    };
    let hollow = commands(|verdict| *verdict == Verdict::Passed);
    if !hollow.is_empty() {
        let fact = format!("{task}: acceptance checks that pass before the work prove nothing");
        say(page, Mark::Note, Tone::Notice, &fact, &hollow);
    }
    let lost = commands(|verdict| matches!(verdict, Verdict::CantRun { .. }));
    if !lost.is_empty() {
        let fact =
            format!("{task}: acceptance checks that can't run before the work prove nothing");
        say(page, Mark::Note, Tone::Notice, &fact, &lost);
    }
}

fn result(checks: &[CheckResult], broken: &[Arc<str>], page: &mut Page) {
    if !broken.is_empty() {
        let paths = listed(broken.iter().map(ToString::to_string), 10);
        say(page, Mark::Bad, Tone::Bad, "the result has changed acceptance checks", &paths);
    }
    for check in checks.iter().filter(|check| check.verdict != Verdict::Passed) {
        let style: Style = page.style;
        let verdict = crate::report::verdict(&check.verdict, &style);
        let fact = "an acceptance check on the result";
        say(page, Mark::Bad, Tone::Bad, fact, &format!("`{}` {verdict}", check.command));
    }
}
