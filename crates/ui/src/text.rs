//! Small pieces of text: cut to columns, counted, bounded.

use crate::sanitize::sanitize;
use crate::style::{Mark, Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Words of a model within a line of ours: three rows of a terminal.
pub(crate) const LINE_COLUMNS: usize = 240;

/// Foreign text as one line of at most `columns`, white space as single spaces.
pub(crate) fn one_line(text: &str, columns: usize, style: &Style) -> String {
    // What no columns could show need not be looked at.
    let near = equitr_core::dialogue::cut(text, columns.saturating_mul(16).max(1_024));
    let clean = sanitize(near);
    let mut line = String::with_capacity(clean.len());
    for word in clean.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if near.len() < text.len() {
        line.push(' ');
        line.push_str(style.mark(Mark::Cut));
    }
    fit(&line, columns, style)
}

/// The beginning of a line that fits into `columns`, with a mark when something is missing.
pub(crate) fn fit(line: &str, columns: usize, style: &Style) -> String {
    if line.width() <= columns {
        return line.to_owned();
    }
    let cut = style.mark(Mark::Cut);
    let Some(room) = columns.checked_sub(cut.width()) else { return String::new() };
    let mut used = 0;
    let mut end = 0;
    for (at, c) in line.char_indices() {
        used += c.width().unwrap_or(0);
        if used > room {
            break;
        }
        end = at + c.len_utf8();
    }
    format!("{}{cut}", line[..end].trim_end())
}

/// `text` with spaces behind it up to `columns`.
pub(crate) fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(text.width())))
}

/// The last `lines_max` lines of foreign text, each behind `indent`, saying what was left out.
pub(crate) fn tail(text: &str, lines_max: usize, indent: &str, style: &Style) -> Vec<String> {
    let clean = sanitize(text.trim_end());
    let lines: Vec<&str> = clean.lines().collect();
    let left = lines.len().saturating_sub(lines_max);
    let mut shown = Vec::new();
    if left > 0 {
        shown.push(format!("{indent}{}", left_out(left, style)));
    }
    let cut = |line: &&str| indented(indent, line, style);
    shown.extend(lines[left..].iter().map(cut));
    shown
}

/// The first `lines_max` lines of foreign text, each behind `indent`, saying what was left out.
pub(crate) fn head(text: &str, lines_max: usize, indent: &str, style: &Style) -> Vec<String> {
    let clean = sanitize(text.trim_end());
    let lines: Vec<&str> = clean.lines().collect();
    let kept = lines.len().min(lines_max);
    let cut = |line: &&str| indented(indent, line, style);
    let mut shown: Vec<String> = lines[..kept].iter().map(cut).collect();
    if kept < lines.len() {
        shown.push(format!("{indent}{}", left_out(lines.len() - kept, style)));
    }
    shown
}

fn indented(indent: &str, line: &str, style: &Style) -> String {
    format!("{indent}{}", fit(line, LINE_COLUMNS, style)).trim_end().to_owned()
}

fn left_out(lines: usize, style: &Style) -> String {
    let cut = style.mark(Mark::Cut);
    format!("[{cut} {} left out {cut}]", count(lines, "line"))
}

/// `1 task`, `1,204 tasks`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", thousands(number as u64))
}

/// `1,204,000`
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Items separated by commas, at most `max` of them, saying how many more there are.
pub(crate) fn listed(items: impl IntoIterator<Item = String>, max: usize) -> String {
    let mut items = items.into_iter();
    let mut text = items.by_ref().take(max).collect::<Vec<_>>().join(", ");
    let more = items.count();
    if more > 0 {
        text.push_str(&format!(" and {} more", thousands(more as u64)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDE: Style = Style { color: false, emoji: true, width: 80 };

    #[test]
    fn a_cut_line_fits_by_columns_not_by_bytes() {
        assert_eq!(fit("漢字漢字", 8, &WIDE), "漢字漢字");
        assert_eq!(fit("漢字漢字", 7, &WIDE), "漢字漢…");
        assert_eq!(fit("abcdef", 5, &Style::PLAIN), "ab...");
        assert_eq!(fit("abcdef", 0, &WIDE), "");
    }

    #[test]
    fn numbers_are_read_in_thousands() {
        assert_eq!(
            [0, 999, 1_000, 1_234_567].map(thousands),
            ["0", "999", "1,000", "1,234,567"].map(str::to_owned)
        );
    }

    #[test]
    fn what_is_left_out_at_either_end_is_counted() {
        assert_eq!(tail("a\nb\nc\n", 2, "| ", &WIDE), ["| [… 1 line left out …]", "| b", "| c"]);
        assert_eq!(head("a\nb\nc\n", 1, "", &WIDE), ["a", "[… 2 lines left out …]"]);
        assert_eq!(listed((1..=5).map(|n| n.to_string()), 3), "1, 2, 3 and 2 more");
    }

    #[test]
    fn foreign_text_in_a_line_of_ours_cannot_make_another_line() {
        assert_eq!(one_line(" a\n\x1b[2Jb\t c ", 80, &WIDE), "a b c");
    }
}
