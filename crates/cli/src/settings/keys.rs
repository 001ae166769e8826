//! Every setting, in one table: what it is called in a file, a variable and a flag, what it wants,
//! how it is taken and shown.

use super::given::{Given, Wrong};
use super::project::{Asked, add, lower, lower_bound, narrow, stricter, switch_off};
use super::{Settings, shown_url};
use equitr_core::units::MicroDollars;
use equitr_llm::ModelName;
use std::sync::Arc;

/// Characters of what stands before a commit's subject: more would leave no room for the subject.
const PREFIX_CHARS: usize = 100;

/// Characters of an address.
const URL_CHARS: usize = 2_000;

/// Seconds of a day: nothing that a run waits for takes longer.
const DAY_S: u32 = 86_400;

/// A setting.
pub struct Key {
    /// Where it stands in a file, such as `llm.budget`.
    pub path: &'static str,
    /// The environment variable that sets it.
    pub variable: Option<&'static str>,
    /// The flag that sets it.
    pub flag: Option<&'static str>,
    /// What fits, to be read behind `must be`.
    pub wants: &'static str,
    /// What it is for, one line.
    pub about: &'static str,
    /// Takes a value.
    pub take: fn(&mut Settings, Given<'_>) -> Result<(), Wrong>,
    /// The value as a person reads it.
    pub show: fn(&Settings) -> String,
    /// Takes what the repository's own file asks for, unless that is looser than what the person
    /// has; nothing for what is the person's alone.
    pub project: Option<fn(&mut Settings, &Settings) -> Asked>,
}

impl Key {
    /// The last part of its path, as it stands in a file.
    pub fn leaf(&self) -> &'static str {
        self.path.rsplit_once('.').map_or(self.path, |(_, leaf)| leaf)
    }

    /// The part of its path before that; empty at the top.
    pub fn section(&self) -> &'static str {
        self.path.rsplit_once('.').map_or("", |(section, _)| section)
    }
}

/// The setting at `path`.
pub fn key_at(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}

const PATTERNS: &str = "a list of path patterns such as deploy/**, at most 100";
const MODEL: &str = "a model's name such as openai/gpt-5";
const RATE: &str = "dollars per million tokens, such as 2.50";

/// All of them, in the order in which they are shown.
pub static KEYS: [Key; 31] = [
    Key {
        path: "orchestrator.use_multi_agent",
        variable: Some("EQUITR_MULTI_AGENT"),
        flag: Some("--multi-agent"),
        wants: "true or false",
        about: "whether a team works in parallel; otherwise one worker does the tasks in order",
        take: |s, given| given.switch().map(|v| s.use_multi_agent = v),
        show: |s| s.use_multi_agent.to_string(),
        project: Some(|s, asked| switch_off(&mut s.use_multi_agent, asked.use_multi_agent)),
    },
    Key {
        path: "orchestrator.max_iterations",
        variable: Some("EQUITR_MAX_ITERATIONS"),
        flag: None,
        wants: "1 to 1000",
        about: "model replies in one attempt at a task",
        take: |s, given| given.count(1, 1_000).map(|v| s.max_iterations = v),
        show: |s| s.max_iterations.to_string(),
        project: Some(|s, asked| lower(&mut s.max_iterations, asked.max_iterations)),
    },
    Key {
        path: "orchestrator.worker_timeout",
        variable: Some("EQUITR_WORKER_TIMEOUT"),
        flag: None,
        wants: "seconds, 1 to 86400",
        about: "model and tool time of one attempt at a task, in seconds",
        take: |s, given| given.count(1, DAY_S).map(|v| s.worker_timeout_s = v),
        show: |s| s.worker_timeout_s.to_string(),
        project: Some(|s, asked| lower(&mut s.worker_timeout_s, asked.worker_timeout_s)),
    },
    Key {
        path: "orchestrator.max_workers",
        variable: Some("EQUITR_MAX_WORKERS"),
        flag: Some("--max-workers"),
        wants: "1 to 1024",
        about: "workers at a time in a team",
        take: |s, given| given.count(1, 1_024).map(|v| s.max_workers = v),
        show: |s| s.max_workers.to_string(),
        project: Some(|s, asked| lower(&mut s.max_workers, asked.max_workers)),
    },
    Key {
        path: "orchestrator.task_tries",
        variable: None,
        flag: None,
        wants: "1 to 10",
        about: "attempts at a task before the supervisor decides about it",
        take: |s, given| given.count(1, 10).map(|v| s.task_tries = v),
        show: |s| s.task_tries.to_string(),
        project: Some(|s, asked| lower(&mut s.task_tries, asked.task_tries)),
    },
    Key {
        path: "orchestrator.check_timeout",
        variable: None,
        flag: None,
        wants: "seconds, 1 to 86400",
        about: "time of one check, in seconds",
        take: |s, given| given.count(1, DAY_S).map(|v| s.check_timeout_s = v),
        show: |s| s.check_timeout_s.to_string(),
        project: Some(|s, asked| lower(&mut s.check_timeout_s, asked.check_timeout_s)),
    },
    Key {
        path: "orchestrator.patience",
        variable: None,
        flag: None,
        wants: "seconds, 1 to 86400",
        about: "how long a question of the supervisor's waits for you before its default is taken",
        take: |s, given| given.count(1, DAY_S).map(|v| s.patience_s = v),
        show: |s| s.patience_s.to_string(),
        project: None,
    },
    Key {
        path: "orchestrator.disk_mib",
        variable: None,
        flag: None,
        wants: "mebibytes, 16 to 1048576",
        about: "what a task's files may take up on disk before its command is killed, in mebibytes",
        take: |s, given| given.count(16, 1 << 20).map(|v| s.disk_mib = v),
        show: |s| s.disk_mib.to_string(),
        project: Some(|s, asked| lower(&mut s.disk_mib, asked.disk_mib)),
    },
    Key {
        path: "orchestrator.memory_mib",
        variable: None,
        flag: None,
        wants: "mebibytes, 64 to 1048576",
        about: "memory that a command's processes may hold before it is killed, in mebibytes (Linux)",
        take: |s, given| given.count(64, 1 << 20).map(|v| s.memory_mib = v),
        show: |s| s.memory_mib.to_string(),
        project: Some(|s, asked| lower(&mut s.memory_mib, asked.memory_mib)),
    },
    Key {
        path: "orchestrator.processes",
        variable: None,
        flag: None,
        wants: "16 to 65536",
        about: "processes and threads that a command may have at once before it is killed (Linux)",
        take: |s, given| given.count(16, 1 << 16).map(|v| s.processes = v),
        show: |s| s.processes.to_string(),
        project: Some(|s, asked| lower(&mut s.processes, asked.processes)),
    },
    Key {
        path: "orchestrator.acceptance",
        variable: Some("EQUITR_ACCEPTANCE"),
        flag: None,
        wants: "true or false",
        about: "whether acceptance checks are written, before a task's work, for the requirements that its todos cite",
        take: |s, given| given.switch().map(|v| s.acceptance = v),
        show: |s| s.acceptance.to_string(),
        project: None,
    },
    Key {
        path: "llm.model",
        variable: Some("EQUITR_MODEL"),
        flag: Some("--model"),
        wants: MODEL,
        about: "the model of every role that names no other",
        take: |s, given| given.model().map(|v| s.model = Some(v)),
        show: |s| model(s.model.as_ref(), "not set"),
        project: None,
    },
    Key {
        path: "llm.planner",
        variable: Some("EQUITR_PLANNER"),
        flag: Some("--planner"),
        wants: MODEL,
        about: "the planner's model",
        take: |s, given| given.model().map(|v| s.planner = Some(v)),
        show: |s| model(s.planner.as_ref(), "as llm.model"),
        project: None,
    },
    Key {
        path: "llm.supervisor",
        variable: Some("EQUITR_SUPERVISOR"),
        flag: Some("--supervisor"),
        wants: MODEL,
        about: "the supervisor's model",
        take: |s, given| given.model().map(|v| s.supervisor = Some(v)),
        show: |s| model(s.supervisor.as_ref(), "as llm.model"),
        project: None,
    },
    Key {
        path: "llm.worker",
        variable: Some("EQUITR_WORKER"),
        flag: Some("--worker"),
        wants: MODEL,
        about: "the workers' model",
        take: |s, given| given.model().map(|v| s.worker = Some(v)),
        show: |s| model(s.worker.as_ref(), "as llm.model"),
        project: None,
    },
    Key {
        path: "llm.budget",
        variable: Some("EQUITR_BUDGET"),
        flag: Some("--budget"),
        wants: "dollars like 12.50 or none",
        about: "what a run may cost, in dollars; `none` for no bound",
        take: |s, given| given.budget().map(|v| s.budget = v),
        show: |s| s.budget.map_or_else(|| "none".to_owned(), |budget| budget.to_string()),
        project: Some(|s, asked| lower_bound(&mut s.budget, asked.budget)),
    },
    Key {
        path: "llm.temperature",
        variable: Some("EQUITR_TEMPERATURE"),
        flag: None,
        wants: "0 to 2, with at most three decimals",
        about: "how freely models choose their words; without it, their provider decides",
        take: |s, given| given.temperature().map(|v| s.temperature_milli = Some(v)),
        show: |s| s.temperature_milli.map_or_else(not_set, |milli| decimal(u64::from(milli), 3)),
        project: None,
    },
    Key {
        path: "llm.max_tokens",
        variable: Some("EQUITR_MAX_TOKENS"),
        flag: None,
        wants: "256 to 1000000",
        about: "tokens of one reply; without it, what the model can, up to 16384",
        take: |s, given| given.count(256, 1_000_000).map(|v| s.max_tokens = Some(v)),
        show: |s| s.max_tokens.map_or_else(not_set, |tokens| tokens.to_string()),
        project: None,
    },
    Key {
        path: "llm.api_base",
        variable: Some("EQUITR_API_BASE"),
        flag: Some("--api-base"),
        wants: "a URL such as http://127.0.0.1:8000/v1",
        about: "where models are served, instead of the provider's own address",
        take: |s, given| {
            let url = given.line(URL_CHARS)?.trim();
            if url.is_empty() {
                return Err(Wrong::Unfit);
            }
            s.api_base = Some(url.to_owned());
            Ok(())
        },
        show: |s| s.api_base.as_deref().map_or_else(not_set, shown_url),
        project: None,
    },
    Key {
        path: "llm.allow_insecure",
        variable: None,
        flag: None,
        wants: "true or false",
        about: "whether prompts and keys may go to another machine without encryption",
        take: |s, given| given.switch().map(|v| s.allow_insecure = v),
        show: |s| s.allow_insecure.to_string(),
        project: None,
    },
    Key {
        path: "llm.price.input",
        variable: None,
        flag: None,
        wants: RATE,
        about: "price of input where the model's own is not known, in dollars per million tokens",
        take: |s, given| given.rate().map(|v| s.price.input = Some(v)),
        show: |s| rate(s.price.input),
        project: None,
    },
    Key {
        path: "llm.price.cached_input",
        variable: None,
        flag: None,
        wants: RATE,
        about: "price of input from the provider's cache; without it, that of input",
        take: |s, given| given.rate().map(|v| s.price.cached_input = Some(v)),
        show: |s| rate(s.price.cached_input),
        project: None,
    },
    Key {
        path: "llm.price.cache_write",
        variable: None,
        flag: None,
        wants: RATE,
        about: "price of input that goes into the provider's cache; without it, that of input",
        take: |s, given| given.rate().map(|v| s.price.cache_write = Some(v)),
        show: |s| rate(s.price.cache_write),
        project: None,
    },
    Key {
        path: "llm.price.output",
        variable: None,
        flag: None,
        wants: RATE,
        about: "price of output where the model's own is not known, in dollars per million tokens",
        take: |s, given| given.rate().map(|v| s.price.output = Some(v)),
        show: |s| rate(s.price.output),
        project: None,
    },
    Key {
        path: "git.commit_message_prefix",
        variable: None,
        flag: None,
        wants: "one line of at most 100 characters",
        about: "stands before the subject of every commit",
        take: |s, given| given.line(PREFIX_CHARS).map(|v| s.commit_message_prefix = v.to_owned()),
        show: |s| {
            let prefix = super::source::shown(&s.commit_message_prefix);
            if prefix.is_empty() { not_set() } else { format!("\"{prefix}\"") }
        },
        project: None,
    },
    Key {
        path: "checks",
        variable: None,
        flag: Some("--check"),
        wants: "a list of commands, at most 100 and none empty",
        about: "commands that must pass for every task, beside the task's own",
        take: |s, given| given.commands().map(|v| s.checks = v),
        show: |s| listed(&s.checks),
        project: Some(|s, asked| add(&mut s.checks, &asked.checks)),
    },
    Key {
        path: "sandbox",
        variable: None,
        flag: Some("--sandbox"),
        wants: "auto, bubblewrap or landlock (off by the flag only)",
        about: "what commands are locked up in; `auto` is bubblewrap, or else the weaker landlock",
        take: |s, given| given.sandbox().map(|v| s.sandbox = v),
        show: |s| s.sandbox.to_string(),
        project: Some(|s, asked| stricter(&mut s.sandbox, asked.sandbox)),
    },
    Key {
        path: "network",
        variable: None,
        flag: Some("--network"),
        wants: "none, registries, or a list of hosts such as example.org or *.example.org",
        about: "hosts that commands may reach; `registries` are those of Cargo, npm, pip and Go",
        take: |s, given| given.hosts().map(|v| s.network = v),
        show: |s| if s.network.is_empty() { "none".to_owned() } else { s.network.join(", ") },
        project: Some(|s, asked| narrow(&mut s.network, &asked.network)),
    },
    Key {
        path: "protected",
        variable: None,
        flag: None,
        wants: PATTERNS,
        about: "paths, beside the usual ones, whose change a person has to accept at the end",
        take: |s, given| given.patterns().map(|v| s.protected = v),
        show: |s| listed(&s.protected),
        project: Some(|s, asked| add(&mut s.protected, &asked.protected)),
    },
    Key {
        path: "unprotected",
        variable: None,
        flag: None,
        wants: PATTERNS,
        about: "usual protected patterns that you do without, each exactly as it is listed",
        take: |s, given| given.usual_patterns().map(|v| s.unprotected = v),
        show: |s| listed(&s.unprotected),
        project: None,
    },
    Key {
        path: "allow_secret_files",
        variable: None,
        flag: None,
        wants: PATTERNS,
        about: "files that look like secrets and that agents may read all the same",
        take: |s, given| given.globs().map(|v| s.allow_secret_files = v),
        show: |s| listed(&s.allow_secret_files),
        project: None,
    },
];

fn model(name: Option<&ModelName>, otherwise: &str) -> String {
    name.map_or_else(|| otherwise.to_owned(), |name| super::source::shown(&name.to_string()))
}

fn listed(items: &[Arc<str>]) -> String {
    let items: Vec<String> = items.iter().map(|item| super::source::shown(item)).collect();
    if items.is_empty() { not_set() } else { items.join(" · ") }
}

fn rate(micros: Option<u64>) -> String {
    micros.map_or_else(not_set, |micros| MicroDollars(micros).to_string())
}

fn not_set() -> String {
    "not set".to_owned()
}

/// `scaled` over ten to the power of `places`, without zeros at its end.
fn decimal(scaled: u64, places: usize) -> String {
    let unit = 10_u64.pow(u32::try_from(places).unwrap_or(0));
    let text = format!("{}.{:0places$}", scaled / unit, scaled % unit);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
