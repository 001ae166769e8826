//! What workers' replies and the end of their tool calls lead to.

use super::Decision;
use super::planner::unknown_tool;
use crate::apply::Fault;
use crate::chat::ToolCall;
use crate::control::{AskSupervisor, Finish, GiveUp, SendMessage, arguments};
use crate::dialogue::{Pending, cut};
use crate::drift;
use crate::event::{Event, Failure, Matter, Sender};
use crate::id::{AgentId, ConsultId, TaskId};
use crate::job::{is_worktree_tool, tools};
use crate::prompt;
use std::sync::Arc;

/// Times the supervisor decides about one task before it has failed for good.
pub(super) const ESCALATIONS_MAX: u32 = 2;
/// Calls of one reply that are run: a model that asks for more has lost its way.
const CALLS_MAX: u32 = 64;
/// A message that is longer than this is a document; it belongs into a file.
const MESSAGE_BYTES_MAX: usize = 8 * 1024;
/// Messages of one task: chat does not coordinate, contracts do.
const MESSAGES_MAX: u32 = 40;
/// Questions of one task, over all its attempts.
const QUESTIONS_MAX: u32 = 20;
/// Lines of a summary that are kept, and bytes of each.
const SUMMARY_LINES: usize = 8;
const SUMMARY_BYTES: usize = 200;

/// What becomes of a question to the supervisor.
enum Asked {
    /// It waits for its answer.
    Waits,
    /// The supervisor has answered it before.
    Known(Arc<str>),
    /// It is not put to the supervisor.
    Refused(Arc<str>),
}

impl Decision<'_> {
    pub(super) fn worker_replied(&mut self, task: TaskId, attempt: u32) -> Result<(), Fault> {
        let agent = AgentId::Worker(task, attempt);
        let allowed = tools(self.state, agent);
        for (n, call) in (0_u32..).zip(self.calls_of(agent)) {
            let result = match &*call.name {
                _ if n >= CALLS_MAX => {
                    Err(format!("not run: a reply may have {CALLS_MAX} calls").into())
                }
                "finish" => match arguments::<Finish>(&call.args) {
                    Ok(_) => match self.claim_without_evidence(task, attempt) {
                        None => continue,
                        Some(why) => Err(why.into()),
                    },
                    Err(wrong) => Err(wrong),
                },
                "give_up" => match arguments::<GiveUp>(&call.args) {
                    Ok(_) => continue,
                    Err(wrong) => Err(wrong),
                },
                "send_message" => self.message_sent(task, &call)?,
                "ask_supervisor" => match self.supervisor_asked(task, attempt, n, &call)? {
                    Asked::Waits => continue,
                    Asked::Known(answer) => Ok(answer),
                    Asked::Refused(why) => Err(why),
                },
                "claim_files" => match self.files_claimed(task, attempt, n, &call)? {
                    Ok(None) => continue,
                    Ok(Some(granted)) => Ok(granted),
                    Err(wrong) => Err(wrong),
                },
                "propose_contract_change" => {
                    match self.contract_change_proposed(task, attempt, n, &call)? {
                        Ok(()) => continue,
                        Err(wrong) => Err(wrong),
                    }
                }
                name if is_worktree_tool(self.state, name) => {
                    if allowed.iter().any(|tool| &*tool.name == name) {
                        match self.write_judged(task, &call)? {
                            Ok(()) => continue,
                            Err(closed) => Err(closed),
                        }
                    } else {
                        Err(format!("your profile does not allow the tool `{name}`").into())
                    }
                }
                name => Err(unknown_tool(name)),
            };
            self.tool_result(agent, n, result)?;
        }
        self.worker_acted(task, attempt)
    }

    /// What stands against a claim of the last reply: its own calls may still bring the evidence.
    fn claim_without_evidence(&self, task: TaskId, attempt: u32) -> Option<&'static str> {
        let agent = AgentId::Worker(task, attempt);
        let others = self.calls_of(agent);
        if others.iter().any(|call| is_worktree_tool(self.state, &call.name)) {
            return None;
        }
        drift::missing_evidence(self.state, self.state.task(task)?)
    }

    /// Looks whether all that a claim has to wait for is done.
    pub(super) fn worker_acted(&mut self, task: TaskId, attempt: u32) -> Result<(), Fault> {
        let Some(dialogue) = self.state.dialogue(AgentId::Worker(task, attempt)) else {
            return Ok(());
        };
        let closing =
            |p: &&Pending| p.result.is_none() && matches!(&*p.call.name, "finish" | "give_up");
        let waiting = dialogue.acting.iter().any(|p| p.result.is_none() && !closing(&p));
        let Some(last) = dialogue.acting.iter().find(closing).filter(|_| !waiting) else {
            return Ok(());
        };
        let call = last.call.clone();
        if let Ok(finish) = arguments::<Finish>(&call.args) {
            let summary = finish
                .summary
                .iter()
                .map(|line| Arc::from(cut(line.trim(), SUMMARY_BYTES)))
                .filter(|line: &Arc<str>| !line.is_empty())
                .take(SUMMARY_LINES)
                .collect();
            return self.emit(Event::WorkClaimed { task, attempt, summary });
        }
        let reason = arguments::<GiveUp>(&call.args).map(|g| g.reason).unwrap_or_default();
        let reason = cut(reason.trim(), MESSAGE_BYTES_MAX).into();
        self.attempt_failed(task, attempt, Failure::GaveUp { reason })
    }

    fn message_sent(
        &mut self,
        from: TaskId,
        call: &ToolCall,
    ) -> Result<Result<Arc<str>, Arc<str>>, Fault> {
        let message = match arguments::<SendMessage>(&call.args) {
            Ok(message) => message,
            Err(wrong) => return Ok(Err(wrong)),
        };
        let text = message.text.trim();
        if text.is_empty() {
            return Ok(Err("the message is empty".into()));
        }
        if text.len() > MESSAGE_BYTES_MAX {
            let kib = MESSAGE_BYTES_MAX / 1024;
            return Ok(Err(
                format!("a message may have {kib} KiB; put the rest into a file").into()
            ));
        }
        if self.state.task(from).is_some_and(|t| t.sent >= MESSAGES_MAX) {
            return Ok(Err(format!("{MESSAGES_MAX} messages are sent; that is the limit").into()));
        }
        let to = match message.to.trim() {
            "all" => None,
            name => {
                let found = self.state.tasks.iter().find(|t| &*t.worker == name);
                match found {
                    Some(task) if task.id == from => return Ok(Err("that is you".into())),
                    Some(task) if task.is_settled() => {
                        let told = format!("{name} is done; what it built is merged or dropped");
                        return Ok(Err(told.into()));
                    }
                    Some(task) => Some(task.id),
                    None => return Ok(Err(self.unknown_worker(name))),
                }
            }
        };
        let (from, kind) = (Sender::Worker(from), message.kind.into());
        self.emit(Event::MessageSent { from, to, kind, text: text.into() })?;
        Ok(Ok("sent".into()))
    }

    fn unknown_worker(&self, name: &str) -> Arc<str> {
        let names: Vec<&str> = self
            .state
            .tasks
            .iter()
            .filter(|t| !t.is_settled())
            .map(|t| &*t.worker)
            .take(20)
            .collect();
        let names = names.join(", ");
        format!("there is no worker `{}`; at work or to come: {names}", cut(name, 80)).into()
    }

    fn supervisor_asked(
        &mut self,
        task: TaskId,
        attempt: u32,
        call: u32,
        asked: &ToolCall,
    ) -> Result<Asked, Fault> {
        let ask = match arguments::<AskSupervisor>(&asked.args) {
            Ok(ask) => ask,
            Err(wrong) => return Ok(Asked::Refused(wrong)),
        };
        let question = cut(ask.question.trim(), MESSAGE_BYTES_MAX);
        if let Some(known) = self.state.answers.to(question) {
            return Ok(Asked::Known(known.answer.clone()));
        }
        let Some(found) = self.state.task(task) else { return Err("no such task") };
        let nth = found.questions + 1;
        if nth > QUESTIONS_MAX {
            let why = format!("{QUESTIONS_MAX} questions are asked; decide yourself");
            return Ok(Asked::Refused(why.into()));
        }
        let opening = prompt::question_opening(self.state, found, nth, question);
        let id = ConsultId(self.state.consults_opened + 1);
        let matter = Matter::Question { task, attempt, call, nth };
        self.emit(Event::ConsultOpened { id, matter, opening })?;
        Ok(Asked::Waits)
    }

    /// After a failed attempt: another try, the supervisor, or the end of the task.
    pub(super) fn after_failure(&mut self, id: TaskId) -> Result<(), Fault> {
        let Some(task) = self.state.task(id) else { return Err("no such task") };
        let spent = task.attempts >= task.attempts_max;
        let stuck = self.is_stuck_in_conflicts(task);
        if !spent && !stuck {
            return Ok(());
        }
        if task.escalations >= ESCALATIONS_MAX {
            let last = task.failures.last().map(|(_, failure)| prompt::failure_line(failure));
            let reason = last.unwrap_or_else(|| "its tries are spent".to_owned()).into();
            return self.emit(Event::TaskFailed { task: id, reason });
        }
        let nth = task.escalations + 1;
        let opening = prompt::escalation_opening(self.state, task, nth);
        let consult = ConsultId(self.state.consults_opened + 1);
        let matter = Matter::Escalation { task: id, nth };
        self.emit(Event::ConsultOpened { id: consult, matter, opening })
    }
}
