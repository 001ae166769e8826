//! What a change of the approved plan does to a state.

use super::{Fault, graph};
use crate::commits::Before;
use crate::event::Event;
use crate::plan_diff::PlanChange;
use crate::state::{Phase, RunState, Status};
use crate::{job, prompt};
use crate::{requirements, todos};

pub(super) fn apply(state: &mut RunState, event: &Event) -> Result<(), Fault> {
    match event {
        Event::PlanChanged { documents, edited, change } => {
            if !matches!(state.phase, Phase::Graphing | Phase::Working) {
                return Err("a plan changes while it is being built");
            }
            let list = todos::parse(&documents.todos).map_err(|_| "the todos can't be read")?;
            state.plan.documents = documents.clone();
            state.plan.todos = list;
            state.plan.requirements = requirements::parse(&documents.requirements);
            state.plan.changes += 1;
            if let Some(edited) = edited {
                state.plan.seen = edited.clone();
            }
            for (number, answer) in &change.flipped {
                let place = (*number as usize).checked_sub(1).ok_or("assumptions count from 1")?;
                state.assumptions.get_mut(place).ok_or("no such assumption")?.answer =
                    answer.clone();
            }
            state.worker_system = prompt::worker_system(state);
            forget_dropped(state, change);
            tell(state, change);
            if state.phase == Phase::Working || state.base.is_some() {
                let files = job::documents(state);
                state.commits.ask("Change the plan".into(), files, Before::All);
            }
            Ok(())
        }
        Event::TasksAdded { tasks } => {
            if state.phase != Phase::Working {
                return Err("tasks come to a graph that stands");
            }
            graph::add(state, tasks, None)
        }
        _ => Err("not a change of the plan"),
    }
}

/// A todo that is gone belongs to no task any more.
fn forget_dropped(state: &mut RunState, change: &PlanChange) {
    for task in &mut state.tasks {
        task.todos.retain(|number| change.dropped.iter().all(|todo| todo.number != *number));
    }
}

/// Notes what workers at work have to read before they are done.
fn tell(state: &mut RunState, change: &PlanChange) {
    for (id, because) in &change.affected {
        let active = state.task(*id).is_some_and(|t| matches!(t.status, Status::Active(_)));
        if active {
            state.plan.untold.insert(*id, because.clone());
        }
    }
}
