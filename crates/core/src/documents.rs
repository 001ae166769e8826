//! The three documents of a plan, and the parts of them that a task needs.

use crate::id::TaskId;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// A document may hold this many bytes: 40 pages, more than any model reads with profit.
pub const DOCUMENT_BYTES_MAX: usize = 256 * 1024;

/// Requirements, design and todos, as Markdown.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Documents {
    /// What is wanted.
    pub requirements: Arc<str>,
    /// How it is built.
    pub design: Arc<str>,
    /// The numbered steps.
    pub todos: Arc<str>,
}

/// One of the three.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// `docs/requirements.md`
    Requirements,
    /// `docs/design.md`
    Design,
    /// `docs/todos.md`
    Todos,
}

impl DocumentKind {
    /// All three, in reading order.
    pub const ALL: [Self; 3] = [Self::Requirements, Self::Design, Self::Todos];

    /// Its path in the repository.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Requirements => "docs/requirements.md",
            Self::Design => "docs/design.md",
            Self::Todos => "docs/todos.md",
        }
    }
}

impl fmt::Display for DocumentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Requirements => "requirements",
            Self::Design => "design",
            Self::Todos => "todos",
        })
    }
}

impl Documents {
    /// The text of one; empty while it is not written.
    pub fn get(&self, kind: DocumentKind) -> &Arc<str> {
        match kind {
            DocumentKind::Requirements => &self.requirements,
            DocumentKind::Design => &self.design,
            DocumentKind::Todos => &self.todos,
        }
    }

    /// Replaces the text of one.
    pub fn set(&mut self, kind: DocumentKind, text: Arc<str>) {
        match kind {
            DocumentKind::Requirements => self.requirements = text,
            DocumentKind::Design => self.design = text,
            DocumentKind::Todos => self.todos = text,
        }
    }

    /// The documents that have no text yet.
    pub fn missing(&self) -> Vec<DocumentKind> {
        DocumentKind::ALL.into_iter().filter(|&k| self.get(k).trim().is_empty()).collect()
    }

    /// What the project is called: the first heading of the requirements, without its last word
    /// "Requirements".
    pub fn title(&self) -> &str {
        let heading = self.requirements.lines().find_map(|l| l.strip_prefix("# ")).unwrap_or("");
        let heading = heading.trim();
        let title = heading.strip_suffix("Requirements").map_or(heading, str::trim);
        if title.is_empty() { "the project" } else { title }
    }
}

/// Something that was taken for granted because nobody answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assumption {
    /// What was asked.
    pub question: Arc<str>,
    /// What is taken as the answer.
    pub answer: Arc<str>,
    /// The tasks whose workers' questions it answered.
    #[serde(default)]
    pub tasks: Vec<TaskId>,
}

pub(crate) const ASSUMPTIONS: &str = "## Assumptions";

/// `requirements` with a section that lists the assumptions; an earlier such section is replaced.
pub fn with_assumptions(requirements: &str, assumptions: &[Assumption]) -> String {
    let mut text = String::new();
    let mut skipping = false;
    for line in requirements.lines() {
        if line.starts_with("## ") {
            skipping = line.trim() == ASSUMPTIONS;
        }
        if !skipping {
            text.push_str(line);
            text.push('\n');
        }
    }
    if !assumptions.is_empty() {
        let body = text.trim_end().len();
        text.truncate(body);
        text.push_str("\n\n");
        text.push_str(ASSUMPTIONS);
        text.push_str("\n\nNobody answered these questions; the stated default was taken.\n\n");
        for (n, a) in (1..).zip(assumptions) {
            let (question, answer) = (one_line(&a.question), one_line(&a.answer));
            text.push_str(&format!("- A{n}: {question} → {answer}\n"));
        }
    }
    text
}

/// The assumptions that a text of requirements lists, in its order; the other way round of
/// [`with_assumptions`]. Whose questions they answered is not in the text.
pub fn listed_assumptions(requirements: &str) -> Vec<Assumption> {
    let mut listed = Vec::new();
    let mut inside = false;
    for line in requirements.lines() {
        if line.starts_with("## ") {
            inside = line.trim() == ASSUMPTIONS;
        }
        let Some((question, answer)) =
            line.strip_prefix("- ").filter(|_| inside).and_then(|item| item.split_once(" → "))
        else {
            continue;
        };
        let named = question.split_once(": ").filter(|(name, _)| is_assumption(name));
        let question = named.map_or(question, |(_, question)| question).trim().into();
        listed.push(Assumption { question, answer: answer.trim().into(), tasks: Vec::new() });
    }
    listed
}

fn is_assumption(name: &str) -> bool {
    name.strip_prefix('A').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

/// A text on one line, with single spaces.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The sections of a document that speak of what `about` speaks of, best first in document order,
/// at most `bytes_max` bytes; what was left out is said.
///
/// A section is a heading of level 2 or 3 and its text. It is chosen by the words it shares with
/// `about`, words of its heading counting three times.
pub fn relevant_sections(document: &str, about: &str, bytes_max: usize) -> String {
    let wanted = words(about);
    let sections = sections(document);
    let mut ranked: Vec<(usize, usize)> = sections
        .iter()
        .enumerate()
        .filter_map(|(place, section)| {
            let heading = section.lines().next().unwrap_or("");
            let score = 3 * shared(&words(heading), &wanted) + shared(&words(section), &wanted);
            (score > 0).then_some((score, place))
        })
        .collect();
    ranked.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut room = bytes_max;
    let mut chosen = Vec::new();
    for &(_, place) in &ranked {
        let size = sections[place].len();
        if size <= room {
            room -= size;
            chosen.push(place);
        }
    }
    chosen.sort_unstable();
    let mut text: String = chosen.iter().map(|&place| sections[place]).collect();
    if chosen.len() < sections.len() && !text.is_empty() {
        text.push_str(&format!("[… {} other sections …]\n", sections.len() - chosen.len()));
    }
    text
}

/// The parts of a document: what stands before its first heading of level 2 or 3, and each such
/// heading with its text.
pub(crate) fn sections(document: &str) -> Vec<&str> {
    let mut starts = vec![0];
    let mut at = 0;
    for line in document.split_inclusive('\n') {
        if at > 0 && (line.starts_with("## ") || line.starts_with("### ")) {
            starts.push(at);
        }
        at += line.len();
    }
    starts.push(document.len());
    starts
        .windows(2)
        .map(|pair| &document[pair[0]..pair[1]])
        .filter(|section| !section.trim().is_empty())
        .collect()
}

/// Words that stand in most headings and choose nothing.
const COMMON: [&str; 12] = [
    "with",
    "from",
    "this",
    "that",
    "task",
    "create",
    "implement",
    "implementation",
    "service",
    "services",
    "setup",
    "project",
];

fn words(text: &str) -> std::collections::BTreeSet<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|w| w.chars().count() >= 4)
        .map(str::to_lowercase)
        .filter(|w| !COMMON.contains(&w.as_str()))
        .collect()
}

fn shared(a: &std::collections::BTreeSet<String>, b: &std::collections::BTreeSet<String>) -> usize {
    a.intersection(b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_title_is_the_requirements_heading_without_its_last_word() {
        let mut documents = Documents::default();
        assert_eq!(documents.title(), "the project");
        documents.requirements = "# E-commerce Platform Requirements\n".into();
        assert_eq!(documents.title(), "E-commerce Platform");
    }

    #[test]
    fn assumptions_are_listed_once_however_often_they_are_written() {
        let assumption = Assumption {
            question: "Which\ndatabase?".into(),
            answer: "PostgreSQL".into(),
            tasks: Vec::new(),
        };
        let once = with_assumptions("# A\n\ntext\n", std::slice::from_ref(&assumption));
        assert!(once.ends_with("- A1: Which database? → PostgreSQL\n"), "{once}");
        let listed = listed_assumptions(&once);
        assert_eq!(&*listed[0].question, "Which database?");
        assert_eq!(with_assumptions(&once, &listed), once);
    }

    #[test]
    fn a_task_is_shown_the_sections_that_speak_of_it() {
        let design = "# D\n\n## Users\nlogin\n\n## Catalog\nproducts, search\n\n## Money\ncards\n";
        let text = relevant_sections(design, "Product catalog and search", 1000);
        assert!(text.starts_with("## Catalog\n"), "{text}");
        assert!(!text.contains("cards"), "{text}");
        assert!(text.ends_with("[… 3 other sections …]\n"), "{text}");
    }
}
