//! A conversation of an agent with its model: what was said, and what it waits for.

use crate::chat::{Message, Reply, ToolCall, ToolOutcome, ToolResult};
use crate::repeats::Repeats;
use crate::units::MicroDollars;
use std::sync::Arc;

/// Tool output longer than this is left out of older turns.
const OLD_OUTPUT_BYTES: usize = 400;

/// Shortening goes down to this share of the cap, so that the prefix stays the same (and cached)
/// for many turns in between.
const SHORTEN_TO_PERCENT: usize = 60;

/// Messages that are never shortened: the last two turns or so.
const RECENT_MESSAGES: usize = 6;

/// A conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Dialogue {
    /// The system prompt.
    pub system: Arc<str>,
    /// Oldest first; the first is the opening and always shown whole.
    pub messages: Vec<Message>,
    /// Replies so far.
    pub turn: u32,
    /// What it waits for.
    pub step: Step,
    /// Tool calls of the last reply, while any waits for its result.
    pub acting: Vec<Pending>,
    /// How often in a row the model had to be told to use its tools.
    pub nudges: u32,
    /// What it did lately, to see that it goes in circles.
    pub repeats: Repeats,
    /// Bytes of all messages as they are shown.
    bytes: usize,
    /// Messages before this one are shown shortened.
    shortened: usize,
    /// Shown bytes above this are shortened.
    cap_bytes: usize,
}

/// What a conversation waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Money, and the time before which its model is left alone.
    NeedsCall {
        /// Failed calls of this turn so far.
        failures: u32,
        /// Milliseconds since 1970.
        not_before_ms: u64,
    },
    /// The model's reply.
    Calling {
        /// The run's how many-th call, from 1.
        nth: u64,
        /// Failed calls of this turn so far.
        failures: u32,
        /// Set aside for this call.
        hold: MicroDollars,
        /// Tokens the reply may have.
        max_tokens: u32,
    },
    /// Results of its tool calls.
    Acting,
    /// The person's next words.
    Listening,
    /// Nothing any more.
    Closed,
}

/// A tool call and its result, when it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// The call.
    pub call: ToolCall,
    /// Content and outcome.
    pub result: Option<(Arc<str>, ToolOutcome)>,
    /// It was under way when the process died, so it may run for a second time.
    pub repeated: bool,
}

impl Dialogue {
    /// A conversation that wants its first call.
    pub fn new(system: Arc<str>, opening: Arc<str>, cap_bytes: usize) -> Self {
        let mut dialogue = Self {
            bytes: system.len(),
            system,
            messages: Vec::new(),
            turn: 0,
            step: Step::NeedsCall { failures: 0, not_before_ms: 0 },
            acting: Vec::new(),
            nudges: 0,
            repeats: Repeats::default(),
            shortened: 1,
            cap_bytes,
        };
        dialogue.push(Message::User { text: opening });
        dialogue
    }

    /// Says something to the model. Consecutive words join one message, as providers demand.
    pub fn say(&mut self, text: &str) {
        if let Some(Message::User { text: last }) = self.messages.last_mut() {
            self.bytes += text.len() + 2;
            *last = format!("{last}\n\n{text}").into();
            return;
        }
        self.push(Message::User { text: text.into() });
    }

    /// Takes the model's reply; tool calls of it wait for their results.
    pub fn reply(&mut self, reply: Reply) {
        self.turn += 1;
        self.acting = reply
            .calls
            .iter()
            .map(|call| Pending { call: call.clone(), result: None, repeated: false })
            .collect();
        self.step = Step::Acting;
        self.push(Message::Assistant(reply));
    }

    /// Moves the results of the last reply's calls into the conversation, which wants a call then.
    pub fn conclude_turn(&mut self) {
        self.repeats.turn(self.acting.iter().filter_map(|pending| {
            let (content, outcome) = pending.result.as_ref()?;
            Some((&pending.call, &**content, *outcome))
        }));
        for pending in std::mem::take(&mut self.acting) {
            let (content, outcome) =
                pending.result.unwrap_or_else(|| ("not run".into(), ToolOutcome::Error));
            self.push(Message::Tool(ToolResult {
                call_id: pending.call.id,
                name: pending.call.name,
                content,
                outcome,
            }));
        }
        self.step = Step::NeedsCall { failures: 0, not_before_ms: 0 };
    }

    /// Bytes of what the model is shown.
    pub fn shown_bytes(&self) -> usize {
        self.bytes
    }

    /// The messages as the model is shown them: older output shortened, everything else whole.
    pub fn shown(&self) -> Vec<Message> {
        self.messages
            .iter()
            .enumerate()
            .map(|(place, message)| {
                if place > 0 && place < self.shortened { shorten(message) } else { message.clone() }
            })
            .collect()
    }

    /// Leaves out all older output at once; whether that made it any smaller.
    pub fn shorten_all(&mut self) -> bool {
        let before = self.bytes;
        self.shorten_until(0);
        self.bytes < before
    }

    fn push(&mut self, message: Message) {
        self.bytes += size(&message);
        self.messages.push(message);
        if self.bytes > self.cap_bytes {
            self.shorten_until(self.cap_bytes / 100 * SHORTEN_TO_PERCENT);
        }
    }

    fn shorten_until(&mut self, goal_bytes: usize) {
        let end = self.messages.len().saturating_sub(RECENT_MESSAGES);
        while self.bytes > goal_bytes && self.shortened < end {
            let message = &self.messages[self.shortened];
            self.bytes = self.bytes + size(&shorten(message)) - size(message);
            self.shortened += 1;
        }
    }
}

fn size(message: &Message) -> usize {
    match message {
        Message::User { text } => text.len(),
        Message::Assistant(reply) => {
            let calls: usize = reply.calls.iter().map(|c| c.name.len() + c.args.len() + 16).sum();
            reply.text.len() + calls + reply.provider_parts.as_ref().map_or(0, |p| p.len())
        }
        Message::Tool(result) => result.content.len() + 16,
    }
}

fn shorten(message: &Message) -> Message {
    match message {
        Message::User { .. } => message.clone(),
        Message::Assistant(reply) => {
            let mut reply = reply.clone();
            reply.provider_parts = None;
            for call in &mut reply.calls {
                if call.args.len() > OLD_OUTPUT_BYTES {
                    call.args = shorten_args(&call.args);
                }
            }
            Message::Assistant(reply)
        }
        Message::Tool(result) if result.content.len() > OLD_OUTPUT_BYTES => {
            let head = cut(&result.content, OLD_OUTPUT_BYTES / 2);
            let left = result.content.len() - head.len();
            let content = format!("{head}\n[… {left} bytes of older output left out …]").into();
            Message::Tool(ToolResult { content, ..result.clone() })
        }
        Message::Tool(_) => message.clone(),
    }
}

fn shorten_args(args: &str) -> Arc<str> {
    let mut value: serde_json::Value = serde_json::from_str(args).unwrap_or_default();
    if let Some(object) = value.as_object_mut() {
        for field in object.values_mut() {
            if let Some(text) = field.as_str().filter(|t| t.len() > OLD_OUTPUT_BYTES / 2) {
                *field = format!("[… {} bytes left out …]", text.len()).into();
            }
        }
    }
    value.to_string().into()
}

/// The longest beginning of `text` that has at most `bytes_max` bytes.
pub fn cut(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}

/// The longest end of `text` that has at most `bytes_max` bytes.
pub fn cut_front(text: &str, bytes_max: usize) -> &str {
    &text[text.ceil_char_boundary(text.len().saturating_sub(bytes_max))..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn talk(turns: usize, cap: usize) -> Dialogue {
        let mut dialogue = Dialogue::new("system".into(), "task".into(), cap);
        for turn in 0..turns {
            let call = ToolCall {
                id: format!("c{turn}").into(),
                name: "read_file".into(),
                args: r#"{"path":"a"}"#.into(),
            };
            dialogue.reply(Reply { calls: vec![call], ..Reply::default() });
            dialogue.acting[0].result = Some(("x".repeat(5_000).into(), ToolOutcome::Ok));
            dialogue.conclude_turn();
        }
        dialogue
    }

    #[test]
    fn older_output_is_left_out_above_the_cap_and_the_count_of_bytes_stays_true() {
        let dialogue = talk(20, 30_000);
        let shown = dialogue.shown();
        let counted: usize = shown.iter().map(size).sum::<usize>() + dialogue.system.len();
        assert_eq!(dialogue.shown_bytes(), counted);
        assert!(counted <= 30_000, "{counted}");
        assert_eq!(shown[0], Message::User { text: "task".into() });
        assert!(matches!(&shown[2], Message::Tool(r) if r.content.ends_with("left out …]")));
        assert!(matches!(&shown[40], Message::Tool(r) if r.content.len() == 5_000));
    }

    #[test]
    fn what_is_shown_keeps_its_beginning_for_many_turns() {
        let mut changes = 0;
        let mut before = talk(5, 40_000).shown();
        for turns in 6..40 {
            let now = talk(turns, 40_000).shown();
            changes += usize::from(!now.starts_with(&before));
            before = now;
        }
        assert!(changes <= 12, "{changes} of 34 turns changed the prefix");
    }

    #[test]
    fn shortened_arguments_are_still_an_object() {
        let args = format!(r#"{{"path":"a.rs","content":"{}"}}"#, "x".repeat(1_000));
        let short: serde_json::Value = serde_json::from_str(&shorten_args(&args)).unwrap();
        let expected = serde_json::json!({"content": "[… 1000 bytes left out …]", "path": "a.rs"});
        assert_eq!(short, expected);
    }

    #[test]
    fn words_said_one_after_the_other_are_one_message() {
        let mut dialogue = Dialogue::new("s".into(), "a".into(), 1_000);
        dialogue.say("b");
        assert_eq!(dialogue.messages, [Message::User { text: "a\n\nb".into() }]);
    }
}
