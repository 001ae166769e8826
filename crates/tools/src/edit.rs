//! Replacing a piece of a file, named by its exact text.
//!
//! Texts are compared with `\n` line ends, since that is how they were shown; what the file has is
//! kept. A call that is repeated, as one is after a crash, finds its work done and leaves it.

use crate::bounded::{grouped, size};
use crate::error::{Error, quoted};
use crate::stop::Stop;
use crate::worktree::Worktree;
use crate::write::replace;
use schemars::JsonSchema;
use serde::Deserialize;
use std::ops::Range;

/// Enough to see where an ambiguous text lies.
const LINES_NAMED_MAX: usize = 10;

/// Replace one piece of a file. `old` must be copied exactly, with enough lines around it to occur
/// once.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EditFile {
    path: String,
    old: String,
    new: String,
}

/// Edits the file; the same call again changes nothing.
pub(crate) fn edit_file(
    args: &EditFile,
    worktree: &Worktree,
    stop: &Stop,
) -> Result<String, Error> {
    let path = quoted(&args.path);
    worktree.alone(|| {
        let bytes = worktree.read(&args.path)?;
        if bytes.contains(&0) {
            return Err(Error::Binary { path: path.clone(), size: size(bytes.len() as u64) });
        }
        let text = std::str::from_utf8(&bytes).map_err(|error| {
            let offset = error.valid_up_to();
            let byte = bytes.get(offset).copied().unwrap_or(0);
            Error::NotUtf8 { path: path.clone(), byte, offset }
        })?;
        match edited(text, &args.old, &args.new, &path)? {
            Edited::Changed { text, line } => {
                replace(worktree, &args.path, text.as_bytes(), stop)?;
                Ok(format!("edited `{path}` at line {}", grouped(line as u64)))
            }
            Edited::AlreadyInPlace { line } => {
                let line = grouped(line as u64);
                Ok(format!("already in place: `{path}` has the new text at line {line}"))
            }
        }
    })
}

/// What an edit comes to; lines count from 1.
#[derive(Debug, PartialEq, Eq)]
enum Edited {
    Changed { text: String, line: usize },
    AlreadyInPlace { line: usize },
}

fn edited(text: &str, old: &str, new: &str, path: &str) -> Result<Edited, Error> {
    let file = Lines::of(text);
    let (old, new) = (old.replace("\r\n", "\n"), new.replace("\r\n", "\n"));
    let wrong = |what: &str| Err(Error::BadArgument { what: what.into() });
    if old.is_empty() {
        return wrong("`old` is empty; copy the text to be replaced, or use write_file");
    }
    if old == new {
        return wrong("`old` and `new` are the same");
    }
    let places = occurrences(&file.text, &old);
    let new_places = occurrences(&file.text, &new);
    match (places.as_slice(), new_places.as_slice()) {
        ([], [only]) => Ok(Edited::AlreadyInPlace { line: file.line(*only) }),
        ([], _) => Err(Error::NoSingleMatch { what: not_found(&file.text, &old, path) }),
        // An insertion keeps its anchor: done already if the anchor has what was to come with it.
        ([at], [only]) if (*only..only + new.len()).contains(at) && new.contains(&old) => {
            Ok(Edited::AlreadyInPlace { line: file.line(*only) })
        }
        ([at], _) => {
            let text = file.with(*at..at + old.len(), &new);
            Ok(Edited::Changed { text, line: file.line(*at) })
        }
        (many, _) => {
            let mut lines: Vec<String> = many
                .iter()
                .take(LINES_NAMED_MAX)
                .map(|at| grouped(file.line(*at) as u64))
                .collect();
            if many.len() > LINES_NAMED_MAX {
                lines.push("…".into());
            }
            let times = grouped(many.len() as u64);
            let lines = lines.join(", ");
            let what = format!(
                "the old text occurs {times} times in `{path}` (lines {lines}); add context"
            );
            Err(Error::NoSingleMatch { what })
        }
    }
}

/// Where `piece` begins, overlapping places included; none for an empty one.
fn occurrences(text: &str, piece: &str) -> Vec<usize> {
    let Some(first) = piece.chars().next() else { return Vec::new() };
    let mut places = Vec::new();
    let mut from = 0;
    while let Some(found) = text[from..].find(piece) {
        places.push(from + found);
        from += found + first.len_utf8();
    }
    places
}

fn not_found(text: &str, old: &str, path: &str) -> String {
    let anchor = old.lines().map(str::trim).find(|line| !line.is_empty());
    let near = anchor.and_then(|line| text.lines().position(|l| l.trim() == line));
    match near {
        Some(at) => format!(
            "the old text is not in `{path}`; a line of it is at line {}, but spaces or what \
             follows differ: read it again",
            grouped(at as u64 + 1)
        ),
        None => format!("the old text is not in `{path}`; read it again"),
    }
}

/// A text with `\n` line ends, and the way back to the one it was.
struct Lines<'a> {
    original: &'a str,
    text: String,
    /// Where, in `text`, a `\r` was left out before a `\n`.
    returns: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn of(original: &'a str) -> Self {
        let mut text = String::with_capacity(original.len());
        let mut returns = Vec::new();
        for (i, piece) in original.split("\r\n").enumerate() {
            if i > 0 {
                returns.push(text.len());
                text.push('\n');
            }
            text.push_str(piece);
        }
        Self { original, text, returns }
    }

    fn line(&self, at: usize) -> usize {
        self.text[..at].matches('\n').count() + 1
    }

    fn original_place(&self, at: usize) -> usize {
        at + self.returns.partition_point(|r| *r < at)
    }

    /// The original with `range` replaced, the new lines ending as most of its lines do.
    fn with(&self, range: Range<usize>, new: &str) -> String {
        let ends = self.text.matches('\n').count();
        let new = match self.returns.len() * 2 > ends {
            true => new.replace('\n', "\r\n"),
            false => new.to_owned(),
        };
        let start = self.original_place(range.start);
        let end = self.original_place(range.end);
        [&self.original[..start], &new, &self.original[end..]].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(text: &str, old: &str, new: &str) -> String {
        match edited(text, old, new, "a").unwrap() {
            Edited::Changed { text, .. } => text,
            Edited::AlreadyInPlace { line } => panic!("already in place at line {line}"),
        }
    }

    fn refusal(text: &str, old: &str, new: &str) -> String {
        edited(text, old, new, "a").unwrap_err().to_string()
    }

    #[test]
    fn the_one_place_is_replaced_and_nothing_else() {
        assert_eq!(changed("a\nb\nc\n", "b\n", "B\nB2\n"), "a\nB\nB2\nc\n");
        assert_eq!(changed("ä€b", "€", ""), "äb");
        let done = edited("a\nb\nc\n", "c", "d", "a").unwrap();
        assert_eq!(done, Edited::Changed { text: "a\nb\nd\n".into(), line: 3 });
    }

    #[test]
    fn line_ends_stay_as_the_file_has_them() {
        assert_eq!(changed("a\r\nb\r\nc\r\n", "a\nb\n", "x\ny\n"), "x\r\ny\r\nc\r\n");
        assert_eq!(changed("a\r\nb\r\nc\r\n", "b", "x\ny"), "a\r\nx\r\ny\r\nc\r\n");
        assert_eq!(changed("a\r\nb\r\nc", "a\r\nb", "x\r\ny"), "x\r\ny\r\nc");
        assert_eq!(changed("a\r\nb\nc\nd\n", "b\nc", "x\ny"), "a\r\nx\ny\nd\n", "mostly LF");
        assert_eq!(changed("a\rb\n", "b", "x"), "a\rx\n", "a lone CR is no line end");
    }

    #[test]
    fn an_edit_that_was_made_is_in_place() {
        for (before, old, new) in [
            ("a\nb\nc\n", "b", "x"),
            ("a\nb\nc\n", "b\n", "b\nb2\n"),
            ("a\nb\nc\n", "c", "z\nc"),
            ("fn f() {}", "f()", "f(x: u8)"),
            ("a\r\nb\r\n", "a\nb", "a\nq\nb"),
        ] {
            let after = changed(before, old, new);
            let again = edited(&after, old, new, "a").unwrap();
            assert!(matches!(again, Edited::AlreadyInPlace { .. }), "{before:?} {old:?} {new:?}");
        }
    }

    #[test]
    fn a_text_that_occurs_more_than_once_names_its_lines() {
        let text = "x\n.\n.\nx\n.\nx\n";
        assert_eq!(
            refusal(text, "x", "y"),
            "the old text occurs 3 times in `a` (lines 1, 4, 6); add context"
        );
        assert!(refusal("aaa", "aa", "b").contains("occurs 2 times"), "overlapping ones count");
        assert!(refusal(&"x\n".repeat(12), "x", "y").contains("9, 10, …)"));
    }

    #[test]
    fn a_text_that_is_missing_says_where_it_nearly_is() {
        assert_eq!(
            refusal("a\n  b\nc\n", "b\nd", "x"),
            "the old text is not in `a`; a line of it is at line 2, but spaces or what follows \
             differ: read it again"
        );
        assert_eq!(refusal("a\n", "zzz", "y"), "the old text is not in `a`; read it again");
        assert_eq!(refusal("a\n", "zzz", ""), "the old text is not in `a`; read it again");
        assert!(refusal("a\n", "", "y").contains("`old` is empty"));
        assert!(refusal("a\n", "a", "a").contains("are the same"));
    }
}
