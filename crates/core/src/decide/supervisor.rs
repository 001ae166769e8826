//! What the supervisor's replies lead to.

use super::Decision;
use super::planner::unknown_tool;
use crate::apply::Fault;
use crate::chat::ToolOutcome;
use crate::contracts::{self, ProposedContract};
use crate::control::{
    Answer, AskPerson, AskSupervisor, DropTask, FailTask, ProposeGraph, ReassignTask, RetryTask,
    SplitTask, SubmitReview, arguments,
};
use crate::event::{Event, Failure, Matter};
use crate::graph::{self, GraphContext, ProposedTask};
use crate::id::{AgentId, ConsultId, TaskId};
use crate::review::{READING_TOOLS, Reviewed};
use crate::state::Task;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Replies in one matter: a graph that is still wrong after so many is not coming.
pub(super) const REPLIES_MAX: u32 = 8;

impl Decision<'_> {
    pub(super) fn supervisor_replied(&mut self, id: ConsultId) -> Result<(), Fault> {
        let agent = AgentId::Supervisor(id);
        if let Some(Matter::Acceptance { task }) = self.state.consults.get(&id).map(|c| &c.matter) {
            return self.acceptance_replied(id, *task);
        }
        for (n, call) in (0_u32..).zip(self.calls_of(agent)) {
            let Some(matter) = self.state.consults.get(&id).map(|c| c.matter.clone()) else {
                return Ok(());
            };
            let decided = match (&*call.name, &matter) {
                (
                    "ask_person",
                    Matter::Question { .. }
                    | Matter::Escalation { .. }
                    | Matter::ContractChange { .. },
                ) => match arguments::<AskPerson>(&call.args) {
                    Err(wrong) => Err(wrong),
                    Ok(ask) => {
                        self.ask(agent, n, &ask)?;
                        continue;
                    }
                },
                ("propose_graph", Matter::Graph) => self.graph_proposed(id, &call.args)?,
                ("propose_tasks", Matter::PlanChange { .. }) => {
                    self.tasks_proposed(id, &call.args)?
                }
                ("answer", Matter::Question { .. }) => match arguments::<Answer>(&call.args) {
                    Err(wrong) => Err(wrong),
                    Ok(answer) => {
                        self.keep_answer(id, &answer.answer)?;
                        Ok(self.consult_answered(id, &answer.answer)?)
                    }
                },
                ("submit_review", Matter::Review { .. }) => {
                    match arguments::<SubmitReview>(&call.args) {
                        Err(wrong) => Err(wrong),
                        Ok(review) => Ok(self.reviewed(id, Reviewed::of(&review))?),
                    }
                }
                (name, Matter::Review { .. }) if READING_TOOLS.contains(&name) => continue,
                (name, Matter::Claim { .. }) => self.claim_decided(id, name, &call.args)?,
                (name, Matter::Escalation { task, .. }) => {
                    self.decided(id, *task, name, &call.args)?
                }
                (name, Matter::ContractChange { .. }) => {
                    self.contract_change_decided(id, name, &call.args)?
                }
                (name, _) => Err(unknown_tool(name)),
            };
            match decided {
                // The matter is decided: what else the reply asks for is void.
                Ok(()) => return Ok(()),
                Err(wrong) => self.tool_result(agent, n, Err(wrong))?,
            }
        }
        let replies = self.state.dialogue(agent).map_or(0, |d| d.turn);
        let most = match self.state.consults.get(&id).map(|c| &c.matter) {
            Some(Matter::Review { .. }) => self.state.spec.limits.turns,
            Some(
                Matter::Graph
                | Matter::Question { .. }
                | Matter::Escalation { .. }
                | Matter::Claim { .. }
                | Matter::ContractChange { .. }
                | Matter::Acceptance { .. }
                | Matter::PlanChange { .. },
            )
            | None => REPLIES_MAX,
        };
        if replies >= most {
            return self.agent_failed(
                agent,
                Failure::NoProgress,
                "too many replies without a decision",
            );
        }
        Ok(())
    }

    /// Keeps an answer for whoever asks the same.
    fn keep_answer(&mut self, id: ConsultId, answer: &str) -> Result<(), Fault> {
        let Some(consult) = self.state.consults.get(&id) else { return Ok(()) };
        let Matter::Question { task, attempt, call, .. } = consult.matter else { return Ok(()) };
        let calls = self.calls_of(AgentId::Worker(task, attempt));
        let Some(Ok(ask)) = calls.get(call as usize).map(|c| arguments::<AskSupervisor>(&c.args))
        else {
            return Err("nobody asked");
        };
        let (question, answer) = (ask.question.trim().into(), answer.trim().into());
        self.emit(Event::SupervisorAnswered { task, question, answer })
    }

    /// Gives a worker the answer it waits for.
    pub(super) fn consult_answered(&mut self, id: ConsultId, answer: &str) -> Result<(), Fault> {
        let Some(consult) = self.state.consults.get(&id) else { return Ok(()) };
        let Matter::Question { task, attempt, call, .. } = consult.matter else {
            return Err("only a question is answered");
        };
        self.emit(Event::ConsultClosed { id })?;
        let agent = AgentId::Worker(task, attempt);
        let content = answer.trim().into();
        let outcome = ToolOutcome::Ok;
        self.emit(Event::ToolFinished { agent, call, content, outcome, took_ms: 0 })?;
        self.worker_acted(task, attempt)
    }

    fn graph_proposed(&mut self, id: ConsultId, args: &str) -> Result<Result<(), Arc<str>>, Fault> {
        let ProposeGraph { tasks: proposed, shared, contracts } = match arguments(args) {
            Ok(graph) => graph,
            Err(wrong) => return Ok(Err(wrong)),
        };
        let shared: Vec<Arc<str>> = shared.iter().map(|glob| glob.trim().into()).collect();
        let open: Vec<u32> =
            self.state.plan.todos.iter().filter(|t| !t.done).map(|t| t.number).collect();
        if let Err(problems) = self.judge(&proposed, &open, &shared, &contracts) {
            return Ok(Err(problems));
        }
        let tasks = graph::accept(&proposed, TaskId(1), &BTreeMap::new(), &BTreeSet::new());
        let ids = tasks.iter().map(|task| (task.key.clone(), task.id)).collect();
        let contracts = contracts::accept(&contracts, &ids);
        self.emit(Event::ConsultClosed { id })?;
        self.emit(Event::GraphAccepted { tasks, shared, contracts })?;
        Ok(Ok(()))
    }

    pub(super) fn judge(
        &self,
        proposed: &[ProposedTask],
        todos: &[u32],
        shared: &[Arc<str>],
        contracts: &[ProposedContract],
    ) -> Result<(), Arc<str>> {
        let profiles: BTreeSet<Arc<str>> = self.state.spec.profiles.keys().cloned().collect();
        let context = GraphContext {
            todos,
            known_todos: &self.state.plan.todos,
            profiles: &profiles,
            project_has_checks: !self.state.spec.checks.is_empty(),
            shared,
            existing: &self.keys(),
        };
        let problems = graph::problems(proposed, &context);
        let ids = proposed.iter().map(|task| task.id.as_str()).collect();
        let unsound = contracts::problems(contracts, &ids);
        if problems.is_empty() && unsound.is_empty() {
            return Ok(());
        }
        let lines: Vec<String> = (problems.iter().map(|p| format!("- {p}")))
            .chain(unsound.iter().map(|p| format!("- {p}")))
            .collect();
        Err(format!("not accepted:\n{}", lines.join("\n")).into())
    }

    pub(super) fn keys(&self) -> BTreeMap<Arc<str>, TaskId> {
        self.state.tasks.iter().map(|t| (t.key.clone(), t.id)).collect()
    }

    fn decided(
        &mut self,
        id: ConsultId,
        task: TaskId,
        name: &str,
        args: &str,
    ) -> Result<Result<(), Arc<str>>, Fault> {
        let event = match name {
            "retry_task" => arguments::<RetryTask>(args).map(|retry| Event::AdviceGiven {
                task,
                advice: retry.advice.trim().into(),
                reassigned: None,
            }),
            "reassign_task" => arguments::<ReassignTask>(args).and_then(|to| {
                if !self.state.spec.profiles.contains_key(to.profile.as_str()) {
                    let known: Vec<&str> = self.state.spec.profiles.keys().map(|p| &**p).collect();
                    let known = known.join(", ");
                    return Err(format!(
                        "there is no profile `{}`; there are: {known}",
                        to.profile
                    )
                    .into());
                }
                let worker = graph::worker_name(&to.profile, false, &self.state.workers());
                Ok(Event::AdviceGiven {
                    task,
                    advice: to.advice.trim().into(),
                    reassigned: Some((to.profile.as_str().into(), worker)),
                })
            }),
            "split_task" => match arguments::<SplitTask>(args) {
                Err(wrong) => Err(wrong),
                Ok(split) => self.split(task, &split.tasks),
            },
            "drop_task" => arguments::<DropTask>(args)
                .map(|drop| Event::TaskDropped { task, reason: drop.reason.trim().into() }),
            "fail_task" => arguments::<FailTask>(args)
                .map(|fail| Event::TaskFailed { task, reason: fail.reason.trim().into() }),
            other => Err(unknown_tool(other)),
        };
        match event {
            Err(wrong) => Ok(Err(wrong)),
            Ok(event) => {
                self.emit(Event::ConsultClosed { id })?;
                self.emit(event)?;
                Ok(Ok(()))
            }
        }
    }

    fn split(&self, task: TaskId, parts: &[ProposedTask]) -> Result<Event, Arc<str>> {
        let whole = self.state.task(task).ok_or("there is no such task")?;
        self.judge(parts, &whole.todos, &self.state.shared, &[])?;
        if parts.len() < 2 {
            return Err("a split has at least two tasks; give advice or reassign instead".into());
        }
        if let Some(told) = self.clash(whole, parts) {
            return Err(told);
        }
        let behind = self.behind(whole);
        for part in parts {
            let looped = part.needs.iter().find(|need| {
                self.state
                    .tasks
                    .iter()
                    .any(|t| t.key.as_ref() == need.as_str() && behind.contains(&t.id))
            });
            if let Some(need) = looped {
                return Err(format!("`{}` can't need `{need}`, which waits for it", part.id).into());
            }
        }
        let first =
            TaskId(u32::try_from(self.state.tasks.len()).unwrap_or(u32::MAX).saturating_add(1));
        let into = graph::accept(parts, first, &self.keys(), &self.state.workers());
        Ok(Event::TaskSplit { task, into })
    }

    /// The task and all that waits for it, directly or not.
    fn behind(&self, task: &Task) -> BTreeSet<TaskId> {
        let mut found = BTreeSet::from([task.id]);
        let mut open = vec![task.id];
        while let Some(id) = open.pop() {
            let Some(task) = self.state.task(id) else { continue };
            for next in task.dependents.iter().copied().chain(task.part_of) {
                if found.insert(next) {
                    open.push(next);
                }
            }
        }
        found
    }
}
