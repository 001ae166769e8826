//! Requirements: the list items of `requirements.md`, each with an id that stays, and the todos that
//! cite them.
//!
//! A requirement is a list item: `- Login`, `* Login`, `3. Login`, at any depth, with the lines that
//! go on with it. Its id is written `R7:` at its start or, invisible once rendered, `<!-- R7 -->` at
//! its end. Todos cite in the same two ways or in brackets: `4. Add login (R3, R7)`. The section of
//! assumptions holds none: it is made anew at each merge.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write};
use std::str::FromStr;
use std::sync::Arc;

/// Ids end here, so that what is next is always free.
const ID_MAX: u32 = 1_000_000;

/// What a requirement is called, for as long as it stands in the document; from 1.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct RequirementId(pub u32);

impl fmt::Display for RequirementId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "R{}", self.0)
    }
}

/// A text that is no requirement's id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no id of a requirement; ids look like `R7`")]
pub struct NoRequirementId(String);

impl FromStr for RequirementId {
    type Err = NoRequirementId;

    fn from_str(text: &str) -> Result<Self, NoRequirementId> {
        let wrong = || NoRequirementId(crate::dialogue::cut(text, 40).to_owned());
        match id_at_start(text.trim()) {
            Some((id, "")) => Ok(id),
            Some(_) | None => Err(wrong()),
        }
    }
}

impl TryFrom<String> for RequirementId {
    type Error = NoRequirementId;

    fn try_from(text: String) -> Result<Self, NoRequirementId> {
        text.parse()
    }
}

impl From<RequirementId> for String {
    fn from(id: RequirementId) -> Self {
        id.to_string()
    }
}

/// Tells a changed text from a kept one. It is no defence against somebody who wants two texts to
/// look the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContentHash(pub u64);

impl ContentHash {
    /// Of a text as it is read: ids, citations and how its words are broken into lines don't count.
    pub fn of(text: &str) -> Self {
        let bare = without_ids(text);
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        let mut put = |byte: u8| {
            hash ^= u64::from(byte);
            hash = hash.wrapping_mul(0x0000_0100_0000_01b3);
        };
        for word in bare.split_whitespace() {
            word.bytes().for_each(&mut put);
            put(b' ');
        }
        Self(hash)
    }
}

/// One requirement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirement {
    /// Its id.
    pub id: RequirementId,
    /// What is wanted, without id and list sign, on one line.
    pub text: Arc<str>,
    /// The headings above it, outermost first, without the document's own title.
    pub section: Vec<Arc<str>>,
    /// Of its text.
    pub hash: ContentHash,
    /// Line in the document at which it starts, from 1.
    pub line: usize,
}

/// What is wrong with the requirements, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequirementProblem {
    /// Two have one id.
    #[error("requirement {id} stands twice (docs/requirements.md:{first} and :{second})")]
    Twice {
        /// The id.
        id: RequirementId,
        /// Line of the first.
        first: usize,
        /// Line of the second.
        second: usize,
    },
}

/// The requirements that have an id, in the document's order. Of two with one id, the first.
pub fn parse(document: &str) -> Vec<Requirement> {
    let mut seen = BTreeSet::new();
    items(document)
        .into_iter()
        .filter_map(|item| {
            let id = item.id.filter(|id| seen.insert(*id))?;
            let text = without_ids(&item.text);
            Some(Requirement {
                id,
                hash: ContentHash::of(&text),
                text: text.into(),
                section: item.section,
                line: item.line,
            })
        })
        .collect()
}

/// What is wrong with the ids of a document; nothing when each stands once.
pub fn problems(document: &str) -> Vec<RequirementProblem> {
    let mut lines: BTreeMap<RequirementId, usize> = BTreeMap::new();
    let mut found = Vec::new();
    for item in items(document) {
        let Some(id) = item.id else { continue };
        match lines.get(&id) {
            Some(&first) => {
                found.push(RequirementProblem::Twice { id, first, second: item.line });
            }
            None => _ = lines.insert(id, item.line),
        }
    }
    found
}

/// `document` with an id for each requirement that has none, the next free numbers above all that are
/// written there and above `used`, the highest that was ever given. Every other byte stays.
pub fn mark(document: &str, used: Option<RequirementId>) -> String {
    let items = items(document);
    let written = items.iter().filter_map(|item| item.id).max();
    let first = written.max(used).map_or(1, |id| id.0 + 1);
    let mut text = String::with_capacity(document.len() + 16 * items.len());
    let mut from = 0;
    let unnamed = items.iter().filter(|item| item.id.is_none());
    for (item, number) in unnamed.zip(first..=ID_MAX) {
        text.push_str(&document[from..item.end]);
        _ = write!(text, " <!-- {} -->", RequirementId(number));
        from = item.end;
    }
    text.push_str(&document[from..]);
    text
}

/// `document` without the ids that can't be seen when it is rendered.
pub fn unmark(document: &str) -> String {
    let mut text = String::with_capacity(document.len());
    for line in document.split_inclusive('\n') {
        let bare = line.trim_end();
        match mark_at_end(bare) {
            Some((before, _)) => {
                text.push_str(before);
                text.push_str(&line[bare.len()..]);
            }
            None => text.push_str(line),
        }
    }
    text
}

/// The requirements that a todo's text cites.
pub fn cited(todo: &str) -> BTreeSet<RequirementId> {
    let mut found = BTreeSet::new();
    if let Some((id, rest)) = id_at_start(todo.trim_start())
        && rest.starts_with(':')
    {
        found.insert(id);
    }
    let groups = [("(", ")"), ("<!--", "-->")];
    for (open, close) in groups {
        let mut rest = todo;
        while let Some((_, after)) = rest.split_once(open) {
            let Some((inside, behind)) = after.split_once(close) else { break };
            match ids(inside) {
                Some(cited) => {
                    found.extend(cited);
                    rest = behind;
                }
                None => rest = after,
            }
        }
    }
    found
}

/// One list item.
struct Item {
    /// With its ids.
    text: String,
    id: Option<RequirementId>,
    section: Vec<Arc<str>>,
    line: usize,
    /// Byte behind its last word.
    end: usize,
}

fn items(document: &str) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    let mut headings: Vec<(usize, Arc<str>)> = Vec::new();
    let (mut fenced, mut assumptions, mut goes_on) = (false, false, false);
    let mut at = 0;
    for (index, line) in document.split_inclusive('\n').enumerate() {
        let (start, bare) = (at, line.trim_end());
        at += line.len();
        let inner = bare.trim_start();
        if inner.starts_with("```") || inner.starts_with("~~~") {
            fenced = !fenced;
            goes_on = false;
        } else if fenced || inner.is_empty() {
            goes_on = false;
        } else if let Some((level, heading)) = heading(bare) {
            goes_on = false;
            headings.retain(|(l, _)| *l < level);
            if level > 1 {
                headings.push((level, heading.into()));
            }
            if level <= 2 {
                assumptions = bare.trim() == crate::documents::ASSUMPTIONS;
            }
        } else if assumptions {
            goes_on = false;
        } else if let Some(text) = item_text(inner) {
            goes_on = true;
            items.push(Item {
                text: text.to_owned(),
                id: None,
                section: headings.iter().map(|(_, text)| text.clone()).collect(),
                line: index + 1,
                end: start + bare.len(),
            });
        } else if goes_on && let Some(item) = items.last_mut() {
            // What goes on on the next line is the same item, whether it is indented or not.
            item.text.push(' ');
            item.text.push_str(inner);
            item.end = start + bare.len();
        }
    }
    for item in &mut items {
        item.id = match id_at_start(item.text.trim_start_matches("**")) {
            Some((id, rest)) if rest.trim_start_matches("**").starts_with(':') => Some(id),
            Some(_) | None => mark_at_end(&item.text).map(|(_, id)| id),
        };
    }
    items
}

/// What a list item says; `None` for other lines and for one that says nothing.
fn item_text(line: &str) -> Option<&str> {
    let bullet = ["- ", "* ", "+ "].iter().find_map(|sign| line.strip_prefix(sign));
    let numbered = || {
        let digits = line.bytes().take_while(u8::is_ascii_digit).count();
        let after = line[digits..].strip_prefix(['.', ')'])?;
        (digits > 0).then(|| after.strip_prefix([' ', '\t'])).flatten()
    };
    let text = bullet.or_else(numbered)?.trim();
    // `* * *` is a line across the page.
    text.chars().any(char::is_alphanumeric).then_some(text)
}

fn heading(line: &str) -> Option<(usize, &str)> {
    let level = line.bytes().take_while(|&b| b == b'#').count();
    let text = line[level..].strip_prefix(' ')?;
    (1..=6).contains(&level).then(|| (level, text.trim()))
}

/// `R7` and what stands behind it.
fn id_at_start(text: &str) -> Option<(RequirementId, &str)> {
    let rest = text.strip_prefix('R')?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let number: u32 = rest[..digits].parse().ok()?;
    (1..=ID_MAX).contains(&number).then(|| (RequirementId(number), &rest[digits..]))
}

/// What stands before a mark at the end, without the space between, and the mark's id.
fn mark_at_end(text: &str) -> Option<(&str, RequirementId)> {
    let (before, inside) = text.trim_end().strip_suffix("-->")?.rsplit_once("<!--")?;
    Some((before.trim_end(), inside.trim().parse().ok()?))
}

/// Ids with commas between and nothing else.
fn ids(text: &str) -> Option<Vec<RequirementId>> {
    text.split(',').map(|part| part.trim().parse().ok()).collect()
}

/// A text of one item without its id and what it cites.
fn without_ids(text: &str) -> String {
    let mut rest = text.trim();
    if let Some((_, behind)) = id_at_start(rest.trim_start_matches("**"))
        && let Some(said) = behind.trim_start_matches("**").strip_prefix(':')
    {
        rest = said.trim_start_matches("**").trim_start();
    }
    let mut bare = String::with_capacity(rest.len());
    while let Some(at) = rest.find(['(', '<']) {
        let group = [("(", ")"), ("<!--", "-->")].iter().find_map(|(open, close)| {
            let (inside, behind) = rest[at..].strip_prefix(open)?.split_once(close)?;
            ids(inside).map(|_| behind)
        });
        match group {
            Some(behind) => {
                bare.push_str(rest[..at].trim_end());
                rest = behind;
            }
            None => {
                bare.push_str(&rest[..=at]);
                rest = &rest[at + 1..];
            }
        }
    }
    bare.push_str(rest);
    bare.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "# Shop Requirements\n\nSome prose.\n\n## 1. Users\n- People register\n  with an address\n- R7: People sign in\n\n### Roles\n1. Roles decide <!-- R3 -->\n\n---\n* * *\n\n```\n- no requirement\n```\n\n## Assumptions\n\n- Which database? → PostgreSQL\n";

    fn seen(document: &str) -> Vec<(String, String, usize, usize)> {
        let told = |r: Requirement| (r.id.to_string(), r.text.to_string(), r.section.len(), r.line);
        parse(document).into_iter().map(told).collect()
    }

    #[test]
    fn ids_that_are_written_stay_and_the_others_get_the_next_free_number() {
        let marked = mark(LIST, None);
        assert_eq!(
            marked,
            LIST.replace("with an address\n", "with an address <!-- R8 -->\n"),
            "nothing else changes"
        );
        let of = |id: &str, text: &str, depth, line| (id.into(), text.into(), depth, line);
        assert_eq!(
            seen(&marked),
            [
                of("R8", "People register with an address", 1, 6),
                of("R7", "People sign in", 1, 8),
                of("R3", "Roles decide", 2, 11),
            ]
        );
        assert_eq!(mark(&marked, None), marked, "a second time changes nothing");
        assert!(mark(LIST, Some(RequirementId(20))).contains("<!-- R21 -->"));
    }

    #[test]
    fn marks_can_be_taken_off_again() {
        let plain = "# A\r\n\r\n- One\r\n- Two  \r\n\t* Three";
        let marked = mark(plain, None);
        assert_ne!(marked, plain);
        assert_eq!(unmark(&marked), plain);
        assert_eq!(parse(&marked).len(), 3);
    }

    #[test]
    fn todos_cite_in_brackets_in_marks_or_at_their_start() {
        let of = |todo: &str| cited(todo).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(of("Add login (R3, R7)"), ["R3", "R7"]);
        assert_eq!(of("Add login (quickly) (R3) <!-- R9 -->"), ["R3", "R9"]);
        assert_eq!(of("R5: Add login"), ["R5"]);
        assert_eq!(of("Add login ((R4) and more"), ["R4"]);
        assert_eq!(of("Add R3 to the shelf (see R4) (R0) R5"), Vec::<String>::new());
    }

    #[test]
    fn a_hash_is_of_the_words_and_not_of_ids_or_line_breaks() {
        let hash = ContentHash::of("People sign in");
        for same in
            ["R7: People sign in", "People  sign\n in (R1, R2)", "People sign in <!-- R7 -->"]
        {
            assert_eq!(ContentHash::of(same), hash, "{same}");
        }
        for other in ["People sign out", "Peoplesign in", "People sign in (soon)"] {
            assert_ne!(ContentHash::of(other), hash, "{other}");
        }
        let (before, after) = (parse(&mark("- a\n- b\n", None)), parse("- b <!-- R2 -->\n"));
        assert_eq!(before[1].hash, after[0].hash);
    }

    #[test]
    fn an_id_that_stands_twice_is_told_with_both_lines() {
        let document = "- R1: a\n- b\n- c <!-- R1 -->\n";
        let told: Vec<_> = problems(document).iter().map(ToString::to_string).collect();
        assert_eq!(told, ["requirement R1 stands twice (docs/requirements.md:1 and :3)"]);
        assert_eq!(problems(LIST), []);
        assert_eq!(parse(document).len(), 1);
    }

    #[test]
    fn an_id_is_read_as_it_is_shown() {
        assert_eq!("R12".parse(), Ok(RequirementId(12)));
        for wrong in ["R0", "r1", "R", "R1x", "12", "R99999999999"] {
            assert!(wrong.parse::<RequirementId>().is_err(), "{wrong}");
        }
        assert_eq!(serde_json::to_string(&RequirementId(3)).unwrap(), "\"R3\"");
    }
}
