//! Messages between workers, each with its number in the text, so that it is known again.

use equitr_core::chat::Message;

/// What message `number` says.
pub(super) fn text(number: u64) -> String {
    format!("the port is «{number}»")
}

/// The number of a message that says `text`.
pub(super) fn number(text: &str) -> Option<u64> {
    numbers(text).next()
}

/// Numbers of the messages that a conversation shows to its model, in its order.
pub(super) fn shown(messages: &[Message]) -> Vec<u64> {
    messages
        .iter()
        .flat_map(|message| match message {
            Message::User { text } => numbers(text).collect(),
            Message::Assistant(_) | Message::Tool(_) => Vec::new(),
        })
        .collect()
}

fn numbers(text: &str) -> impl Iterator<Item = u64> {
    text.split('«').skip(1).filter_map(|rest| rest.split('»').next()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_known_by_its_number() {
        assert_eq!(number(&text(17)), Some(17));
        let told = format!("{}\n{}", text(1), text(2));
        let messages = [Message::User { text: told.into() }];
        assert_eq!(shown(&messages), [1, 2]);
    }
}
