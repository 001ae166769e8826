//! What somebody gave for a setting, in a file, a variable or a flag, and how it is read.

use super::number::scaled;
use super::similar;
use super::source::shown;
use super::tree::{Node, Value};
use equitr_core::policy::PROTECTED;
use equitr_core::units::MicroDollars;
use equitr_llm::ModelName;
use equitr_sandbox::Mode;
use equitr_sandbox::proxy::Hosts;
use std::sync::Arc;

/// Most that a budget can be, in micro-dollars: a million dollars. A larger one is a slip.
const BUDGET_MAX: u64 = 1_000_000_000_000;

/// Most that a million tokens can cost, in micro-dollars.
const RATE_MAX: u64 = 1_000_000_000_000;

/// Hottest temperature that a provider takes, in thousandths.
const TEMPERATURE_MAX: u64 = 2_000;

/// Commands that one list holds: each runs for every task.
const COMMANDS_MAX: usize = 100;

/// Bytes of one command.
const COMMAND_BYTES: usize = 8_000;

/// Names of hosts that one list holds: each is compared with every connection.
const HOSTS_MAX: usize = 100;

/// Patterns of paths that one list holds: each is compared with every file of a worktree.
const PATTERNS_MAX: usize = 100;

/// Characters of one pattern.
const PATTERN_CHARS: usize = 200;

/// Ends of names that mean something in this house only; the proxy would refuse their addresses.
const PRIVATE_ENDS: [&str; 6] =
    ["localhost", "local", "localdomain", "internal", "lan", "home.arpa"];

/// A value as it was given.
#[derive(Debug, Clone, Copy)]
pub enum Given<'a> {
    /// In a file.
    Node(&'a Node),
    /// As a variable's or a flag's text.
    Word(&'a str),
    /// As a flag that was given several times.
    Words(&'a [String]),
}

/// Why a value can't be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// It is not what the setting wants.
    Unfit,
    /// It is, and yet it can't be used.
    Because {
        /// What is wrong, as a sentence of its own.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
}

impl<'a> Given<'a> {
    /// The value as a message repeats it.
    pub fn shown(self) -> String {
        match self {
            Self::Node(node) => node.shown(),
            Self::Word(word) => format!("`{}`", shown(word)),
            Self::Words(words) => format!("`{}`", shown(&words.join("`, `"))),
        }
    }

    /// `true` or `false`; in words, `1` and `0` will do.
    pub fn switch(self) -> Result<bool, Wrong> {
        match self {
            Self::Node(node) => match node.value {
                Value::Switch(on) => Ok(on),
                _ => Err(Wrong::Unfit),
            },
            Self::Word(word) => match word.trim() {
                "true" | "1" => Ok(true),
                "false" | "0" => Ok(false),
                _ => Err(Wrong::Unfit),
            },
            Self::Words(_) => Err(Wrong::Unfit),
        }
    }

    /// A whole number from `min` to `max`.
    pub fn count(self, min: u32, max: u32) -> Result<u32, Wrong> {
        let count = scaled(self.digits()?, 0, u64::from(max)).ok_or(Wrong::Unfit)?;
        u32::try_from(count).ok().filter(|count| *count >= min).ok_or(Wrong::Unfit)
    }

    /// Dollars, or `none` for no bound at all.
    pub fn budget(self) -> Result<Option<MicroDollars>, Wrong> {
        let text = match self {
            Self::Node(Node { value: Value::Text(text), .. }) => text.as_str(),
            _ => self.digits()?,
        };
        if text == "none" {
            return Ok(None);
        }
        let dollars = text.strip_prefix('$').unwrap_or(text);
        scaled(dollars, 6, BUDGET_MAX).map(|micros| Some(MicroDollars(micros))).ok_or(Wrong::Unfit)
    }

    /// Dollars per million tokens, in micro-dollars.
    pub fn rate(self) -> Result<u64, Wrong> {
        scaled(self.digits()?, 6, RATE_MAX).ok_or(Wrong::Unfit)
    }

    /// A temperature in thousandths.
    pub fn temperature(self) -> Result<u32, Wrong> {
        let milli = scaled(self.digits()?, 3, TEMPERATURE_MAX).ok_or(Wrong::Unfit)?;
        u32::try_from(milli).map_err(|_| Wrong::Unfit)
    }

    /// A text of one line with at most `chars_max` characters.
    pub fn line(self, chars_max: usize) -> Result<&'a str, Wrong> {
        let text = self.text()?;
        let fits = !text.chars().any(char::is_control) && text.chars().count() <= chars_max;
        if fits { Ok(text) } else { Err(Wrong::Unfit) }
    }

    /// The name of a model.
    pub fn model(self) -> Result<ModelName, Wrong> {
        let text = self.line(500)?;
        ModelName::parse(text)
            .map_err(|error| Wrong::Because { message: error.to_string(), hint: error.hint() })
    }

    /// Commands, each with something in it.
    pub fn commands(self) -> Result<Vec<Arc<str>>, Wrong> {
        let commands: Vec<&str> = match self {
            Self::Node(Node { value: Value::List(items), .. }) => {
                items.iter().map(|item| Given::Node(item).text()).collect::<Result<_, _>>()?
            }
            Self::Words(words) => words.iter().map(String::as_str).collect(),
            Self::Node(_) | Self::Word(_) => return Err(Wrong::Unfit),
        };
        let fits = |command: &&str| {
            !command.trim().is_empty() && command.len() <= COMMAND_BYTES && !command.contains('\0')
        };
        if commands.len() > COMMANDS_MAX || !commands.iter().all(fits) {
            return Err(Wrong::Unfit);
        }
        Ok(commands.into_iter().map(Into::into).collect())
    }

    /// A sandbox. None at all is for flags only: what stands in a file is soon forgotten.
    pub fn sandbox(self) -> Result<Mode, Wrong> {
        let text = self.text().map_err(|wrong| match self {
            // What YAML makes of `off` is told by the word that stands there.
            Self::Node(Node { value: Value::Switch(false), .. }) => Self::off_in_a_file(),
            Self::Node(_) | Self::Word(_) | Self::Words(_) => wrong,
        })?;
        let mode: Mode = text.trim().parse().map_err(|_| Wrong::Unfit)?;
        match (mode, self) {
            (Mode::Off, Self::Node(_)) => Err(Self::off_in_a_file()),
            (Mode::Auto | Mode::Bubblewrap | Mode::Landlock | Mode::Off, _) => Ok(mode),
        }
    }

    fn off_in_a_file() -> Wrong {
        Wrong::Because {
            message: "the sandbox can't be turned off in a file".to_owned(),
            hint: Some("a person does it for one run: --sandbox off".to_owned()),
        }
    }

    /// Hosts that commands may reach, in small letters and in order; empty for `none`.
    pub fn hosts(self) -> Result<Vec<Arc<str>>, Wrong> {
        let names: Vec<&str> = match self {
            Self::Node(Node { value: Value::List(items), .. }) => {
                items.iter().map(|item| Given::Node(item).text()).collect::<Result<_, _>>()?
            }
            Self::Node(_) | Self::Word(_) => self.text()?.split(',').collect(),
            Self::Words(_) => return Err(Wrong::Unfit),
        };
        if matches!(names[..], ["none"]) {
            return Ok(Vec::new());
        }
        if names.is_empty() || names.len() > HOSTS_MAX {
            return Err(Wrong::Unfit);
        }
        let mut hosts: Vec<Arc<str>> = Vec::new();
        for name in names {
            let name = name.trim().trim_end_matches('.').to_ascii_lowercase();
            let bad = |why: &str| Wrong::Because {
                message: format!("`{}` {why}", shown(&name)),
                hint: Some("name hosts such as example.org or *.example.org".to_owned()),
            };
            let is_private = |end: &&str| {
                name.strip_suffix(*end).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            };
            if PRIVATE_ENDS.iter().any(is_private) {
                return Err(bad("is a private name, and commands reach public hosts only"));
            }
            if Hosts::read(&[&name]).is_err() {
                return Err(bad("is no name of a host: no address, port, path or single word"));
            }
            if !hosts.iter().any(|host| **host == *name) {
                hosts.push(name.into());
            }
        }
        Ok(hosts)
    }

    /// Patterns of paths within a repository, from its root where they begin with `/`.
    pub fn patterns(self) -> Result<Vec<Arc<str>>, Wrong> {
        let Self::Node(Node { value: Value::List(items), .. }) = self else {
            return Err(Wrong::Unfit);
        };
        if items.len() > PATTERNS_MAX {
            return Err(Wrong::Unfit);
        }
        let mut patterns: Vec<Arc<str>> = Vec::new();
        for item in items {
            let pattern = Given::Node(item).line(PATTERN_CHARS)?;
            let says_something = pattern.split('/').any(|part| !part.trim().is_empty());
            if !says_something || pattern.split('/').any(|part| part == "..") {
                return Err(Wrong::Unfit);
            }
            if !patterns.iter().any(|known| **known == *pattern) {
                patterns.push(pattern.into());
            }
        }
        Ok(patterns)
    }

    /// Patterns that are among the usual ones of protected paths.
    pub fn usual_patterns(self) -> Result<Vec<Arc<str>>, Wrong> {
        let patterns = self.patterns()?;
        match patterns.iter().find(|pattern| !PROTECTED.contains(&&***pattern)) {
            None => Ok(patterns),
            Some(unknown) => Err(Wrong::Because {
                message: format!("`{}` is not protected anyway", shown(unknown)),
                hint: Some(match similar(unknown, PROTECTED) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the usual patterns: {}", PROTECTED.join(" ")),
                }),
            }),
        }
    }

    /// Patterns that files are looked up by, as globs.
    pub fn globs(self) -> Result<Vec<Arc<str>>, Wrong> {
        let patterns = self.patterns()?;
        let is_none = |pattern: &&Arc<str>| globset::Glob::new(pattern).is_err();
        match patterns.iter().find(is_none) {
            None => Ok(patterns),
            Some(wrong) => Err(Wrong::Because {
                message: format!("`{}` is no glob", shown(wrong)),
                hint: Some("write it like `config/*.key`, from the repository's root".to_owned()),
            }),
        }
    }

    fn text(self) -> Result<&'a str, Wrong> {
        match self {
            Self::Node(Node { value: Value::Text(text), .. }) => Ok(text),
            Self::Word(word) => Ok(word),
            Self::Node(_) | Self::Words(_) => Err(Wrong::Unfit),
        }
    }

    fn digits(self) -> Result<&'a str, Wrong> {
        match self {
            Self::Node(Node { value: Value::Number(digits), .. }) => Ok(digits),
            Self::Word(word) => Ok(word.trim()),
            Self::Node(_) | Self::Words(_) => Err(Wrong::Unfit),
        }
    }
}
