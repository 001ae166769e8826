//! What events about claims and collisions do to a state.

use super::Fault;
use crate::event::Event;
use crate::glob;
use crate::state::RunState;

pub(super) fn apply(state: &mut RunState, event: &Event) -> Result<(), Fault> {
    match event {
        Event::ClaimGranted { task, paths, .. } => {
            let task = state.task_mut(*task).ok_or("no such task")?;
            if task.is_settled() {
                return Err("a settled task claims nothing");
            }
            task.claimed.extend(paths.iter().map(|path| glob::escape(path).into()));
            Ok(())
        }
        Event::WorkCompared { nth, looked, .. } => {
            if *nth != state.foresight.looks + 1 {
                return Err("looks ahead are numbered without gaps");
            }
            state.foresight.looks = *nth;
            for looked in looked {
                let attempt = state.task_mut(looked.task).and_then(|task| task.attempt_mut());
                if let Some(attempt) = attempt.filter(|a| a.number == looked.attempt) {
                    attempt.compared = attempt.compared.max(looked.changes);
                }
            }
            Ok(())
        }
        Event::ConflictForeseen { task, with, paths } => {
            let known = state.foresight.pairs.entry((*task, *with)).or_default();
            known.extend(paths.iter().cloned());
            Ok(())
        }
        Event::ConflictPassed { task, with, paths } => {
            let known = state
                .foresight
                .pairs
                .get_mut(&(*task, *with))
                .ok_or("no such conflict is known")?;
            known.retain(|path| !paths.contains(path));
            if known.is_empty() {
                state.foresight.pairs.remove(&(*task, *with));
            }
            Ok(())
        }
        _ => Err("not a claim's event"),
    }
}
