//! What agents are told of a plan that changes while it is being built.

use super::{DOCUMENT_BYTES, bounded, list};
use crate::documents::DocumentKind;
use crate::intent;
use crate::state::RunState;
use std::fmt::Write;
use std::sync::Arc;

/// Changed sections that a letter names.
const SECTIONS_MAX: usize = 20;

/// The supervisor's first message about todos that came to the plan while it is being built.
pub fn plan_change_opening(state: &RunState, nth: u32, todos: &[u32]) -> Arc<str> {
    let mut text = format!(
        "agent: supervisor:plan#{nth}\n\nThe person changed the plan while it is being built. Make \
         tasks of the todos that no task covers yet, with `propose_tasks`: each in exactly one task. \
         They may need tasks that exist, by their id; those can't need them.\n\nTodos without a \
         task:\n"
    );
    for todo in state.plan.todos.iter().filter(|todo| todos.contains(&todo.number)) {
        _ = writeln!(text, "{}. {}", todo.number, todo.text);
    }
    intent::overview(&mut text, state);
    text.push_str("\nWorker profiles:\n");
    for (name, profile) in &state.spec.profiles {
        _ = writeln!(text, "- {name}: {}", profile.role);
    }
    _ = writeln!(text, "\nWorkers at a time: {}", state.spec.limits.workers);
    list(&mut text, "\nChecks that run for every task", &state.spec.checks);
    for kind in DocumentKind::ALL {
        let document = bounded(state.plan.documents.get(kind), DOCUMENT_BYTES);
        _ = write!(text, "\n<<< {}\n{document}\n>>>\n", kind.path());
    }
    text.into()
}

/// What a worker is told of a change of its todos.
pub(crate) fn plan_letter(because: &str) -> Arc<str> {
    format!(
        "The plan has changed under your task: {because}\nDo what holds now; the documents in your \
         worktree may be older."
    )
    .into()
}

/// What workers are told of changes that are no todo's.
pub(crate) fn sections_changed(sections: &[Arc<str>]) -> Arc<str> {
    let mut text = "I changed the documents:\n".to_owned();
    for section in sections.iter().take(SECTIONS_MAX) {
        _ = writeln!(text, "- {section}");
    }
    if sections.len() > SECTIONS_MAX {
        _ = writeln!(text, "- and {} more", sections.len() - SECTIONS_MAX);
    }
    text.push_str("The documents in your worktree may be older. What your todos ask for holds.");
    text.into()
}
