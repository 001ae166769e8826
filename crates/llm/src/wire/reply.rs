//! A provider's reply, put into our words.

use crate::Provider;
use crate::call_error::{CallError, Spent};
use equitr_core::chat::{CallFault, Reply, Stop, ToolCall, Usage};
use equitr_core::units::MicroDollars;
use rig_core::completion::message::{
    AssistantContent as Block, AssistantMessage, CallId, Origin, StopReason,
};
use rig_core::completion::{CompletionResponse, FinishReason};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

/// More tokens than a call can have: a count above it is a mistake of the provider, and none is
/// believed.
const TOKENS_MAX: u64 = 1_000_000_000;

/// The reply that `response` is, or why it can't be used though it came to its end.
pub(super) fn reply(response: CompletionResponse, provider: Provider) -> Result<Reply, CallError> {
    let usage = usage(&response, provider);
    let unusable = |message: String| CallError {
        usage,
        spent: if usage.is_known() { Spent::Counted } else { Spent::Unknown },
        ..CallError::free(CallFault::Transient, &message)
    };
    let stop = match response.finish_reason() {
        Some(FinishReason::Length) => Stop::Length,
        Some(FinishReason::ContentFilter) => Stop::Refused,
        Some(FinishReason::Other(reason)) if is_failure(&reason) => {
            return Err(unusable(format!("{} ended the reply with `{reason}`", provider.name())));
        }
        _ if response.error.is_some() => Stop::Refused,
        Some(FinishReason::ToolCalls | FinishReason::Stop | FinishReason::Other(_)) | None => {
            if response.tool_calls().next().is_some() {
                Stop::ToolCalls
            } else {
                Stop::EndTurn
            }
        }
        Some(_) => Stop::EndTurn,
    };
    let calls = calls(&response);
    if stop != Stop::Length
        && let Some(cut) = calls.iter().find(|call| is_cut_off(&call.args))
    {
        return Err(unusable(format!("the arguments of a call to `{}` were cut off", cut.name)));
    }
    let mut text = response.text();
    if text.is_empty()
        && stop == Stop::Refused
        && let Some(explanation) = &response.error
    {
        text.clone_from(explanation);
    }
    let provider_parts = ProviderParts::kept(&response.origin, &response.choice);
    Ok(Reply { text: text.into(), calls, stop, usage, provider_parts })
}

/// Reasons to end that say that the reply went wrong on the provider's side.
fn is_failure(reason: &str) -> bool {
    let reason = reason.to_ascii_lowercase();
    ["error", "malformed", "unexpected_tool_call", "fail"].iter().any(|part| reason.contains(part))
}

fn calls(response: &CompletionResponse) -> Vec<ToolCall> {
    response
        .tool_calls()
        .map(|call| ToolCall {
            id: call.id.wire().into(),
            name: call.function.name.as_str().into(),
            args: match &call.function.invalid_arguments {
                // As the model wrote them, not as rig mended them.
                Some(text) => text.as_str().into(),
                None => Value::Object(call.function.arguments.clone()).to_string().into(),
            },
        })
        .collect()
}

/// Whether `args` is the beginning of JSON text and not the whole of it. Text that is wrong in
/// another way is the model's own mistake, which it is told of.
fn is_cut_off(args: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(args).is_err_and(|error| error.is_eof())
}

fn usage(response: &CompletionResponse, provider: Provider) -> Usage {
    let used = response.usage;
    let usage = Usage {
        input_tokens: used.input_tokens.unwrap_or(0),
        cached_tokens: used.cached_input_tokens.unwrap_or(0),
        cache_write_tokens: used.cache_creation_input_tokens.unwrap_or(0),
        output_tokens: used.output_tokens.unwrap_or(0),
        reported_cost: reported_cost(response, provider),
    };
    let counts =
        [usage.input_tokens, usage.cached_tokens, usage.cache_write_tokens, usage.output_tokens];
    if counts.iter().any(|count| *count > TOKENS_MAX) { Usage::default() } else { usage }
}

/// What the provider itself says the call cost. Only OpenRouter says; the cost in rig's usage may
/// also be rig's own reckoning.
fn reported_cost(response: &CompletionResponse, provider: Provider) -> Option<MicroDollars> {
    if provider != Provider::OpenRouter {
        return None;
    }
    let dollars = response.raw.pointer("/usage/cost")?.as_f64()?;
    // A thousand dollars is more than any call can cost; the cast is exact below it.
    (0.0..=1_000.0).contains(&dollars).then(|| MicroDollars((dollars * 1e6).ceil() as u64))
}

/// How rig calls OpenAI's Responses.
const RESPONSES: &str = "openai.responses";

/// What a reply holds besides text and calls, to be sent back as it came: signed thinking, ids of
/// items. Kept as JSON in [`Reply::provider_parts`].
#[derive(Serialize, Deserialize)]
pub(super) struct ProviderParts {
    origin: Origin,
    blocks: Vec<Block>,
}

impl ProviderParts {
    /// The parts of a reply as JSON; none when text and calls are all there is to it.
    fn kept(origin: &Origin, blocks: &[Block]) -> Option<Arc<str>> {
        if !blocks.iter().any(is_more_than_words) {
            return None;
        }
        // Words and calls are made anew where nothing hangs on how they came: they would be kept
        // twice. In Responses the ids of items hold thinking and calls together.
        let as_they_came = origin.api.as_str() == RESPONSES;
        let kept = |block: &Block| match block {
            Block::Text(_) | Block::ToolCall(_) if !as_they_came && !is_more_than_words(block) => {
                block.canonical()
            }
            _ => block.clone(),
        };
        let blocks = blocks.iter().map(kept).collect();
        let parts = Self { origin: origin.clone(), blocks };
        serde_json::to_string(&parts).ok().map(Into::into)
    }

    /// The parts that came with `reply`; none when they can't be read or are not of this text and
    /// these calls any more.
    pub(super) fn of(reply: &Reply) -> Option<Self> {
        let parts: Self = serde_json::from_str(reply.provider_parts.as_deref()?).ok()?;
        let mut text = String::new();
        let mut calls = reply.calls.iter();
        for block in &parts.blocks {
            match block {
                Block::Text(part) => text.push_str(&part.text),
                Block::ToolCall(call) => {
                    let same = calls.next().is_some_and(|ours| {
                        *ours.id == *call.id.wire() && *ours.name == *call.function.name.as_str()
                    });
                    if !same {
                        return None;
                    }
                }
                _ => {}
            }
        }
        let same_text = text == *reply.text || (text.is_empty() && reply.stop == Stop::Refused);
        (calls.next().is_none() && same_text && !parts.blocks.is_empty()).then_some(parts)
    }

    /// The ids of its calls by the text under which results name them.
    pub(super) fn call_ids(&self) -> impl Iterator<Item = (String, CallId)> {
        self.blocks.iter().filter_map(|block| match block {
            Block::ToolCall(call) => Some((call.id.wire().into_owned(), call.id.clone())),
            _ => None,
        })
    }

    /// The parts as a turn of the model that made them.
    pub(super) fn into_message(self, stop: StopReason) -> AssistantMessage {
        AssistantMessage::new(self.blocks).with_origin(self.origin).with_stop(stop)
    }
}

/// Whether the provider wants `block` back as it came: thinking, items of its own, and words or
/// calls that bear a signature.
fn is_more_than_words(block: &Block) -> bool {
    match block {
        Block::Reasoning(reasoning) => reasoning.native.is_some(),
        Block::Opaque(opaque) => opaque.replay,
        Block::Text(text) => text.native.as_ref().is_some_and(|n| has_signature(&n.item)),
        Block::ToolCall(call) => call.native.as_ref().is_some_and(|n| has_signature(&n.item)),
        _ => false,
    }
}

fn has_signature(item: &Value) -> bool {
    match item {
        Value::Object(fields) => fields.iter().any(|(key, value)| {
            key.to_ascii_lowercase().contains("signature") || has_signature(value)
        }),
        Value::Array(items) => items.iter().any(has_signature),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
