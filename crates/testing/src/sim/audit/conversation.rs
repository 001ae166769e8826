//! What every provider demands of a conversation.

use super::{Breach, holds};
use equitr_core::chat::{Message, Request};

/// Each tool call is followed by its result before anything else is said, nobody speaks twice in a
/// row, and it is the model's turn.
pub(super) fn check(request: &Request) -> Result<(), Breach> {
    let mut open: Vec<&str> = Vec::new();
    let mut spoke = "assistant";
    for message in &request.messages {
        let speaks = match message {
            Message::User { .. } => "user",
            Message::Assistant(_) => "assistant",
            Message::Tool(_) => "tool",
        };
        let sound = match message {
            Message::Tool(result) => {
                let place = open.iter().position(|id| *id == &*result.call_id);
                place.is_some_and(|place| {
                    open.remove(place);
                    true
                })
            }
            Message::User { .. } | Message::Assistant(_) => open.is_empty() && spoke != speaks,
        };
        holds(sound, "C1", || {
            let agent = &request.agent;
            format!("{agent} turn {}: {speaks} after {spoke}, {open:?} open", request.turn)
        })?;
        if let Message::Assistant(reply) = message {
            open = reply.calls.iter().map(|call| &*call.id).collect();
        }
        spoke = speaks;
    }
    let agent = &request.agent;
    holds(open.is_empty() && spoke != "assistant", "C1", || {
        format!("{agent} turn {}: the last word is the model's, {open:?} open", request.turn)
    })?;
    holds(request.max_tokens > 0, "C1", || format!("{agent} may say nothing"))
}
