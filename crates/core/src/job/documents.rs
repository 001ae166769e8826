//! The documents as a merge, a commit or the person's files hold them.

use crate::documents::{DocumentKind, with_assumptions};
use crate::id::TaskId;
use crate::state::{RunState, Status};
use crate::todos;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The documents as they stand once `merging` is merged: its todos ticked, assumptions listed.
pub(super) fn document_updates(state: &RunState, merging: TaskId) -> Vec<(Arc<str>, Arc<str>)> {
    let mut done = merged_todos(state);
    done.extend(state.task(merging).into_iter().flat_map(|t| &t.todos));
    let documents = &state.plan.documents;
    // A worktree may hold a version between the one that it began with and the newest.
    let contracts = state.contracts.changed_files().into_iter();
    let mut files: Vec<(Arc<str>, Arc<str>)> = contracts.map(|c| (c.path, c.text)).collect();
    let ticked = todos::tick(&documents.todos, &done);
    files.push((DocumentKind::Todos.path().into(), ticked.into()));
    let listed = with_assumptions(&documents.requirements, &state.assumptions);
    if !state.assumptions.is_empty() && listed != *documents.requirements {
        files.push((DocumentKind::Requirements.path().into(), listed.into()));
    }
    files
}

/// The documents as the person's files are known to hold them, once a change of the plan came from
/// there: nothing of theirs is lost when a file that holds exactly that is replaced.
pub(super) fn taken(state: &RunState) -> Vec<(Arc<str>, Arc<str>)> {
    if state.plan.changes == 0 {
        return Vec::new();
    }
    DocumentKind::ALL
        .into_iter()
        .map(|kind| (kind.path().into(), state.plan.seen.get(kind).clone()))
        .collect()
}

/// All three documents as they stand now, by path: todos ticked, assumptions listed.
pub(crate) fn documents(state: &RunState) -> Vec<(Arc<str>, Arc<str>)> {
    let text = |kind: DocumentKind| -> Arc<str> {
        match kind {
            DocumentKind::Requirements if !state.assumptions.is_empty() => {
                with_assumptions(state.plan.documents.get(kind), &state.assumptions).into()
            }
            DocumentKind::Requirements | DocumentKind::Design => {
                state.plan.documents.get(kind).clone()
            }
            DocumentKind::Todos => {
                todos::tick(state.plan.documents.get(kind), &merged_todos(state)).into()
            }
        }
    };
    let ended = |text: Arc<str>| Arc::from(format!("{}\n", text.trim_end()));
    DocumentKind::ALL.into_iter().map(|kind| (kind.path().into(), ended(text(kind)))).collect()
}

fn merged_todos(state: &RunState) -> BTreeSet<u32> {
    let merged = state.tasks.iter().filter(|t| matches!(t.status, Status::Merged(_)));
    merged.flat_map(|t| t.todos.iter().copied()).collect()
}
