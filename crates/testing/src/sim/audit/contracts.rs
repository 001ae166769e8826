//! The books of the contracts (K1 to K3).

use super::super::git::Git;
use super::graph::Graph;
use super::{Breach, holds};
use equitr_core::event::{Event, MessageKind, Verdict};
use equitr_core::id::TaskId;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// What is known of contracts from records alone.
#[derive(Debug, Default)]
pub(super) struct Contracts {
    known: BTreeMap<Arc<str>, Known>,
    /// Commits that are due, as the newest texts they hold.
    due: VecDeque<Vec<(Arc<str>, Arc<str>)>>,
    /// Whether the first versions are due.
    begins: bool,
    /// Who has to be told in this record, or opened again.
    to_tell: BTreeSet<TaskId>,
    to_open: BTreeSet<TaskId>,
}

#[derive(Debug)]
struct Known {
    version: u32,
    /// What the run says that the integration branch holds.
    committed: Option<Arc<str>>,
    tasks: BTreeSet<TaskId>,
}

impl Contracts {
    /// Enters an event; `graph` is as it was before it.
    pub fn saw(&mut self, event: &Event, graph: &Graph, git: &Git) -> Result<(), Breach> {
        match event {
            Event::GraphAccepted { contracts, .. } => {
                for contract in contracts {
                    let tasks = contract.consumers.iter().copied().chain([contract.owner]);
                    let known = Known { version: 1, committed: None, tasks: tasks.collect() };
                    self.known.insert(contract.path.clone(), known);
                }
                if !contracts.is_empty() {
                    let files = contracts.iter().map(|c| (c.path.clone(), c.text.clone()));
                    self.due.push_back(files.collect());
                    self.begins = true;
                }
            }
            Event::TaskSplit { task, into } => {
                for known in self.known.values_mut().filter(|known| known.tasks.contains(task)) {
                    known.tasks.extend(into.iter().map(|part| part.id));
                }
            }
            Event::AttemptStarted { task, .. } => {
                holds(!self.begins, "K1", || {
                    format!("task {task} starts before the contracts are committed")
                })?;
                self.to_open.remove(task);
            }
            Event::MergeStarted { task, .. } => {
                holds(self.due.is_empty(), "K1", || {
                    format!("the merge of task {task} starts while a commit is due")
                })?;
            }
            // The run commits acceptance checks and changed documents in the same way.
            Event::FilesCommitted { subject, .. } if !subject.contains(" contract") => {}
            Event::FilesCommitted { commit, .. } => {
                self.begins = false;
                let there = git.commits.iter().any(|made| made.commit == *commit);
                holds(there, "K3", || format!("{commit} is committed in the run, not in git"))?;
                for (path, text) in self.due.pop_front().unwrap_or_default() {
                    if let Some(known) = self.known.get_mut(&path) {
                        known.committed = Some(text);
                    }
                }
            }
            Event::ContractChanged { contract, version, text, by, .. } => {
                self.told()?;
                let Some(known) = self.known.get_mut(contract) else {
                    return Err(Breach::new("K3", format!("{contract} is changed, never made")));
                };
                let before = std::mem::replace(&mut known.version, *version);
                holds(*version == before + 1, "K3", || {
                    format!("version {version} of {contract} follows version {before}")
                })?;
                let open = |task: &&TaskId| **task != *by && graph.is_open(**task);
                self.to_tell = known.tasks.iter().filter(open).copied().collect();
                self.due.push_back(vec![(contract.clone(), text.clone())]);
            }
            Event::MessageSent { to, kind: MessageKind::Contract, .. } => {
                let meant = to.is_some_and(|to| self.to_tell.remove(&to));
                holds(meant, "K2", || format!("{to:?} is told of a contract, and need not be"))?;
            }
            Event::ContractRechecked { task, checks, .. } => {
                let red = |v: &Verdict| matches!(v, Verdict::Failed { .. } | Verdict::TimedOut);
                if checks.iter().any(|check| red(&check.verdict)) && graph.is_merged(*task) {
                    self.to_open.insert(*task);
                }
            }
            Event::TaskReopened { task, .. } => _ = self.to_open.remove(task),
            _ => {}
        }
        Ok(())
    }

    /// What has to hold after each record: everybody was told, and what is red was opened again.
    pub fn settle(&mut self) -> Result<(), Breach> {
        self.told()?;
        if let Some(task) = self.to_open.pop_first() {
            return Err(Breach::new("K2", format!("task {task} is red again and stays merged")));
        }
        Ok(())
    }

    /// Git holds the newest version of each contract that the run says is committed.
    pub fn check(&self, git: &Git) -> Result<(), Breach> {
        for (path, known) in &self.known {
            let Some(text) = &known.committed else { continue };
            let found = git.files.get(path);
            // A later version may be there already, and nobody has heard of it yet.
            let later = self.due.front().is_some_and(|files| {
                files.iter().any(|(other, text)| other == path && found == Some(text))
            });
            holds(found == Some(text) || later, "K3", || {
                format!("{path} holds {found:?} in git, and {text:?} in the run")
            })?;
        }
        Ok(())
    }

    fn told(&mut self) -> Result<(), Breach> {
        match self.to_tell.pop_first() {
            Some(task) => Err(Breach::new("K2", format!("task {task} is not told of a change"))),
            None => Ok(()),
        }
    }
}
