//! One call of a model.

use super::Context;
use crate::progress::{Who, Words};
use equitr_core::chat::Request;
use equitr_core::id::AgentId;
use equitr_core::input::{CallFailure, Outcome, Used};
use equitr_llm::{CallError, Delta, Spent};
use std::time::Instant;

pub(super) async fn call_model(context: &Context, agent: AgentId, mut request: Request) -> Outcome {
    crate::redact::request(&context.parts.redactor, &mut request);
    let model = context.parts.model(agent);
    let name = request.agent.clone();
    let who = match agent {
        AgentId::Planner => Who::Planner,
        AgentId::Supervisor(_) => Who::Supervisor,
        AgentId::Worker(task, _) => Who::Task(task),
    };
    let words = Words::new(&context.parts.redactor);
    let progress = |delta: Delta| {
        let line = match &delta {
            Delta::Text(text) => format!("{name}: {}", words.hear(text).trim()),
            Delta::Thinking(_) => format!("{name} thinks"),
            Delta::ToolArgs { name: tool, .. } => format!("{name} prepares {tool}"),
        };
        context.activity.set(who, line);
    };
    let started = Instant::now();
    let result = model.call(request, &progress).await.map_err(failure);
    Outcome::Called { result, took_ms: elapsed_ms(started) }
}

fn failure(error: CallError) -> CallFailure {
    CallFailure {
        fault: error.fault,
        message: error.message.into(),
        retry_after_ms: error.retry_after_ms,
        used: match error.spent {
            Spent::Nothing => Used::Nothing,
            Spent::Counted => Used::Tokens(error.usage),
            Spent::Unknown => Used::Unknown,
        },
    }
}

pub(super) fn elapsed_ms(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
