//! The effective settings: flags over environment over `config.yaml` over defaults, each value with
//! its origin, and all that is wrong with them said at once.
//!
//! Reads one file and, through the caller, the environment; keys of providers are never read here.

mod file;
mod given;
mod keys;
mod number;
mod origin;
mod project;
mod source;
mod tree;

pub use origin::Origin;
pub use source::{Links, Source, reason, shown};
pub use tree::{Name, Node, Value, parse};

use crate::args::SettingsArgs;
use crate::error::{CliError, Exit, Problem};
use crate::models::Role;
use equitr_core::policy::PROTECTED;
use equitr_core::spec::Limits;
use equitr_core::units::{MicroDollars, Price};
use equitr_engine::Home;
use equitr_llm::ModelName;
use equitr_sandbox::Mode;
use given::{Given, Wrong};
use keys::{KEYS, Key};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What reads an environment variable; `None` when it is not set.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Variables of ours that are no settings: the home folder, and the mark of our commands' processes.
const OTHER_VARIABLES: [&str; 2] = ["EQUITR_HOME", equitr_tools::RUN_VARIABLE];

/// The effective values.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Whether a team works in parallel.
    pub use_multi_agent: bool,
    /// Model replies in one attempt at a task, 1 to 1,000.
    pub max_iterations: u32,
    /// Model and tool time of one attempt, in seconds, 1 to 86,400.
    pub worker_timeout_s: u32,
    /// Workers at a time in a team, 1 to 1,024; see [`Settings::workers`].
    pub max_workers: u32,
    /// Attempts at a task before the supervisor decides about it, 1 to 10.
    pub task_tries: u32,
    /// Time of one check, in seconds, 1 to 86,400.
    pub check_timeout_s: u32,
    /// How long a question of the supervisor's waits for the person, in seconds, 1 to 86,400.
    pub patience_s: u32,
    /// What the folders of a task may hold, in mebibytes, 16 to 1,048,576.
    pub disk_mib: u32,
    /// What the processes of a command may hold in memory, in mebibytes, 64 to 1,048,576.
    pub memory_mib: u32,
    /// Processes and threads of a command at once, 16 to 65,536.
    pub processes: u32,
    /// Whether acceptance checks are written for the requirements that todos cite.
    pub acceptance: bool,
    /// The model of every role that names no other.
    pub model: Option<ModelName>,
    /// The planner's model, when it is another.
    pub planner: Option<ModelName>,
    /// The supervisor's model, when it is another.
    pub supervisor: Option<ModelName>,
    /// The workers' model, when it is another.
    pub worker: Option<ModelName>,
    /// What a run may cost; `None` is the person's explicit `none`.
    pub budget: Option<MicroDollars>,
    /// Thousandths, 0 to 2,000; `None` leaves it to the provider.
    pub temperature_milli: Option<u32>,
    /// Tokens of one reply, 256 to 1,000,000; `None` for what is usual.
    pub max_tokens: Option<u32>,
    /// Where models are served, instead of the provider's own address.
    pub api_base: Option<String>,
    /// Whether requests may go to another machine without encryption.
    pub allow_insecure: bool,
    /// What a model costs whose price is not known.
    pub price: PriceGiven,
    /// Stands before the subject of every commit; may be empty.
    pub commit_message_prefix: String,
    /// Commands that must pass for every task.
    pub checks: Vec<Arc<str>>,
    /// What commands are locked up in.
    pub sandbox: Mode,
    /// Hosts that commands may reach, the word `registries` among them; empty for none.
    pub network: Vec<Arc<str>>,
    /// Patterns of paths that are protected beside the usual ones.
    pub protected: Vec<Arc<str>>,
    /// Usual patterns of protected paths that are left out.
    pub unprotected: Vec<Arc<str>>,
    /// Patterns of files that look like secrets and may be read all the same.
    pub allow_secret_files: Vec<Arc<str>>,
    /// The configuration file, whether it is there or not.
    pub config: PathBuf,
    origins: BTreeMap<&'static str, Origin>,
}

/// A price as far as it was given, in micro-dollars per million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PriceGiven {
    /// Input tokens.
    pub input: Option<u64>,
    /// Input tokens read from the provider's cache.
    pub cached_input: Option<u64>,
    /// Input tokens written to the provider's cache.
    pub cache_write: Option<u64>,
    /// Output tokens.
    pub output: Option<u64>,
}

impl PriceGiven {
    /// The price, when input and output have one.
    pub fn whole(self) -> Option<Price> {
        let (input, output) = self.input.zip(self.output)?;
        Some(Price {
            input,
            cached_input: self.cached_input.unwrap_or(input),
            cache_write: self.cache_write.unwrap_or(input),
            output,
        })
    }
}

/// A budget as a person gives it, in dollars or as `none`; nothing when it is neither.
pub fn budget(text: &str) -> Option<Option<MicroDollars>> {
    Given::Word(text).budget().ok()
}

impl Settings {
    /// What holds when nobody sets anything.
    fn defaults(config: PathBuf) -> Self {
        Self {
            use_multi_agent: false,
            max_iterations: 30,
            worker_timeout_s: 600,
            max_workers: 5,
            task_tries: 3,
            check_timeout_s: 600,
            patience_s: 600,
            // What tools have for a default, in their unit.
            disk_mib: 2_048,
            memory_mib: 4_096,
            processes: 512,
            acceptance: true,
            model: None,
            planner: None,
            supervisor: None,
            worker: None,
            // Enough for a small project with a good model, and no sum to lose sleep over.
            budget: Some(MicroDollars(10_000_000)),
            temperature_milli: None,
            max_tokens: None,
            api_base: None,
            allow_insecure: false,
            price: PriceGiven::default(),
            commit_message_prefix: String::new(),
            checks: Vec::new(),
            sandbox: Mode::Auto,
            network: Vec::new(),
            protected: Vec::new(),
            unprotected: Vec::new(),
            allow_secret_files: Vec::new(),
            config,
            origins: BTreeMap::new(),
        }
    }

    /// Flags over environment over the home's `config.yaml` over defaults.
    ///
    /// # Errors
    /// All that is wrong with any of them, with [`Exit::Usage`].
    pub fn load(home: &Home, env: Env<'_>, flags: &SettingsArgs) -> Result<Self, CliError> {
        let mut settings = Self::defaults(home.config());
        let mut problems = match Source::read(&settings.config, Links::Followed) {
            Ok(Some(source)) => file::take(&mut settings, &source).1,
            Ok(None) => Vec::new(),
            Err(error) => error.problems,
        };
        for key in &KEYS {
            let Some(name) = key.variable else { continue };
            let Some(text) = env(name).filter(|text| !text.is_empty()) else { continue };
            let origin = Origin::Variable(name);
            problems.extend(settings.take(key, Given::Word(&text), origin).err());
        }
        problems.extend(settings.take_flags(flags));
        if problems.is_empty() {
            return Ok(settings);
        }
        Err(CliError { problems, exit: Exit::Usage })
    }

    fn take_flags(&mut self, flags: &SettingsArgs) -> Vec<Problem> {
        let SettingsArgs {
            multi_agent,
            model,
            planner,
            supervisor,
            worker,
            api_base,
            budget,
            max_workers,
            checks,
            sandbox,
            network,
            home: _,
        } = flags;
        let words = [
            ("--multi-agent", multi_agent.then_some("true")),
            ("--model", model.as_deref()),
            ("--planner", planner.as_deref()),
            ("--supervisor", supervisor.as_deref()),
            ("--worker", worker.as_deref()),
            ("--api-base", api_base.as_deref()),
            ("--budget", budget.as_deref()),
            ("--max-workers", max_workers.as_deref()),
            ("--sandbox", sandbox.as_deref()),
            ("--network", network.as_deref()),
        ];
        let mut given: Vec<(&'static str, Given<'_>)> =
            words.into_iter().filter_map(|(flag, word)| Some((flag, Given::Word(word?)))).collect();
        if !checks.is_empty() {
            given.push(("--check", Given::Words(checks)));
        }
        let mut problems = Vec::new();
        for (flag, given) in given {
            if let Some(key) = KEYS.iter().find(|key| key.flag == Some(flag)) {
                problems.extend(self.take(key, given, Origin::Flag(flag)).err());
            }
        }
        problems
    }

    /// Takes a variable's or flag's value.
    fn take(&mut self, key: &'static Key, given: Given<'_>, origin: Origin) -> Result<(), Problem> {
        let (message, hint) = match (key.take)(self, given) {
            Ok(()) => {
                self.origins.insert(key.path, origin);
                return Ok(());
            }
            Err(Wrong::Unfit) => {
                let message = format!("{origin} must be {}, got {}", key.wants, given.shown());
                (message, Some(key.about.to_owned()))
            }
            Err(Wrong::Because { message, hint }) => (format!("{origin}: {message}"), hint),
        };
        Err(Problem { message, detail: None, hint })
    }

    /// Workers at a time: one, unless a team works.
    pub fn workers(&self) -> u32 {
        if self.use_multi_agent { self.max_workers } else { 1 }
    }

    /// The bounds of a run.
    pub fn limits(&self) -> Limits {
        Limits {
            workers: self.workers(),
            turns: self.max_iterations,
            attempt_ms: u64::from(self.worker_timeout_s) * 1_000,
            tries: self.task_tries,
            budget: self.budget,
            check_ms: u64::from(self.check_timeout_s) * 1_000,
        }
    }

    /// All patterns of protected paths: the usual ones without those left out, and those added.
    pub fn protected_paths(&self) -> Vec<Arc<str>> {
        let usual = PROTECTED
            .iter()
            .filter(|usual| !self.unprotected.iter().any(|left_out| **left_out == ***usual));
        let mut patterns: Vec<Arc<str>> = usual.map(|usual| Arc::from(*usual)).collect();
        project::add(&mut patterns, &self.protected);
        patterns
    }

    /// What the folders of a task may hold, in bytes.
    pub fn disk_bytes(&self) -> u64 {
        u64::from(self.disk_mib) << 20
    }

    /// What the processes of a command may hold in memory, in bytes.
    pub fn memory_bytes(&self) -> u64 {
        u64::from(self.memory_mib) << 20
    }

    /// How long a question of the supervisor's waits for the person, in milliseconds.
    pub fn patience_ms(&self) -> u64 {
        u64::from(self.patience_s) * 1_000
    }

    /// The model of a role and where its name came from; none when nobody named one.
    pub fn model_of(&self, role: Role) -> Option<(&ModelName, Origin)> {
        let (own, path) = match role {
            Role::Planner => (&self.planner, "llm.planner"),
            Role::Supervisor => (&self.supervisor, "llm.supervisor"),
            Role::Worker => (&self.worker, "llm.worker"),
        };
        match (own, &self.model) {
            (Some(own), _) => Some((own, self.origin(path))),
            (None, Some(model)) => Some((model, self.origin("llm.model"))),
            (None, None) => None,
        }
    }

    /// Where the value of the setting at `path` came from.
    pub fn origin(&self, path: &str) -> Origin {
        self.origins.get(path).cloned().unwrap_or_default()
    }

    /// Every setting: its path, its value as a person reads it, and its origin.
    pub fn rows(&self) -> impl Iterator<Item = (&'static str, String, Origin)> {
        KEYS.iter().map(|key| (key.path, (key.show)(self), self.origin(key.path)))
    }
}

/// The home folder: what the flag or `EQUITR_HOME` says, else `~/.equitr`.
///
/// # Errors
/// When nothing says where it is.
pub fn home(flag: Option<&Path>, env: Env<'_>) -> Result<Home, CliError> {
    let set = |name: &str| env(name).filter(|text| !text.is_empty()).map(PathBuf::from);
    let root = match flag {
        Some(flag) if !flag.as_os_str().is_empty() => Some(flag.to_owned()),
        Some(_) | None => {
            set("EQUITR_HOME").or_else(|| set("HOME").map(|home| home.join(".equitr")))
        }
    };
    let Some(root) = root else {
        return Err(CliError::environment("HOME is not set")
            .hint("set it, or name the folder of runs with --home DIR or EQUITR_HOME"));
    };
    let absolute = std::path::absolute(&root).map_err(|error| {
        CliError::environment(format!("can't find {}: {}", root.display(), reason(&error)))
    })?;
    Ok(Home::at(absolute))
}

/// An environment variable of this process; what is not UTF-8 in it is replaced, and so refused
/// where it matters.
pub fn variable(name: &str) -> Option<String> {
    Some(std::env::var_os(name)?.to_string_lossy().into_owned())
}

/// A warning for each variable that looks like one of ours and is none, in order.
pub fn unknown_variables(names: impl IntoIterator<Item = String>) -> Vec<String> {
    let known = || KEYS.iter().filter_map(|key| key.variable).chain(OTHER_VARIABLES);
    let bare = |name: &'static str| name.strip_prefix("EQUITR_");
    let mut warnings: Vec<String> = names
        .into_iter()
        .filter(|name| !known().any(|known| known == name))
        .filter_map(|name| {
            let hint = similar(name.strip_prefix("EQUITR_")?, known().filter_map(bare))
                .map(|near| format!("; did you mean `EQUITR_{near}`?"))
                .unwrap_or_default();
            Some(format!("`{}` is set, and no setting is called that{hint}", shown(&name)))
        })
        .collect();
    warnings.sort();
    warnings
}

/// Likeness from which on a suggestion is more of a help than a puzzle.
const LIKE: f64 = 0.7;

/// The name that `given` may have been meant to be.
pub fn similar<'a>(given: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_ascii_lowercase();
    names
        .into_iter()
        .map(|name| {
            let likeness =
                strsim::normalized_damerau_levenshtein(&given, &name.to_ascii_lowercase());
            (likeness, name)
        })
        .filter(|(likeness, _)| *likeness >= LIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1)))
        .map(|(_, name)| name)
}

/// An address without what may be a secret in it: user, password, query.
pub fn shown_url(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority.to_owned(), |(_, h)| format!("…@{h}"));
    let separator = if scheme.is_empty() { "" } else { "://" };
    shown(&format!("{scheme}{separator}{host}{path}"))
}

#[cfg(test)]
mod tests;
