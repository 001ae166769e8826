//! A whole run on a few pages of Markdown: what it came to, how, and at what cost.

use crate::contracts;
use crate::ending;
use crate::held::{chain_words, held_by_task};
use crate::names;
use crate::proof;
use crate::sandbox;
use crate::status::{phase_word, words};
use crate::style::Style;
use crate::tally::{Tally, in_words};
use crate::text::{LINE_COLUMNS, count, listed, one_line, tail, thousands};
use crate::time::{duration, utc};
use equitr_core::event::{CheckResult, Failure, Verdict};
use equitr_core::prompt::{failure_line, is_red};
use equitr_core::review::Reviewed;
use equitr_core::state::{RunState, Status, Task, Work};
use equitr_core::units::MicroDollars;
use std::collections::BTreeSet;
use std::fmt::Write;

/// Rows of a table or list; a graph may have 10,000 tasks, and the JSON status has them all.
const ROWS_MAX: usize = 1_000;
/// Lines of a failed check.
const OUTPUT_LINES: usize = 5;

/// The run as Markdown: how it ended, tasks, attempts that failed, checks, open todos, what is held
/// back and by what, assumptions, messages, money, and where the result is.
///
/// Without colours, whatever `style` says; symbols and cuts follow it.
pub fn report(state: &RunState, style: &Style) -> String {
    let style = &Style { color: false, ..*style };
    let mut text = String::new();
    head(&mut text, state, style);
    tasks(&mut text, state, style);
    failures(&mut text, state, style);
    checks(&mut text, state, style);
    requirements(&mut text, state, style);
    reviews(&mut text, state, style);
    contracts::report(&mut text, state, style);
    open_todos(&mut text, state, style);
    held(&mut text, state, style);
    assumptions(&mut text, state, style);
    money(&mut text, state);
    delivery(&mut text, state, style);
    text
}

fn head(text: &mut String, state: &RunState, style: &Style) {
    let title = one_line(state.plan.documents.title(), LINE_COLUMNS, style);
    _ = writeln!(text, "# {title}\n");
    match state.ending() {
        Some(ending) => _ = writeln!(text, "{}\n", ending::heading(state, ending, style)),
        None => _ = writeln!(text, "Not over yet: {}\n", phase_word(&state.phase)),
    }
    if !state.tasks.is_empty() {
        _ = writeln!(text, "- Summary: {}", in_words(&Tally::of(state)));
    }
    if let Some(words) = proof::summary(state) {
        _ = writeln!(text, "- Requirements: {words}");
    }
    let repository = one_line(&state.spec.repository, LINE_COLUMNS, style);
    let took = duration(state.now_ms.saturating_sub(state.started_ms));
    _ = writeln!(text, "- Repository: {repository}");
    _ = writeln!(text, "- Started: {}, took {took}", utc(state.started_ms));
    let policy = &state.spec.policy;
    _ = writeln!(text, "- Sandbox: {}", sandbox::words(policy, style));
    if let Some(touched) = &state.touched {
        _ = writeln!(text, "- Protected files changed: {}", thousands(touched.total));
        for path in &touched.paths {
            _ = writeln!(text, "  - {}", one_line(path, LINE_COLUMNS, style));
        }
    }
    let messages: u32 = state.tasks.iter().map(|task| task.sent).sum();
    if messages > 0 {
        _ = writeln!(text, "- Between workers: {}", count(messages as usize, "message"));
    }
}

fn tasks(text: &mut String, state: &RunState, style: &Style) {
    if state.tasks.is_empty() {
        return;
    }
    let held = held_by_task(state);
    let mut rows =
        vec![["No.", "Task", "Worker", "Attempts", "Cost", "Needs", "Outcome"].map(cell)];
    rows.extend(state.tasks.iter().take(ROWS_MAX).map(|task| {
        [
            task.id.to_string(),
            cell(&names::title(task, style)),
            cell(&names::worker(state, task.id, style)),
            task.attempts.to_string(),
            task.spent.to_string(),
            cell(&listed(task.needs.iter().map(ToString::to_string), 10)),
            cell(&words(state, task, held.get(&task.id), style)),
        ]
    }));
    _ = writeln!(text, "\n## Tasks\n");
    table(text, &rows);
    more(text, state.tasks.len(), "task");
}

fn failures(text: &mut String, state: &RunState, style: &Style) {
    let failed: Vec<_> = state
        .tasks
        .iter()
        .flat_map(|task| task.failures.iter().map(move |(attempt, why)| (task, attempt, why)))
        .collect();
    if failed.is_empty() {
        return;
    }
    _ = writeln!(text, "\n## Attempts that came to nothing\n");
    for (task, attempt, why) in failed.iter().take(ROWS_MAX) {
        let line = one_line(&failure_line(why), LINE_COLUMNS, style);
        _ = writeln!(text, "- {}, attempt {attempt}: {line}", names::number(task.id));
        let red: &[CheckResult] = match why {
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
        for check in red.iter().filter(|check| is_red(&check.verdict)) {
            for line in tail(&check.output, OUTPUT_LINES, "      ", style) {
                _ = writeln!(text, "{line}");
            }
        }
    }
    more(text, failed.len(), "attempt");
}

/// What was run on the merged trees, and what could not be.
fn checks(text: &mut String, state: &RunState, style: &Style) {
    let merged: Vec<(&Task, &Work)> = state
        .tasks
        .iter()
        .filter_map(|task| match &task.status {
            Status::Merged(work) => Some((task, work)),
            Status::Waiting
            | Status::Ready
            | Status::Active(_)
            | Status::Escalated
            | Status::Split(_)
            | Status::Dropped(_)
            | Status::Failed(_) => None,
        })
        .collect();
    if merged.is_empty() {
        return;
    }
    _ = writeln!(text, "\n## Checks, run on the merged tree\n");
    let mut rows = 0_usize;
    for (task, work) in merged {
        if work.checks.is_empty() && rows < ROWS_MAX {
            _ = writeln!(text, "- {}: no check, so it is not proven", names::number(task.id));
        }
        for check in &work.checks {
            rows += 1;
            if rows <= ROWS_MAX {
                let command = one_line(&check.command, LINE_COLUMNS, style);
                let verdict = verdict(&check.verdict, style);
                let took = duration(check.took_ms);
                _ = writeln!(text, "- {}: `{command}` {verdict} ({took})", names::number(task.id));
            }
        }
    }
    more(text, rows, "check");
}

/// What the last review of each task came to.
fn reviews(text: &mut String, state: &RunState, style: &Style) {
    let reviewed: Vec<(&Task, &Reviewed)> =
        state.tasks.iter().filter_map(|task| Some((task, task.reviewed.as_ref()?))).collect();
    if reviewed.is_empty() {
        return;
    }
    _ = writeln!(text, "\n## Reviews\n");
    for (task, verdict) in reviewed.iter().take(ROWS_MAX) {
        let number = names::number(task.id);
        let rounds = match task.reviews {
            0 => String::new(),
            sent_back => format!(", after it was sent back {}", count(sent_back as usize, "time")),
        };
        match verdict {
            Reviewed::Clean => _ = writeln!(text, "- {number}: nothing has to change{rounds}"),
            Reviewed::Missing(why) => {
                let why = one_line(why, LINE_COLUMNS, style);
                _ = writeln!(text, "- {number}: not reviewed, {why}");
            }
            Reviewed::Findings(findings) => {
                let later = match task.status {
                    Status::Merged(_) => "; nobody looked at it again",
                    Status::Waiting
                    | Status::Ready
                    | Status::Active(_)
                    | Status::Escalated
                    | Status::Split(_)
                    | Status::Dropped(_)
                    | Status::Failed(_) => "",
                };
                _ = writeln!(text, "- {number}: had to change{later}");
                for finding in findings {
                    _ = writeln!(text, "  - {}", one_line(finding, LINE_COLUMNS, style));
                }
            }
        }
    }
    more(text, reviewed.len(), "review");
}

/// What proves which requirement, and what proves none.
fn requirements(text: &mut String, state: &RunState, style: &Style) {
    let edited = proof::edited(state, style);
    if !edited.is_empty() {
        _ = writeln!(text, "\n## Files of checks that their own workers changed\n");
        edited.iter().take(ROWS_MAX).for_each(|line| _ = writeln!(text, "- {line}"));
        more(text, edited.len(), "task");
    }
    if !state.spec.acceptance || state.plan.requirements.is_empty() {
        return;
    }
    let rows = proof::matrix(state, style);
    let cells: Vec<_> =
        rows.iter().take(ROWS_MAX + 1).map(|row| row.clone().map(|text| cell(&text))).collect();
    _ = writeln!(text, "\n## Requirements and what proves them\n");
    table(text, &cells);
    more(text, rows.len() - 1, "row");
    let unproven = proof::unproven(state, style);
    if !unproven.is_empty() {
        _ = writeln!(text, "\nNothing proves:\n");
        unproven.iter().take(ROWS_MAX).for_each(|line| _ = writeln!(text, "- {line}"));
        more(text, unproven.len(), "requirement");
    }
}

pub(crate) fn verdict(verdict: &Verdict, style: &Style) -> String {
    match verdict {
        Verdict::Passed => "passed".to_owned(),
        Verdict::Failed { exit } => format!("failed with exit code {exit}"),
        Verdict::TimedOut => "ran too long".to_owned(),
        Verdict::CantRun { program } if program.is_empty() => {
            "could not run here: it proves nothing".to_owned()
        }
        Verdict::CantRun { program } => {
            let program = one_line(program, 60, style);
            format!("could not run, `{program}` is not here: it proves nothing")
        }
    }
}

fn open_todos(text: &mut String, state: &RunState, style: &Style) {
    let done: BTreeSet<u32> = state
        .tasks
        .iter()
        .filter(|task| matches!(task.status, Status::Merged(_)))
        .flat_map(|task| task.todos.iter().copied())
        .collect();
    let open: Vec<_> =
        state.plan.todos.iter().filter(|t| !t.done && !done.contains(&t.number)).collect();
    if open.is_empty() {
        return;
    }
    _ = writeln!(text, "\n## Open todos\n");
    for todo in open.iter().take(ROWS_MAX) {
        _ = writeln!(text, "- Todo {}: {}", todo.number, one_line(&todo.text, LINE_COLUMNS, style));
    }
    more(text, open.len(), "todo");
}

fn held(text: &mut String, state: &RunState, style: &Style) {
    let held = held_by_task(state);
    if held.is_empty() {
        return;
    }
    _ = writeln!(text, "\n## Held back\n");
    for held in held.values().take(ROWS_MAX) {
        let title = state.task(held.task).map(|task| names::title(task, style)).unwrap_or_default();
        let others = held.failed.len().saturating_sub(1);
        let others = if others > 0 {
            format!("; {} more failed that it needs", count(others, "task"))
        } else {
            String::new()
        };
        let number = names::number(held.task);
        let chain = chain_words(held);
        _ = writeln!(text, "- {number} {title}: needs {chain}, which failed{others}");
    }
    more(text, held.len(), "task");
}

fn assumptions(text: &mut String, state: &RunState, style: &Style) {
    if state.assumptions.is_empty() {
        return;
    }
    _ = writeln!(text, "\n## Assumptions\n");
    for taken in state.assumptions.iter().take(ROWS_MAX) {
        let question = one_line(&taken.question, LINE_COLUMNS, style);
        let answer = one_line(&taken.answer, LINE_COLUMNS, style);
        let to = style.mark(crate::style::Mark::To);
        _ = writeln!(text, "- {question} {to} {answer}");
    }
    more(text, state.assumptions.len(), "assumption");
}

fn money(text: &mut String, state: &RunState) {
    let by_workers = state.tasks.iter().fold(MicroDollars::ZERO, |sum, task| sum + task.spent);
    _ = writeln!(text, "\n## Cost\n");
    _ = writeln!(text, "- {}", ending::spent(state));
    _ = writeln!(text, "- Workers: {by_workers}");
    _ = writeln!(text, "- Planner and supervisor: {}", state.ledger.spent - by_workers);
    if state.ledger.overrun > MicroDollars::ZERO {
        let overrun = state.ledger.overrun;
        _ = writeln!(text, "- Billed beyond what was set aside: {overrun}");
    }
    _ = writeln!(text, "- {}", ending::calls(state));
    _ = writeln!(text, "- {}", ending::tokens(state));
}

fn delivery(text: &mut String, state: &RunState, style: &Style) {
    let Some(ending) = state.ending() else { return };
    let mut lines = ending::result(state, ending, style);
    if let Some(command) = ending::takeover_command(state) {
        lines.push(format!("Take it over with `{command}`"));
    }
    if let Some(command) = ending::accept_command(state) {
        lines.push(format!("Accept its protected files with `{command}`"));
    }
    if let Some(command) = ending::resume_command(state) {
        lines.push(format!("Go on with `{command}`"));
    }
    if lines.is_empty() {
        return;
    }
    _ = writeln!(text, "\n## Result\n");
    lines.iter().for_each(|line| _ = writeln!(text, "- {line}"));
}

/// Text for a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn table<const COLUMNS: usize>(text: &mut String, rows: &[[String; COLUMNS]]) {
    use unicode_width::UnicodeWidthStr;
    let width =
        |column: usize| rows.iter().map(|row| row[column].width()).max().unwrap_or(0).max(3);
    let widths: Vec<usize> = (0..COLUMNS).map(width).collect();
    for (place, row) in rows.iter().enumerate() {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(text, &wide)| crate::text::pad(text, wide)).collect();
        _ = writeln!(text, "| {} |", cells.join(" | "));
        if place == 0 {
            let rules: Vec<String> = widths.iter().map(|&wide| "-".repeat(wide)).collect();
            _ = writeln!(text, "| {} |", rules.join(" | "));
        }
    }
}

fn more(text: &mut String, rows: usize, noun: &str) {
    if rows > ROWS_MAX {
        _ = writeln!(text, "\n{} more left out", count(rows - ROWS_MAX, noun));
    }
}
