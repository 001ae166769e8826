//! What follows from the state alone: answers that are due, tasks that start, money set aside,
//! merges in their turn, and the end.

use super::Decision;
use crate::acceptance;
use crate::apply::Fault;
use crate::drift;
use crate::event::{AnsweredBy, Ending, Event, Failure, Matter, Verdict};
use crate::id::{AgentId, Asker, ConsultId, QuestionId, TaskId};
use crate::job::{any, call_not_before, tool_bytes, wake_at};
use crate::plan_diff;
use crate::prompt;
use crate::repeats::{self, CircleStage};
use crate::spec::{Approval, Goal, Person};
use crate::state::{Phase, RunState, Stage, Status};
use crate::units::MicroDollars;
use std::sync::Arc;

/// A reply shorter than this is not worth a call: less is left only at the very end of a budget.
const USEFUL_REPLY_TOKENS: u32 = 1_024;

/// Bytes to a token at the least, for money: dense code and digits come near it, prose does not.
const BYTES_PER_TOKEN_MIN: usize = 2;

/// Tokens that a provider adds for a message's own frame.
const MESSAGE_FRAME_TOKENS: u64 = 8;

impl Decision<'_> {
    pub(super) fn follow_up(&mut self) -> Result<(), Fault> {
        if self.state.ending().is_some() {
            return Ok(());
        }
        self.answer_for_the_absent()?;
        self.reopen_untold()?;
        if is_paused(self.state) {
            return self.end_if_halted();
        }
        self.advance_plan()?;
        self.start_merge()?;
        self.void_acceptance()?;
        if self.state.halting.is_none() && self.state.ending().is_none() {
            self.start_attempts()?;
            self.reserve_calls()?;
        }
        self.end_if_idle()
    }

    fn answer_for_the_absent(&mut self) -> Result<(), Fault> {
        let due: Vec<QuestionId> = self
            .state
            .questions
            .iter()
            .filter(|(_, question)| {
                let closed =
                    question.by == Asker::Agent(AgentId::Planner) && self.state.plan.closed;
                let absent = matches!(self.state.spec.person, Person::Absent { .. });
                let waits = self.state.paused.is_some();
                let late = question.deadline_ms.is_some_and(|at| !waits && at <= self.state.now_ms);
                closed || absent || late
            })
            .map(|(&id, _)| id)
            .collect();
        for id in due {
            let Some(question) = self.state.questions.get(&id) else { continue };
            let given = match (&self.state.spec.person, question.by) {
                (Person::Absent { answers }, Asker::Agent(AgentId::Planner)) => {
                    answers.get(self.state.plan.answers_used).cloned()
                }
                (Person::Absent { .. } | Person::Present { .. }, _) => None,
            };
            let by = if given.is_some() { AnsweredBy::Person } else { AnsweredBy::Default };
            let text = given.unwrap_or_else(|| question.default.clone());
            self.emit(Event::QuestionAnswered { id, text, by })?;
        }
        Ok(())
    }

    fn advance_plan(&mut self) -> Result<(), Fault> {
        if self.state.phase == Phase::Review && self.state.spec.approval == Approval::Given {
            self.approve()?;
        }
        if self.state.phase != Phase::Graphing {
            return Ok(());
        }
        if self.state.spec.goal == Goal::Plan || self.state.plan.todos.iter().all(|t| t.done) {
            return self.emit(Event::RunEnded { ending: Ending::Done });
        }
        let asked = self.state.consults.values().any(|c| c.matter == Matter::Graph);
        if !asked && self.state.halting.is_none() {
            let id = ConsultId(self.state.consults_opened + 1);
            let opening = prompt::graph_opening(self.state);
            self.emit(Event::ConsultOpened { id, matter: Matter::Graph, opening })?;
        }
        Ok(())
    }

    fn start_merge(&mut self) -> Result<(), Fault> {
        if !self.state.commits.due.is_empty() {
            return Ok(());
        }
        let Some(&task) = self.state.merging.front() else { return Ok(()) };
        let attempt = self.state.task(task).and_then(|t| t.attempt());
        match attempt {
            Some(attempt) if attempt.stage == Stage::Queued => {
                let attempt = attempt.number;
                self.emit(Event::MergeStarted { task, attempt })
            }
            Some(_) | None => Ok(()),
        }
    }

    fn start_attempts(&mut self) -> Result<(), Fault> {
        // Who writes checks for a task takes the place of its worker.
        while self.state.working + acceptance::under_way(self.state)
            < self.state.spec.limits.workers
        {
            // A single worker does the tasks in the order in which people read them.
            let free = |id: &TaskId| {
                !self.state.commits.hold_back(*id) && !acceptance::in_making(self.state, *id)
            };
            let mut ready = self.state.ready.iter().map(|&(_, id)| id).filter(free);
            let next = match self.state.spec.limits.workers {
                1 => ready.min(),
                _ => ready.next(),
            };
            let Some(id) = next else { return Ok(()) };
            let Some(task) = self.state.task(id) else { return Err("no such task") };
            if !acceptance::missing(self.state, task).is_empty() {
                self.open_acceptance(id)?;
                continue;
            }
            let opening = prompt::worker_opening(self.state, task);
            let (attempt, start) = (task.attempts + 1, task.start.clone());
            self.emit(Event::AttemptStarted { task: id, attempt, start, opening })?;
        }
        Ok(())
    }

    /// Sets money aside for the agents that want to call, first come first served. One that has to
    /// wait for its provider lets others pass; one that has to wait for money does not.
    fn reserve_calls(&mut self) -> Result<(), Fault> {
        let mut place = 0;
        while let Some(&agent) = self.state.callers.get(place) {
            if let AgentId::Worker(task, attempt) = agent
                && let Some(failure) = spent_up(self.state, agent)
            {
                self.attempt_failed(task, attempt, failure)?;
                self.start_attempts()?;
                continue;
            }
            self.notice_circle(agent)?;
            self.warn(agent)?;
            if call_not_before(self.state, agent).is_some_and(|at| at > self.state.now_ms) {
                place += 1;
                continue;
            }
            let Some((amount, max_tokens)) = reservation(self.state, agent) else { return Ok(()) };
            self.emit(Event::CallReserved { agent, amount, max_tokens })?;
        }
        Ok(())
    }

    /// Tells a worker, before its next call, that it goes in circles.
    fn notice_circle(&mut self, agent: AgentId) -> Result<(), Fault> {
        let AgentId::Worker(task, attempt) = agent else { return Ok(()) };
        let found = self.state.dialogue(agent).and_then(|dialogue| dialogue.repeats.found.as_ref());
        match found.map(|circle| (circle.stage, repeats::notice(circle))) {
            Some((CircleStage::Notice, text)) => {
                self.emit(Event::CircleNoticed { task, attempt, text: text.into() })
            }
            // That ends the attempt; see `spent_up`.
            Some((CircleStage::Over, _)) | None => Ok(()),
        }
    }

    /// Tells a worker, before its next call, that it drifts or that a bound comes near.
    fn warn(&mut self, agent: AgentId) -> Result<(), Fault> {
        let AgentId::Worker(task, number) = agent else { return Ok(()) };
        while let Some((warning, text)) = self
            .state
            .task(task)
            .and_then(|task| task.attempt())
            .and_then(|attempt| drift::warning(self.state, attempt))
        {
            let text = text.into();
            self.emit(Event::WorkerWarned { task, attempt: number, warning, text })?;
        }
        Ok(())
    }

    /// A paused run waits for the person, unless it has to stop anyway: then they are told why.
    fn end_if_halted(&mut self) -> Result<(), Fault> {
        match self.state.halting {
            Some(_) => self.end_if_idle(),
            None => Ok(()),
        }
    }

    fn end_if_idle(&mut self) -> Result<(), Fault> {
        let waits_for_person = match self.state.phase {
            Phase::Review => true,
            Phase::Planning => {
                let listening = |d: &crate::dialogue::Dialogue| {
                    matches!(d.step, crate::dialogue::Step::Listening)
                };
                self.state.plan.dialogue.as_ref().is_none_or(listening)
            }
            Phase::Publishing | Phase::Graphing | Phase::Working | Phase::Ended(_) => false,
        };
        let idle = self.state.ending().is_none()
            && !waits_for_person
            && self.state.questions.is_empty()
            && !any(self.state)
            && wake_at(self.state).is_none();
        if !idle {
            return Ok(());
        }
        let ending = self.state.halting.clone().unwrap_or_else(|| ending(self.state));
        self.emit(Event::RunEnded { ending })
    }
}

/// Whether nothing new may begin.
fn is_paused(state: &RunState) -> bool {
    #[cfg(feature = "planted")]
    if crate::planted::is(crate::planted::Mistake::HeedlessPause) {
        return false;
    }
    state.paused.is_some()
}

/// Why a worker may not call any more.
fn spent_up(state: &RunState, agent: AgentId) -> Option<Failure> {
    let AgentId::Worker(task, number) = agent else { return None };
    let attempt = state.task(task)?.attempt().filter(|a| a.number == number)?;
    if attempt.dialogue.turn >= state.spec.limits.turns {
        return Some(Failure::OutOfTurns);
    }
    if let Some(circle) = &attempt.dialogue.repeats.found
        && circle.stage == CircleStage::Over
    {
        return Some(Failure::Circle { call: circle.call.clone(), times: circle.times });
    }
    let turns = drift::idle_turns(attempt);
    if turns >= drift::IDLE_OVER_AT {
        return Some(Failure::Idle { turns });
    }
    (attempt.worked_ms >= state.spec.limits.attempt_ms).then_some(Failure::OutOfTime)
}

/// What has to be set aside for an agent's next call and how long its reply may be; nothing when
/// the money is not left. While calls are under way, their change may still pay for this one.
fn reservation(state: &RunState, agent: AgentId) -> Option<(MicroDollars, u32)> {
    let model = state.model(agent);
    let dialogue = state.dialogue(agent)?;
    let mail: usize = match agent {
        AgentId::Worker(task, _) => {
            let task = state.task(task)?;
            let seen = task.attempt().map_or(0, |a| a.mail_seen);
            task.mail[seen..].iter().map(|letter| letter.text.len() + 80).sum()
        }
        AgentId::Planner | AgentId::Supervisor(_) => 0,
    };
    let bytes = dialogue.shown_bytes() + mail + tool_bytes(state, agent);
    let messages = dialogue.messages.len() as u64;
    let input = (bytes / BYTES_PER_TOKEN_MIN) as u64 + messages * MESSAGE_FRAME_TOKENS;
    let whole = model.price.upper_bound(input, u64::from(model.reply_tokens));
    let Some(left) = state.ledger.left() else { return Some((whole, model.reply_tokens)) };
    if whole <= left {
        return Some((whole, model.reply_tokens));
    }
    if state.ledger.held > MicroDollars::ZERO || model.price.output == 0 {
        return None;
    }
    let for_output = left.0.checked_sub(model.price.upper_bound(input, 0).0)?;
    let tokens = u128::from(for_output) * 1_000_000 / u128::from(model.price.output);
    let tokens = u32::try_from(tokens).unwrap_or(u32::MAX).min(model.reply_tokens);
    let useful = USEFUL_REPLY_TOKENS.min(model.reply_tokens);
    let amount = model.price.upper_bound(input, u64::from(tokens));
    (tokens >= useful && amount <= left).then_some((amount, tokens))
}

fn ending(state: &RunState) -> Ending {
    if !state.callers.is_empty() {
        return Ending::OutOfBudget;
    }
    let unplanned = !plan_diff::uncovered(state).is_empty();
    let open = unplanned
        || state.tasks.iter().any(|task| match &task.status {
            Status::Merged(work) => {
                !work.checks.iter().any(|c| c.verdict == Verdict::Passed)
                    || work.checks.iter().any(|c| c.verdict != Verdict::Passed)
            }
            Status::Split(_) => false,
            // The person dropped all that it was there for.
            Status::Dropped(_) => !task.todos.is_empty(),
            Status::Waiting
            | Status::Ready
            | Status::Active(_)
            | Status::Escalated
            | Status::Failed(_) => true,
        });
    match (open || acceptance::is_disproven(state), state.has_merged()) {
        (false, _) => Ending::Done,
        (true, true) => Ending::DoneWithOpenWork,
        (true, false) => {
            let failed = state.tasks.iter().find_map(|task| match &task.status {
                Status::Failed(reason) => Some(format!("task {} failed: {reason}", task.id)),
                _ => None,
            });
            let reason: Arc<str> =
                failed.unwrap_or_else(|| "no task could be done".to_owned()).into();
            Ending::Failed { reason }
        }
    }
}
