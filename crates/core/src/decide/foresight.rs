//! What follows from looking ahead: who is told of a conflict in the making, and what is forgotten.

use super::Decision;
use crate::apply::Fault;
use crate::event::{Event, MessageKind, Sender};
use crate::foresight::Foreseen;
use crate::id::TaskId;
use crate::intent;
use crate::state::{Status, Task};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Files of one pair that are kept: more are one matter as well.
const PATHS_MAX: usize = 50;

impl Decision<'_> {
    pub(super) fn foreseen(&mut self, nth: u32, seen: Foreseen) -> Result<(), Fault> {
        let Foreseen { looked, sides, collisions, took_ms } = seen;
        let fresh: BTreeSet<TaskId> = looked.iter().map(|looked| looked.task).collect();
        self.emit(Event::WorkCompared { nth, looked, took_ms })?;
        let mut now: BTreeMap<(TaskId, TaskId), BTreeSet<Arc<str>>> = BTreeMap::new();
        for collision in &collisions {
            let (Some(a), Some(b)) = (self.named(&collision.one), self.named(&collision.other))
            else {
                continue;
            };
            if a != b {
                let paths = now.entry((a.min(b), a.max(b))).or_default();
                let room = PATHS_MAX.saturating_sub(paths.len());
                paths.extend(collision.paths.iter().take(room).cloned());
            }
        }
        for (&(a, b), paths) in &now {
            let known = self.state.foresight.pairs.get(&(a, b));
            let new: Vec<Arc<str>> = paths
                .iter()
                .filter(|path| known.is_none_or(|known| !known.contains(*path)))
                .take(PATHS_MAX.saturating_sub(known.map_or(0, BTreeSet::len)))
                .cloned()
                .collect();
            if !new.is_empty() {
                self.tell_of_collision(a, b, new)?;
            }
        }
        self.forget_passed(&fresh, &sides.into_iter().collect(), &now)
    }

    fn named(&self, key: &str) -> Option<TaskId> {
        self.state.tasks.iter().find(|task| &*task.key == key).map(|task| task.id)
    }

    /// Tells both whose work will conflict.
    fn tell_of_collision(
        &mut self,
        a: TaskId,
        b: TaskId,
        paths: Vec<Arc<str>>,
    ) -> Result<(), Fault> {
        let (Some(one), Some(other)) = (self.state.task(a), self.state.task(b)) else {
            return Err("no such task");
        };
        if one.is_settled() && other.is_settled() {
            return Ok(());
        }
        let letters =
            [(one, other), (other, one)].map(|(to, from)| (to.id, intent::warning(from, &paths)));
        self.emit(Event::ConflictForeseen { task: a, with: b, paths })?;
        for (to, text) in letters {
            if self.state.task(to).is_some_and(|task| !task.is_settled()) {
                #[cfg(feature = "planted")]
                if crate::planted::is(crate::planted::Mistake::WarnedHalf) && to == b {
                    continue;
                }
                let (from, kind) = (Sender::Run, MessageKind::Fact);
                self.emit(Event::MessageSent { from, to: Some(to), kind, text })?;
            }
        }
        Ok(())
    }

    /// Forgets what was compared again and does not conflict any more.
    fn forget_passed(
        &mut self,
        fresh: &BTreeSet<TaskId>,
        sides: &BTreeSet<TaskId>,
        now: &BTreeMap<(TaskId, TaskId), BTreeSet<Arc<str>>>,
    ) -> Result<(), Fault> {
        let merged =
            |task: Option<&Task>| task.is_some_and(|task| matches!(task.status, Status::Merged(_)));
        let there = |id: TaskId| sides.contains(&id) || merged(self.state.task(id));
        let mut passed = Vec::new();
        for (&(a, b), known) in &self.state.foresight.pairs {
            let compared = (fresh.contains(&a) || fresh.contains(&b)) && there(a) && there(b);
            let still = now.get(&(a, b));
            if !compared || still.is_some_and(|still| still.len() >= PATHS_MAX) {
                continue;
            }
            let gone = |path: &&Arc<str>| still.is_none_or(|still| !still.contains(*path));
            let paths: Vec<Arc<str>> = known.iter().filter(gone).cloned().collect();
            if !paths.is_empty() {
                passed.push(Event::ConflictPassed { task: a, with: b, paths });
            }
        }
        passed.into_iter().try_for_each(|event| self.emit(event))
    }
}
