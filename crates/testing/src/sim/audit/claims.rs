//! Whose files are whose, who is told of a conflict in the making, and conflicts in a row.
//!
//! All claims of the simulated world are plain paths, so they are compared as such here.

use super::super::git::Git;
use super::{Breach, holds};
use equitr_core::event::{Event, Failure, Matter, Sender};
use equitr_core::graph::PlannedTask;
use equitr_core::id::TaskId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Times that the supervisor is asked about one task.
const ESCALATIONS_MAX: u32 = 2;

/// What is known from records alone.
#[derive(Debug, Default)]
pub(super) struct Claims {
    tasks: BTreeMap<TaskId, Seen>,
    shared: Vec<Arc<str>>,
    /// Files that two are known to collide in.
    foreseen: BTreeMap<(TaskId, TaskId), BTreeSet<Arc<str>>>,
    /// Letters that this record owes.
    owed: BTreeSet<TaskId>,
    /// Tasks that the supervisor has to be asked about in this record.
    stuck: BTreeSet<TaskId>,
}

#[derive(Debug, Default)]
struct Seen {
    claims: Vec<Arc<str>>,
    planned: usize,
    needs: Vec<TaskId>,
    part_of: Option<TaskId>,
    place: Place,
    conflicts: u32,
    escalations: u32,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Open,
    Merged,
    /// Dropped, failed or split.
    Gone,
}

impl Claims {
    pub fn saw(&mut self, event: &Event, git: &Git) -> Result<(), Breach> {
        match event {
            Event::GraphAccepted { tasks, shared, .. } => {
                self.shared = shared.clone();
                self.add(tasks, None);
            }
            Event::TasksAdded { tasks } => self.add(tasks, None),
            Event::TaskSplit { task, into } => {
                self.put(*task, Place::Gone);
                self.add(into, Some(*task));
            }
            Event::ClaimGranted { task, paths, owners } => {
                for path in paths {
                    let found = self.owners(*task, path);
                    let agreed = found.iter().all(|owner| owners.contains(owner));
                    holds(agreed, "C1", || {
                        format!(
                            "task {task} gets {path} beside {owners:?}; it belongs to {found:?}"
                        )
                    })?;
                }
                if let Some(seen) = self.tasks.get_mut(task) {
                    seen.claims.extend(paths.iter().cloned());
                }
            }
            Event::WorkVerified { task, commit, .. } => {
                for path in git.paths.get(commit).into_iter().flatten() {
                    let owners = self.owners(*task, path);
                    holds(owners.is_empty(), "C1", || {
                        format!("work of task {task} changes {path}, which belongs to {owners:?}")
                    })?;
                }
            }
            Event::ConflictForeseen { task, with, paths } => {
                let open = [*task, *with].into_iter().filter(|&id| self.is_open(id));
                let open: Vec<TaskId> = open.collect();
                self.owed.extend(open);
                let known = self.foreseen.entry((*task, *with)).or_default();
                let again = paths.iter().find(|path| !known.insert((*path).clone()));
                holds(again.is_none(), "C2", || {
                    format!("tasks {task} and {with} are told of {again:?} for a second time")
                })?;
            }
            Event::ConflictPassed { task, with, paths } => {
                let known = self.foreseen.entry((*task, *with)).or_default();
                known.retain(|path| !paths.contains(path));
            }
            Event::MessageSent { from: Sender::Run, to: Some(to), .. } => {
                self.owed.remove(to);
            }
            Event::AttemptFailed { task, reason, .. } => {
                if matches!(reason, Failure::Conflict { .. }) {
                    self.come(*task);
                }
                let Some(seen) = self.tasks.get_mut(task) else { return Ok(()) };
                seen.conflicts = match reason {
                    Failure::Conflict { .. } => seen.conflicts + 1,
                    _ => 0,
                };
                if seen.conflicts >= 2 && seen.escalations < ESCALATIONS_MAX {
                    self.stuck.insert(*task);
                }
            }
            Event::ConsultOpened { matter: Matter::Escalation { task, nth }, .. } => {
                self.stuck.remove(task);
                self.tasks.entry(*task).or_default().escalations = *nth;
            }
            Event::AdviceGiven { task, .. } => {
                self.tasks.entry(*task).or_default().conflicts = 0;
            }
            Event::TaskMerged { task, .. } => self.put(*task, Place::Merged),
            Event::TaskDropped { task, .. } => self.put(*task, Place::Gone),
            Event::TaskFailed { task, .. } => {
                self.stuck.remove(task);
                self.put(*task, Place::Gone);
            }
            Event::TaskReopened { task, .. } => {
                self.put(*task, Place::Open);
                let seen = self.tasks.entry(*task).or_default();
                seen.claims.truncate(seen.planned);
                (seen.conflicts, seen.escalations) = (0, 0);
            }
            _ => {}
        }
        Ok(())
    }

    /// What a record has to hold is in it.
    pub fn settle(&mut self) -> Result<(), Breach> {
        let (owed, stuck) = (std::mem::take(&mut self.owed), std::mem::take(&mut self.stuck));
        holds(owed.is_empty(), "C2", || format!("tasks {owed:?} are not told that they collide"))?;
        holds(stuck.is_empty(), "C3", || {
            format!("tasks {stuck:?} collided twice in a row, and the supervisor is not asked")
        })
    }

    /// The open tasks that a file belongs to, when it is closed to `task`.
    fn owners(&self, task: TaskId, path: &Arc<str>) -> Vec<TaskId> {
        let own = self.tasks.get(&task).is_some_and(|seen| seen.claims.contains(path));
        if own || self.shared.contains(path) {
            return Vec::new();
        }
        let before = self.before(task);
        let closes = |&(&id, seen): &(&TaskId, &Seen)| {
            id != task
                && seen.place == Place::Open
                && !before.contains(&id)
                && seen.claims.contains(path)
        };
        self.tasks.iter().filter(closes).map(|(&id, _)| id).collect()
    }

    /// All that is done before a task starts.
    fn before(&self, task: TaskId) -> BTreeSet<TaskId> {
        let mut found = BTreeSet::new();
        let mut open = vec![task];
        let mut asked = BTreeSet::new();
        while let Some(id) = open.pop() {
            let Some(seen) = self.tasks.get(&id).filter(|_| asked.insert(id)) else { continue };
            let mut wanted = seen.needs.clone();
            let mut whole = seen.part_of;
            while let Some(up) = whole.and_then(|id| self.tasks.get(&id)) {
                wanted.extend(&up.needs);
                whole = up.part_of;
            }
            for need in wanted {
                let parts = self.tasks.iter().filter(|(_, seen)| seen.part_of == Some(need));
                let parts: Vec<TaskId> = parts.map(|(&id, _)| id).collect();
                found.insert(need);
                found.extend(&parts);
                open.push(need);
                // Parts of parts, too.
                open.extend(parts.iter().copied());
                for part in parts {
                    self.add_parts(part, &mut found);
                }
            }
        }
        found
    }

    fn add_parts(&self, whole: TaskId, found: &mut BTreeSet<TaskId>) {
        for (&id, seen) in &self.tasks {
            if seen.part_of == Some(whole) && found.insert(id) {
                self.add_parts(id, found);
            }
        }
    }

    /// What was foreseen with merged work has come.
    fn come(&mut self, task: TaskId) {
        let open: BTreeSet<TaskId> =
            self.tasks.keys().copied().filter(|&id| self.is_open(id)).collect();
        self.foreseen.retain(|&(a, b), _| {
            let other = if a == task { b } else { a };
            (a != task && b != task) || open.contains(&other)
        });
    }

    fn is_open(&self, task: TaskId) -> bool {
        self.tasks.get(&task).is_some_and(|seen| seen.place == Place::Open)
    }

    fn put(&mut self, task: TaskId, place: Place) {
        self.tasks.entry(task).or_default().place = place;
        let of = |id: TaskId| self.tasks.get(&id).map(|seen| &seen.place);
        self.foreseen.retain(|&(a, b), _| {
            let merged = |id| of(id) == Some(&Place::Merged);
            let gone = |id| of(id) == Some(&Place::Gone);
            !(gone(a) || gone(b) || (merged(a) && merged(b)))
        });
    }

    fn add(&mut self, tasks: &[PlannedTask], part_of: Option<TaskId>) {
        for task in tasks {
            let seen = Seen {
                claims: task.files.clone(),
                planned: task.files.len(),
                needs: task.needs.clone(),
                part_of,
                ..Seen::default()
            };
            self.tasks.insert(task.id, seen);
        }
    }
}
