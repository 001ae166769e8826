//! What follows the end of a job.

use super::Decision;
use crate::apply::Fault;
use crate::chat::{CallFault, Reply, Stop};
use crate::dialogue::{Step, cut};
use crate::event::{Ending, Event, Failure, Matter};
use crate::id::{AgentId, TaskId};
use crate::input::{CallFailure, Outcome, Used};
use crate::job::{Handover, JobId, MergeTry};
use crate::prompt::is_red;
use crate::retry::{self, Next};
use crate::review::Reviewed;
use crate::units::MicroDollars;
use std::sync::Arc;

/// How often in a row a model is told to use its tools before it has failed.
const NUDGES_MAX: u32 = 2;
/// A provider's words in the journal.
const MESSAGE_BYTES: usize = 500;

impl Decision<'_> {
    pub(super) fn outcome(&mut self, job: JobId, outcome: Outcome) -> Result<(), Fault> {
        if let Outcome::Failed(message) = outcome {
            return self.halt(Ending::Broken { message });
        }
        match (job, outcome) {
            (JobId::Call { agent, .. }, Outcome::Called { result, took_ms }) => match result {
                Ok(reply) => self.replied(agent, reply, took_ms),
                Err(failure) => self.call_failed(agent, failure, took_ms),
            },
            (JobId::Tool { agent, call, .. }, Outcome::ToolRan { content, outcome, took_ms }) => {
                self.emit(Event::ToolFinished { agent, call, content, outcome, took_ms })?;
                match agent {
                    AgentId::Worker(task, attempt) => self.worker_acted(task, attempt),
                    AgentId::Planner | AgentId::Supervisor(_) => Ok(()),
                }
            }
            (JobId::Prepare(task, attempt), Outcome::Prepared(base)) => {
                self.emit(Event::WorktreePrepared { task, attempt, base })
            }
            (
                JobId::Verify(task, attempt),
                Outcome::Verified { commit, paths, checks, edited, diff },
            ) => {
                if let Some(failure) = self.work_closed(task, &paths) {
                    return self.attempt_failed(task, attempt, failure);
                }
                if self.state.task(task).is_some_and(|found| found.edited != edited) {
                    self.emit(Event::ChecksEdited { task, attempt, paths: edited })?;
                }
                if checks.iter().any(|c| is_red(&c.verdict)) {
                    return self.attempt_failed(task, attempt, Failure::Checks { checks });
                }
                self.claim_free(task, &paths)?;
                let told = checks.clone();
                self.emit(Event::WorkVerified { task, attempt, commit, checks })?;
                self.ask_for_review(task, attempt, &told, &diff)
            }
            (JobId::Integrate(task, attempt), Outcome::Integrated { commit, onto, checks }) => {
                if checks.iter().any(|c| is_red(&c.verdict)) {
                    let reason = Failure::MergedChecks { checks, onto, commit };
                    return self.attempt_failed(task, attempt, reason);
                }
                self.emit(Event::MergeVerified { task, attempt, commit, onto, checks })
            }
            (
                JobId::Integrate(task, attempt),
                Outcome::Conflicted { paths, text, onto, tree, with },
            ) => {
                let reason = Failure::Conflict { paths, text, onto, tree, with };
                self.attempt_failed(task, attempt, reason)
            }
            (
                JobId::Integrate(task, attempt) | JobId::Land(task, MergeTry { attempt, .. }),
                Outcome::Overtaken,
            ) => self.emit(Event::MergeOvertaken { task, attempt }),
            (JobId::Land(task, MergeTry { attempt, .. }), Outcome::Landed) => {
                let landing = self.state.task(task).and_then(|t| t.attempt()).map(|a| &a.stage);
                let Some(crate::state::Stage::Landing { commit, .. }) = landing else {
                    return Err("no merge is landing");
                };
                let commit = commit.clone();
                self.emit(Event::TaskMerged { task, attempt, commit })
            }
            (
                JobId::Prepare(task, attempt)
                | JobId::Verify(task, attempt)
                | JobId::Integrate(task, attempt),
                Outcome::Refused(message),
            ) => self.attempt_failed(task, attempt, Failure::Refused { message }),
            (JobId::Publish, Outcome::Published { base, note }) => {
                self.emit(Event::DocumentsPublished { base, note })
            }
            (JobId::Foresee(nth), Outcome::Foreseen(seen)) => self.foreseen(nth, seen),
            (JobId::Deliver(handover), Outcome::Delivered(delivery)) => {
                self.delivered(handover, delivery)
            }
            (JobId::Deliver(Handover::Guarded), Outcome::Protected(touched)) => {
                self.protected(touched)
            }
            (JobId::Commit(nth), Outcome::Committed(commit)) => {
                let Some(due) = self.state.commits.due.front() else {
                    return Err("no commit is due");
                };
                let subject = due.subject.clone();
                self.emit(Event::FilesCommitted { nth, subject, commit })
            }
            (JobId::Prove { task, nth }, Outcome::Proved { at, locks, broken, checks }) => {
                self.emit(Event::ChecksProved { nth, task, at, locks, broken, checks })
            }
            (JobId::Recheck(nth), Outcome::Rechecked(checks)) => self.rechecked(nth, checks),
            // The branch would not hold still: the commit is still wanted, and tried again.
            (JobId::Commit(_), Outcome::Overtaken) => Ok(()),
            _ => Err("an outcome belongs to another kind of job"),
        }
    }

    fn halt(&mut self, ending: Ending) -> Result<(), Fault> {
        #[cfg(feature = "planted")]
        if crate::planted::is(crate::planted::Mistake::IgnoredFailure)
            && self.state.halting.is_some()
        {
            return Ok(());
        }
        // A machine that failed a job would fail the next one too: nothing waits for it, and a run
        // that is coming to a halt would only ask for the same job again.
        if let Ending::Broken { .. } = ending {
            return self.emit(Event::RunEnded { ending });
        }
        if self.state.halting.is_some() {
            return Ok(());
        }
        self.emit(Event::RunHalted { ending })
    }

    fn replied(&mut self, agent: AgentId, reply: Reply, took_ms: u64) -> Result<(), Fault> {
        let Some(Step::Calling { hold, .. }) = self.state.dialogue(agent).map(|d| d.step) else {
            return Err("no call of this agent is under way");
        };
        let price = self.state.model(agent).price;
        let cost = match reply.usage.reported_cost {
            Some(cost) => cost,
            None if reply.usage.is_known() => price.cost(&reply.usage),
            None => hold,
        };
        let stop = reply.stop;
        let has_calls = !reply.calls.is_empty();
        let text = reply.text.clone();
        self.emit(Event::CallReplied { agent, reply, cost, took_ms })?;
        if stop == Stop::Length {
            return self.nudge(
                agent,
                "Your reply was cut off at its length limit, and nothing in it was run. Go on in \
                 smaller steps.",
            );
        }
        if !has_calls && agent != AgentId::Planner {
            return self.nudge(agent, "Every reply has to call one of your tools.");
        }
        match agent {
            AgentId::Planner => {
                self.planner_replied(&text)?;
                self.stop_endless_planning()
            }
            AgentId::Supervisor(id) => self.supervisor_replied(id),
            AgentId::Worker(task, attempt) => self.worker_replied(task, attempt),
        }
    }

    pub(super) fn nudge(&mut self, agent: AgentId, text: &str) -> Result<(), Fault> {
        let spent = self.state.dialogue(agent).is_some_and(|d| d.nudges >= NUDGES_MAX);
        // A run that stops for an agent has to find it asking again when it goes on.
        if !spent || self.stops_the_run(agent) {
            self.emit(Event::AgentNudged { agent, text: text.into() })?;
        }
        if !spent {
            return Ok(());
        }
        self.agent_failed(agent, Failure::NoProgress, "it neither called a tool nor finished")
    }

    /// Whether nothing goes on without this agent.
    fn stops_the_run(&self, agent: AgentId) -> bool {
        match agent {
            AgentId::Planner => true,
            AgentId::Supervisor(id) => {
                self.state.consults.get(&id).is_some_and(|c| c.matter == Matter::Graph)
            }
            AgentId::Worker(..) => false,
        }
    }

    fn call_failed(
        &mut self,
        agent: AgentId,
        failure: CallFailure,
        took_ms: u64,
    ) -> Result<(), Fault> {
        let Some(Step::Calling { hold, failures, .. }) = self.state.dialogue(agent).map(|d| d.step)
        else {
            return Err("no call of this agent is under way");
        };
        let cost = match failure.used {
            Used::Nothing => MicroDollars::ZERO,
            Used::Tokens(usage) => self.state.model(agent).price.cost(&usage),
            Used::Unknown => hold,
        };
        let next = retry::after(failure.fault, failures, failure.retry_after_ms, salt(agent));
        let pause = match next {
            Next::Retry { after_ms } => after_ms,
            Next::FailAgent | Next::StopRun => 0,
        };
        let message: Arc<str> = cut(&failure.message, MESSAGE_BYTES).into();
        self.emit(Event::CallFailed {
            agent,
            fault: failure.fault,
            message: message.clone(),
            cost,
            took_ms,
            retry_at_ms: self.state.now_ms.saturating_add(pause),
        })?;
        match next {
            Next::Retry { .. } => Ok(()),
            Next::StopRun => {
                self.halt(Ending::ModelUnavailable { message: told(failure.fault, &message) })
            }
            Next::FailAgent => {
                let reason = Failure::Model { message: message.clone() };
                self.agent_failed(agent, reason, &message)
            }
        }
    }

    /// An agent can't go on: what that means depends on what it was there for.
    pub(super) fn agent_failed(
        &mut self,
        agent: AgentId,
        failure: Failure,
        why: &str,
    ) -> Result<(), Fault> {
        match agent {
            AgentId::Planner => self.halt(Ending::ModelUnavailable {
                message: format!("the planner failed: {why}").into(),
            }),
            AgentId::Worker(task, attempt) => self.attempt_failed(task, attempt, failure),
            AgentId::Supervisor(id) => {
                let Some(consult) = self.state.consults.get(&id) else { return Ok(()) };
                match consult.matter.clone() {
                    Matter::Graph => self.halt(Ending::ModelUnavailable {
                        message: format!("the supervisor made no task graph: {why}").into(),
                    }),
                    // The todos stay open and without a task; the end of the run says so.
                    Matter::PlanChange { .. } => self.emit(Event::ConsultClosed { id }),
                    Matter::Question { .. } => self.consult_answered(
                        id,
                        "The supervisor has no answer. Decide yourself, and say in your summary \
                         what you decided.",
                    ),
                    // A review that doesn't come keeps no verified work from its merge.
                    Matter::Review { .. } => {
                        let why = format!("the reviewer failed: {}", cut(why, MESSAGE_BYTES));
                        self.reviewed(id, Reviewed::Missing(why.into()))
                    }
                    Matter::Claim { .. } => self.claim_refused(
                        id,
                        "The supervisor has no answer. Do it without these files.",
                    ),
                    Matter::Acceptance { task } => self.acceptance_closed(id, task, Some(why)),
                    Matter::ContractChange { .. } => self.contract_change_refused(
                        id,
                        "not decided: the supervisor has no word on it; build to the contract as \
                         it stands",
                    ),
                    Matter::Escalation { task, .. } => {
                        self.emit(Event::ConsultClosed { id })?;
                        let reason = format!("the supervisor found no way out: {why}").into();
                        self.emit(Event::TaskFailed { task, reason })
                    }
                }
            }
        }
    }

    pub(super) fn attempt_failed(
        &mut self,
        task: TaskId,
        attempt: u32,
        reason: Failure,
    ) -> Result<(), Fault> {
        self.emit(Event::AttemptFailed { task, attempt, reason })?;
        self.after_failure(task)
    }
}

fn told(fault: CallFault, message: &str) -> Arc<str> {
    match fault {
        CallFault::KeyRefused => format!("the provider refused the key: {message}"),
        CallFault::OutOfQuota => format!("the provider wants to be paid first: {message}"),
        CallFault::RateLimited
        | CallFault::Transient
        | CallFault::TooLarge
        | CallFault::BadRequest => format!("the provider did not answer: {message}"),
    }
    .into()
}

fn salt(agent: AgentId) -> u64 {
    match agent {
        AgentId::Planner => 1,
        AgentId::Supervisor(id) => 2 + (u64::from(id.0) << 32),
        AgentId::Worker(task, attempt) => 3 + (u64::from(task.0) << 32) + (u64::from(attempt) << 2),
    }
}
