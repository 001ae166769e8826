//! A conversation in our words, put into rig's.

use super::reply::ProviderParts;
use crate::call_error::CallError;
use crate::{Provider, facts};
use equitr_core::chat::{CallFault, Message, Reply, Request, Stop, ToolOutcome, ToolResult};
use rig_core::completion::message::AssistantContent as Block;
use rig_core::completion::message::{
    AssistantMessage, CallId, Message as Said, StopReason, Text, ToolCall, ToolFunction, ToolName,
    ToolResult as Result_, ToolResultContent, UserContent,
};
use rig_core::completion::{CacheRetention, CompletionRequest, OnUnsupported, ToolDefinition};
use std::collections::BTreeMap;

/// `request` to `model` of `provider` as rig wants it.
pub(super) fn completion(
    request: &Request,
    provider: Provider,
    model: &str,
) -> Result<CompletionRequest, CallError> {
    let tools = request
        .tools
        .iter()
        .map(|tool| {
            let name = tool_name(&tool.name)?;
            Ok(ToolDefinition::new(name, &*tool.description, (*tool.schema).clone()))
        })
        .collect::<Result<Vec<_>, CallError>>()?;
    let mut asked = CompletionRequest::from(messages(&request.messages)?)
        .max_tokens(u64::from(request.max_tokens))
        .temperature(temperature(request, provider, model))
        // What rig's list says that the model doesn't take is left out.
        .on_unsupported(OnUnsupported::Ignore);
    if !request.system.trim().is_empty() {
        asked = asked.preamble(&*request.system);
    }
    if !tools.is_empty() {
        asked = asked.tools(tools).parallel_tool_calls(true);
    }
    if provider == Provider::OpenRouter && model.starts_with("anthropic/") {
        // The other makers' models cache by themselves.
        asked = asked.cache(CacheRetention::Short);
    }
    Ok(asked)
}

/// The temperature to ask for: none where the model would refuse the request for it.
fn temperature(request: &Request, provider: Provider, model: &str) -> Option<f64> {
    let asked = request.temperature_milli.map(|milli| f64::from(milli) / 1000.0);
    asked.filter(|_| facts::takes_temperature(provider, model))
}

fn messages(messages: &[Message]) -> Result<Vec<Said>, CallError> {
    let mut said: Vec<Said> = Vec::with_capacity(messages.len());
    let mut ids = CallIds::default();
    let mut results_before = false;
    for message in messages {
        let results_now = matches!(message, Message::Tool(_));
        match message {
            Message::User { text } => {
                said.push(Said::User { content: vec![UserContent::Text(Text::new(&**text))] })
            }
            Message::Assistant(reply) => {
                said.extend(assistant(reply, &mut ids)?.map(Said::Assistant))
            }
            Message::Tool(result) => {
                let result = UserContent::ToolResult(tool_result(result, &ids)?);
                match said.last_mut() {
                    // The results of one reply's calls are one message: Anthropic insists.
                    Some(Said::User { content }) if results_before => content.push(result),
                    _ => said.push(Said::User { content: vec![result] }),
                }
            }
        }
        results_before = results_now;
    }
    Ok(said)
}

/// The ids of calls as the provider's parts have them, by the text under which results name them.
#[derive(Default)]
struct CallIds(BTreeMap<String, CallId>);

impl CallIds {
    fn of(&self, id: &str) -> CallId {
        self.0.get(id).cloned().unwrap_or_else(|| CallId::from_wire(id))
    }
}

/// `reply` as an assistant's turn: with the provider's own parts where it has them and they still
/// are this reply, else with its text and calls. None for a reply that says nothing.
fn assistant(reply: &Reply, ids: &mut CallIds) -> Result<Option<AssistantMessage>, CallError> {
    if let Some(parts) = ProviderParts::of(reply) {
        ids.0.extend(parts.call_ids());
        return Ok(Some(parts.into_message(stop(reply.stop))));
    }
    let mut blocks = Vec::new();
    if !reply.text.trim().is_empty() {
        blocks.push(Block::Text(Text::new(&*reply.text)));
    }
    for call in &reply.calls {
        let function = ToolFunction::parse(tool_name(&call.name)?, &call.args);
        blocks.push(Block::ToolCall(ToolCall::from_wire(&*call.id, function)));
    }
    let message = AssistantMessage::new(blocks).with_stop(stop(reply.stop));
    Ok((!message.content.is_empty()).then_some(message))
}

fn stop(stop: Stop) -> StopReason {
    match stop {
        // A refusal is said again like any other turn: rig would leave out a failed one.
        Stop::EndTurn | Stop::Refused => StopReason::Stop,
        Stop::ToolCalls => StopReason::ToolUse,
        Stop::Length => StopReason::Length,
    }
}

fn tool_result(result: &ToolResult, ids: &CallIds) -> Result<Result_, CallError> {
    Ok(Result_ {
        call: ids.of(&result.call_id),
        name: tool_name(&result.name)?,
        content: vec![ToolResultContent::Text(Text::new(&*result.content))],
        is_error: match result.outcome {
            ToolOutcome::Ok => false,
            ToolOutcome::Error => true,
        },
    })
}

fn tool_name(name: &str) -> Result<ToolName, CallError> {
    ToolName::new(name)
        .map_err(|_| CallError::free(CallFault::BadRequest, "a tool of the request has no name"))
}
