//! Caps on what a model is shown, and words for what was left out.

use std::collections::VecDeque;

/// Output kept at its start and its end; what lies between is counted only.
///
/// The start says what a command set out to do, the end how it ended. Memory is bounded by the two
/// caps whatever is pushed.
pub(crate) struct Bounded {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    head_max: usize,
    tail_max: usize,
    total: u64,
}

impl Bounded {
    /// Keeps the first `head_max` and the last `tail_max` bytes.
    pub(crate) fn new(head_max: usize, tail_max: usize) -> Self {
        Self { head: Vec::new(), tail: VecDeque::new(), head_max, tail_max, total: 0 }
    }

    /// Takes the next bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let room = self.head_max - self.head.len();
        let (head, rest) = bytes.split_at(room.min(bytes.len()));
        self.head.extend_from_slice(head);
        let rest = &rest[rest.len().saturating_sub(self.tail_max)..];
        let over = (self.tail.len() + rest.len()).saturating_sub(self.tail_max);
        self.tail.drain(..over);
        self.tail.extend(rest);
    }

    /// How many bytes were pushed.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// What was kept, as plain text, with a mark where something is missing.
    pub(crate) fn text(&self) -> String {
        let tail: Vec<u8> = self.tail.iter().copied().collect();
        let kept = (self.head.len() + tail.len()) as u64;
        let whole = [self.head.as_slice(), &tail].concat();
        if is_binary(&whole) {
            return format!("[binary output, {}, not shown]", size(self.total));
        }
        if kept == self.total {
            return plain(&whole);
        }
        let left_out = grouped(self.total - kept);
        let (head, tail) = (plain(cut_end(&self.head)), plain(cut_start(&tail)));
        format!("{head}\n[… {left_out} bytes left out …]\n{tail}")
    }
}

/// Whether more than a tenth of the bytes are NUL or not UTF-8: not text in any useful sense.
fn is_binary(bytes: &[u8]) -> bool {
    /// Shorter output costs nothing to show, and a few odd bytes weigh too much in it.
    const BYTES_MIN: usize = 512;
    if bytes.len() < BYTES_MIN {
        return false;
    }
    let nul = bytes.iter().filter(|b| **b == 0).count();
    let invalid: usize = bytes.utf8_chunks().map(|chunk| chunk.invalid().len()).sum();
    (nul + invalid) * 10 > bytes.len()
}

/// Without a character that the cap cut in two at the end.
fn cut_end(bytes: &[u8]) -> &[u8] {
    let last_start = bytes.iter().rposition(|b| *b & 0xc0 != 0x80).unwrap_or(0);
    match std::str::from_utf8(&bytes[last_start..]) {
        Err(error) if error.error_len().is_none() => &bytes[..last_start],
        Err(_) | Ok(_) => bytes,
    }
}

/// Without a character that the cap cut in two at the start.
fn cut_start(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().take(3).take_while(|b| **b & 0xc0 == 0x80).count();
    &bytes[start..]
}

/// Text without terminal sequences and control characters; what is not UTF-8 shows as `�`.
pub(crate) fn plain(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut shown = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\x1b' => skip_sequence(&mut chars),
            // A progress bar overwrites its line; a file from Windows ends its lines with both.
            '\r' if chars.peek() != Some(&'\n') => shown.push('\n'),
            '\n' | '\t' => shown.push(c),
            _ if c.is_control() => {}
            _ => shown.push(c),
        }
    }
    shown
}

/// Skips what follows an escape character: at most to the end of the line, so that a sequence left
/// open hides no more than that.
fn skip_sequence(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match chars.next_if(|c| *c != '\n') {
        Some('[') => {
            while chars.next_if(|c| *c != '\n').is_some_and(|c| !('@'..='~').contains(&c)) {}
        }
        Some(']' | 'P' | '_' | '^' | 'X') => {
            while let Some(c) = chars.next_if(|c| *c != '\n') {
                if c == '\x07' || (c == '\x1b' && chars.next_if_eq(&'\\').is_some()) {
                    break;
                }
            }
        }
        Some('(' | ')' | '#' | '%') => {
            chars.next_if(|c| *c != '\n');
        }
        Some(_) | None => {}
    }
}

/// A line cut to `bytes_max`, saying so.
pub(crate) fn cut_line(line: &str, bytes_max: usize) -> String {
    if line.len() <= bytes_max {
        return line.to_owned();
    }
    let kept = &line[..line.floor_char_boundary(bytes_max)];
    format!("{kept} [… {} bytes left out]", grouped((line.len() - kept.len()) as u64))
}

/// `1204` as `1,204`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// Bytes for a person: `138 KB`, `2.1 GB`.
pub(crate) fn size(bytes: u64) -> String {
    let tenths = |unit: u64| (bytes / unit, bytes % unit * 10 / unit);
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} KB", bytes / 1_000),
        1_000_000..1_000_000_000 => {
            let (whole, tenth) = tenths(1_000_000);
            format!("{whole}.{tenth} MB")
        }
        _ => {
            let (whole, tenth) = tenths(1_000_000_000);
            format!("{whole}.{tenth} GB")
        }
    }
}

/// `1 file`, `1,204 files`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    let plural = match (number, noun) {
        (1, _) => noun.to_owned(),
        (_, "match") => "matches".to_owned(),
        (_, _) => format!("{noun}s"),
    };
    format!("{} {plural}", grouped(number as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_output_is_kept_whole_however_it_arrives() {
        for chunk in 1..=12 {
            let mut output = Bounded::new(4, 8);
            "abcdefghijkl".as_bytes().chunks(chunk).for_each(|bytes| output.push(bytes));
            assert_eq!(output.text(), "abcdefghijkl", "in chunks of {chunk}");
        }
    }

    #[test]
    fn long_output_keeps_both_ends_and_says_what_is_missing() {
        let text: String = (0..2_000).map(|n| format!("{n:04}\n")).collect();
        for chunk in [1, 7, 5_000, 10_000] {
            let mut output = Bounded::new(10, 10);
            text.as_bytes().chunks(chunk).for_each(|bytes| output.push(bytes));
            assert_eq!(output.text(), "0000\n0001\n\n[… 9,980 bytes left out …]\n1998\n1999\n");
            assert_eq!(output.total(), 10_000);
        }
    }

    #[test]
    fn a_cap_never_leaves_half_a_character() {
        for cap in 2..=12 {
            let mut output = Bounded::new(cap, cap);
            output.push("äöü€😀".repeat(9).as_bytes());
            assert!(!output.text().contains('\u{fffd}'), "cap {cap}: {}", output.text());
        }
    }

    #[test]
    fn terminal_sequences_and_control_characters_are_dropped() {
        let shown =
            plain(b"\x1b[1;31mred\x1b[0m \x1b]0;title\x07\x1b]52;c;eA==\x1b\\ok\0\x08 a\r\nb\rc\n");
        assert_eq!(shown, "red ok a\nb\nc\n");
        assert_eq!(plain(b"\x1b]0;left open\nnext"), "\nnext");
        assert_eq!(plain(b"caf\xe9"), "caf\u{fffd}");
    }

    #[test]
    fn binary_output_is_named_and_not_shown() {
        let mut output = Bounded::new(1_000, 1_000);
        output.push(&[0x7f, b'E', b'L', b'F', 0, 0, 0, 0xff].repeat(17_250));
        assert_eq!(output.text(), "[binary output, 138 KB, not shown]");
    }

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!((grouped(7), grouped(1_204)), ("7".into(), "1,204".into()));
        assert_eq!(grouped(1_000_000), "1,000,000");
        assert_eq!((size(12), size(138_000)), ("12 bytes".into(), "138 KB".into()));
        assert_eq!((size(5_250_000), size(2_100_000_000)), ("5.2 MB".into(), "2.1 GB".into()));
        assert_eq!((count(1, "match"), count(2, "match")), ("1 match".into(), "2 matches".into()));
        assert_eq!(cut_line("aäb", 2), "a [… 3 bytes left out]");
    }
}
