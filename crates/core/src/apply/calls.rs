//! What model calls, their tool calls and the supervisor's matters do to a state.

use super::{Fault, acceptance};
use crate::answers::Answered;
use crate::chat::{CallFault, Stop, ToolOutcome};
use crate::dialogue::{Dialogue, Step};
use crate::event::{Event, Matter};
use crate::foresight;
use crate::id::{AgentId, Asker};
use crate::prompt;
use crate::state::{Consult, RunState, Stage, Status};
use crate::units::MicroDollars;
use std::sync::Arc;

pub(super) fn apply(state: &mut RunState, event: &Event) -> Result<(), Fault> {
    match event {
        Event::ConsultOpened { id, matter, opening } => {
            state.consults_opened = id.0;
            match matter {
                Matter::Graph | Matter::PlanChange { .. } => {}
                Matter::Question { task, attempt, nth, .. } => {
                    let found = state.task_mut(*task).ok_or("no such task")?;
                    if found.attempt().is_none_or(|a| a.number != *attempt) {
                        return Err("no such attempt");
                    }
                    found.questions = *nth;
                }
                Matter::Review { task, attempt } => {
                    let stage = state
                        .task(*task)
                        .and_then(|t| t.attempt())
                        .filter(|a| a.number == *attempt)
                        .map(|a| &a.stage);
                    if stage != Some(&Stage::Reviewing) {
                        return Err("only verified work is reviewed");
                    }
                }
                Matter::Claim { task, attempt, nth, .. } => {
                    let found = state.task_mut(*task).ok_or("no such task")?;
                    if found.attempt().is_none_or(|a| a.number != *attempt) {
                        return Err("no such attempt");
                    }
                    found.claims_asked = *nth;
                }
                Matter::ContractChange { task, attempt, nth, .. } => {
                    let found = state.task(*task).ok_or("no such task")?;
                    if found.attempt().is_none_or(|a| a.number != *attempt) {
                        return Err("no such attempt");
                    }
                    state.contracts.proposals.insert(*task, *nth);
                }
                Matter::Escalation { task, nth } => {
                    let found = state.task_mut(*task).ok_or("no such task")?;
                    if found.status != Status::Ready {
                        return Err("only a task without an attempt is escalated");
                    }
                    let key = (std::cmp::Reverse(found.path), *task);
                    found.status = Status::Escalated;
                    found.escalations = *nth;
                    state.ready.remove(&key);
                    state.escalated.insert(*task);
                }
                Matter::Acceptance { task } => acceptance::begin(state, *task)?,
            }
            let agent = AgentId::Supervisor(*id);
            let cap = state.dialogue_cap_bytes(agent);
            let dialogue = Dialogue::new(prompt::system(matter).into(), opening.clone(), cap);
            state.consults.insert(*id, Consult { matter: matter.clone(), dialogue });
            state.callers.push_back(agent);
            Ok(())
        }
        Event::ConsultClosed { id } => {
            close(state, AgentId::Supervisor(*id));
            let consult = state.consults.remove(id).ok_or("no such matter is open")?;
            if let Matter::Acceptance { task } = consult.matter {
                acceptance::leave(state, task);
            }
            Ok(())
        }
        Event::CallReserved { agent, amount, max_tokens } => {
            let caller = state.callers.iter().position(|c| c == agent).ok_or("nobody calls")?;
            state.ledger = state.ledger.hold(*amount).ok_or("the money is not left")?;
            state.callers.remove(caller);
            deliver_mail(state, *agent);
            state.calls_reserved += 1;
            let nth = state.calls_reserved;
            let dialogue = state.dialogue_mut(*agent).ok_or("nobody calls")?;
            let Step::NeedsCall { failures, .. } = dialogue.step else {
                return Err("the agent waits for no call");
            };
            let (hold, max_tokens) = (*amount, *max_tokens);
            dialogue.step = Step::Calling { nth, failures, hold, max_tokens };
            Ok(())
        }
        Event::CallReplied { agent, reply, cost, took_ms } => {
            settle(state, *agent, *cost, *took_ms)?;
            state.calls.0 += 1;
            state.tokens.0 += reply.usage.input_tokens;
            state.tokens.1 += reply.usage.cached_tokens;
            state.tokens.2 += reply.usage.output_tokens;
            if *agent == AgentId::Planner {
                state.plan.replies += 1;
            }
            let dialogue = state.dialogue_mut(*agent).ok_or("nobody called")?;
            if !reply.calls.is_empty() && reply.stop != Stop::Length {
                dialogue.nudges = 0;
            }
            dialogue.reply(reply.clone());
            Ok(())
        }
        Event::CallFailed { agent, fault, cost, took_ms, retry_at_ms, .. } => {
            #[cfg(feature = "planted")]
            let held = state.ledger.held;
            let failures = settle(state, *agent, *cost, *took_ms)?;
            #[cfg(feature = "planted")]
            if crate::planted::is(crate::planted::Mistake::KeptHold) {
                state.ledger.held = held;
            }
            state.calls.1 += 1;
            if *fault == CallFault::RateLimited {
                let gate = state.gates.entry(state.model(*agent).provider.clone()).or_default();
                *gate = (*gate).max(*retry_at_ms);
            }
            let dialogue = state.dialogue_mut(*agent).ok_or("nobody called")?;
            if *fault == CallFault::TooLarge {
                dialogue.shorten_all();
            }
            dialogue.step = Step::NeedsCall { failures: failures + 1, not_before_ms: *retry_at_ms };
            state.callers.push_back(*agent);
            Ok(())
        }
        Event::ToolFinished { agent, call, content, outcome, took_ms } => {
            add_time(state, *agent, *took_ms);
            see_conduct(state, *agent, *call, *outcome);
            set_result(state, *agent, *call, content.clone(), *outcome)
        }
        Event::AgentNudged { agent, text } => {
            let dialogue = state.dialogue_mut(*agent).ok_or("nobody to be nudged")?;
            dialogue.nudges += 1;
            dialogue.conclude_turn();
            dialogue.say(text);
            state.callers.push_back(*agent);
            Ok(())
        }
        Event::WorkerWarned { task, attempt, warning, text } => {
            let worker = AgentId::Worker(*task, *attempt);
            let dialogue = state.dialogue_mut(worker).ok_or("nobody to be warned")?;
            if !matches!(dialogue.step, Step::NeedsCall { .. }) {
                return Err("a worker is told between its turns");
            }
            dialogue.say(text);
            if let Some(found) = state.task_mut(*task).and_then(|t| t.attempt_mut()) {
                found.conduct.warned.insert(*warning);
            }
            Ok(())
        }
        Event::SupervisorAnswered { task, question, answer } => {
            let (question, answer) = (question.clone(), answer.clone());
            state.answers.keep(Answered { task: *task, question, answer });
            Ok(())
        }
        Event::CircleNoticed { task, attempt, text } => {
            let agent = AgentId::Worker(*task, *attempt);
            let dialogue = state.dialogue_mut(agent).ok_or("nobody goes in circles")?;
            if !matches!(dialogue.step, Step::NeedsCall { .. }) {
                return Err("a worker is told between its turns");
            }
            dialogue.repeats.noticed();
            dialogue.say(text);
            Ok(())
        }
        _ => Err("not a call's event"),
    }
}

/// What a worker's tool call says of its conduct.
fn see_conduct(state: &mut RunState, agent: AgentId, call: u32, outcome: ToolOutcome) {
    if let AgentId::Worker(task, number) = agent
        && let Some(attempt) = state.task_mut(task).and_then(|t| t.attempt_mut())
        && attempt.number == number
        && let Some(pending) = attempt.dialogue.acting.get(call as usize)
    {
        attempt.conduct.saw(&pending.call.name, outcome, attempt.dialogue.turn);
        let touched = attempt.conduct.changed_at > 0;
        if let Some(found) = state.task_mut(task) {
            found.touched |= touched;
        }
    }
}

/// Puts a tool call's result in; when it was the last one missing, the next model call is wanted.
pub(super) fn set_result(
    state: &mut RunState,
    agent: AgentId,
    call: u32,
    content: Arc<str>,
    outcome: ToolOutcome,
) -> Result<(), Fault> {
    let dialogue = state.dialogue_mut(agent).ok_or("nobody called a tool")?;
    let pending = dialogue.acting.get_mut(call as usize).ok_or("no such tool call")?;
    if pending.result.is_some() {
        return Err("the tool call has its result");
    }
    pending.result = Some((content, outcome));
    if dialogue.acting.iter().all(|p| p.result.is_some()) {
        foresight::count_changes(state, agent);
        let dialogue = state.dialogue_mut(agent).ok_or("nobody called a tool")?;
        dialogue.conclude_turn();
        state.callers.push_back(agent);
    }
    Ok(())
}

/// Charges every call under way in full, as nobody will learn what it cost, and wants it again.
pub(super) fn charge_calls_under_way(state: &mut RunState) {
    let workers = state.active.iter().filter_map(|&id| {
        state.task(id).and_then(|t| t.attempt()).map(|a| AgentId::Worker(id, a.number))
    });
    let agents: Vec<AgentId> = std::iter::once(AgentId::Planner)
        .chain(state.consults.keys().map(|&id| AgentId::Supervisor(id)))
        .chain(workers)
        .collect();
    for agent in agents {
        if let Some(failures) = charge_in_full(state, agent) {
            if let Some(dialogue) = state.dialogue_mut(agent) {
                dialogue.step = Step::NeedsCall { failures, not_before_ms: 0 };
            }
            state.callers.push_back(agent);
        }
    }
}

/// Ends a conversation; a call under way is charged in full, open questions of it are void.
pub(super) fn close(state: &mut RunState, agent: AgentId) {
    charge_in_full(state, agent);
    if let Some(dialogue) = state.dialogue_mut(agent) {
        dialogue.step = Step::Closed;
        dialogue.acting.clear();
    }
    state.callers.retain(|&caller| caller != agent);
    state.questions.retain(|_, question| question.by != Asker::Agent(agent));
}

fn charge_in_full(state: &mut RunState, agent: AgentId) -> Option<u32> {
    let Step::Calling { hold, failures, .. } = state.dialogue(agent)?.step else { return None };
    #[cfg(feature = "planted")]
    if crate::planted::is(crate::planted::Mistake::UnchargedCalls) {
        state.ledger.settle(hold, MicroDollars::ZERO);
        return Some(failures);
    }
    state.ledger.settle(hold, hold);
    charge_task(state, agent, hold);
    Some(failures)
}

fn settle(
    state: &mut RunState,
    agent: AgentId,
    cost: MicroDollars,
    took_ms: u64,
) -> Result<u32, Fault> {
    let step = state.dialogue(agent).ok_or("nobody called")?.step;
    let Step::Calling { hold, failures, .. } = step else {
        return Err("no call of this agent is under way");
    };
    state.ledger.settle(hold, cost);
    charge_task(state, agent, cost);
    add_time(state, agent, took_ms);
    Ok(failures)
}

fn charge_task(state: &mut RunState, agent: AgentId, cost: MicroDollars) {
    if let AgentId::Worker(task, _) = agent
        && let Some(task) = state.task_mut(task)
    {
        task.spent += cost;
    }
}

fn add_time(state: &mut RunState, agent: AgentId, took_ms: u64) {
    if let AgentId::Worker(task, _) = agent
        && let Some(attempt) = state.task_mut(task).and_then(|t| t.attempt_mut())
        && attempt.stage == Stage::Working
    {
        attempt.worked_ms = attempt.worked_ms.saturating_add(took_ms);
    }
}

fn deliver_mail(state: &mut RunState, agent: AgentId) {
    let AgentId::Worker(id, _) = agent else { return };
    let Some(task) = state.task(id) else { return };
    let Some(attempt) = task.attempt() else { return };
    if attempt.mail_seen == task.mail.len() {
        return;
    }
    let text = prompt::letters(state, &task.mail[attempt.mail_seen..]);
    let seen = task.mail.len();
    state.plan.untold.remove(&id);
    if let Some(attempt) = state.task_mut(id).and_then(|t| t.attempt_mut()) {
        attempt.mail_seen = seen;
        attempt.dialogue.say(&text);
    }
}
