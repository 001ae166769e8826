//! A model whose replies are written down in a YAML file: `script:FILE`.
//!
//! For tests, demonstrations and trying a run out without money. The file says what each agent
//! replies at each turn:
//!
//! ```yaml
//! price: {input: 2.5, cached_input: 1.25, cache_write: 3.125, output: 10}  # dollars per million
//!                         # tokens; without it the model is free, without the caches' they cost
//!                         # what input does
//! latency_ms: 0           # before every reply
//! speed: 1                # all delays are divided by this; 0 is without any
//! agents:
//!   planner:              # answers `planner`
//!     - text: "One question: which port?"    # the first turn
//!     - text: "Here is the plan."            # the second
//!       calls:                               # tool name: arguments
//!         - write_document: {name: todos, content_from: plans/todos.md}
//!   backend_worker_1:     # answers every attempt: `backend_worker_1#1`, `backend_worker_1#2`
//!     - thinking: "A file, then."            # shown as thinking, signed where a provider signs
//!       calls:
//!         - write_file: {path: a.py, content: "print(1)\n"}
//!         - write_file: {path: b.py, content: ""}
//!       usage: {input: 1200, cached: 1000, cache_write: 0, output: 300}  # else by sizes, 4 bytes
//!                                                                        # a token
//!       delay_ms: 10                         # before this reply, on top of `latency_ms`
//!       waits_for: {agent: frontend_worker, ms: 5000}  # until that agent has asked for a reply, so
//!                                                      # that agents meet as they are meant to
//!       fail: {fault: rate_limited, retry_after_ms: 50, times: 1}  # the first `times` calls fail
//!       stop: length                         # how it ends; else `tool_calls` or `end_turn`
//!   backend_worker_1#2: []                   # the second attempt only, which is never answered
//! ```
//!
//! A request's agent is looked up by its whole name, then without `#N`, then without a last `:N`
//! (`supervisor:question:2` → `supervisor:question`); the first that the file has counts, and a turn
//! that it lacks is an error. An argument `X_from` reads argument `X` from a file beside the script,
//! which must lie beneath the script's folder. Unknown fields are errors, and so is everything that
//! could only be a mistake. A server that plays a script over HTTP does not wait for agents.

mod script;

pub use script::{Fail, Script, ScriptError, Turn, WaitFor};

use crate::call_error::CallError;
use crate::{BoxFuture, Delta, Model};
use equitr_core::chat::{CallFault, Message, Reply, Request};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// Answers as a [`Script`] says.
#[derive(Debug)]
pub struct ScriptedModel {
    script: Script,
    calls: Mutex<Calls>,
    /// All names of the agents that have asked for a reply.
    asked: watch::Sender<BTreeSet<String>>,
}

/// How often each turn of each agent was asked for, to know which calls a script lets fail.
#[derive(Debug, Default)]
pub struct Calls(BTreeMap<(Arc<str>, u32), u32>);

impl Calls {
    /// Counts a call of `agent` for `turn`; how many there were before it.
    pub fn count(&mut self, agent: &Arc<str>, turn: u32) -> u32 {
        let calls = self.0.entry((agent.clone(), turn)).or_default();
        let before = *calls;
        *calls = calls.saturating_add(1);
        before
    }
}

impl ScriptedModel {
    /// Answers as `script` says.
    pub fn new(script: Script) -> Self {
        Self { script, calls: Mutex::default(), asked: watch::Sender::default() }
    }

    /// The script.
    pub fn script(&self) -> &Script {
        &self.script
    }

    /// Returns once the agent has asked for a reply, or its time is over.
    async fn wait(&self, wait: &WaitFor) {
        let mut asked = self.asked.subscribe();
        let has_asked = asked.wait_for(|names| names.contains(&wait.agent));
        // Late is no error: a process that takes a run up does not know who asked its predecessor.
        _ = tokio::time::timeout(Duration::from_millis(wait.ms), has_asked).await;
    }

    fn answer(&self, request: &Request, turn: &Turn) -> Result<Reply, CallError> {
        let before = self
            .calls
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .count(&request.agent, request.turn);
        if let Some(fail) = turn.fail.as_ref().filter(|fail| before < fail.times) {
            return Err(CallError {
                retry_after_ms: fail.retry_after_ms,
                ..CallError::free(
                    fail.fault,
                    &format!(
                        "the script lets call {} of turn {} of `{}` fail",
                        before + 1,
                        request.turn,
                        request.agent
                    ),
                )
            });
        }
        Ok(Reply { usage: turn.usage_for(request_bytes(request)), ..turn.reply.clone() })
    }
}

impl Model for ScriptedModel {
    fn call<'a>(
        &'a self,
        request: Request,
        progress: &'a (dyn Fn(Delta) + Send + Sync),
    ) -> BoxFuture<'a, Result<Reply, CallError>> {
        Box::pin(async move {
            let Some(turn) = self.script.reply(&request.agent, request.turn) else {
                return Err(CallError::free(
                    CallFault::BadRequest,
                    &format!("the script has no turn {} for `{}`", request.turn, request.agent),
                ));
            };
            self.asked.send_if_modified(|asked| {
                let mut any_new = false;
                for name in script::names(&request.agent) {
                    any_new |= !asked.contains(name) && asked.insert(name.to_owned());
                }
                any_new
            });
            if let Some(wait) = &turn.waits_for {
                self.wait(wait).await;
            }
            if turn.delay_ms > 0 {
                tokio::time::sleep(Duration::from_millis(turn.delay_ms)).await;
            }
            let reply = self.answer(&request, turn)?;
            if let Some(thinking) = &turn.thinking {
                progress(Delta::Thinking(thinking.to_string()));
            }
            if !reply.text.is_empty() {
                progress(Delta::Text(reply.text.to_string()));
            }
            for call in &reply.calls {
                progress(Delta::ToolArgs { name: call.name.clone(), json: call.args.to_string() });
            }
            Ok(reply)
        })
    }
}

/// The size of what a request says, in bytes: what its tokens are estimated from.
fn request_bytes(request: &Request) -> usize {
    let messages = request.messages.iter().map(|message| match message {
        Message::User { text } => text.len(),
        Message::Assistant(reply) => reply_bytes(reply),
        Message::Tool(result) => result.content.len(),
    });
    let tools = request
        .tools
        .iter()
        .map(|tool| tool.name.len() + tool.description.len() + tool.schema.to_string().len());
    request.system.len() + messages.sum::<usize>() + tools.sum::<usize>()
}

/// The size of what a reply says, in bytes.
fn reply_bytes(reply: &Reply) -> usize {
    let calls = reply.calls.iter().map(|call| call.name.len() + call.args.len());
    reply.text.len() + calls.sum::<usize>()
}
