//! YAML as a tree in which every key and value knows its place, so that all that is wrong with a
//! file can be said at once.

use super::source::{Place, Source, shown};
use crate::error::Problem;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy};
use serde_saphyr::{Location, Spanned};
use std::fmt;

/// Levels of a file: settings have three, and each level takes stack.
const DEPTH_MAX: usize = 16;

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it stands.
    pub place: Place,
    /// What it is.
    pub value: Value,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// No value behind the key, or `null`.
    Nothing,
    /// `true` or `false`.
    Switch(bool),
    /// A number, as it is written.
    Number(String),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// Keys and values in their order; a key may stand there twice.
    Map(Vec<(Name, Node)>),
}

/// A key and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// Where it stands.
    pub place: Place,
    /// The key.
    pub text: String,
}

impl Node {
    /// The value as a message repeats it.
    pub fn shown(&self) -> String {
        match &self.value {
            Value::Nothing => "nothing".to_owned(),
            Value::Switch(on) => format!("`{on}`"),
            Value::Number(digits) => format!("`{}`", shown(digits)),
            Value::Text(text) => format!("`{}`", shown(text)),
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "keys and values".to_owned(),
        }
    }
}

/// The tree of a source; `Nothing` for one without content.
///
/// # Errors
/// Where it stops being YAML.
pub fn parse(source: &Source) -> Result<Node, Problem> {
    let options = serde_saphyr::options! {
        with_snippet: false,
        strict_booleans: true,
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        merge_keys: MergeKeyPolicy::Error,
        non_finite_float_policy: serde_saphyr::options::NonFiniteFloatPolicy::PassThrough,
        budget: serde_saphyr::budget! { max_depth: DEPTH_MAX },
    };
    match serde_saphyr::from_str_with_options::<Spanned<Raw>>(source.text(), options) {
        Ok(raw) => Ok(node(source.text(), raw)),
        Err(error) => {
            let words = match error.without_snippet() {
                serde_saphyr::Error::MultipleDocuments { .. } => {
                    "a second YAML document begins here".to_owned()
                }
                error => error.to_string(),
            };
            // The place is said in front; the library says it at the end.
            let words = words.split(" at line ").next().unwrap_or_default();
            let at = error.location().unwrap_or(Location::UNKNOWN);
            Err(source.problem(place(at, 1), &shown(words), None))
        }
    }
}

/// The tree as the library gives it.
enum Raw {
    Nothing,
    Switch(bool),
    Number,
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

struct RawVisitor;

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Raw, E> {
        Ok(Raw::Nothing)
    }

    fn visit_none<E: Error>(self) -> Result<Raw, E> {
        Ok(Raw::Nothing)
    }

    fn visit_bool<E: Error>(self, on: bool) -> Result<Raw, E> {
        Ok(Raw::Switch(on))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_i128<E: Error>(self, _: i128) -> Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_u128<E: Error>(self, _: u128) -> Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Map(entries))
    }
}

fn node(text: &str, raw: Spanned<Raw>) -> Node {
    // As it is written: a number that went through a float may not be the one that was meant.
    let span = raw.defined.span();
    let written = span.byte_offset().zip(span.byte_len()).and_then(|(start, length)| {
        let start = usize::try_from(start).ok()?;
        text.get(start..start.checked_add(usize::try_from(length).ok()?)?)
    });
    let chars = written.map_or(1, |written| written.lines().next().unwrap_or("").chars().count());
    let value = match raw.value {
        Raw::Nothing => Value::Nothing,
        Raw::Switch(on) => Value::Switch(on),
        Raw::Number => Value::Number(written.unwrap_or_default().trim().to_owned()),
        Raw::Text(text) => Value::Text(text),
        Raw::List(items) => Value::List(items.into_iter().map(|item| node(text, item)).collect()),
        Raw::Map(entries) => Value::Map(
            entries
                .into_iter()
                .map(|(key, value)| {
                    let chars = key.value.chars().count();
                    let name = Name { place: place(key.referenced, chars), text: key.value };
                    (name, node(text, value))
                })
                .collect(),
        ),
    };
    let chars = match &value {
        Value::List(_) | Value::Map(_) | Value::Nothing => 1,
        Value::Switch(_) | Value::Number(_) | Value::Text(_) => chars,
    };
    Node { place: place(raw.referenced, chars), value }
}

fn place(at: Location, chars: usize) -> Place {
    let number = |n: u64| usize::try_from(n).unwrap_or(0);
    Place { line: number(at.line()), column: number(at.column()).max(1), chars }
}
