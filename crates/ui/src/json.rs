//! Records and errors as JSON lines, for programs.
//!
//! A record is one line:
//!
//! ```json
//! {"seq":7,"at":"2026-11-22T15:26:07.123Z","at_ms":1795361167123,"events":["plan_approved"]}
//! ```
//!
//! `seq` counts from 0 without gaps; `at` and `at_ms` are the same moment. `events` holds the facts
//! of the record as the journal does, in their order: the name of an event that says nothing more,
//! or an object with the name as its only key:
//!
//! ```json
//! {"task_merged":{"task":2,"attempt":1,"commit":"…"}}
//! ```
//!
//! Tasks, attempts and questions are numbers, money is in millionths of a dollar, durations are in
//! milliseconds. An agent is `"planner"`, `{"supervisor":4}` or `{"worker":[2,1]}` (task, attempt).
//! Names and titles of tasks are in the event `graph_accepted` and `task_split`.
//!
//! An error is one line too: `{"error":"…","hint":"…"}`, the hint only where there is one.
//!
//! Control, bidirectional and invisible characters are written as `\u` escapes, so that a line is
//! harmless on a terminal and still says exactly what was said.

use crate::sanitize::hides;
use crate::time::utc;
use equitr_core::event::Record;
use serde_json::{Value, json};

/// A record as one line, without the line end. See the module for its shape.
pub fn record_line(record: &Record) -> String {
    let events: Vec<Value> = record
        .events
        .iter()
        .map(|event| match serde_json::to_value(event) {
            Ok(value) => value,
            Err(error) => json!({ "unreadable": error.to_string() }),
        })
        .collect();
    // By hand, so that the number and the time come first for people who look at it.
    let (seq, at_ms) = (record.seq, record.at_ms);
    let line = format!(
        r#"{{"seq":{seq},"at":"{}","at_ms":{at_ms},"events":{}}}"#,
        utc(at_ms),
        Value::Array(events)
    );
    harmless(&line)
}

/// What went wrong as one line, without the line end.
pub fn error_line(error: &str, hint: Option<&str>) -> String {
    match hint {
        Some(hint) => value_line(&json!({ "error": error, "hint": hint })),
        None => value_line(&json!({ "error": error })),
    }
}

/// Any JSON value as one line, without the line end.
pub fn value_line(value: &Value) -> String {
    harmless(&value.to_string())
}

/// JSON text with everything that a terminal obeys or that hides as `\u` escapes.
///
/// Such characters stand inside strings only, where the escape means the same.
fn harmless(json: &str) -> String {
    if !json.chars().any(is_risky) {
        return json.to_owned();
    }
    let mut text = String::with_capacity(json.len() + 64);
    for c in json.chars() {
        if is_risky(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                text.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            text.push(c);
        }
    }
    text
}

fn is_risky(c: char) -> bool {
    c.is_control() || hides(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use equitr_core::event::Event;

    #[test]
    fn a_line_is_harmless_and_reads_back_as_the_same_record() {
        let said = "a\x1b[2J\u{9b}31m\u{7f}\u{202e}b\n\u{e0041}\"\\ä🤖";
        let record = Record {
            seq: 3,
            at_ms: 1_795_361_167_123,
            events: vec![Event::PlanApproved, Event::PersonSaid { text: said.into() }],
        };
        let line = record_line(&record);
        assert!(!line.chars().any(is_risky), "{line}");
        assert!(line.starts_with(
            r#"{"seq":3,"at":"2026-11-22T15:26:07.123Z","at_ms":1795361167123,"events":["plan_approved","#
        ));
        assert_eq!(serde_json::from_str::<Record>(&line).unwrap(), record);
    }

    #[test]
    fn an_error_has_a_hint_where_there_is_one() {
        assert_eq!(error_line("no `x`", None), r#"{"error":"no `x`"}"#);
        assert_eq!(error_line("a\nb", Some("c")), r#"{"error":"a\nb","hint":"c"}"#);
    }
}
