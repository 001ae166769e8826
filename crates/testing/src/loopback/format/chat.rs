//! Chat Completions, as OpenAI streams them, with DeepSeek's `reasoning_content`.

use super::{Told, data, in_turns, pieces};
use equitr_core::chat::Stop;
use serde_json::{Value, json};

pub(super) fn events(told: &Told<'_>) -> Vec<String> {
    let chunk = |delta: Value, finish: Option<&str>| {
        data(&json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1,
            "model": told.asked.model, "usage": null,
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}))
    };
    let mut events = vec![chunk(json!({"role": "assistant", "content": ""}), None)];
    for piece in pieces(told.turn.thinking.as_deref().unwrap_or_default()) {
        events.push(chunk(json!({"reasoning_content": piece}), None));
    }
    for piece in pieces(&told.turn.reply.text) {
        events.push(chunk(json!({"content": piece}), None));
    }
    for (at, call) in told.calls.iter().enumerate() {
        let call = json!({"index": at, "id": &*call.id, "type": "function",
            "function": {"name": &*call.name, "arguments": ""}});
        events.push(chunk(json!({"tool_calls": [call]}), None));
    }
    for (at, piece) in in_turns(&told.calls) {
        let call = json!({"index": at, "function": {"arguments": piece}});
        events.push(chunk(json!({"tool_calls": [call]}), None));
    }
    let finish = match told.turn.reply.stop {
        Stop::EndTurn => "stop",
        Stop::ToolCalls => "tool_calls",
        Stop::Length => "length",
        Stop::Refused => "content_filter",
    };
    events.push(chunk(json!({}), Some(finish)));
    let usage = told.usage;
    // OpenRouter alone has names with a slash, and alone says what a call costs.
    let cost = told.asked.model.contains('/').then(|| told.cost.0 as f64 / 1e6);
    events.push(data(&json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1,
        "model": told.asked.model, "choices": [],
        "usage": {"prompt_tokens": usage.input_tokens, "completion_tokens": usage.output_tokens,
            "total_tokens": usage.input_tokens + usage.output_tokens,
            "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
            "cost": cost,
            "completion_tokens_details": {"reasoning_tokens": 0}}})));
    events.push("data: [DONE]\n\n".to_owned());
    events
}
