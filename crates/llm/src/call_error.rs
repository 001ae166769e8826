//! Why a call gave no reply, by what the run does about it.

use equitr_core::chat::{CallFault, Usage};

/// Longest message of a [`CallError`] in characters: one line of a report, and enough for a
/// provider's sentence.
pub(crate) const MESSAGE_CHARS_MAX: usize = 300;

/// A call that gave no reply.
///
/// Its message is one line of at most 300 characters that holds no key and no control character.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct CallError {
    /// What the run does about it.
    pub fault: CallFault,
    /// What went wrong: who said what.
    pub message: String,
    /// How long the provider asked to be left alone: 0 to 15 minutes; `None` when it didn't say.
    pub retry_after_ms: Option<u64>,
    /// What is known to have been used; see `spent` for what the zeros in it mean.
    pub usage: Usage,
    /// Whether the provider will charge for the call.
    pub spent: Spent,
}

/// What a failed call costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spent {
    /// Nothing: the provider was not reached, or refused before it began.
    Nothing,
    /// What `usage` says: the reply had ended, but can't be used.
    Counted,
    /// Nobody knows: the reply broke off on the way. The reservation is charged.
    Unknown,
}

impl CallError {
    /// A failure that cost nothing; `message` is cut and cleaned.
    pub(crate) fn free(fault: CallFault, message: &str) -> Self {
        Self {
            fault,
            message: one_line(message),
            retry_after_ms: None,
            usage: Usage::default(),
            spent: Spent::Nothing,
        }
    }

    /// A reply that broke off: transient, and nobody knows what it cost.
    pub(crate) fn broken_off(message: &str) -> Self {
        Self { spent: Spent::Unknown, ..Self::free(CallFault::Transient, message) }
    }
}

/// `text` as one line: control characters gone, white space folded, cut to 300 characters.
pub(crate) fn one_line(text: &str) -> String {
    let text = without_code(text);
    let text = text.as_str();
    let mut line = String::new();
    let mut chars = 0;
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty())
    {
        if chars > 0 {
            line.push(' ');
            chars += 1;
        }
        for c in word.chars().filter(|c| !is_invisible(*c)) {
            if chars >= MESSAGE_CHARS_MAX - 1 {
                line.push('…');
                return line;
            }
            line.push(c);
            chars += 1;
        }
    }
    line
}

/// `text` without the system's code numbers, such as ` (os error 111)`.
fn without_code(text: &str) -> String {
    let mut parts = text.split(" (os error ");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str(part.split_once(')').map_or("", |(_, rest)| rest));
    }
    plain
}

/// Characters that change how a line reads without being seen: zero-width, direction, tags.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}'
        | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_line_of_at_most_300_visible_characters() {
        assert_eq!(one_line("refused (os error 111): b"), "refused: b");
        assert_eq!(one_line("a\n\tb\u{1b}[31m  c\u{202e}d"), "a b [31m cd");
        let long = one_line(&"ü".repeat(1_000));
        assert_eq!(long.chars().count(), MESSAGE_CHARS_MAX);
        assert!(long.ends_with('…'));
    }
}
