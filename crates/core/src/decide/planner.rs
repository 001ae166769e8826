//! What the planner's replies lead to.

use super::Decision;
use super::commands::document_problems;
use crate::apply::Fault;
use crate::chat::{ToolCall, ToolOutcome};
use crate::control::{AskPerson, SubmitPlan, WriteDocument, arguments};
use crate::dialogue::Step;
use crate::documents::DOCUMENT_BYTES_MAX;
use crate::event::{Event, Failure};
use crate::id::{AgentId, Asker, QuestionId};
use std::sync::Arc;

/// More questions than this wear a person out; the documents are due then.
const QUESTIONS_MAX: u32 = 12;
/// Replies to one word of the person's: three documents, each written alone and mended a few times.
const REPLIES_MAX: u32 = 24;

impl Decision<'_> {
    pub(super) fn planner_replied(&mut self, text: &Arc<str>) -> Result<(), Fault> {
        let calls = self.calls_of(AgentId::Planner);
        if calls.is_empty() {
            return self.planner_spoke(text);
        }
        let mut submitted = false;
        let mut asked = false;
        for (n, call) in (0_u32..).zip(&calls) {
            let result = match &*call.name {
                "ask_person" => match arguments::<AskPerson>(&call.args) {
                    Err(wrong) => Err(wrong),
                    Ok(_) if self.state.plan.closed => Err(crate::prompt::CLOSED.into()),
                    Ok(_) if asked => Err("ask one question at a time".into()),
                    Ok(ask) => {
                        asked = true;
                        self.ask(AgentId::Planner, n, &ask)?;
                        continue;
                    }
                },
                "write_document" => match arguments::<WriteDocument>(&call.args) {
                    Err(wrong) => Err(wrong),
                    Ok(written) if written.content.len() > DOCUMENT_BYTES_MAX => {
                        let limit = DOCUMENT_BYTES_MAX / 1024;
                        Err(format!("the document is longer than {limit} KiB").into())
                    }
                    Ok(written) => {
                        let kind = written.document;
                        self.emit(Event::DocumentWritten { kind, text: written.content.into() })?;
                        Ok(format!("{} is written", kind.path()).into())
                    }
                },
                "submit_plan" => match arguments::<SubmitPlan>(&call.args) {
                    Err(wrong) => Err(wrong),
                    Ok(SubmitPlan {}) => {
                        submitted = true;
                        continue;
                    }
                },
                other => Err(unknown_tool(other)),
            };
            self.tool_result(AgentId::Planner, n, result)?;
        }
        if submitted { self.submit(&calls) } else { Ok(()) }
    }

    /// Everything else in the reply is settled; the plan is proposed or its problems are told.
    fn submit(&mut self, calls: &[ToolCall]) -> Result<(), Fault> {
        let problems = document_problems(&self.state.plan.documents);
        let waits = self.state.questions.values().any(|q| q.by == Asker::Agent(AgentId::Planner));
        if problems.is_empty() && !waits {
            return self.emit(Event::PlanProposed);
        }
        let told: Arc<str> = if waits {
            "wait for the answer before you submit".into()
        } else {
            problems.join("\n").into()
        };
        for (n, call) in (0_u32..).zip(calls) {
            let missing = self
                .state
                .dialogue(AgentId::Planner)
                .and_then(|d| d.acting.get(n as usize))
                .is_some_and(|p| p.result.is_none());
            if &*call.name == "submit_plan" && missing {
                self.tool_result(AgentId::Planner, n, Err(told.clone()))?;
            }
        }
        Ok(())
    }

    /// A planner that writes and writes and shows nothing is not coming to an end.
    pub(super) fn stop_endless_planning(&mut self) -> Result<(), Fault> {
        let plan = &self.state.plan;
        let goes_on =
            plan.dialogue.as_ref().is_some_and(|d| matches!(d.step, Step::NeedsCall { .. }));
        if goes_on && plan.replies >= REPLIES_MAX {
            let why = "too many replies without a plan";
            return self.agent_failed(AgentId::Planner, Failure::NoProgress, why);
        }
        Ok(())
    }

    /// Plain words are a question when the documents are not there yet, or the plan when they are.
    fn planner_spoke(&mut self, text: &Arc<str>) -> Result<(), Fault> {
        if document_problems(&self.state.plan.documents).is_empty() {
            return self.emit(Event::PlanProposed);
        }
        if self.state.plan.closed || text.trim().is_empty() {
            return self.nudge(AgentId::Planner, crate::prompt::CLOSED);
        }
        let ask = AskPerson {
            question: text.trim().to_owned(),
            default: "whatever you find best".to_owned(),
        };
        self.ask(AgentId::Planner, 0, &ask)
    }

    pub(super) fn ask(&mut self, by: AgentId, call: u32, ask: &AskPerson) -> Result<(), Fault> {
        let id = QuestionId(self.state.questions_asked + 1);
        let text = ask.question.trim().into();
        let default = ask.default.trim().into();
        self.emit(Event::QuestionAsked { id, by, call, text, default })?;
        if self.state.plan.asked >= QUESTIONS_MAX && !self.state.plan.closed {
            self.emit(Event::PlanningClosed)?;
        }
        Ok(())
    }

    /// The tool calls of an agent's last reply.
    pub(super) fn calls_of(&self, agent: AgentId) -> Vec<ToolCall> {
        let dialogue = self.state.dialogue(agent);
        dialogue.map(|d| d.acting.iter().map(|p| p.call.clone()).collect()).unwrap_or_default()
    }

    pub(super) fn tool_result(
        &mut self,
        agent: AgentId,
        call: u32,
        result: Result<Arc<str>, Arc<str>>,
    ) -> Result<(), Fault> {
        let (content, outcome) = match result {
            Ok(content) => (content, ToolOutcome::Ok),
            Err(content) => (content, ToolOutcome::Error),
        };
        self.emit(Event::ToolFinished { agent, call, content, outcome, took_ms: 0 })
    }
}

pub(super) fn unknown_tool(name: &str) -> Arc<str> {
    format!("there is no tool `{}`", crate::dialogue::cut(name, 80)).into()
}
