//! What proves which requirement: requirement, check, commit, exit code.

use crate::names;
use crate::style::Style;
use crate::text::{count, listed, one_line, thousands};
use equitr_core::acceptance::{Row, Standing, rows};
use equitr_core::event::{CheckResult, Verdict};
use equitr_core::state::RunState;
use serde_json::{Value, json};
use std::fmt::Write;

/// Columns of a requirement or a reason: what it is about, not all it says.
const TEXT_COLUMNS: usize = 90;
/// Columns of a command.
const COMMAND_COLUMNS: usize = 80;

/// `2 of 3 requirements proven`; none for a run that writes no acceptance checks.
pub(crate) fn summary(state: &RunState) -> Option<String> {
    if !equitr_core::acceptance::is_used(state) {
        return None;
    }
    let rows = rows(state);
    let proven = rows.iter().filter(|row| row.standing == Standing::Proven).count();
    let all = count(rows.len(), "requirement");
    Some(format!("{} of {all} proven by acceptance checks", thousands(proven as u64)))
}

/// The rows of the matrix, its header first: one for each check, and for each requirement without.
pub(crate) fn matrix(state: &RunState, style: &Style) -> Vec<[String; 6]> {
    let header = ["Requirement", "Check", "Before the work", "Commit", "On the result", "So it is"];
    let mut table = vec![header.map(str::to_owned)];
    for row in rows(state) {
        let id = row.requirement.id.to_string();
        let standing = standing(row.standing).to_owned();
        if row.checks.is_empty() {
            let none = || "none".to_owned();
            table.push([
                id.clone(),
                none(),
                String::new(),
                String::new(),
                String::new(),
                standing.clone(),
            ]);
        }
        for found in &row.checks {
            let command = one_line(&found.check.command, COMMAND_COLUMNS, style);
            let commit = found.commit.map_or(String::new(), |c| one_line(c.short(), 40, style));
            table.push([
                id.clone(),
                format!("`{command}`"),
                before(found.check.on_base.as_ref()),
                commit,
                after(found.on_result),
                standing.clone(),
            ]);
        }
    }
    table
}

/// A line for each requirement that nothing proves, with what is known of why.
pub(crate) fn unproven(state: &RunState, style: &Style) -> Vec<String> {
    let open = |row: &Row<'_>| row.standing != Standing::Proven;
    rows(state).iter().filter(|row| open(row)).map(|row| unproven_line(row, style)).collect()
}

fn unproven_line(row: &Row<'_>, style: &Style) -> String {
    let text = one_line(&row.requirement.text, TEXT_COLUMNS, style);
    let mut line = format!("{}: {text} ({}", row.requirement.id, standing(row.standing));
    let why = match (row.standing, row.why, row.checks.is_empty()) {
        (Standing::Unproven, Some(why), _) => one_line(why, TEXT_COLUMNS, style),
        (Standing::Unproven, None, true) => {
            "no task's todo cites it, or none has a check".to_owned()
        }
        (Standing::Unproven, None, false) => "its checks were not red before the work".to_owned(),
        (Standing::Open, ..) => "work on it is not merged, or was not looked at".to_owned(),
        (Standing::Disproven | Standing::Proven, ..) => String::new(),
    };
    if !why.is_empty() {
        _ = write!(line, ": {why}");
    }
    line.push(')');
    line
}

/// Files that checks of a task's own name and that its worker changed, a line for each task.
pub(crate) fn edited(state: &RunState, style: &Style) -> Vec<String> {
    let tasks = state.tasks.iter().filter(|task| !task.edited.is_empty());
    tasks
        .map(|task| {
            let paths = task.edited.iter().map(|path| one_line(path, TEXT_COLUMNS, style));
            format!("{}: {}", names::number(task.id), listed(paths, 10))
        })
        .collect()
}

fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Proven => "proven",
        Standing::Disproven => "not met",
        Standing::Open => "open",
        Standing::Unproven => "not proven",
    }
}

/// How a check ended before the work.
pub(crate) fn before(result: Option<&CheckResult>) -> String {
    match result.map(|result| &result.verdict) {
        Some(Verdict::Passed) => "exit 0: proves nothing".to_owned(),
        Some(Verdict::CantRun { .. }) => "not run".to_owned(),
        Some(Verdict::Failed { .. } | Verdict::TimedOut) | None => after(result),
    }
}

fn after(result: Option<&CheckResult>) -> String {
    match result.map(|result| &result.verdict) {
        Some(Verdict::Passed) => "exit 0".to_owned(),
        Some(Verdict::Failed { exit }) => format!("exit {exit}"),
        Some(Verdict::TimedOut) => "ran too long".to_owned(),
        Some(Verdict::CantRun { .. }) => "could not run".to_owned(),
        None => "not run".to_owned(),
    }
}

/// The matrix for programs; an exit code is `null` where there was none.
pub(crate) fn json(state: &RunState) -> Vec<Value> {
    if !state.spec.acceptance {
        return Vec::new();
    }
    let exit = |result: Option<&CheckResult>| match result.map(|result| &result.verdict) {
        Some(Verdict::Passed) => Some(0),
        Some(Verdict::Failed { exit }) => Some(*exit),
        Some(Verdict::TimedOut | Verdict::CantRun { .. }) | None => None,
    };
    let row = |row: Row<'_>| {
        let checks: Vec<Value> = row
            .checks
            .iter()
            .map(|found| {
                json!({
                    "task": found.task,
                    "command": found.check.command,
                    "before": before(found.check.on_base.as_ref()),
                    "exit_before": exit(found.check.on_base.as_ref()),
                    "commit": found.commit,
                    "on_result": after(found.on_result),
                    "exit": exit(found.on_result),
                })
            })
            .collect();
        json!({
            "id": row.requirement.id,
            "text": row.requirement.text,
            "standing": row.standing,
            "why": row.why,
            "checks": checks,
        })
    };
    rows(state).into_iter().map(row).collect()
}
