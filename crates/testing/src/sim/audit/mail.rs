//! The books of the messages between workers (I15).

use super::super::mail;
use super::graph::Graph;
use super::{Breach, holds};
use equitr_core::chat::Request;
use equitr_core::event::{Event, Sender};
use equitr_core::id::{AgentId, TaskId};
use std::collections::BTreeMap;

/// Messages that an attempt's opening repeats.
const REPEATED_MAX: usize = 20;

/// What was sent to whom, in order.
#[derive(Debug, Default)]
pub(super) struct Mail {
    boxes: BTreeMap<TaskId, Letterbox>,
}

#[derive(Debug, Default)]
struct Letterbox {
    /// Numbers of the messages; the run's own have none.
    sent: Vec<Option<u64>>,
    /// How many there were when the attempt began.
    at_start: usize,
    /// How many there were when its last call was reserved.
    at_call: usize,
}

impl Mail {
    pub fn saw(&mut self, event: &Event, graph: &Graph) {
        match event {
            Event::MessageSent { from, to, text, .. } => {
                let number = mail::number(text);
                let receivers = match to {
                    Some(to) => vec![*to],
                    None => graph.others(match from {
                        Sender::Worker(task) => Some(*task),
                        Sender::Supervisor | Sender::Person | Sender::Run => None,
                    }),
                };
                for receiver in receivers {
                    self.boxes.entry(receiver).or_default().sent.push(number);
                }
            }
            Event::AttemptStarted { task, .. } => {
                let letterbox = self.boxes.entry(*task).or_default();
                letterbox.at_start = letterbox.sent.len();
            }
            Event::CallReserved { agent: AgentId::Worker(task, _), .. } => {
                let letterbox = self.boxes.entry(*task).or_default();
                letterbox.at_call = letterbox.sent.len();
            }
            _ => {}
        }
    }

    /// A worker's model is shown every message to it once and in the order they were sent.
    pub fn check(&self, task: TaskId, request: &Request) -> Result<(), Breach> {
        let shown = mail::shown(&request.messages);
        let due: Vec<u64> = match self.boxes.get(&task) {
            Some(letterbox) => {
                let from = letterbox.at_start.saturating_sub(REPEATED_MAX);
                letterbox.sent[from..letterbox.at_call].iter().flatten().copied().collect()
            }
            None => Vec::new(),
        };
        holds(shown == due, "I15", || {
            format!("task {task} is shown the messages {shown:?}, due are {due:?}")
        })
    }
}
