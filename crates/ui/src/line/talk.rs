//! What agents say to each other, and trouble with their models, in the plain flow.

use super::{Lines, say};
use crate::names;
use crate::page::Page;
use crate::style::{Mark, Style, Tone};
use crate::text::{LINE_COLUMNS, count, listed, one_line};
use crate::time::duration;
use equitr_core::chat::CallFault;
use equitr_core::control::{AskSupervisor, arguments};
use equitr_core::event::{Event, Matter, Record};
use equitr_core::id::{AgentId, TaskId};
use equitr_core::state::RunState;

impl Lines {
    pub(super) fn talk(
        &mut self,
        state: &RunState,
        record: &Record,
        event: &Event,
        page: &mut Page,
    ) {
        let style = page.style;
        match event {
            Event::MessageSent { from, to, text, .. } => {
                let from = names::sender(state, *from, &style);
                let to = match to {
                    Some(task) => names::worker(state, *task, &style),
                    None => "all".to_owned(),
                };
                tell(page, &from, &to, text);
            }
            Event::ConsultOpened {
                matter: Matter::Claim { task, attempt, call, paths, .. },
                ..
            } => {
                self.asked.insert((*task, *attempt, *call));
                let from = names::worker(state, *task, &style);
                let files = listed(paths.iter().map(ToString::to_string), 10);
                tell(page, &from, "supervisor", &format!("may I write {files}?"));
            }
            Event::ConsultOpened {
                matter: Matter::Question { task, attempt, call, .. }, ..
            } => {
                self.asked.insert((*task, *attempt, *call));
                let from = names::worker(state, *task, &style);
                let question = question(record, *task, *attempt, *call).unwrap_or_default();
                tell(page, &from, "supervisor", &question);
            }
            Event::ConsultOpened {
                matter:
                    Matter::ContractChange { task, attempt, call, contract, version, reason, .. },
                ..
            } => {
                self.asked.insert((*task, *attempt, *call));
                let from = names::worker(state, *task, &style);
                let wish = format!("{contract} beyond version {version}: {reason}");
                tell(page, &from, "supervisor", &wish);
            }
            Event::ConsultOpened { matter: Matter::Escalation { task, .. }, .. } => {
                let attempts = state.task(*task).map_or(0, |t| t.attempts);
                let attempts = count(attempts as usize, "attempt");
                let task = names::number(*task);
                page.line(&style.paint(
                    Tone::Notice,
                    &format!(
                        "{}{task} goes to the supervisor after {attempts}",
                        style.mark(Mark::Note)
                    ),
                ));
            }
            Event::ToolFinished {
                agent: AgentId::Worker(task, attempt), call, content, ..
            } if self.asked.remove(&(*task, *attempt, *call)) => {
                let to = names::worker(state, *task, &style);
                tell(page, "supervisor", &to, content);
            }
            Event::CallFailed { agent, fault, message, retry_at_ms, .. } => {
                let wait_ms = retry_at_ms.saturating_sub(record.at_ms);
                self.trouble(state, *agent, *fault, message, wait_ms, page);
            }
            // The graph is shown when it stands; calls and tool calls are the live line's.
            Event::ConsultOpened {
                matter:
                    Matter::Graph
                    | Matter::Review { .. }
                    | Matter::Acceptance { .. }
                    | Matter::PlanChange { .. },
                ..
            }
            | Event::ConsultClosed { .. }
            | Event::CallReserved { .. }
            | Event::CallReplied { .. }
            | Event::ToolFinished { .. }
            | Event::SupervisorAnswered { .. }
            | Event::AgentNudged { .. } => {}
            Event::WorkerWarned { task, attempt, text, .. } => {
                let who = names::worker(state, *task, &style);
                let text = one_line(text, LINE_COLUMNS, &style);
                page.quiet(&format!("{who}, attempt {attempt}: told: {text}"));
            }
            Event::CircleNoticed { task, attempt, .. } => {
                let who = names::worker(state, *task, &style);
                page.quiet(&format!("{who}, attempt {attempt}: told that it goes in circles"));
            }
            _ => {}
        }
    }

    /// A provider's trouble is told once, however many agents run into it, until its pause is over.
    fn trouble(
        &mut self,
        state: &RunState,
        agent: AgentId,
        fault: CallFault,
        message: &str,
        wait_ms: u64,
        page: &mut Page,
    ) {
        let style = page.style;
        let model = state.model(agent);
        let provider = one_line(&model.provider, LINE_COLUMNS, &style);
        let wait = duration(wait_ms);
        let fact = match fault {
            CallFault::RateLimited => format!("{provider} limits the rate, calls wait {wait}"),
            CallFault::Transient => format!("{provider} has trouble, tried again in {wait}"),
            CallFault::TooLarge => {
                let who = names::agent(state, agent, &style);
                return page
                    .quiet(&format!("{who}: too long for the model; older output is left out"));
            }
            // The run's halt or the attempt's failure says it.
            CallFault::OutOfQuota | CallFault::KeyRefused | CallFault::BadRequest => return,
        };
        let told = self.trouble_until_ms.get(&model.provider).copied().unwrap_or(0);
        if told > state.now_ms || wait_ms == 0 {
            return;
        }
        let until_ms = state.now_ms.saturating_add(wait_ms);
        self.trouble_until_ms.insert(model.provider.clone(), until_ms);
        say(page, Mark::Note, Tone::Notice, &fact, message);
    }
}

fn tell(page: &mut Page, from: &str, to: &str, text: &str) {
    let style: Style = page.style;
    let text = one_line(text, LINE_COLUMNS, &style);
    let names = format!("{from} {} {to}", style.mark(Mark::To));
    page.line(&format!("{}: {text}", style.paint(Tone::Strong, &names)));
}

/// What a worker asked the supervisor, from the reply in the same record.
fn question(record: &Record, task: TaskId, attempt: u32, call: u32) -> Option<String> {
    let worker = AgentId::Worker(task, attempt);
    record.events.iter().find_map(|event| match event {
        Event::CallReplied { agent, reply, .. } if *agent == worker => {
            let asked = reply.calls.get(call as usize)?;
            arguments::<AskSupervisor>(&asked.args).ok().map(|ask| ask.question)
        }
        _ => None,
    })
}
