//! Anthropic's Messages: blocks one after another, thinking signed at its end.

use super::{Told, named, pieces};
use equitr_core::chat::Stop;
use serde_json::{Value, json};

pub(super) fn events(told: &Told<'_>) -> Vec<String> {
    let usage = told.usage;
    let fresh = usage
        .input_tokens
        .saturating_sub(usage.cached_tokens)
        .saturating_sub(usage.cache_write_tokens);
    let begin = json!({"message": {"id": "msg_1", "type": "message", "role": "assistant",
        "model": told.asked.model, "content": [], "stop_reason": null, "stop_sequence": null,
        "usage": {"input_tokens": fresh, "cache_read_input_tokens": usage.cached_tokens,
            "cache_creation_input_tokens": usage.cache_write_tokens, "output_tokens": 1}}});
    let mut events = vec![named("message_start", begin), named("ping", json!({}))];
    let mut blocks = Blocks { events: &mut events, index: 0 };
    if let Some(thinking) = &told.turn.thinking {
        let mut deltas: Vec<Value> = pieces(thinking)
            .into_iter()
            .map(|piece| json!({"type": "thinking_delta", "thinking": piece}))
            .collect();
        deltas.push(json!({"type": "signature_delta", "signature": told.signature()}));
        blocks.add(json!({"type": "thinking", "thinking": "", "signature": ""}), deltas);
    }
    if !told.turn.reply.text.is_empty() {
        let deltas = pieces(&told.turn.reply.text)
            .into_iter()
            .map(|piece| json!({"type": "text_delta", "text": piece}))
            .collect();
        blocks.add(json!({"type": "text", "text": ""}), deltas);
    }
    for call in &told.calls {
        let deltas = std::iter::once(String::new())
            .chain(pieces(&call.args))
            .map(|piece| json!({"type": "input_json_delta", "partial_json": piece}))
            .collect();
        let block = json!({"type": "tool_use", "id": &*call.id, "name": &*call.name, "input": {}});
        blocks.add(block, deltas);
    }
    let stop = match told.turn.reply.stop {
        Stop::EndTurn => "end_turn",
        Stop::ToolCalls => "tool_use",
        Stop::Length => "max_tokens",
        Stop::Refused => "refusal",
    };
    events.push(named(
        "message_delta",
        json!({"delta": {"stop_reason": stop, "stop_sequence": null},
            "usage": {"output_tokens": usage.output_tokens}}),
    ));
    events.push(named("message_stop", json!({})));
    events
}

/// Content blocks, numbered as they come.
struct Blocks<'a> {
    events: &'a mut Vec<String>,
    index: usize,
}

impl Blocks<'_> {
    fn add(&mut self, block: Value, deltas: Vec<Value>) {
        let index = self.index;
        self.index += 1;
        let begin = json!({"index": index, "content_block": block});
        self.events.push(named("content_block_start", begin));
        for delta in deltas {
            let delta = json!({"index": index, "delta": delta});
            self.events.push(named("content_block_delta", delta));
        }
        self.events.push(named("content_block_stop", json!({"index": index})));
    }
}
