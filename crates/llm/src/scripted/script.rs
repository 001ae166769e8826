//! The script: read from YAML, checked, and looked up by agent and turn.

use equitr_core::chat::{CallFault, Reply, Stop, ToolCall, Usage};
use equitr_core::units::Price;
use serde::Deserialize;
use serde_json::{Map, Value};
use serde_saphyr::{Location, Spanned};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// Largest script, and largest file that one refers to: a demonstration has some kilobytes.
const FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// Bytes of a token, where a script does not count them itself.
const TOKEN_BYTES: usize = 4;

/// What every agent replies at every turn.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Script {
    price: Price,
    agents: BTreeMap<String, Vec<Turn>>,
}

/// An agent that a turn waits for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaitFor {
    /// Its name, such as `backend_worker_4#1`; as in the script's list, it may lack `#N`.
    pub agent: String,
    /// How long at most.
    pub ms: u64,
}

/// One turn of one agent.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// The reply; its usage is `usage`, or nothing where that is to be estimated.
    pub reply: Reply,
    /// What it uses, where the script says so.
    pub usage: Option<Usage>,
    /// What the model thinks before it speaks.
    pub thinking: Option<Arc<str>>,
    /// Before it is said, this agent has asked for a reply.
    pub waits_for: Option<WaitFor>,
    /// How long it takes at the script's speed, the script's `latency_ms` included.
    pub delay_ms: u64,
    /// How its first calls fail.
    pub fail: Option<Fail>,
}

/// How the first calls of a turn fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fail {
    /// The fault.
    pub fault: CallFault,
    /// How long the caller is asked to wait.
    #[serde(default)]
    pub retry_after_ms: Option<u64>,
    /// How many calls fail; the next one is answered.
    #[serde(default = "once")]
    pub times: u32,
}

fn once() -> u32 {
    1
}

/// Why a script can't be used: every problem that was found, one a line, each with its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ScriptError {
    /// The problems, such as `a.yaml:7:9: unknown field …`; at least one.
    pub problems: Vec<String>,
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problems.join("\n"))
    }
}

impl Turn {
    /// What the turn uses when the request has `request_bytes`: what the script says, else a token
    /// for every four bytes.
    pub fn usage_for(&self, request_bytes: usize) -> Usage {
        let tokens = |bytes: usize| bytes.div_ceil(TOKEN_BYTES) as u64;
        let thinking = self.thinking.as_ref().map_or(0, |text| text.len());
        self.usage.unwrap_or_else(|| Usage {
            input_tokens: tokens(request_bytes).max(1),
            output_tokens: tokens(super::reply_bytes(&self.reply) + thinking).max(1),
            ..Usage::default()
        })
    }
}

impl Script {
    /// The script in the file at `path`.
    pub fn load(path: &Path) -> Result<Self, ScriptError> {
        let text = read(path).map_err(|problem| ScriptError {
            problems: vec![format!("script `{}` {problem}", path.display())],
        })?;
        Self::parse(&text, path)
    }

    /// The script `text`, as if it were in the file at `path`: its problems name that, and the files
    /// it refers to lie beside it.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ScriptError> {
        let options = serde_saphyr::options! { with_snippet: false, strict_booleans: true };
        let lines: ScriptLines =
            serde_saphyr::from_str_with_options(text, options).map_err(|error| {
                let place = Place { path, at: error.location().unwrap_or(Location::UNKNOWN) };
                let words = error.without_snippet().to_string();
                // The place is said in front; the library says it at the end.
                let words = words.split(" at line ").next().unwrap_or_default();
                ScriptError { problems: vec![format!("{place}: {words}")] }
            })?;
        let mut reader = Reader { path, problems: Vec::new() };
        let script = reader.script(lines);
        if reader.problems.is_empty() {
            Ok(script)
        } else {
            Err(ScriptError { problems: reader.problems })
        }
    }

    /// What `agent` replies at `turn`; none where the script ends before it, or lacks the agent.
    pub fn reply(&self, agent: &str, turn: u32) -> Option<&Turn> {
        let turns = names(agent).find_map(|name| self.agents.get(name))?;
        turns.get(usize::try_from(turn).ok()?)
    }

    /// What the scripted model charges; free where the script doesn't say.
    pub fn price(&self) -> Price {
        self.price
    }
}

fn at_speed(delay_ms: u64, speed: f64) -> u64 {
    if speed > 0.0 { (delay_ms as f64 / speed) as u64 } else { 0 }
}

/// The names under which a script may list `agent`, the most exact first.
pub(super) fn names(agent: &str) -> impl Iterator<Item = &str> {
    let any_attempt = without_number(agent, '#');
    [agent, any_attempt, without_number(any_attempt, ':')].into_iter()
}

/// `name` without a number at its end and the separator before it.
fn without_number(name: &str, separator: char) -> &str {
    match name.rsplit_once(separator) {
        Some((rest, end)) if !end.is_empty() && end.bytes().all(|b| b.is_ascii_digit()) => rest,
        Some(_) | None => name,
    }
}

/// The text of a file of reasonable size.
fn read(path: &Path) -> Result<String, String> {
    let about = std::fs::metadata(path).map_err(|error| unreadable(&error))?;
    if !about.is_file() {
        return Err("is not a regular file".to_owned());
    }
    if about.len() > FILE_BYTES_MAX {
        return Err(format!("is {} bytes; the limit is {FILE_BYTES_MAX}", about.len()));
    }
    std::fs::read_to_string(path).map_err(|error| unreadable(&error))
}

/// Why a file can't be read, without the number that the system's words end with.
fn unreadable(error: &std::io::Error) -> String {
    let words = error.to_string();
    format!("can't be read: {}", words.split(" (os error").next().unwrap_or_default())
}

/// A place in a script: `a.yaml:7:9`.
struct Place<'a> {
    path: &'a Path,
    at: Location,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        if self.at == Location::UNKNOWN {
            return write!(f, "{path}");
        }
        write!(f, "{path}:{}:{}", self.at.line(), self.at.column())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScriptLines {
    #[serde(default)]
    price: Option<Spanned<PriceLine>>,
    #[serde(default)]
    latency_ms: u64,
    #[serde(default)]
    speed: Option<Spanned<f64>>,
    agents: BTreeMap<String, Vec<TurnLines>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PriceLine {
    input: f64,
    #[serde(default)]
    cached_input: Option<f64>,
    #[serde(default)]
    cache_write: Option<f64>,
    output: f64,
}

/// A tool's name and its arguments, if it has any.
type CallLine = BTreeMap<String, Option<Map<String, Value>>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TurnLines {
    #[serde(default)]
    text: String,
    #[serde(default)]
    thinking: Option<String>,
    #[serde(default)]
    calls: Vec<Spanned<CallLine>>,
    #[serde(default)]
    usage: Option<UsageLine>,
    #[serde(default)]
    waits_for: Option<WaitFor>,
    #[serde(default)]
    delay_ms: u64,
    #[serde(default)]
    fail: Option<Fail>,
    #[serde(default)]
    stop: Option<Stop>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UsageLine {
    input: u64,
    #[serde(default)]
    cached: u64,
    #[serde(default)]
    cache_write: u64,
    output: u64,
}

/// Makes a script of its lines, and collects what is wrong with them.
struct Reader<'a> {
    path: &'a Path,
    problems: Vec<String>,
}

impl Reader<'_> {
    fn problem(&mut self, at: Location, problem: impl fmt::Display) {
        let place = Place { path: self.path, at };
        self.problems.push(format!("{place}: {problem}"));
    }

    fn script(&mut self, lines: ScriptLines) -> Script {
        let price = lines.price.map_or(Price::FREE, |price| self.price(&price));
        let speed = lines.speed.map_or(1.0, |speed| self.speed(&speed));
        let mut agents = BTreeMap::new();
        for (agent, turns) in lines.agents {
            let turns = turns
                .into_iter()
                .enumerate()
                .map(|(index, turn)| self.turn(index, turn, lines.latency_ms, speed))
                .collect();
            agents.insert(agent, turns);
        }
        Script { price, agents }
    }

    fn price(&mut self, line: &Spanned<PriceLine>) -> Price {
        let PriceLine { input, cached_input, cache_write, output } = line.value;
        let mut micros = |dollars: f64| {
            if !(0.0..=1e6).contains(&dollars) {
                self.problem(line.referenced, format!("a price of {dollars} is not a price"));
                return 0;
            }
            (dollars * 1e6).round() as u64
        };
        let input = micros(input);
        Price {
            input,
            cached_input: cached_input.map_or(input, &mut micros),
            cache_write: cache_write.map_or(input, &mut micros),
            output: micros(output),
        }
    }

    /// How many times as fast as its delays say the script plays; 0 is without any.
    fn speed(&mut self, speed: &Spanned<f64>) -> f64 {
        if !(0.0..=1e6).contains(&speed.value) {
            self.problem(speed.referenced, format!("a speed of {} is no speed", speed.value));
        }
        speed.value
    }

    fn turn(&mut self, index: usize, lines: TurnLines, latency_ms: u64, speed: f64) -> Turn {
        let calls: Vec<ToolCall> = lines
            .calls
            .into_iter()
            .enumerate()
            .filter_map(|(n, call)| self.call(&format!("call_{index}_{n}"), call))
            .collect();
        let usage = lines.usage.map(|usage| Usage {
            input_tokens: usage.input,
            cached_tokens: usage.cached,
            cache_write_tokens: usage.cache_write,
            output_tokens: usage.output,
            reported_cost: None,
        });
        let usual = if calls.is_empty() { Stop::EndTurn } else { Stop::ToolCalls };
        Turn {
            reply: Reply {
                text: lines.text.into(),
                calls,
                stop: lines.stop.unwrap_or(usual),
                usage: usage.unwrap_or_default(),
                provider_parts: None,
            },
            usage,
            thinking: lines.thinking.map(Into::into),
            waits_for: lines.waits_for,
            delay_ms: at_speed(latency_ms.saturating_add(lines.delay_ms), speed),
            fail: lines.fail,
        }
    }

    fn call(&mut self, id: &str, call: Spanned<CallLine>) -> Option<ToolCall> {
        let at = call.referenced;
        let mut tools = call.value.into_iter();
        let (Some((name, args)), None) = (tools.next(), tools.next()) else {
            self.problem(at, "a call is one tool's name with its arguments");
            return None;
        };
        let args = self.filled(at, args.unwrap_or_default()).to_string();
        Some(ToolCall { id: id.into(), name: name.into(), args: args.into() })
    }

    /// Arguments with the texts of the files that `NAME_from` names, at any depth.
    fn filled(&mut self, at: Location, args: impl IntoIterator<Item = (String, Value)>) -> Value {
        let mut whole = Map::new();
        for (key, value) in args {
            let (key, value) = match (key.strip_suffix("_from"), value) {
                (Some(plain), Value::String(file)) => match self.file(&file) {
                    Ok(text) => (plain.to_owned(), Value::String(text)),
                    Err(problem) => {
                        self.problem(at, format!("`{key}`: file `{file}` {problem}"));
                        continue;
                    }
                },
                (_, Value::Object(inner)) => (key, self.filled(at, inner)),
                (_, Value::Array(items)) => {
                    let items = items.into_iter().map(|item| match item {
                        Value::Object(inner) => self.filled(at, inner),
                        other => other,
                    });
                    (key, Value::Array(items.collect()))
                }
                (_, value) => (key, value),
            };
            if whole.contains_key(&key) {
                self.problem(at, format!("argument `{key}` is given twice"));
            }
            whole.insert(key, value);
        }
        Value::Object(whole)
    }

    /// The text of `file`, which must lie beneath the script's folder.
    fn file(&self, file: &str) -> Result<String, String> {
        let plain = Path::new(file).components().all(|part| matches!(part, Component::Normal(_)));
        if !plain || file.is_empty() {
            return Err("is not a path beneath the script's folder".to_owned());
        }
        let folder = match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            Some(_) | None => PathBuf::from("."),
        };
        let real = |path: &Path| path.canonicalize().map_err(|error| unreadable(&error));
        let path = real(&folder.join(file))?;
        if !path.starts_with(real(&folder)?) {
            return Err("leads out of the script's folder".to_owned());
        }
        read(&path)
    }
}

#[cfg(test)]
mod tests;
