//! News that may be dropped: what is going on between two records.

use equitr_core::id::TaskId;
use equitr_core::redact::{Redactor, Stream};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// A line of activity is for one line of a terminal.
const LINE_BYTES: usize = 200;

/// What each agent is doing just now. Never journaled, never an input to a decision.
#[derive(Debug, Default)]
pub struct Activity {
    lines: Mutex<BTreeMap<Who, String>>,
}

/// Whose activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    Planner,
    Supervisor,
    Task(TaskId),
}

impl Activity {
    pub(crate) fn set(&self, who: Who, line: impl Into<String>) {
        let mut line: String = line.into();
        line.truncate(line.floor_char_boundary(LINE_BYTES));
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).insert(who, line);
    }

    pub(crate) fn clear(&self, who: Who) {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).remove(&who);
    }

    /// What is going on, a short line for each agent that is at work, the planner's first.
    pub fn lines(&self) -> Vec<String> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.values().cloned().collect()
    }
}

/// Words that come in pieces, on their way to the screen: without secrets, wherever they are cut.
pub(crate) struct Words<'a> {
    stream: Mutex<Stream<'a>>,
}

impl<'a> Words<'a> {
    pub fn new(redactor: &'a Redactor) -> Self {
        Self { stream: Mutex::new(redactor.stream()) }
    }

    /// What may be shown now that this piece has come.
    pub fn hear(&self, piece: &str) -> String {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner).push(piece)
    }
}
