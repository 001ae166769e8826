//! Taking secrets out of texts: values that are known, in the forms in which they turn up, and what
//! has the shape of a well-known kind of key.
//!
//! A secret becomes a mark that names its kind, such as `[redacted:github-token]`. There is no rule
//! about randomness: hashes, ids, lock files and images stay as they are. What has no shape and is
//! not known, such as a password that a person made up, is not found.
//!
//! A text is read once from left to right. At every place at most a fixed number of bytes is looked
//! at, so the time is linear, and what is decided does not depend on the pieces that a text comes
//! in. Marks are left as they are, so a second time changes nothing.

mod forms;
mod scan;
mod shape;
mod stream;

use scan::{Scan, Secret};
use std::borrow::Cow;
use std::fmt;

pub use stream::Stream;

/// A known value that is shorter may be an ordinary word, and is not looked for.
pub const VALUE_BYTES_MIN: usize = 8;

/// A known value of letters only that is shorter may be an ordinary word (`postgres`, `password`),
/// and is not looked for.
const LETTERS_MIN: usize = 16;

/// How a mark begins; its kind and `]` follow.
const MARK: &str = "[redacted:";

/// Finds secrets. Holds their values, which neither `Debug` nor anything else shows.
pub struct Redactor {
    /// Known values in all their forms, by their first byte, the longest first.
    known: Vec<Vec<Secret>>,
    /// Kinds of keys by their first byte.
    shapes: Vec<Vec<&'static shape::Shape>>,
    /// Whether something of interest may begin with a byte.
    begins: [bool; 256],
    /// The marks this redactor makes.
    marks: Vec<String>,
    longest: usize,
}

impl Default for Redactor {
    /// One that knows shapes only.
    fn default() -> Self {
        Self::new(std::iter::empty::<(&str, &str)>())
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor(…)")
    }
}

impl Redactor {
    /// One that knows these values besides all shapes. Each has a name, such as that of the variable
    /// that holds it; the mark names it in lower case.
    ///
    /// Values that may be ordinary words are left out: those of less than [`VALUE_BYTES_MIN`] bytes,
    /// and short ones of nothing but letters.
    pub fn new<Name: AsRef<str>, Value: AsRef<str>>(
        values: impl IntoIterator<Item = (Name, Value)>,
    ) -> Self {
        let mut known: Vec<Vec<Secret>> = (0..256).map(|_| Vec::new()).collect();
        let mut marks: Vec<String> = shape::kinds().map(mark).collect();
        marks.sort();
        marks.dedup();
        for (name, value) in values {
            let value = value.as_ref().trim();
            if is_ordinary(value) {
                continue;
            }
            let own = mark(&name_of(name.as_ref()));
            let at = marks.iter().position(|mark| *mark == own).unwrap_or_else(|| {
                marks.push(own);
                marks.len() - 1
            });
            for form in forms::forms(value) {
                let first = form.bytes.first().map_or(0, |byte| usize::from(*byte));
                if !known[first].iter().any(|secret| secret.bytes == form.bytes) {
                    known[first].push(Secret { mark: at, bytes: form.bytes, lines: form.lines });
                }
            }
        }
        let shapes = shape::by_first_byte();
        let mut begins = [false; 256];
        shapes.iter().zip(&mut begins).for_each(|(shapes, begins)| *begins = !shapes.is_empty());
        begins[usize::from(b'[')] = true;
        let mut longest = shape::WINDOW;
        for (first, secrets) in known.iter_mut().enumerate() {
            secrets.sort_by_key(|secret| std::cmp::Reverse(secret.bytes.len()));
            begins[first] |= !secrets.is_empty();
            longest = secrets.iter().map(Secret::span).fold(longest, usize::max);
        }
        longest = marks.iter().map(String::len).fold(longest, usize::max);
        Self { known, shapes, begins, marks, longest }
    }

    /// `text` with every secret replaced by its mark; borrowed when there is none.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut scan = Scan::default();
        let mut out = String::new();
        scan.go_on(self, text.as_bytes(), scan::End::Here, &mut out);
        if scan.found { Cow::Owned(out) } else { Cow::Borrowed(text) }
    }

    /// `json` with every secret in its strings replaced. What is JSON stays JSON, as far as a secret
    /// does not reach over its punctuation; anything else is redacted as text.
    pub fn redact_json<'a>(&self, json: &'a str) -> Cow<'a, str> {
        let whole = self.redact(json);
        // Without an escape the strings stand in the text as they are.
        if matches!(whole, Cow::Borrowed(_)) && !json.contains('\\') {
            return whole;
        }
        let Ok(mut value) = serde_json::from_str(json) else { return whole };
        if !self.redact_value(&mut value) {
            return whole;
        }
        let inside = value.to_string();
        Cow::Owned(self.redact(&inside).into_owned())
    }

    /// Redacts the strings of a value, keys included; whether there was anything.
    fn redact_value(&self, value: &mut serde_json::Value) -> bool {
        use serde_json::Value;
        match value {
            Value::String(text) => match self.redact(text) {
                Cow::Borrowed(_) => false,
                Cow::Owned(clean) => {
                    *text = clean;
                    true
                }
            },
            Value::Array(items) => {
                // Each of them, and not only up to the first.
                items.iter_mut().filter_map(|item| self.redact_value(item).then_some(())).count()
                    > 0
            }
            Value::Object(fields) => {
                let mut found = false;
                let old = std::mem::take(fields);
                for (key, mut item) in old {
                    found |= self.redact_value(&mut item);
                    let clean = self.redact(&key);
                    found |= matches!(clean, Cow::Owned(_));
                    fields.insert(clean.into_owned(), item);
                }
                found
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }

    /// Redacts a text that comes in pieces.
    pub fn stream(&self) -> Stream<'_> {
        Stream::new(self)
    }

    /// Bytes that a secret takes at the most, but for one that is a single word of any length: what
    /// stands further before a place has no part in what is a secret behind it.
    pub fn reach(&self) -> usize {
        self.longest + scan::BLOCK_SPAN
    }

    /// Bytes of the longest thing that is looked at as a whole: a [`Stream`] holds back less.
    pub fn longest(&self) -> usize {
        self.longest
    }
}

fn mark(kind: &str) -> String {
    format!("{MARK}{kind}]")
}

fn name_of(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    name.chars().map(plain).collect()
}

fn is_ordinary(value: &str) -> bool {
    value.len() < VALUE_BYTES_MIN
        || (value.len() < LETTERS_MIN && value.bytes().all(|byte| byte.is_ascii_alphabetic()))
}

#[cfg(test)]
mod tests;
