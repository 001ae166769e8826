//! The books of the plan (P1): when it changes, exactly the tasks whose todos or assumptions changed are
//! opened again or told, and no other; what was kept is never begun anew by it. Kept from records
//! alone.

use super::{Breach, holds};
use equitr_core::documents::{DocumentKind, Documents};
use equitr_core::event::{Event, Record, Sender};
use equitr_core::graph::PlannedTask;
use equitr_core::id::{AgentId, TaskId};
use equitr_core::spec::Origin;
use equitr_core::todos;
use std::collections::{BTreeMap, BTreeSet};

/// What is known of the plan.
#[derive(Debug, Default)]
pub(super) struct Plan {
    documents: Documents,
    tasks: BTreeMap<TaskId, Seen>,
}

#[derive(Debug)]
struct Seen {
    todos: BTreeSet<u32>,
    place: Place,
    /// A change that its worker has not read.
    untold: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Open,
    Active,
    Landing,
    Settled,
    Split,
}

impl Plan {
    pub fn saw(&mut self, record: &Record) -> Result<(), Breach> {
        let changed = record.events.iter().position(|e| matches!(e, Event::PlanChanged { .. }));
        if let Some(at) = changed
            && let Event::PlanChanged { documents, change, .. } = &record.events[at]
            && !self.tasks.is_empty()
        {
            let flipped = !change.flipped.is_empty();
            self.judge(documents, &record.events[at + 1..], flipped)?;
        }
        record.events.iter().try_for_each(|event| self.enter(event))
    }

    /// The affected tasks, by our own books, are those that the events after the change name.
    fn judge(&self, now: &Documents, after: &[Event], flipped: bool) -> Result<(), Breach> {
        let (old, new) = (texts(&self.documents), texts(now));
        let is_changed = |number: &u32| matches!((old.get(number), new.get(number)), (Some(a), Some(b)) if a != b);
        for (&id, seen) in &self.tasks {
            let changed = seen.todos.iter().any(is_changed);
            let gone = seen.todos.iter().filter(|n| !new.contains_key(n)).count();
            let all_gone = gone > 0 && gone == seen.todos.len();
            let reopened =
                after.iter().any(|e| matches!(e, Event::TaskReopened { task, .. } if *task == id));
            let dropped =
                after.iter().any(|e| matches!(e, Event::TaskDropped { task, .. } if *task == id));
            let told = after.iter().any(|e| {
                matches!(e, Event::MessageSent { from: Sender::Person, to: Some(to), .. } if *to == id)
            });
            let place = seen.place;
            let wrong = match place {
                Place::Settled => reopened != (changed && !all_gone) && !(flipped && reopened),
                Place::Active => {
                    reopened
                        || dropped != all_gone
                        || (!all_gone && !flipped && told != (changed || gone > 0))
                }
                Place::Landing => reopened || dropped,
                Place::Open => reopened || dropped != all_gone,
                Place::Split => reopened || dropped || told,
            };
            holds(!wrong, "P4", || {
                format!(
                    "the plan changes: task {id} is {place:?}, changed {changed}, {gone} todos gone; \
                     reopened {reopened}, dropped {dropped}, told {told}"
                )
            })?;
        }
        Ok(())
    }

    fn enter(&mut self, event: &Event) -> Result<(), Breach> {
        match event {
            Event::RunStarted { spec } => {
                if let Origin::Documents(documents) = &spec.origin {
                    self.documents = documents.clone();
                }
            }
            Event::DocumentWritten { kind, text } => self.documents.set(*kind, text.clone()),
            Event::DocumentsEdited { documents } => self.documents = documents.clone(),
            Event::PlanCleared => self.documents = Documents::default(),
            Event::PlanChanged { documents, change, .. } => {
                self.documents.set(DocumentKind::Todos, documents.todos.clone());
                let new = texts(documents);
                for (task, seen) in &mut self.tasks {
                    seen.todos.retain(|number| new.contains_key(number));
                    let named = change.affected.iter().any(|(id, _)| id == task);
                    if matches!(seen.place, Place::Active | Place::Landing) && named {
                        seen.untold = true;
                    }
                }
            }
            Event::GraphAccepted { tasks, .. } | Event::TasksAdded { tasks } => self.add(tasks),
            Event::TaskSplit { task, into } => {
                self.put(*task, Place::Split);
                self.add(into);
            }
            Event::AttemptStarted { task, .. } => {
                self.put(*task, Place::Active);
                self.told(*task);
            }
            Event::CallReserved { agent: AgentId::Worker(task, _), .. } => self.told(*task),
            Event::MergeVerified { task, .. } => self.put(*task, Place::Landing),
            Event::MergeOvertaken { task, .. } => self.put(*task, Place::Active),
            Event::AttemptFailed { task, .. } | Event::TaskReopened { task, .. } => {
                if matches!(event, Event::TaskReopened { .. }) {
                    self.told(*task);
                }
                self.put(*task, Place::Open);
            }
            Event::TaskMerged { task, .. } => self.put(*task, Place::Settled),
            Event::TaskDropped { task, .. } | Event::TaskFailed { task, .. } => {
                self.told(*task);
                self.put(*task, Place::Settled);
            }
            _ => {}
        }
        Ok(())
    }

    /// After a whole record nothing is merged whose worker has not read what changed.
    pub fn check(&self) -> Result<(), Breach> {
        let unread =
            self.tasks.iter().find(|(_, seen)| seen.untold && seen.place == Place::Settled);
        match unread {
            Some((task, _)) => Err(Breach::new(
                "P4",
                format!("task {task} is settled, and its worker never read what changed"),
            )),
            None => Ok(()),
        }
    }

    fn add(&mut self, tasks: &[PlannedTask]) {
        for task in tasks {
            let todos = task.todos.iter().copied().collect();
            let seen = Seen { todos, place: Place::Open, untold: false };
            self.tasks.insert(task.id, seen);
        }
    }

    fn put(&mut self, task: TaskId, place: Place) {
        if let Some(seen) = self.tasks.get_mut(&task) {
            seen.place = place;
        }
    }

    fn told(&mut self, task: TaskId) {
        if let Some(seen) = self.tasks.get_mut(&task) {
            seen.untold = false;
        }
    }
}

fn texts(documents: &Documents) -> BTreeMap<u32, String> {
    let todos = todos::parse(&documents.todos).unwrap_or_default();
    let bare = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    todos.into_iter().map(|todo| (todo.number, bare(&todo.text))).collect()
}
