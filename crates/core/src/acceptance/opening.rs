//! What who writes acceptance checks is told.

use super::missing;
use crate::documents::{DocumentKind, relevant_sections};
use crate::prompt::{DOCUMENT_BYTES, list};
use crate::state::{RunState, Task};
use std::fmt::Write;
use std::sync::Arc;

/// The first message of who writes a task's acceptance checks: what is wanted, and nothing of how it
/// is done.
pub(crate) fn opening(state: &RunState, task: &Task) -> Arc<str> {
    let mut text = format!(
        "agent: acceptance:{}\n\nWrite acceptance checks for these requirements, before task {} ({}) \
         is done:\n\n",
        task.key, task.id, task.title
    );
    let mut about = format!("{} {}", task.title, task.goal);
    for requirement in missing(state, task) {
        let section = requirement.section.last().map_or("", |section| section);
        _ = writeln!(text, "- {}: {} [{section}]", requirement.id, requirement.text);
        _ = write!(about, " {}", requirement.text);
    }
    _ = write!(text, "\nThe task's goal: {}\n\nIts todos:\n", task.goal);
    for todo in state.plan.todos.iter().filter(|t| task.todos.contains(&t.number)) {
        _ = writeln!(text, "{}. {}", todo.number, todo.text);
    }
    list(&mut text, "\nChecks that it has already", &task.checks);
    let taken: Vec<Arc<str>> = state.acceptance.locks().into_iter().map(|lock| lock.path).collect();
    list(&mut text, "\nFiles of other checks, which you can't write", &taken);
    let design = relevant_sections(&state.plan.documents.design, &about, DOCUMENT_BYTES / 4);
    if !design.is_empty() {
        _ = write!(text, "\nFrom {}:\n\n{design}", DocumentKind::Design.path());
    }
    text.into()
}
