//! Lines that a reviewer does not see as what they are: characters that show nothing or turn text
//! around, and markers of a conflict.

/// Git's own bound: a file with a zero byte in its first 8,000 bytes is binary.
pub(crate) const BINARY_WITHIN: usize = 8_000;

/// What is odd in a line; neither part, and it is an ordinary one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Oddity {
    /// The first hidden character.
    pub hidden: Option<char>,
    /// It begins as a line does by which git marks a conflict.
    pub marker: bool,
}

/// Whether the beginning of a file says that it is binary.
pub(crate) fn looks_binary(beginning: &[u8]) -> bool {
    beginning.iter().take(BINARY_WITHIN).any(|byte| *byte == 0)
}

/// Whether a whole file is binary: a zero byte put into text makes it none.
pub(crate) fn is_binary(content: &[u8]) -> bool {
    looks_binary(content) && std::str::from_utf8(content).is_err()
}

/// The odd lines of a file, with their numbers from 1 on; in what is not UTF-8, the parts that are
/// are looked at.
pub(crate) fn odd_lines(content: &[u8]) -> impl Iterator<Item = (usize, &[u8], Oddity)> {
    // A byte order mark is no part of the text.
    let content = content.strip_prefix("\u{feff}".as_bytes()).unwrap_or(content);
    let lines = content.split(|byte| *byte == b'\n').enumerate();
    lines.filter_map(|(at, line)| {
        let oddity = Oddity { hidden: hidden(line), marker: is_marker(line) };
        (oddity != Oddity::default()).then_some((at + 1, line, oddity))
    })
}

/// Exactly seven signs, and then a space or nothing: `=======` is not among them, since it
/// underlines titles.
fn is_marker(line: &[u8]) -> bool {
    let rest = line.strip_prefix(b"<<<<<<<").or_else(|| line.strip_prefix(b">>>>>>>"));
    rest.is_some_and(|rest| matches!(rest, [] | [b'\r'] | [b' ', ..]))
}

fn hidden(line: &[u8]) -> Option<char> {
    if line.is_ascii() {
        return None;
    }
    line.utf8_chunks().find_map(|chunk| chunk.valid().chars().find(|c| is_hidden(*c)))
}

/// Characters that turn the direction of text, take no room, or are tags that no screen shows.
fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mrg_07_hidden_characters_are_found_by_line_also_in_what_is_not_utf8() {
        for (content, line, c) in [
            ("a\nif x \u{202e}{\n".as_bytes(), 2, '\u{202e}'),
            ("\u{200b}a".as_bytes(), 1, '\u{200b}'),
            ("ok\nok\n\u{e0041}".as_bytes(), 3, '\u{e0041}'),
            (b"\xff\xe2\x80\x8e\xff", 1, '\u{200e}'),
            ("\u{feff}a\u{feff}".as_bytes(), 1, '\u{feff}'),
        ] {
            let found: Vec<_> = odd_lines(content).collect();
            assert_eq!(found.len(), 1, "{content:?}");
            assert_eq!((found[0].0, found[0].2.hidden), (line, Some(c)), "{content:?}");
        }
        let plain = "\u{feff}Grüße, 世界 👍🏽 \u{301}\r\n\tx\n".as_bytes();
        assert_eq!(odd_lines(plain).count(), 0);
    }

    #[test]
    fn a_marker_is_seven_signs_at_the_beginning_of_a_line() {
        for line in ["<<<<<<< onto", ">>>>>>> 1234", "<<<<<<<", ">>>>>>>\r"] {
            assert!(is_marker(line.as_bytes()), "{line}");
        }
        for line in [" <<<<<<< a", "<<<<<<<<", "=======", "<<<<<<", ">>>>>>>> quoted", "<<<<<<<x"] {
            assert!(!is_marker(line.as_bytes()), "{line}");
        }
    }

    #[test]
    fn a_zero_byte_put_into_text_does_not_make_it_binary() {
        assert!(is_binary(b"\x89PNG\0\xff") && looks_binary(b"\x89PNG\0\xff"));
        assert!(!is_binary(b"text\0text") && !is_binary(b"text"));
    }
}
