//! OpenAI's Responses: items that open, grow, and are told whole once more when they close.

use super::{Told, in_turns, named, pieces};
use equitr_core::chat::Stop;
use serde_json::{Value, json};

pub(super) fn events(told: &Told<'_>) -> Vec<String> {
    let mut stream = Stream { events: Vec::new(), output: Vec::new() };
    let response = |status: &str, output: &[Value], usage: Value| {
        json!({"id": "resp_1", "object": "response", "created_at": 1, "status": status,
            "model": told.asked.model, "output": output, "usage": usage})
    };
    stream.add("response.created", json!({"response": response("in_progress", &[], Value::Null)}));
    reasoning(told, &mut stream);
    message(told, &mut stream);
    calls(told, &mut stream);
    let usage = told.usage;
    let usage = json!({"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "input_tokens_details": {"cached_tokens": usage.cached_tokens},
        "output_tokens_details": {"reasoning_tokens": 0}});
    let (kind, status, why) = match told.turn.reply.stop {
        Stop::EndTurn | Stop::ToolCalls => ("response.completed", "completed", Value::Null),
        Stop::Length => {
            ("response.incomplete", "incomplete", json!({"reason": "max_output_tokens"}))
        }
        Stop::Refused => ("response.incomplete", "incomplete", json!({"reason": "content_filter"})),
    };
    let mut whole = response(status, &stream.output, usage);
    whole["incomplete_details"] = why;
    stream.add(kind, json!({"response": whole}));
    stream.events
}

/// The events so far, and the items that are done.
struct Stream {
    events: Vec<String>,
    output: Vec<Value>,
}

impl Stream {
    fn add(&mut self, kind: &str, mut value: Value) {
        value["sequence_number"] = self.events.len().into();
        self.events.push(named(kind, value));
    }

    fn open(&mut self, index: usize, item: &Value) {
        self.add("response.output_item.added", json!({"output_index": index, "item": item}));
    }

    fn close(&mut self, index: usize, item: Value) {
        self.add("response.output_item.done", json!({"output_index": index, "item": &item}));
        self.output.push(item);
    }
}

fn reasoning(told: &Told<'_>, stream: &mut Stream) {
    let Some(thinking) = &told.turn.thinking else { return };
    let at = stream.output.len();
    let item = |summary: Value| {
        json!({"type": "reasoning", "id": "rs_1", "summary": summary,
            "encrypted_content": told.signature()})
    };
    stream.open(at, &item(json!([])));
    for piece in pieces(thinking) {
        stream.add(
            "response.reasoning_summary_text.delta",
            json!({"item_id": "rs_1", "output_index": at, "summary_index": 0, "delta": piece}),
        );
    }
    stream.close(at, item(json!([{"type": "summary_text", "text": &**thinking}])));
}

fn message(told: &Told<'_>, stream: &mut Stream) {
    let text = &*told.turn.reply.text;
    if text.is_empty() {
        return;
    }
    let at = stream.output.len();
    let item = |status: &str, content: Value| {
        json!({"type": "message", "id": "msg_1", "role": "assistant", "status": status,
            "content": content})
    };
    let part = |text: &str| json!({"type": "output_text", "text": text, "annotations": []});
    let place = || json!({"item_id": "msg_1", "output_index": at, "content_index": 0});
    let with = |key: &str, value: Value| {
        let mut placed = place();
        placed[key] = value;
        placed
    };
    stream.open(at, &item("in_progress", json!([])));
    stream.add("response.content_part.added", with("part", part("")));
    for piece in pieces(text) {
        stream.add("response.output_text.delta", with("delta", piece.into()));
    }
    stream.add("response.output_text.done", with("text", text.into()));
    stream.add("response.content_part.done", with("part", part(text)));
    stream.close(at, item("completed", json!([part(text)])));
}

fn calls(told: &Told<'_>, stream: &mut Stream) {
    let first = stream.output.len();
    let id = |at: usize| format!("fc_{at}");
    let item = |at: usize, status: &str, args: &str| {
        let call = &told.calls[at];
        json!({"type": "function_call", "id": id(at), "call_id": &*call.id, "name": &*call.name,
            "status": status, "arguments": args})
    };
    for at in 0..told.calls.len() {
        stream.open(first + at, &item(at, "in_progress", ""));
    }
    for (at, piece) in in_turns(&told.calls) {
        stream.add(
            "response.function_call_arguments.delta",
            json!({"item_id": id(at), "output_index": first + at, "delta": piece}),
        );
    }
    for (at, call) in told.calls.iter().enumerate() {
        stream.add(
            "response.function_call_arguments.done",
            json!({"item_id": id(at), "output_index": first + at, "arguments": &*call.args}),
        );
        stream.close(first + at, item(at, "completed", &call.args));
    }
}
