//! What planning events do to a state.

use super::{Fault, calls};
use crate::dialogue::{Dialogue, Step};
use crate::documents::{Assumption, listed_assumptions, with_assumptions};
use crate::event::{AnsweredBy, Event, Matter};
use crate::id::{AgentId, Asker, QuestionId, TaskId};
use crate::job::Handover;
use crate::policy::Acceptance;
use crate::prompt::{self, YES};
use crate::spec::{Origin, Person};
use crate::state::{Phase, Question, RunState};
use crate::{chat::ToolOutcome, plan_diff, requirements, todos};
use std::sync::Arc;

pub(super) fn apply(state: &mut RunState, event: &Event) -> Result<(), Fault> {
    match event {
        Event::PersonSaid { text } => {
            if state.phase != Phase::Planning {
                return Err("the person speaks while planning");
            }
            state.plan.replies = 0;
            if state.plan.dialogue.is_none() {
                let cap = state.dialogue_cap_bytes(AgentId::Planner);
                let opening = prompt::planner_opening(&state.spec, text);
                state.plan.dialogue = Some(Dialogue::new(prompt::PLANNER.into(), opening, cap));
                state.callers.push_back(AgentId::Planner);
                return Ok(());
            }
            say_to_planner(state, text)
        }
        Event::PlanCleared => {
            calls::close(state, AgentId::Planner);
            state.plan.dialogue = None;
            state.plan.documents = Default::default();
            state.plan.closed = false;
            state.plan.asked = 0;
            state.plan.replies = 0;
            state.assumptions.clear();
            state.phase = Phase::Planning;
            Ok(())
        }
        Event::PlanningClosed => {
            state.plan.closed = true;
            let listening = state.plan.dialogue.as_ref().is_some_and(|d| d.step == Step::Listening);
            if listening { say_to_planner(state, prompt::CLOSED) } else { Ok(()) }
        }
        Event::QuestionAsked { id, by, call, text, default } => {
            state.questions_asked = id.0;
            let deadline_ms = match by {
                AgentId::Supervisor(_) | AgentId::Worker(..) => deadline_ms(state),
                AgentId::Planner => None,
            };
            let dialogue = state.dialogue_mut(*by).ok_or("nobody asks")?;
            let call = (!dialogue.acting.is_empty()).then_some(*call);
            if call.is_none() {
                dialogue.step = Step::Listening;
            }
            if *by == AgentId::Planner {
                state.plan.asked += 1;
            }
            let question = Question {
                by: Asker::Agent(*by),
                call,
                text: text.clone(),
                default: default.clone(),
                deadline_ms,
            };
            state.questions.insert(*id, question);
            Ok(())
        }
        Event::QuestionAnswered { id, text, by } => {
            let question = state.questions.remove(id).ok_or("no such question is open")?;
            match question.by {
                Asker::Agent(agent) => answer(state, &question, agent, text, *by),
                Asker::Delivery => {
                    state.handover = match by {
                        AnsweredBy::Person if &**text == YES => Handover::Accepted,
                        AnsweredBy::Person | AnsweredBy::Default => Handover::Aside,
                    };
                    Ok(())
                }
            }
        }
        Event::DocumentWritten { kind, text } => {
            state.plan.documents.set(*kind, text.clone());
            Ok(())
        }
        Event::PlanProposed => {
            let listed = with_assumptions(&state.plan.documents.requirements, &state.assumptions);
            state.plan.documents.requirements = listed.into();
            if let Some(earlier) = &state.spec.earlier {
                let ticked = plan_diff::with_true_ticks(&earlier.built, &state.plan.documents);
                state.plan.documents.todos = ticked.into();
            }
            let dialogue = state.plan.dialogue.as_mut().ok_or("nobody plans")?;
            for pending in &mut dialogue.acting {
                if pending.result.is_none() {
                    pending.result = Some((prompt::SHOWN.into(), ToolOutcome::Ok));
                }
            }
            dialogue.conclude_turn();
            dialogue.step = Step::Listening;
            state.callers.retain(|&caller| caller != AgentId::Planner);
            state.phase = Phase::Review;
            Ok(())
        }
        Event::RevisionAsked { text } => {
            state.plan.before = Some(state.plan.documents.clone());
            state.phase = Phase::Planning;
            state.plan.replies = 0;
            say_to_planner(state, &prompt::revision(text))
        }
        Event::DocumentsEdited { documents } => {
            state.plan.before = Some(state.plan.documents.clone());
            state.plan.documents = documents.clone();
            open_stale(state);
            if let Some(dialogue) = &mut state.plan.dialogue {
                dialogue.say(&prompt::edited(documents));
                dialogue.step = Step::Listening;
            }
            Ok(())
        }
        Event::PlanApproved => {
            if let Origin::Documents(documents) = &state.spec.origin {
                state.plan.documents = documents.clone();
                open_stale(state);
            }
            state.plan.todos =
                todos::parse(&state.plan.documents.todos).map_err(|_| "the todos can't be read")?;
            if state.assumptions.is_empty() {
                state.assumptions = listed_assumptions(&state.plan.documents.requirements);
            }
            state.plan.requirements = requirements::parse(&state.plan.documents.requirements);
            calls::close(state, AgentId::Planner);
            state.worker_system = prompt::worker_system(state);
            state.phase = Phase::Publishing;
            Ok(())
        }
        Event::RequirementsMarked { text } => {
            if state.phase != Phase::Publishing {
                return Err("requirements get their ids when the plan is approved");
            }
            state.plan.documents.requirements = text.clone();
            state.plan.requirements = requirements::parse(text);
            state.worker_system = prompt::worker_system(state);
            Ok(())
        }
        Event::DocumentsPublished { base, .. } => {
            state.base = Some(base.clone());
            state.head = Some(base.clone());
            state.plan.seen = state.plan.documents.clone();
            state.phase = Phase::Graphing;
            Ok(())
        }
        _ => Err("not a planning event"),
    }
}

/// A todo that means something else than what was built under its number is open again.
fn open_stale(state: &mut RunState) {
    if let Some(earlier) = &state.spec.earlier {
        let todos = plan_diff::without_stale_ticks(&earlier.built, &state.plan.documents);
        state.plan.documents.todos = todos.into();
    }
}

/// Gives an agent the answer to its question.
fn answer(
    state: &mut RunState,
    question: &Question,
    agent: AgentId,
    text: &Arc<str>,
    by: AnsweredBy,
) -> Result<(), Fault> {
    if agent == AgentId::Planner {
        state.plan.replies = 0;
    }
    match by {
        AnsweredBy::Default => {
            let (question, answer) = (question.text.clone(), text.clone());
            let tasks = asked_for(state, agent).into_iter().collect();
            state.assumptions.push(Assumption { question, answer, tasks });
        }
        AnsweredBy::Person => {
            if agent == AgentId::Planner {
                state.plan.answers_used += 1;
            }
        }
    }
    let mut answer = match by {
        AnsweredBy::Person => text.to_string(),
        AnsweredBy::Default => format!("(no answer; the default holds: {text})"),
    };
    if agent == AgentId::Planner && state.plan.closed {
        answer = format!("{answer}\n\n{}", prompt::CLOSED);
    }
    match question.call {
        Some(call) => calls::set_result(state, agent, call, answer.into(), ToolOutcome::Ok),
        None => say_to_planner(state, &answer),
    }
}

/// The task for whose sake an agent asks the person.
fn asked_for(state: &RunState, agent: AgentId) -> Option<TaskId> {
    match agent {
        AgentId::Planner => None,
        AgentId::Worker(task, _) => Some(task),
        AgentId::Supervisor(id) => match state.consults.get(&id)?.matter {
            Matter::Question { task, .. }
            | Matter::Escalation { task, .. }
            | Matter::Review { task, .. }
            | Matter::Claim { task, .. }
            | Matter::ContractChange { task, .. }
            | Matter::Acceptance { task } => Some(task),
            Matter::Graph | Matter::PlanChange { .. } => None,
        },
    }
}

/// The run asks whether a result with changes to protected paths may come to the person's branch.
pub(super) fn ask_for_delivery(
    state: &mut RunState,
    id: QuestionId,
    text: &Arc<str>,
    default: &Arc<str>,
) -> Result<(), Fault> {
    if state.touched.is_none() || state.handover != Handover::Aside || !state.is_delivering() {
        return Err("there is nothing to ask about the result");
    }
    state.questions_asked = id.0;
    let question = Question {
        by: Asker::Delivery,
        call: None,
        text: text.clone(),
        default: default.clone(),
        deadline_ms: deadline_ms(state),
    };
    state.questions.insert(id, question);
    Ok(())
}

/// The result may come to the person's branch whatever it changes; one that lies aside, or waits for
/// that word, is handed over.
pub(super) fn accept_protected(state: &mut RunState) -> Result<(), Fault> {
    if crate::decide::acceptance_objection(state).is_some() {
        return Err("there is nothing left to accept");
    }
    state.questions.retain(|_, question| question.by != Asker::Delivery);
    state.handover = Handover::Accepted;
    Arc::make_mut(&mut state.spec).policy.protected_accepted = Acceptance::Given;
    if state.delivery.take().is_some() && state.ending().is_some_and(|ending| !ending.can_resume())
    {
        state.phase = Phase::Working;
    }
    Ok(())
}

/// Until when a question of anybody but the planner waits.
fn deadline_ms(state: &RunState) -> Option<u64> {
    match &state.spec.person {
        Person::Present { patience_ms } => Some(state.now_ms.saturating_add(*patience_ms)),
        Person::Absent { .. } => None,
    }
}

/// The time in which no process was there to hear an answer does not count.
pub(super) fn wait_anew(state: &mut RunState) {
    let deadline_ms = deadline_ms(state);
    for question in state.questions.values_mut().filter(|q| q.deadline_ms.is_some()) {
        question.deadline_ms = deadline_ms;
    }
}

/// Back to where the run was when it ended, by what is there.
pub(super) fn reopen(state: &mut RunState) -> Result<(), Fault> {
    if !state.ending().is_some_and(|ending| ending.can_resume()) {
        return Err("only a run that ended for want of something goes on");
    }
    state.phase = if !state.tasks.is_empty() {
        Phase::Working
    } else if state.base.is_some() {
        Phase::Graphing
    } else if !state.plan.todos.is_empty() {
        Phase::Publishing
    } else {
        Phase::Planning
    };
    state.halting = None;
    state.gates.clear();
    state.plan.replies = 0;
    for agent in state.callers.clone() {
        if let Some(dialogue) = state.dialogue_mut(agent) {
            dialogue.step = Step::NeedsCall { failures: 0, not_before_ms: 0 };
            dialogue.nudges = 0;
        }
    }
    Ok(())
}

fn say_to_planner(state: &mut RunState, text: &str) -> Result<(), Fault> {
    let dialogue = state.plan.dialogue.as_mut().ok_or("nobody plans")?;
    dialogue.say(text);
    if dialogue.step == Step::Listening {
        dialogue.step = Step::NeedsCall { failures: 0, not_before_ms: 0 };
        state.callers.push_back(AgentId::Planner);
    }
    Ok(())
}
