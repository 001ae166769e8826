//! Entries about requirements and acceptance checks.

use super::{CONTENT_LINES, INDENT, checked};
use crate::names;
use crate::style::Style;
use crate::text::{LINE_COLUMNS, count, head, listed, one_line};
use equitr_core::event::Event;
use equitr_core::requirements;

/// The first line of an entry and what stands below it; nothing for other events.
pub(super) fn entry(event: &Event, style: &Style) -> (String, Vec<String>) {
    let words = |text: &str| one_line(text, LINE_COLUMNS, style);
    let body = |text: &str| head(text, CONTENT_LINES, INDENT, style);
    let bare = |text: String| (text, Vec::new());
    match event {
        Event::RequirementsMarked { text } => {
            let ids = requirements::parse(text);
            bare(format!("ids given: {}", count(ids.len(), "requirement")))
        }
        Event::ChecksWritten { task, checks } => {
            let mut lines = Vec::new();
            for check in checks.iter().take(CONTENT_LINES) {
                lines.push(format!("{INDENT}{}: `{}`", check.requirement, words(&check.command)));
                lines.extend(check.files.iter().map(|f| format!("{INDENT}  {}", words(&f.path))));
            }
            let written = count(checks.len(), "acceptance check");
            (format!("{}: {written} written", names::number(*task)), lines)
        }
        Event::CheckOmitted { task, requirement, reason } => {
            let task = names::number(*task);
            (format!("{task}: no acceptance check for {requirement}:"), body(reason))
        }
        Event::AcceptanceWritten { task, lacking } => {
            let task = names::number(*task);
            match lacking {
                None => bare(format!("{task}: its acceptance checks are complete")),
                Some(why) => (format!("{task}: its acceptance checks are given up:"), body(why)),
            }
        }
        Event::ChecksProved { task, at, broken, checks, .. } => {
            let of = match task {
                Some(task) => {
                    format!("acceptance checks of {} before its work", names::number(*task))
                }
                None => "acceptance checks on the result".to_owned(),
            };
            let mut lines = checked(checks, style);
            let broken = listed(broken.iter().map(ToString::to_string), 10);
            if !broken.is_empty() {
                lines.push(format!("{INDENT}not as recorded: {}", words(&broken)));
            }
            (format!("{of}, run on {}:", words(at.short())), lines)
        }
        Event::ChecksEdited { task, attempt, paths } if paths.is_empty() => bare(format!(
            "{} attempt {attempt} leaves the files that its own checks run as they were",
            names::number(*task)
        )),
        Event::ChecksEdited { task, attempt, paths } => bare(format!(
            "{} attempt {attempt} changed files that its own checks run: {}",
            names::number(*task),
            words(&listed(paths.iter().map(ToString::to_string), 10))
        )),
        _ => bare(String::new()),
    }
}
