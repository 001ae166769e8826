//! A file of settings, checked against the table of keys: all that is wrong with it, at once.

use super::given::{Given, Wrong};
use super::keys::{KEYS, Key, key_at};
use super::origin::Origin;
use super::source::{Place, Source, shown};
use super::tree::{Name, Node, Value, parse};
use super::{Settings, similar};
use crate::error::Problem;
use std::collections::{BTreeMap, BTreeSet};

/// Problems of one file that are said; the next ones follow once these are gone.
const PROBLEMS_MAX: usize = 50;

/// A setting that a file sets, and where its value stands.
pub type Setter = (&'static Key, Place);

/// Takes what the file sets; what it set in the end, and what is wrong with it.
pub fn take(settings: &mut Settings, source: &Source) -> (Vec<Setter>, Vec<Problem>) {
    let mut reader = Reader { settings, source, set: Vec::new(), problems: Vec::new() };
    match parse(source) {
        Err(problem) => reader.problems.push(problem),
        Ok(root) => match &root.value {
            Value::Nothing => {}
            Value::Map(entries) => reader.section("", entries),
            Value::Switch(_) | Value::Number(_) | Value::Text(_) | Value::List(_) => {
                let what = format!("keys and values are expected, not {}", root.shown());
                let hint = Some("begin with a line such as `llm:`".to_owned());
                reader.problems.push(source.problem(root.place, &what, hint));
            }
        },
    }
    let mut problems = reader.problems;
    problems.truncate(PROBLEMS_MAX);
    (reader.set, problems)
}

struct Reader<'a> {
    settings: &'a mut Settings,
    source: &'a Source,
    set: Vec<Setter>,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn section(&mut self, section: &str, entries: &[(Name, Node)]) {
        let mut lines: BTreeMap<&str, usize> = BTreeMap::new();
        for (name, node) in entries {
            if let Some(line) = lines.get(name.text.as_str()) {
                let what = format!("`{}` is already set at line {line}", shown(&name.text));
                self.problem(name, &what, None);
                continue;
            }
            lines.insert(&name.text, name.place.line);
            let path = match section {
                "" => name.text.clone(),
                section => format!("{section}.{}", name.text),
            };
            let children = leaves(&path);
            if let Some(key) = key_at(&path) {
                self.value(key, node);
            } else if children.is_empty() {
                self.unknown(section, name);
            } else {
                self.inner(&path, name, node, &children);
            }
        }
    }

    fn inner(&mut self, path: &str, name: &Name, node: &Node, children: &BTreeSet<&str>) {
        match &node.value {
            Value::Nothing => {}
            Value::Map(entries) => {
                self.section(path, entries);
                if path == "llm.price" {
                    self.whole_price(name, entries);
                }
            }
            Value::Switch(_) | Value::Number(_) | Value::Text(_) | Value::List(_) => {
                let what = format!("`{}` must hold keys, got {}", name.text, node.shown());
                let hint = Some(format!("keys of `{path}`: {}", listed(children)));
                self.problems.push(self.source.problem(node.place, &what, hint));
            }
        }
    }

    fn value(&mut self, key: &'static Key, node: &Node) {
        let (what, hint) = match (key.take)(self.settings, Given::Node(node)) {
            Ok(()) => {
                let path = self.source.name().to_owned();
                let line = node.place.line;
                self.settings.origins.insert(key.path, Origin::File { path, line });
                self.set.push((key, node.place));
                return;
            }
            Err(Wrong::Unfit) => {
                let what = format!("`{}` must be {}, got {}", key.leaf(), key.wants, unfit(node));
                (what, Some(key.about.to_owned()))
            }
            Err(Wrong::Because { message, hint }) => (message, hint),
        };
        self.problems.push(self.source.problem(node.place, &what, hint));
    }

    /// Both sides of a price have to be known for a budget to be kept.
    fn whole_price(&mut self, name: &Name, entries: &[(Name, Node)]) {
        for needed in ["input", "output"] {
            if !entries.is_empty() && !entries.iter().any(|(entry, _)| entry.text == needed) {
                let what = format!("`price` lacks `{needed}`");
                let hint = "a price is {input: 2.50, output: 10.00}, in dollars per million tokens";
                self.problem(name, &what, Some(hint.to_owned()));
            }
        }
    }

    fn unknown(&mut self, section: &str, name: &Name) {
        let hint = hint(section, &name.text);
        self.problem(name, &format!("unknown key `{}`", shown(&name.text)), Some(hint));
    }

    fn problem(&mut self, name: &Name, what: &str, hint: Option<String>) {
        self.problems.push(self.source.problem(name.place, what, hint));
    }
}

/// What does not fit, with its quotes where these are what is wrong.
fn unfit(node: &Node) -> String {
    match &node.value {
        Value::Text(text) => format!("the text `{}`", shown(text)),
        Value::Nothing | Value::Switch(_) | Value::Number(_) | Value::List(_) | Value::Map(_) => {
            node.shown()
        }
    }
}

/// The names of what stands directly in a section; of none when it is no section.
fn leaves(section: &str) -> BTreeSet<&'static str> {
    let inner = |key: &'static Key| match section {
        "" => Some(key.path),
        section => key.path.strip_prefix(section)?.strip_prefix('.'),
    };
    KEYS.iter().filter_map(inner).filter_map(|rest| rest.split('.').next()).collect()
}

fn hint(section: &str, name: &str) -> String {
    let siblings = leaves(section);
    if let Some(near) = similar(name, siblings.iter().copied()) {
        return format!("did you mean `{near}`?");
    }
    let lower = name.to_ascii_lowercase();
    if lower.contains("api_key") || lower.contains("apikey") || lower.contains("secret") {
        let hint = "keys are read from the environment, such as ANTHROPIC_API_KEY";
        return format!("{hint}, and never from a file");
    }
    if let Some(key) = KEYS.iter().find(|key| key.leaf() == name) {
        return match key.section() {
            "" => format!("`{name}` belongs at the top, not in `{section}`"),
            right => format!("`{name}` belongs in `{right}`"),
        };
    }
    if let Some(near) = similar(name, KEYS.iter().map(Key::leaf))
        && let Some(key) = KEYS.iter().find(|key| key.leaf() == near)
    {
        return format!("did you mean `{}`?", key.path);
    }
    match section {
        "" => format!("keys at the top: {}", listed(&siblings)),
        section => format!("keys of `{section}`: {}", listed(&siblings)),
    }
}

fn listed(names: &BTreeSet<&str>) -> String {
    names.iter().copied().collect::<Vec<_>>().join(", ")
}
