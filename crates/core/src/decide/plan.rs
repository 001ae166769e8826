//! What a person's changes of the approved plan lead to.

use super::Decision;
use crate::apply::Fault;
use crate::control::{ProposeTasks, arguments};
use crate::documents::Documents;
use crate::event::{Event, Matter, MessageKind, Sender};
use crate::graph;
use crate::id::{ConsultId, TaskId};
use crate::plan_diff::{self, PlanDiff, TaskFate};
use crate::prompt;
use crate::state::{Phase, Status};
use std::sync::Arc;

/// A todo is one line; what is longer belongs into the requirements or the design.
const TODO_BYTES_MAX: usize = 2 * 1024;

impl Decision<'_> {
    /// The person's own files hold other documents.
    pub(super) fn plan_edited(&mut self, edited: Documents) -> Result<(), Fault> {
        if let Some(why) = self.why_not_now() {
            return self.refuse(why);
        }
        match plan_diff::diff(self.state, &edited) {
            Err(problems) => self.refuse(problems.join("\n")),
            Ok(diff) if diff.change.is_empty() => {
                self.refuse("nothing differs from the plan of the run")
            }
            Ok(diff) => self.plan_changed(diff, Some(edited)),
        }
    }

    /// The person wants one thing more.
    pub(super) fn todo_added(&mut self, text: &str) -> Result<(), Fault> {
        if text.trim().is_empty() {
            return self.refuse("the todo is empty");
        }
        if text.len() > TODO_BYTES_MAX {
            let kib = TODO_BYTES_MAX / 1024;
            return self.refuse(format!(
                "a todo may have {kib} KiB; put the rest into the requirements and `replan`"
            ));
        }
        if let Some(why) = self.why_not_now() {
            return self.refuse(why);
        }
        let diff = plan_diff::added(self.state, text);
        self.plan_changed(diff, None)
    }

    /// What was taken for granted does not hold.
    pub(super) fn assumption_flipped(&mut self, number: u32, answer: &str) -> Result<(), Fault> {
        if answer.trim().is_empty() {
            return self.refuse("say what holds instead");
        }
        if let Some(why) = self.why_not_now() {
            return self.refuse(why);
        }
        match plan_diff::flipped(self.state, number, answer) {
            None => {
                let count = self.state.assumptions.len();
                self.refuse(format!("there is no assumption A{number}; there are {count}"))
            }
            Some(diff) if diff.change.is_empty() => self.refuse("that is what is assumed already"),
            Some(diff) => self.plan_changed(diff, None),
        }
    }

    /// Why the plan can't be changed just now, if it can't.
    fn why_not_now(&self) -> Option<&'static str> {
        let state = &self.state;
        match &state.phase {
            Phase::Planning | Phase::Review => {
                Some("the plan is not approved yet; change it in the conversation or at its review")
            }
            Phase::Publishing => Some("the documents are being committed; try again in a moment"),
            Phase::Ended(ending) if ending.can_resume() => {
                Some("the run has stopped; go on with it first")
            }
            Phase::Ended(_) => {
                Some("the run is over; `equitrcoder run` builds what the documents say now")
            }
            Phase::Graphing | Phase::Working
                if state.is_delivering() || state.touched.is_some() =>
            {
                Some("the result is being handed over; begin anew with `equitrcoder run`")
            }
            // A paused run is not over before it goes on.
            Phase::Graphing | Phase::Working if state.delivery.is_some() => {
                Some("the result is handed over; begin anew with `equitrcoder run`")
            }
            Phase::Graphing | Phase::Working => None,
        }
    }

    fn plan_changed(&mut self, diff: PlanDiff, edited: Option<Documents>) -> Result<(), Fault> {
        let PlanDiff { documents, change, tasks, .. } = diff;
        let (sections, graphing) = (change.sections.clone(), self.state.phase == Phase::Graphing);
        self.emit(Event::PlanChanged { documents, edited, change })?;
        if graphing {
            return self.graph_anew();
        }
        for task in &tasks {
            let (id, because) = (task.task, task.because.clone());
            match task.fate {
                TaskFate::Kept | TaskFate::Stays => {}
                TaskFate::Told => self.tell_of_change(id, &because)?,
                TaskFate::Reads => {
                    // What an earlier attempt left rests on what was true then.
                    if self.state.task(id).is_some_and(|task| task.attempts > 0) {
                        self.tell_of_change(id, &because)?;
                    }
                }
                TaskFate::Reopened => self.emit(Event::TaskReopened { task: id, because })?,
                TaskFate::Dropped => {
                    self.close_escalation(id)?;
                    self.emit(Event::TaskDropped { task: id, reason: because })?;
                }
            }
        }
        if !sections.is_empty() {
            let text = prompt::sections_changed(&sections);
            let (from, kind) = (Sender::Person, MessageKind::Fact);
            self.emit(Event::MessageSent { from, to: None, kind, text })?;
        }
        self.plan_for_uncovered()
    }

    fn tell_of_change(&mut self, task: TaskId, because: &str) -> Result<(), Fault> {
        let (from, to, kind) = (Sender::Person, Some(task), MessageKind::Fact);
        let text = prompt::plan_letter(because);
        self.emit(Event::MessageSent { from, to, kind, text })
    }

    /// The graph that is being made is made of what is true now.
    fn graph_anew(&mut self) -> Result<(), Fault> {
        let asked = self.state.consults.iter().find(|(_, c)| c.matter == Matter::Graph);
        match asked.map(|(&id, _)| id) {
            Some(id) => self.emit(Event::ConsultClosed { id }),
            None => Ok(()),
        }
    }

    fn close_escalation(&mut self, task: TaskId) -> Result<(), Fault> {
        let of_it =
            |matter: &Matter| matches!(matter, Matter::Escalation { task: t, .. } if *t == task);
        let found = self.state.consults.iter().find(|(_, c)| of_it(&c.matter));
        match found.map(|(&id, _)| id) {
            Some(id) => self.emit(Event::ConsultClosed { id }),
            None => Ok(()),
        }
    }

    /// The supervisor makes tasks of the todos that have none: one matter for all of them.
    fn plan_for_uncovered(&mut self) -> Result<(), Fault> {
        let is_it = |matter: &Matter| matches!(matter, Matter::PlanChange { .. });
        let open = self.state.consults.iter().find(|(_, c)| is_it(&c.matter)).map(|(&id, _)| id);
        if let Some(id) = open {
            self.emit(Event::ConsultClosed { id })?;
        }
        let todos = plan_diff::uncovered(self.state);
        if todos.is_empty() {
            return Ok(());
        }
        let nth = self.state.plan.changes;
        let opening = prompt::plan_change_opening(self.state, nth, &todos);
        let id = ConsultId(self.state.consults_opened + 1);
        self.emit(Event::ConsultOpened { id, matter: Matter::PlanChange { nth }, opening })
    }

    pub(super) fn tasks_proposed(
        &mut self,
        id: ConsultId,
        args: &str,
    ) -> Result<Result<(), Arc<str>>, Fault> {
        let proposed = match arguments::<ProposeTasks>(args) {
            Ok(added) => added.tasks,
            Err(wrong) => return Ok(Err(wrong)),
        };
        let shared = self.state.shared.clone();
        let todos = plan_diff::uncovered(self.state);
        if let Err(problems) = self.judge(&proposed, &todos, &shared, &[]) {
            return Ok(Err(problems));
        }
        let first =
            TaskId(u32::try_from(self.state.tasks.len()).unwrap_or(u32::MAX).saturating_add(1));
        let tasks = graph::accept(&proposed, first, &self.keys(), &self.state.workers());
        self.emit(Event::ConsultClosed { id })?;
        self.emit(Event::TasksAdded { tasks })?;
        Ok(Ok(()))
    }

    /// Tasks that were merged before their workers could read what changed are opened again.
    pub(super) fn reopen_untold(&mut self) -> Result<(), Fault> {
        #[cfg(feature = "planted")]
        if crate::planted::is(crate::planted::Mistake::UntoldChange) {
            return Ok(());
        }
        let merged = |task: TaskId| {
            self.state.task(task).is_some_and(|t| matches!(t.status, Status::Merged(_)))
        };
        let due: Vec<(TaskId, Arc<str>)> = self
            .state
            .plan
            .untold
            .iter()
            .filter(|&(&task, _)| merged(task))
            .map(|(&task, because)| (task, because.clone()))
            .collect();
        for (task, because) in due {
            self.emit(Event::TaskReopened { task, because })?;
        }
        Ok(())
    }
}
