//! Files that the run itself commits on the integration branch, such as contracts: one commit at a
//! time, in the order in which they came to be due, and never while a merge is under way.

use crate::apply::Fault;
use crate::documents::DocumentKind;
use crate::id::{Commit, TaskId};
use crate::job;
use crate::state::{RunState, Stage};
use std::collections::VecDeque;
use std::sync::Arc;

/// Commits of the run's own, made and due.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Commits {
    /// Those that are not made yet, the next one first.
    pub due: VecDeque<DueCommit>,
    /// How many were ever asked for; numbers them.
    pub asked: u32,
}

/// A commit that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueCommit {
    /// The run's how many-th, from 1.
    pub nth: u32,
    /// The first line of its message, without the person's prefix.
    pub subject: Arc<str>,
    /// Path and whole text of each file.
    pub files: Vec<(Arc<str>, Arc<str>)>,
    /// Whose attempts wait for it.
    pub before: Before,
}

/// Whose attempts a commit comes before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Before {
    /// Every task's.
    All,
    /// Those of these tasks.
    These(Vec<TaskId>),
}

impl Commits {
    /// Asks for a commit; its number.
    pub(crate) fn ask(
        &mut self,
        subject: Arc<str>,
        files: Vec<(Arc<str>, Arc<str>)>,
        before: Before,
    ) -> u32 {
        self.asked += 1;
        self.due.push_back(DueCommit { nth: self.asked, subject, files, before });
        self.asked
    }

    /// Whether an attempt at this task has to wait.
    pub fn hold_back(&self, task: TaskId) -> bool {
        #[cfg(feature = "planted")]
        if crate::planted::is(crate::planted::Mistake::EarlyStart) {
            return false;
        }
        self.due.iter().any(|due| match &due.before {
            Before::All => true,
            Before::These(tasks) => tasks.contains(&task),
        })
    }
}

/// The commit that is to be made now.
pub(crate) fn wanted(state: &RunState) -> Option<&DueCommit> {
    let due = state.commits.due.front()?;
    let merging = state.merging.front().and_then(|&task| state.task(task)?.attempt());
    let under_way = merging.is_some_and(|attempt| match attempt.stage {
        Stage::Integrating | Stage::Landing { .. } => true,
        Stage::Working | Stage::Verifying | Stage::Reviewing | Stage::Queued => false,
    });
    (!under_way && state.ending().is_none()).then_some(due)
}

/// What a commit holds: of the plan's documents what is true when it is made, as tasks may have been
/// merged since it came to be due.
pub(crate) fn files(state: &RunState, due: &DueCommit) -> Vec<(Arc<str>, Arc<str>)> {
    let is_document = |path: &str| DocumentKind::ALL.into_iter().any(|kind| kind.path() == path);
    if !due.files.iter().any(|(path, _)| is_document(path)) {
        return due.files.clone();
    }
    let now = job::documents(state);
    let text = |(path, text): &(Arc<str>, Arc<str>)| {
        let found = now.iter().find(|(known, _)| known == path);
        (path.clone(), found.map_or(text, |(_, text)| text).clone())
    };
    due.files.iter().map(text).collect()
}

/// The commit stands on the integration branch; gives what it was.
pub(crate) fn made(state: &mut RunState, nth: u32, commit: &Commit) -> Result<DueCommit, Fault> {
    let due = state.commits.due.pop_front().ok_or("no commit is due")?;
    if due.nth != nth {
        return Err("commits are made in their order");
    }
    state.head = Some(commit.clone());
    Ok(due)
}
