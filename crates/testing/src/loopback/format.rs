//! A scripted turn as the events of a provider's stream.

mod chat;
mod gemini;
mod messages;
mod responses;

use super::Format;
use super::asked::Asked;
use equitr_core::chat::{ToolCall, Usage};
use equitr_core::units::MicroDollars;
use equitr_llm::scripted::Turn;
use serde_json::{Value, json};

/// Whether a turn is told as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Whole,
    /// The arguments of the last call end in the middle.
    CutToolJson,
}

/// Characters of a piece of text or arguments.
const PIECE_CHARS: usize = 7;

/// The events of `turn`, which uses `usage` and costs `cost`; each with the empty line that ends it.
pub(super) fn events(
    asked: &Asked,
    turn: &Turn,
    usage: &Usage,
    cost: MicroDollars,
    shape: Shape,
) -> Vec<String> {
    let told = Told { asked, turn, usage, cost, calls: calls(turn, shape), shape };
    match asked.format {
        Format::Chat => chat::events(&told),
        Format::Responses => responses::events(&told),
        Format::Messages => messages::events(&told),
        Format::Gemini => gemini::events(&told),
    }
}

/// The event by which a provider says in the middle of a stream that it is overloaded.
pub(super) fn error_event(format: Format) -> String {
    match format {
        Format::Chat => data(&json!({"error": {"message": "The server is overloaded",
            "type": "server_error", "code": "server_is_overloaded"}})),
        Format::Responses => named(
            "response.failed",
            json!({"sequence_number": 0, "response": {"id": "resp_1", "object": "response",
                "status": "failed", "output": [],
                "error": {"code": "server_error", "message": "The server is overloaded"}}}),
        ),
        Format::Messages => {
            named("error", json!({"error": {"type": "overloaded_error", "message": "Overloaded"}}))
        }
        Format::Gemini => data(&json!({"error": {"code": 503, "status": "UNAVAILABLE",
            "message": "The model is overloaded"}})),
    }
}

/// What a format's events are made from.
struct Told<'a> {
    asked: &'a Asked,
    turn: &'a Turn,
    usage: &'a Usage,
    cost: MicroDollars,
    calls: Vec<ToolCall>,
    shape: Shape,
}

impl Told<'_> {
    fn signature(&self) -> String {
        signature(&self.asked.agent, self.asked.turn)
    }
}

/// What signs the thinking of a turn, and must come back with it; may pass for base64, as real ones
/// are and as clients check.
pub fn signature(agent: &str, turn: u32) -> String {
    let text = format!("signed {agent} {turn}");
    let mut hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    hex.push_str(if hex.len().is_multiple_of(4) { "" } else { "00" });
    hex
}

fn calls(turn: &Turn, shape: Shape) -> Vec<ToolCall> {
    let mut calls = turn.reply.calls.clone();
    if let (Shape::CutToolJson, Some(call)) = (shape, calls.last_mut()) {
        let half: String = call.args.chars().take(call.args.chars().count() / 2).collect();
        call.args = half.into();
    }
    calls
}

/// `text` in small pieces, none of them empty.
fn pieces(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    chars.chunks(PIECE_CHARS).map(|piece| piece.iter().collect()).collect()
}

/// The pieces of all calls' arguments, taking turns, each with its call's place.
fn in_turns(calls: &[ToolCall]) -> Vec<(usize, String)> {
    let mut left: Vec<std::vec::IntoIter<String>> =
        calls.iter().map(|call| pieces(&call.args).into_iter()).collect();
    let mut turns = Vec::new();
    loop {
        let before = turns.len();
        for (at, pieces) in left.iter_mut().enumerate() {
            turns.extend(pieces.next().map(|piece| (at, piece)));
        }
        if turns.len() == before {
            return turns;
        }
    }
}

fn data(value: &Value) -> String {
    format!("data: {value}\n\n")
}

/// An event that its name and its `type` tell alike.
fn named(kind: &str, mut value: Value) -> String {
    value["type"] = kind.into();
    format!("event: {kind}\ndata: {value}\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pieces_of_parallel_calls_take_turns_and_make_up_the_whole() {
        let call = |args: &str| ToolCall { id: "1".into(), name: "t".into(), args: args.into() };
        let turns = in_turns(&[call("{\"a\": \"äöü\"}"), call("{}")]);
        assert_eq!(turns.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [0, 1, 0]);
        let whole = |of: usize| -> String {
            turns.iter().filter(|(at, _)| *at == of).map(|(_, piece)| piece.as_str()).collect()
        };
        assert_eq!((whole(0).as_str(), whole(1).as_str()), ("{\"a\": \"äöü\"}", "{}"));
    }
}
