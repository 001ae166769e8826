//! Text that is not ours, made harmless for a terminal and honest for a reader.

use std::fmt::Write;

/// A line longer than this is no line for people: minified code, or a flood.
const LINE_BYTES_MAX: usize = 4 * 1024;

/// `text` without anything that a terminal would obey, and with what hides made visible.
///
/// Drops control characters but newline and tab, and escape sequences whole: those that carry a
/// string (title, clipboard, links) up to their end or the end of the line, so that one that never
/// ends hides no further line. Bidirectional, zero-width, filler and tag characters are shown as
/// `\u{…}`. Lines are cut at 4 KiB, and it is said how much was left out.
pub fn sanitize(text: &str) -> String {
    let mut clean = Clean { text: String::with_capacity(text.len()), line_bytes: 0, left_out: 0 };
    let mut rest = text.chars();
    while let Some(found) = rest.next() {
        match found {
            '\n' => clean.end_line(),
            '\x1b' => skip_escape(&mut rest),
            '\u{9b}' => skip_control(&mut rest),
            '\u{90}' | '\u{98}' | '\u{9d}' | '\u{9e}' | '\u{9f}' => skip_string(&mut rest),
            '\t' => clean.push('\t'),
            control if control.is_control() => {}
            hidden if hides(hidden) => clean.show(hidden),
            plain => clean.push(plain),
        }
    }
    clean.finish_line();
    clean.text
}

/// Whether a character changes what is seen without being seen itself.
pub(crate) fn hides(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0d}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Lines as they are kept, each with its cap.
struct Clean {
    text: String,
    line_bytes: usize,
    left_out: usize,
}

impl Clean {
    fn push(&mut self, c: char) {
        if self.left_out > 0 || self.line_bytes + c.len_utf8() > LINE_BYTES_MAX {
            self.left_out += c.len_utf8();
        } else {
            self.line_bytes += c.len_utf8();
            self.text.push(c);
        }
    }

    fn show(&mut self, hidden: char) {
        for c in hidden.escape_unicode() {
            self.push(c);
        }
    }

    fn finish_line(&mut self) {
        if self.left_out > 0 {
            _ = write!(self.text, "[… {} bytes left out …]", self.left_out);
        }
        (self.line_bytes, self.left_out) = (0, 0);
    }

    fn end_line(&mut self) {
        self.finish_line();
        self.text.push('\n');
    }
}

/// Skips what follows an ESC and belongs to it.
fn skip_escape(rest: &mut std::str::Chars<'_>) {
    match rest.clone().next() {
        Some('[') => {
            rest.next();
            skip_control(rest);
        }
        // `k` is the title of a window for multiplexers.
        Some(']' | 'P' | 'X' | '^' | '_' | 'k') => {
            rest.next();
            skip_string(rest);
        }
        Some(' '..='/') => {
            skip_while(rest, |c| (' '..='/').contains(&c));
            skip_one(rest, |c| ('0'..='~').contains(&c));
        }
        Some('0'..='~') => skip_one(rest, |_| true),
        Some(_) | None => {}
    }
}

/// Skips a control sequence behind its introducer: parameters, intermediates, one final byte.
fn skip_control(rest: &mut std::str::Chars<'_>) {
    skip_while(rest, |c| ('0'..='?').contains(&c));
    skip_while(rest, |c| (' '..='/').contains(&c));
    skip_one(rest, |c| ('@'..='~').contains(&c));
}

/// Skips a string behind its introducer, with its terminator.
fn skip_string(rest: &mut std::str::Chars<'_>) {
    loop {
        match rest.clone().next() {
            None | Some('\n') => return,
            Some('\x07' | '\u{9c}' | '\x18' | '\x1a') => return skip_one(rest, |_| true),
            Some('\x1b') => {
                // ESC \ ends the string; any other escape ends it too and is skipped as itself.
                rest.next();
                return skip_escape(rest);
            }
            Some(_) => skip_one(rest, |_| true),
        }
    }
}

fn skip_while(rest: &mut std::str::Chars<'_>, belongs: impl Fn(char) -> bool) {
    while rest.clone().next().is_some_and(&belongs) {
        rest.next();
    }
}

fn skip_one(rest: &mut std::str::Chars<'_>, belongs: impl Fn(char) -> bool) {
    if rest.clone().next().is_some_and(belongs) {
        rest.next();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(attack: &str, shown: &str) {
        assert_eq!(sanitize(attack), shown);
    }

    #[test]
    fn plain_text_stays_as_it_is() {
        check("ä — 漢字 ✔️ 🤖\n\tindented\n", "ä — 漢字 ✔️ 🤖\n\tindented\n");
    }

    #[test]
    fn tty_04_colours_and_cursor_moves_that_rewrite_what_was_said_are_dropped_whole() {
        check("tests failed\x1b[1A\x1b[2K\rtests passed", "tests failedtests passed");
        check("\x1b[31;1mred\x1b[0m", "red");
        check("a\x1b[2J\x1b[1;1Hb", "ab");
        check("a\x1b[?1049hb\x1b[38:2:1:2:3mc\x1b[1 qd", "abcd");
        check("a\u{9b}31mb", "ab");
    }

    #[test]
    fn tty_01_the_clipboard_is_never_written_nor_asked_for() {
        for end in ["\x07", "\x1b\\", "\u{9c}"] {
            for begin in ["\x1b]", "\u{9d}"] {
                for what in ["52;c;cm0gLXJmIC8=", "52;;cm0=", "52;p;?", "1337;Copy=:cm0="] {
                    check(&format!("a{begin}{what}{end}b"), "ab");
                }
            }
        }
        // Multiplexers pass on what a device string wraps.
        check("a\x1bPtmux;\x1b\x1b]52;c;cm0=\x07\x1b\\b", "ab");
    }

    #[test]
    fn tty_02_a_link_is_its_text_alone() {
        check("a\x1b]8;;http://evil\x1b\\text\x1b]8;;\x1b\\b", "atextb");
        check("\x1b]8;id=1;file:///etc/passwd\x07README\x1b]8;;\x07", "README");
        check("\u{9d}8;;http://evil\u{9c}text\u{9d}8;;\u{9c}", "text");
    }

    #[test]
    fn tty_03_the_windows_title_is_not_set_nor_reported() {
        for code in ["0", "1", "2", "l", "L", "k"] {
            check(&format!("a\x1b]{code};root@host\x07b"), "ab");
        }
        // Reported, it would come back as typed words.
        check("a\x1b[21tb", "ab");
        check("a\x1b[22;0;0tb\x1bc", "ab");
        check("a\x1bktitle\x1b\\b", "ab");
    }

    #[test]
    fn device_and_application_strings_are_dropped_whole() {
        check("a\x1bPq#0;2;0\x1b\\b", "ab");
        check("a\x1b_Gf=100;AAAA\x1b\\b\x1b^pm\x1b\\c\x1bXsos\x1b\\d", "abcd");
        check("a\u{90}q\u{9c}b\u{9f}x\u{9c}c", "abc");
    }

    #[test]
    fn short_escapes_are_dropped_whole() {
        check("a\x1bcb\x1b7c\x1b(0d\x1b#8e\x1b%Gf", "abcdef");
    }

    #[test]
    fn a_sequence_that_never_ends_hides_no_further_line() {
        check("a\x1b]0;title\nnext line", "a\nnext line");
        check("a\x1b[12;\nnext", "a\nnext");
        check("a\x1b", "a");
        check("a\x1b[", "a");
    }

    #[test]
    fn a_sequence_inside_another_leaves_nothing_behind() {
        check("a\x1b]0;x\x1b[31mb", "ab");
        check("\x1b\x1b[31ma", "a");
        check("\x1b[\x1b[31ma", "a");
    }

    #[test]
    fn other_control_characters_are_dropped() {
        check("safe\rrm -rf\x08\x00\x07\x0b\x0c\x7f\u{85}", "saferm -rf");
        check("a\r\nb", "a\nb");
    }

    #[test]
    fn tty_05_text_that_turns_around_or_hides_is_shown() {
        let tags: String =
            "rm -rf".chars().filter_map(|c| char::from_u32(0xe0000 + c as u32)).collect();
        let shown = sanitize(&format!("ok{tags}"));
        assert!(shown.starts_with("ok\\u{e0072}\\u{e006d}"), "{shown}");
        assert!(!shown.chars().any(hides), "{shown}");
        check("user\u{202e}nimda", "user\\u{202e}nimda");
        check("a\u{200b}b\u{feff}c\u{2066}d", "a\\u{200b}b\\u{feff}c\\u{2066}d");
        check("x\u{e0068}\u{e0069}", "x\\u{e0068}\\u{e0069}");
        check("a\u{2028}b\u{ad}c\u{3164}", "a\\u{2028}b\\u{ad}c\\u{3164}");
    }

    #[test]
    fn tty_06_a_flood_in_one_line_is_cut_and_the_next_line_is_whole() {
        let flood = sanitize(&format!("{}\nshort", "x\x1b[1mx\u{202e}".repeat(1_000_000)));
        let (first, second) = flood.split_once('\n').unwrap();
        assert!(first.len() < LINE_BYTES_MAX + 40 && first.ends_with(" bytes left out …]"));
        assert_eq!(second, "short");
        let shown = sanitize(&format!("{}\nshort", "é".repeat(3_000)));
        let (first, second) = shown.split_once('\n').unwrap();
        assert_eq!(first, format!("{}[… 1904 bytes left out …]", "é".repeat(2_048)));
        assert_eq!(second, "short");
    }

    #[test]
    fn a_shown_escape_is_never_cut_into_a_plain_character() {
        let shown = sanitize(&format!("{}\u{202e}x", "a".repeat(LINE_BYTES_MAX - 2)));
        assert!(shown.ends_with("a\\u[… 7 bytes left out …]"), "{}", &shown[4_000..]);
    }

    #[test]
    fn nothing_that_a_terminal_obeys_is_left_of_any_pair_of_characters() {
        let risky: Vec<char> = (0..0xa0_u32).filter_map(char::from_u32).collect();
        for &first in &risky {
            for &second in &risky {
                for third in ["x", "[31m", "]0;t\x07", "\u{9b}1m", "\x1b"] {
                    let shown = sanitize(&format!("{first}{second}{third}"));
                    assert!(
                        shown.chars().all(|c| !c.is_control() || c == '\n' || c == '\t'),
                        "{first:?}{second:?}{third:?} gave {shown:?}"
                    );
                }
            }
        }
    }
}
