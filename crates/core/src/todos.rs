//! `todos.md`: numbered lines in sections, read with tolerance and ticked in place.
//!
//! A todo is a line that starts with a number and a full stop, after an optional list dash and an
//! optional tick box on either side: `7. Add login`, `7. [x] Add login`, `- [ ] 7. Add login`.
//! Everything else is the person's prose and stays as it is.

use crate::requirements::{RequirementId, cited};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// More todos than this are no plan that a person can approve.
pub const TODOS_MAX: usize = 10_000;

/// One numbered line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Todo {
    /// As written, unique in the document.
    pub number: u32,
    /// What is to be done, without number and tick box.
    pub text: Arc<str>,
    /// The headings above it, outermost first, without the document's own title.
    pub section: Vec<Arc<str>>,
    /// From `(High Priority)` in the nearest heading that has one.
    pub priority: Priority,
    /// Whether it is ticked.
    pub done: bool,
    /// The requirements that it serves.
    #[serde(default)]
    pub cites: BTreeSet<RequirementId>,
    /// Line in the document, from 1.
    pub line: usize,
}

/// How soon a todo is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// `(High Priority)`
    High,
    /// `(Medium Priority)`, or nothing said.
    Medium,
    /// `(Low Priority)`
    Low,
}

/// What is wrong with a todo list, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TodoProblem {
    /// No line is a todo.
    #[error("docs/todos.md has no todos; write each as a numbered line such as `1. Add login`")]
    Empty,
    /// Two lines have one number.
    #[error("todo {number} stands twice (docs/todos.md:{first} and :{second})")]
    Twice {
        /// The number.
        number: u32,
        /// Line of the first.
        first: usize,
        /// Line of the second.
        second: usize,
    },
    /// A number with nothing behind it.
    #[error("todo {number} says nothing (docs/todos.md:{line})")]
    Blank {
        /// The number.
        number: u32,
        /// Its line.
        line: usize,
    },
    /// Too many.
    #[error("docs/todos.md has {count} todos; the limit is {TODOS_MAX}")]
    TooMany {
        /// How many.
        count: usize,
    },
}

/// The todos of a document in its order, or every problem it has.
pub fn parse(document: &str) -> Result<Vec<Todo>, Vec<TodoProblem>> {
    let mut todos = Vec::new();
    let mut headings: Vec<(usize, Arc<str>, Option<Priority>)> = Vec::new();
    let mut lines_by_number = BTreeMap::new();
    let mut problems = Vec::new();
    let mut fenced = false;
    for (index, line) in document.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        if let Some((level, heading)) = heading(line) {
            headings.retain(|(l, ..)| *l < level);
            if level > 1 {
                headings.push((level, heading.into(), priority(heading)));
            }
            continue;
        }
        let Some(found) = todo_line(line) else { continue };
        let line = index + 1;
        if let Some(&first) = lines_by_number.get(&found.number) {
            problems.push(TodoProblem::Twice { number: found.number, first, second: line });
            continue;
        }
        lines_by_number.insert(found.number, line);
        if found.text.is_empty() {
            problems.push(TodoProblem::Blank { number: found.number, line });
            continue;
        }
        todos.push(Todo {
            number: found.number,
            text: found.text.into(),
            section: headings.iter().map(|(_, text, _)| text.clone()).collect(),
            priority: headings.iter().rev().find_map(|(.., p)| *p).unwrap_or(Priority::Medium),
            done: found.done,
            cites: cited(found.text),
            line,
        });
    }
    if todos.is_empty() && problems.is_empty() {
        problems.push(TodoProblem::Empty);
    }
    if todos.len() > TODOS_MAX {
        problems.push(TodoProblem::TooMany { count: todos.len() });
    }
    if problems.is_empty() { Ok(todos) } else { Err(problems) }
}

/// `document` with the todos in `done` ticked; every other byte stays.
pub fn tick(document: &str, done: &BTreeSet<u32>) -> String {
    let mut fenced = false;
    let mut text = String::with_capacity(document.len() + 4 * done.len());
    for line in document.split_inclusive('\n') {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        let bare = line.trim_end_matches(['\n', '\r']);
        match todo_line(bare) {
            Some(found) if !fenced && !found.done && done.contains(&found.number) => {
                match found.box_at {
                    Some(at) => {
                        text.push_str(&bare[..at]);
                        text.push_str("[x]");
                        text.push_str(&bare[at + 3..]);
                    }
                    None => {
                        text.push_str(&bare[..found.text_at]);
                        text.push_str("[x] ");
                        text.push_str(&bare[found.text_at..]);
                    }
                }
                text.push_str(&line[bare.len()..]);
            }
            _ => text.push_str(line),
        }
    }
    text
}

/// `document` with the boxes of the todos in `open` emptied; every other byte stays.
pub fn untick(document: &str, open: &BTreeSet<u32>) -> String {
    let mut fenced = false;
    let mut text = String::with_capacity(document.len());
    for line in document.split_inclusive('\n') {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        let bare = line.trim_end_matches(['\n', '\r']);
        match todo_line(bare).and_then(|found| Some((found.number, found.box_at?))) {
            Some((number, at)) if !fenced && open.contains(&number) => {
                text.push_str(&bare[..at]);
                text.push_str("[ ]");
                text.push_str(&line[at + 3..]);
            }
            _ => text.push_str(line),
        }
    }
    text
}

/// Heading of the todos that come to a list while it is being built.
const ADDED: &str = "## Added while it was built";

/// `document` with todos at its end, under a heading of their own: each a number and what is to be
/// done, on one line.
pub fn append(document: &str, added: &[(u32, &str)]) -> String {
    let mut text = document.trim_end().to_owned();
    let last = text.lines().rev().find(|line| heading(line).is_some());
    if last.is_none_or(|line| line.trim_end() != ADDED) {
        text.push_str("\n\n");
        text.push_str(ADDED);
        text.push('\n');
    }
    for (number, what) in added {
        let what = what.split_whitespace().collect::<Vec<_>>().join(" ");
        text.push_str(&format!("\n{number}. {what}"));
    }
    text.push('\n');
    text
}

struct Line<'a> {
    number: u32,
    text: &'a str,
    text_at: usize,
    /// Byte at which the tick box starts.
    box_at: Option<usize>,
    done: bool,
}

fn todo_line(line: &str) -> Option<Line<'_>> {
    let mut rest = line.trim_start();
    for bullet in ["- ", "* ", "+ "] {
        if let Some(after) = rest.strip_prefix(bullet) {
            rest = after.trim_start();
            break;
        }
    }
    let at = |part: &str| line.len() - part.len();
    let mut tick = None;
    if let Some(done) = tick_box(rest) {
        tick = Some((at(rest), done));
        rest = rest[3..].trim_start();
    }
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let number: u32 = rest.get(..digits)?.parse().ok()?;
    let after = rest[digits..].strip_prefix('.').or_else(|| rest[digits..].strip_prefix(')'))?;
    if !after.is_empty() && !after.starts_with([' ', '\t']) {
        return None;
    }
    rest = after.trim_start();
    if let Some(done) = tick_box(rest) {
        tick = Some((at(rest), done));
        rest = rest[3..].trim_start();
    }
    let text_at = at(rest);
    Some(Line {
        number,
        text: rest.trim_end(),
        text_at,
        box_at: tick.map(|(at, _)| at),
        done: tick.is_some_and(|(_, done)| done),
    })
}

fn tick_box(text: &str) -> Option<bool> {
    match text.get(..3)? {
        "[ ]" => Some(false),
        "[x]" | "[X]" => Some(true),
        _ => None,
    }
}

fn heading(line: &str) -> Option<(usize, &str)> {
    let level = line.bytes().take_while(|&b| b == b'#').count();
    let text = line[level..].strip_prefix(' ')?;
    (1..=6).contains(&level).then(|| (level, text.trim()))
}

fn priority(heading: &str) -> Option<Priority> {
    let lower = heading.to_lowercase();
    [
        ("high priority", Priority::High),
        ("medium priority", Priority::Medium),
        ("low priority", Priority::Low),
    ]
    .into_iter()
    .find_map(|(words, priority)| lower.contains(words).then_some(priority))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "# Shop Tasks\n\n## 1. CORE (High Priority)\n### Users\n1. Registration\n2. [x] Login\n\n## 2. LATER (Low Priority)\n- [ ] 3. Charts\n  * 4) Alerts\n\n```\n9. not a todo\n```\n";

    #[test]
    fn todos_are_read_with_their_sections_and_priorities() {
        let todos = parse(LIST).unwrap();
        let seen: Vec<_> = todos
            .iter()
            .map(|t| (t.number, &*t.text, t.section.len(), t.priority, t.done, t.line))
            .collect();
        assert_eq!(
            seen,
            [
                (1, "Registration", 2, Priority::High, false, 5),
                (2, "Login", 2, Priority::High, true, 6),
                (3, "Charts", 1, Priority::Low, false, 9),
                (4, "Alerts", 1, Priority::Low, false, 10),
            ]
        );
    }

    #[test]
    fn ticking_changes_nothing_but_the_boxes() {
        let ticked = tick(LIST, &BTreeSet::from([1, 2, 3, 9]));
        let expected =
            LIST.replace("1. Registration", "1. [x] Registration").replace("- [ ] 3.", "- [x] 3.");
        assert_eq!(ticked, expected);
        assert_eq!(tick(&ticked, &BTreeSet::from([1, 2, 3])), ticked);
        assert!(parse(&ticked).unwrap().iter().take(3).all(|t| t.done));
    }

    #[test]
    fn unticking_is_the_other_way_round() {
        let ticked = tick(LIST, &BTreeSet::from([1, 3]));
        let open = untick(&ticked, &BTreeSet::from([1, 2, 3]));
        assert!(parse(&open).unwrap().iter().all(|todo| !todo.done), "{open}");
        assert_eq!(untick(&ticked, &BTreeSet::new()), ticked);
    }

    #[test]
    fn todos_are_added_under_one_heading_of_their_own() {
        let once = append(LIST, &[(5, "Mail\nreceipts")]);
        assert!(
            once.ends_with("```\n\n## Added while it was built\n\n5. Mail receipts\n"),
            "{once}"
        );
        let twice = append(&once, &[(6, "Refunds")]);
        assert!(twice.ends_with("5. Mail receipts\n6. Refunds\n"), "{twice}");
        assert_eq!(parse(&twice).unwrap().len(), 6);
    }

    #[test]
    fn every_problem_of_a_list_is_told_at_once_with_its_line() {
        let problems = parse("1. a\n1. b\n2.\n").unwrap_err();
        let told: Vec<_> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "todo 1 stands twice (docs/todos.md:1 and :2)",
                "todo 2 says nothing (docs/todos.md:3)",
            ]
        );
        assert_eq!(parse("# Nothing\n"), Err(vec![TodoProblem::Empty]));
    }

    #[test]
    fn prose_with_numbers_in_it_is_no_todo() {
        assert_eq!(parse("3.14 is pi\nversion 2. is out\n1999.x\n"), Err(vec![TodoProblem::Empty]));
    }
}
