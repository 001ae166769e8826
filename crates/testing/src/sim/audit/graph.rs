//! The books of the tasks (I1, I2, I10, I11).

use super::super::git::{Git, Merge};
use super::{Breach, holds};
use equitr_core::event::Event;
use equitr_core::graph::PlannedTask;
use equitr_core::id::TaskId;
use equitr_core::state::RunState;
use std::collections::BTreeMap;

/// What is known of each task from records alone.
#[derive(Debug, Default)]
pub(super) struct Graph {
    tasks: BTreeMap<TaskId, Seen>,
    workers_max: Option<u32>,
}

#[derive(Debug)]
struct Seen {
    /// What it still waits for: what was not merged or dropped since it came to the graph.
    needs: Vec<TaskId>,
    attempts: u32,
    /// Merged once, or dropped: what needs it may go on.
    met: bool,
    place: Place,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Open,
    /// A worker has it.
    Working,
    /// Its claim is checked or merged.
    Claimed,
    Merged,
    Split(Vec<TaskId>),
    Dropped,
    Failed,
}

impl Graph {
    pub fn saw(&mut self, event: &Event, git: &Git) -> Result<(), Breach> {
        match event {
            Event::RunStarted { spec } => self.workers_max = Some(spec.limits.workers),
            Event::WorkersSet { workers } => self.workers_max = Some(*workers),
            Event::GraphAccepted { tasks, .. } | Event::TasksAdded { tasks } => self.add(tasks),
            Event::AttemptStarted { task, attempt, .. } => {
                self.may_start(*task, *attempt)?;
                if let Some(seen) = self.tasks.get_mut(task) {
                    seen.attempts = *attempt;
                }
                self.put(*task, Place::Working);
            }
            Event::WorkClaimed { task, .. } => self.put(*task, Place::Claimed),
            Event::AttemptFailed { task, .. } => self.put(*task, Place::Open),
            Event::TaskMerged { task, attempt, commit } => {
                let of_task = |m: &&Merge| m.task == *task && m.attempt == *attempt;
                let found = git.merges.iter().find(of_task);
                let same = found.is_some_and(|m| m.commit == *commit);
                holds(same, "I16", || {
                    format!("attempt {attempt} of task {task} is merged; git holds {found:?}")
                })?;
                self.put(*task, Place::Merged);
            }
            Event::TaskSplit { task, into } => {
                self.put(*task, Place::Split(into.iter().map(|part| part.id).collect()));
                self.add(into);
            }
            Event::TaskDropped { task, .. } => self.put(*task, Place::Dropped),
            Event::TaskFailed { task, .. } => self.put(*task, Place::Failed),
            Event::TaskReopened { task, .. } => {
                let place = self.tasks.get(task).map(|seen| &seen.place);
                let settled = matches!(place, Some(Place::Merged | Place::Dropped | Place::Failed));
                holds(settled, "I10", || {
                    format!("task {task} is opened again while it is {place:?}")
                })?;
                self.put(*task, Place::Open);
            }
            _ => {}
        }
        Ok(())
    }

    /// The state's counts are those of the books.
    pub fn check(&self, state: &RunState) -> Result<(), Breach> {
        let (working, ours) = (state.working, self.working());
        holds(working == ours, "I11", || {
            format!("the state says that {working} workers work, the books {ours}")
        })
    }

    /// At an end that is no pause everything is settled but what a failed task holds back.
    pub fn ended(&self, state: &RunState) -> Result<(), Breach> {
        for (&id, seen) in &self.tasks {
            match seen.place {
                Place::Open => holds(self.is_held_back(id), "I10", || {
                    let status = state.task(id).map(|t| &t.status);
                    format!("the run ends; nothing holds task {id} back and it is {status:?}")
                })?,
                Place::Working | Place::Claimed => {
                    return Err(Breach::new("I10", format!("the run ends with task {id} at work")));
                }
                Place::Merged | Place::Split(_) | Place::Dropped | Place::Failed => {}
            }
        }
        Ok(())
    }

    /// Tasks that a message to all reaches when `from` sends it.
    pub fn others(&self, from: Option<TaskId>) -> Vec<TaskId> {
        self.tasks
            .iter()
            .filter(|&(&id, seen)| {
                Some(id) != from
                    && matches!(seen.place, Place::Open | Place::Working | Place::Claimed)
            })
            .map(|(&id, _)| id)
            .collect()
    }

    /// Whether anything may still happen to a task.
    pub fn is_open(&self, task: TaskId) -> bool {
        self.tasks
            .get(&task)
            .is_some_and(|seen| matches!(seen.place, Place::Open | Place::Working | Place::Claimed))
    }

    /// Whether a task is merged, and not opened again since.
    pub fn is_merged(&self, task: TaskId) -> bool {
        self.tasks.get(&task).is_some_and(|seen| seen.place == Place::Merged)
    }

    fn may_start(&self, task: TaskId, attempt: u32) -> Result<(), Breach> {
        let Some(seen) = self.tasks.get(&task) else {
            return Err(Breach::new("I1", format!("task {task} starts and does not exist")));
        };
        holds(seen.place == Place::Open, "I11", || {
            format!("attempt {attempt} of task {task} starts while it is {:?}", seen.place)
        })?;
        holds(attempt > seen.attempts, "I11", || {
            format!("attempt {attempt} of task {task} follows attempt {}", seen.attempts)
        })?;
        let unmet = seen.needs.iter().find(|&&need| !self.is_divided_and_met(need));
        holds(unmet.is_none(), "I1", || format!("task {task} starts before {unmet:?}"))?;
        let (working, limit) = (self.working(), self.workers_max.unwrap_or(0));
        holds(working < limit, "I11", || {
            format!("task {task} starts while {working} of {limit} workers work")
        })
    }

    /// Whether a task was split, and each of its parts merged or dropped once.
    fn is_divided_and_met(&self, need: TaskId) -> bool {
        match self.tasks.get(&need).map(|seen| &seen.place) {
            Some(Place::Split(parts)) => parts.iter().all(|part| {
                let merged = self.tasks.get(part).is_some_and(|seen| seen.met);
                merged || self.is_divided_and_met(*part)
            }),
            _ => false,
        }
    }

    /// Whether a failed task is among what `task` waits for.
    fn is_held_back(&self, task: TaskId) -> bool {
        let Some(seen) = self.tasks.get(&task) else { return false };
        seen.needs.iter().any(|&need| match self.tasks.get(&need).map(|s| &s.place) {
            Some(Place::Failed) => true,
            Some(Place::Open) => self.is_held_back(need),
            Some(Place::Split(parts)) => parts.iter().any(|&part| self.is_lost(part)),
            Some(Place::Working | Place::Claimed | Place::Merged | Place::Dropped) | None => false,
        })
    }

    fn is_lost(&self, part: TaskId) -> bool {
        let Some(seen) = self.tasks.get(&part).filter(|seen| !seen.met) else { return false };
        match &seen.place {
            Place::Failed => true,
            Place::Open => self.is_held_back(part),
            Place::Split(parts) => parts.iter().any(|&part| self.is_lost(part)),
            Place::Working | Place::Claimed | Place::Merged | Place::Dropped => false,
        }
    }

    fn working(&self) -> u32 {
        let working = self.tasks.values().filter(|seen| seen.place == Place::Working).count();
        u32::try_from(working).unwrap_or(u32::MAX)
    }

    fn put(&mut self, task: TaskId, place: Place) {
        if matches!(place, Place::Merged | Place::Dropped) {
            self.tasks.values_mut().for_each(|seen| seen.needs.retain(|&need| need != task));
        }
        if let Some(seen) = self.tasks.get_mut(&task) {
            seen.met |= matches!(place, Place::Merged | Place::Dropped);
            seen.place = place;
        }
    }

    fn add(&mut self, tasks: &[PlannedTask]) {
        for task in tasks {
            let is_open = |need: &TaskId| {
                let place = self.tasks.get(need).map(|seen| &seen.place);
                !matches!(place, Some(Place::Merged | Place::Dropped))
            };
            let needs = task.needs.iter().copied().filter(is_open).collect();
            let seen = Seen { needs, attempts: 0, met: false, place: Place::Open };
            self.tasks.insert(task.id, seen);
        }
    }
}
