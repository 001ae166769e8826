//! Caps on what a model is shown, and words for what was left out.

use equitr_core::redact::Redactor;
use std::collections::VecDeque;

/// Output kept at its start and its end; what lies between is counted only.
///
/// The start says what a command set out to do, the end how it ended. Memory is bounded by the two
/// caps whatever is pushed. Where something is left out, secrets are taken out of what is shown: one
/// that is cut in two could not be recognised by its half later on.
pub(crate) struct Bounded<'a> {
    redactor: &'a Redactor,
    head: Vec<u8>,
    /// The end, and before it as much as a secret that reaches into it may take.
    tail: VecDeque<u8>,
    head_max: usize,
    tail_max: usize,
    total: u64,
}

impl<'a> Bounded<'a> {
    /// Keeps the first `head_max` and the last `tail_max` bytes.
    pub(crate) fn new(redactor: &'a Redactor, head_max: usize, tail_max: usize) -> Self {
        let (head, tail) = (Vec::new(), VecDeque::new());
        Self { redactor, head, tail, head_max, tail_max, total: 0 }
    }

    /// Takes the next bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let room = self.head_max - self.head.len();
        let (head, rest) = bytes.split_at(room.min(bytes.len()));
        self.head.extend_from_slice(head);
        let held_max = self.tail_max + self.redactor.reach();
        let rest = &rest[rest.len().saturating_sub(held_max)..];
        let over = (self.tail.len() + rest.len()).saturating_sub(held_max);
        self.tail.drain(..over);
        self.tail.extend(rest);
    }

    /// How many bytes were pushed.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// What was kept, as plain text, with a mark where something is missing.
    pub(crate) fn text(&self) -> String {
        let held: Vec<u8> = self.tail.iter().copied().collect();
        let tail = &held[held.len().saturating_sub(self.tail_max)..];
        let kept = (self.head.len() + tail.len()) as u64;
        let whole = [self.head.as_slice(), tail].concat();
        if is_binary(&whole) {
            return format!("[binary output, {}, not shown]", size(self.total));
        }
        if kept == self.total {
            return plain(&whole);
        }
        let is_joined = (self.head.len() + held.len()) as u64 == self.total;
        let (head, end) = (plain(cut_end(&self.head)), plain(cut_start(tail)).len());
        let all = if is_joined { plain(&[&*self.head, &held].concat()) } else { plain(&held) };
        let (head, rest) = match is_joined {
            true => all.split_at(all.floor_char_boundary(head.len())),
            false => (&*head, behind_run(&all)),
        };
        let at = rest.floor_char_boundary(rest.len().saturating_sub(end));
        let (between, tail) = rest.split_at(at);
        let mut stream = self.redactor.stream();
        let head = stream.push(head);
        // It may be the beginning of a secret, and is not shown.
        let not_shown = stream.held() as u64;
        if !is_joined {
            stream = self.redactor.stream();
        }
        let _ = stream.push(between);
        let tail = stream.push(tail) + &stream.finish();
        let left_out = grouped(self.total - kept + not_shown);
        format!("{head}\n[… {left_out} bytes left out …]\n{tail}")
    }
}

/// Without the rest of a word at the start: of what stands before it nothing is known, and keys of
/// any length are one word.
fn behind_run(text: &str) -> &str {
    text.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "-_.~+/=".contains(c))
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
        let redactor = Redactor::default();
        for chunk in 1..=12 {
            let mut output = Bounded::new(&redactor, 4, 8);
            "abcdefghijkl".as_bytes().chunks(chunk).for_each(|bytes| output.push(bytes));
            assert_eq!(output.text(), "abcdefghijkl", "in chunks of {chunk}");
        }
    }

    #[test]
    fn long_output_keeps_both_ends_and_says_what_is_missing() {
        let redactor = Redactor::default();
        let text: String = (0..2_000).map(|n| format!("{n:04}\n")).collect();
        for chunk in [1, 7, 5_000, 10_000] {
            let mut output = Bounded::new(&redactor, 10, 10);
            text.as_bytes().chunks(chunk).for_each(|bytes| output.push(bytes));
            assert_eq!(output.text(), "0000\n0001\n\n[… 9,980 bytes left out …]\n1998\n1999\n");
            assert_eq!(output.total(), 10_000);
        }
    }

    #[test]
    fn a_cap_never_leaves_half_a_character() {
        let redactor = Redactor::default();
        for cap in 2..=12 {
            let mut output = Bounded::new(&redactor, cap, cap);
            output.push("äöü€😀".repeat(9).as_bytes());
            assert!(!output.text().contains('\u{fffd}'), "cap {cap}: {}", output.text());
        }
    }

    #[test]
    fn sec_06_wherever_output_is_cut_no_part_of_a_secret_is_left() {
        let redactor = Redactor::new([("MY_KEY", "Xq7_canary-Zz9")]);
        let line = "M7c4nary/".repeat(7) + "\n";
        let block = format!(
            "-----BEGIN RSA PRIVATE KEY-----\n{}-----END RSA PRIVATE KEY-----\n",
            line.repeat(20)
        );
        let token = format!("token sk-ant-{}\n", "M7c4nary-".repeat(400));
        for (secret, rest) in [("Xq7_canary-Zz9", 9), (&*block, 400), (&*token, 400)] {
            for before in 0..50 {
                for between in [0, 3_000, 60_000] {
                    let mut output = Bounded::new(&redactor, 40, rest);
                    let lines = ["a line\n".repeat(between / 7), "the end\n".to_owned()];
                    let text = format!("{}{secret}{}{secret}", ".".repeat(before), lines.concat());
                    text.as_bytes().chunks(997).for_each(|bytes| output.push(bytes));
                    output.push(&b"last"[..before % 5]);
                    // What is not cut is the caller's to look through.
                    let shown = redactor.redact(&output.text()).into_owned();
                    for part in ["7_can", "nary", "c4na", "Xq7", "-Zz9"] {
                        assert!(!shown.contains(part), "{before} {between}: {shown}");
                    }
                }
            }
        }
    }

    #[test]
    fn sec_06_a_word_without_end_is_not_shown_from_its_middle_on() {
        let redactor = Redactor::default();
        let mut output = Bounded::new(&redactor, 10, 40);
        output.push(format!("key sk-ant-{} end\n", "M7c4nary".repeat(20_000)).as_bytes());
        let shown = output.text();
        assert!(shown.starts_with("key ") && shown.ends_with(" end\n"), "{shown}");
        assert!(!shown.contains("nar"), "{shown}");
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
        let redactor = Redactor::default();
        let mut output = Bounded::new(&redactor, 1_000, 1_000);
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
