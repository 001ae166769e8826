//! Checks and failed attempts, in an entry of the journal.

use super::{CONTENT_LINES, INDENT, OUTPUT_LINES};
use crate::report::verdict;
use crate::style::Style;
use crate::text::{LINE_COLUMNS, count, head, one_line, tail};
use crate::time::duration;
use equitr_core::event::{CheckResult, Failure};

pub(super) fn checked(checks: &[CheckResult], style: &Style) -> Vec<String> {
    let mut lines = Vec::new();
    for check in checks.iter().take(CONTENT_LINES) {
        let command = one_line(&check.command, 120, style);
        let verdict = verdict(&check.verdict, style);
        lines.push(format!("{INDENT}`{command}` {verdict} ({})", duration(check.took_ms)));
        lines.extend(tail(&check.output, OUTPUT_LINES, &format!("{INDENT}  "), style));
    }
    let more = checks.len().saturating_sub(CONTENT_LINES);
    if more > 0 {
        lines.push(format!("{INDENT}and {} more", count(more, "check")));
    }
    lines
}

pub(super) fn failed(reason: &Failure, style: &Style) -> Vec<String> {
    match reason {
        Failure::Checks { checks } | Failure::MergedChecks { checks, .. } => checked(checks, style),
        Failure::Conflict { text, .. } => head(text, CONTENT_LINES, INDENT, style),
        Failure::Review { findings } => {
            let words = |line| one_line(line, LINE_COLUMNS, style);
            findings.iter().map(|line| format!("{INDENT}- {}", words(line))).collect()
        }
        Failure::Refused { message: text }
        | Failure::Model { message: text }
        | Failure::GaveUp { reason: text }
            if text.trim().contains('\n') =>
        {
            head(text, CONTENT_LINES, INDENT, style)
        }
        // The entry's first line has it.
        Failure::Refused { .. } | Failure::Model { .. } | Failure::GaveUp { .. } => Vec::new(),
        Failure::OutOfTurns
        | Failure::OutOfTime
        | Failure::NoProgress
        | Failure::Circle { .. }
        | Failure::Idle { .. } => Vec::new(),
    }
}
