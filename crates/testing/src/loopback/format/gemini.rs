//! Gemini's `streamGenerateContent`: whole calls, signatures on parts, usage in the last chunk.

use super::{Shape, Told, data, pieces};
use equitr_core::chat::Stop;
use serde_json::{Value, json};

pub(super) fn events(told: &Told<'_>) -> Vec<String> {
    let chunk = |part: Value| {
        data(&json!({"modelVersion": told.asked.model, "responseId": "r1",
            "candidates": [{"index": 0, "content": {"role": "model", "parts": [part]}}]}))
    };
    let mut events = Vec::new();
    for piece in pieces(told.turn.thinking.as_deref().unwrap_or_default()) {
        events.push(chunk(json!({"text": piece, "thought": true})));
    }
    for piece in pieces(&told.turn.reply.text) {
        events.push(chunk(json!({"text": piece})));
    }
    for (at, call) in told.calls.iter().enumerate() {
        let args: Value = serde_json::from_str(&call.args).unwrap_or_default();
        let mut part = json!({"functionCall": {"name": &*call.name, "args": args}});
        // Only the first of parallel calls is signed.
        if told.turn.thinking.is_some() && at == 0 {
            part["thoughtSignature"] = told.signature().into();
        }
        // Arguments come whole here: a reply whose arguments went wrong holds none.
        if told.shape == Shape::Whole {
            events.push(chunk(part));
        }
    }
    let finish = match (told.shape, told.turn.reply.stop) {
        (Shape::CutToolJson, _) => "MALFORMED_FUNCTION_CALL",
        (Shape::Whole, Stop::EndTurn | Stop::ToolCalls) => "STOP",
        (Shape::Whole, Stop::Length) => "MAX_TOKENS",
        (Shape::Whole, Stop::Refused) => "SAFETY",
    };
    let usage = told.usage;
    events.push(data(&json!({"modelVersion": told.asked.model, "responseId": "r1",
        "candidates": [{"index": 0, "finishReason": finish,
            "content": {"role": "model", "parts": [{"text": ""}]}}],
        "usageMetadata": {"promptTokenCount": usage.input_tokens,
            "cachedContentTokenCount": usage.cached_tokens,
            "candidatesTokenCount": usage.output_tokens,
            "totalTokenCount": usage.input_tokens + usage.output_tokens}})));
    events
}
