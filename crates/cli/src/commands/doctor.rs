//! `equitrcoder doctor`: what is here, what is missing, and how to get it. Calls no provider.

use super::page::print;
use crate::args::InspectArgs;
use crate::error::{CliError, Exit, Problem};
use crate::models::{Role, address, connect, key, model_spec, price_line};
use crate::profiles::profiles;
use crate::sandbox;
use crate::settings::{Env, Settings, reason, shown, shown_url, unknown_variables};
use crate::survey::project_settings;
use equitr_core::spec::ModelSpec;
use equitr_core::units::Price;
use equitr_engine::Home;
use equitr_git::{Checkout, GitError};
use equitr_llm::{ModelName, facts};
use equitr_sandbox::{Backend, Mode};
use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;

/// Free space that a run wants: a clone, some worktrees and a journal of a small project.
const FREE_BYTES_MIN: u64 = 64_000_000;

/// Prints a line for each thing that a run needs; `names` are those of all environment variables.
///
/// [`Exit::Environment`] when something is missing.
///
/// # Errors
/// When it can't be printed.
pub fn run(
    args: &InspectArgs,
    home: &Home,
    env: Env<'_>,
    names: &[String],
    out: &mut dyn Write,
) -> Result<Exit, CliError> {
    let mut findings = Findings::default();
    findings.machine(home, &args.repo);
    if let Some(settings) = findings.settings(args, home, env) {
        findings.sandbox(&settings);
    }
    findings.variables(names);
    print(out, &findings.text)?;
    Ok(if findings.missing { Exit::Environment } else { Exit::Done })
}

#[derive(Default)]
struct Findings {
    text: String,
    missing: bool,
}

impl Findings {
    fn line(&mut self, verdict: &str, what: &str, finding: &str) {
        _ = writeln!(self.text, "{verdict:<8} {what:<11} {finding}");
    }

    fn ok(&mut self, what: &str, finding: &str) {
        self.line("ok", what, finding);
    }

    fn missing(&mut self, what: &str, problem: &str, hint: Option<&str>) {
        self.missing = true;
        self.line("missing", what, problem);
        if let Some(hint) = hint {
            self.line("", "", &format!("hint: {hint}"));
        }
    }

    fn problems(&mut self, what: &str, problems: &[Problem]) {
        for problem in problems {
            self.missing(what, &problem.message, None);
            let detail = problem.detail.iter().flat_map(|detail| detail.lines());
            detail.for_each(|line| self.line("", "", line));
            if let Some(hint) = &problem.hint {
                self.line("", "", &format!("hint: {hint}"));
            }
        }
    }

    fn machine(&mut self, home: &Home, repository: &Path) {
        self.git();
        self.home(home);
        self.repository(repository);
    }

    fn variables(&mut self, names: &[String]) {
        for warning in unknown_variables(names.iter().cloned()) {
            self.line("note", "variable", &warning);
        }
    }

    fn git(&mut self) {
        match equitr_git::version() {
            Ok(version) => self.ok("git", &version.to_string()),
            Err(error) => {
                let hint = format!("install git {} or newer", equitr_git::NEEDED);
                self.missing("git", &error.to_string(), Some(&hint));
            }
        }
    }

    fn home(&mut self, home: &Home) {
        let root = home.root();
        let name = shown(&root.display().to_string());
        let hint = Some("choose another folder with --home DIR or EQUITR_HOME");
        // What is not there yet is made within the nearest folder that is.
        let Some(standing) = root.ancestors().find(|path| path.exists()) else {
            return self.missing("home", &format!("{name} can't be made"), hint);
        };
        if let Err(error) = tempfile::tempfile_in(standing) {
            let problem = format!("{name} can't be written: {}", reason(&error));
            return self.missing("home", &problem, hint);
        }
        let made = if standing == root { "" } else { ", made at the first run" };
        match nix::sys::statvfs::statvfs(standing) {
            Ok(disk) => {
                let blocks = u128::from(disk.blocks_available());
                let free = blocks * u128::from(disk.fragment_size());
                let free = u64::try_from(free).unwrap_or(u64::MAX);
                let finding = format!("{name}{made}, {} free", size(free));
                if free < FREE_BYTES_MIN {
                    let problem = format!("{finding}, {} needed", size(FREE_BYTES_MIN));
                    self.missing("home", &problem, hint);
                } else {
                    self.ok("home", &finding);
                }
            }
            Err(_) => self.ok("home", &format!("{name}{made}")),
        }
    }

    fn repository(&mut self, here: &Path) {
        if Checkout::is_vacant(here) {
            let path = shown(&here.display().to_string());
            return self.ok("repository", &format!("{path} is empty: one is made at the start"));
        }
        match Checkout::open(here) {
            Ok(checkout) => match (checkout.head(), checkout.uncommitted()) {
                (Ok(head), Ok(changes)) => {
                    let branch = head.branch.as_deref().unwrap_or("no branch");
                    let root = shown(&checkout.root().display().to_string());
                    let state = match (head.commit.is_some(), changes.len()) {
                        (false, _) => "no commits yet".to_owned(),
                        (true, 0) => "clean".to_owned(),
                        (true, n) => format!("{n} uncommitted changes: they are left alone"),
                    };
                    self.ok("repository", &format!("{root}, {}, {state}", shown(branch)));
                }
                (Err(error), _) | (_, Err(error)) => {
                    self.missing("repository", &shown(&error.to_string()), None);
                }
            },
            Err(error @ GitError::NotARepository { .. }) => {
                let told = shown(&error.to_string());
                let way = "name a new folder with --repo DIR, or `git init` this one";
                self.line("note", "repository", &format!("{told}: {way}"));
            }
            Err(error) => {
                let hint = match &error {
                    GitError::Bare { .. } => Some("git clone it and go there"),
                    GitError::InProgress { .. } => Some("finish or abort it with git"),
                    GitError::FilesElsewhere { .. } => Some("git config --unset core.worktree"),
                    _ => None,
                };
                self.missing("repository", &shown(&error.to_string()), hint);
            }
        }
    }

    /// The settings of a run on the repository, unless something is wrong with them.
    fn settings(&mut self, args: &InspectArgs, home: &Home, env: Env<'_>) -> Option<Settings> {
        match profiles(home, &args.repo) {
            Ok(profiles) => {
                let names: Vec<&str> = profiles.keys().map(|name| &**name).collect();
                self.ok("profiles", &names.join(", "));
            }
            Err(error) => self.problems("profiles", &error.problems),
        }
        let (settings, told) = match effective(args, home, env) {
            Ok(effective) => effective,
            Err(error) => {
                self.problems("settings", &error.problems);
                return None;
            }
        };
        let config = shown(&settings.config.display().to_string());
        let there = if settings.config.exists() { "" } else { " is not there: defaults" };
        let budget = settings.budget.map_or("none".to_owned(), |budget| budget.to_string());
        let workers = settings.workers();
        let finding = format!("{config}{there}; budget {budget}, workers at a time: {workers}");
        self.ok("settings", &finding);
        for line in told {
            self.line("note", "settings", &line);
        }
        let mut told: Vec<Problem> = Vec::new();
        for role in Role::ALL {
            match model(&settings, role, env, home) {
                Ok(finding) => self.ok(&role.to_string(), &finding),
                Err(error) if error.problems.iter().all(|p| told.contains(p)) => {
                    self.missing(&role.to_string(), "as above", None);
                }
                Err(error) => {
                    self.problems(&role.to_string(), &error.problems);
                    told.extend(error.problems);
                }
            }
        }
        Some(settings)
    }

    /// What commands would run in, proved by attacks on it.
    fn sandbox(&mut self, settings: &Settings) {
        let backend = match sandbox::chosen(settings.sandbox, &settings.network) {
            Ok(Backend::Off) => {
                return self.line("note", "sandbox", "off: commands can do whatever you can");
            }
            Ok(backend) => backend,
            Err(error) => return self.problems("sandbox", &error.problems),
        };
        match sandbox::trial(&backend) {
            Ok(trial) if trial.leaked.is_empty() => {
                self.ok("sandbox", &format!("{backend}, {}", trial.words()));
                for weakness in backend.weaknesses() {
                    self.line("note", "sandbox", &format!("{backend}: {weakness}"));
                }
                if matches!(backend, Backend::Landlock { .. }) {
                    let bubblewrap = sandbox::chosen(Mode::Bubblewrap, &[]);
                    let problems = bubblewrap.err().map(|error| error.problems);
                    for problem in problems.unwrap_or_default() {
                        let hint = problem.hint.unwrap_or_default();
                        self.line("note", "sandbox", &format!("{}: {hint}", problem.message));
                    }
                }
            }
            Ok(trial) => {
                let leaked = trial.leaked.join(", ");
                let problem = format!("{backend} does not stop these attacks: {leaked}");
                self.missing("sandbox", &problem, Some("please report this; see SECURITY.md"));
            }
            Err(error) => self.problems("sandbox", &error.problems),
        }
    }
}

/// The settings, and what the repository's own made stricter of what the person set.
fn effective(
    args: &InspectArgs,
    home: &Home,
    env: Env<'_>,
) -> Result<(Settings, Vec<String>), CliError> {
    let mut settings = Settings::load(home, env, &args.settings)?;
    let told = match project_settings(&args.repo)? {
        Some(source) => settings.tighten(&source)?,
        None => Vec::new(),
    };
    Ok((settings, told))
}

/// A role's model in one line: its name, price, key and address.
fn model(settings: &Settings, role: Role, env: Env<'_>, home: &Home) -> Result<String, CliError> {
    let spec = model_spec(settings, role, env)?;
    let Some((name, origin)) = settings.model_of(role) else { return Ok(String::new()) };
    connect(name, settings, env, home)?;
    let mut finding = format!("{} ({origin}), {}", shown(&spec.name), price(name, &spec));
    if let ModelName::Served { provider, .. } = name {
        if let Some((variable, key)) = key(*provider, env) {
            _ = write!(finding, ", {variable} …{}", key_end(&key));
        }
        let own = provider.default_base_url();
        if let Some(address) = address(settings, *provider)?.or(own) {
            _ = write!(finding, ", {}", shown_url(address));
        }
    }
    Ok(finding)
}

fn price(name: &ModelName, spec: &ModelSpec) -> String {
    let is_known = facts(name).price.is_some() || spec.price != Price::FREE;
    if is_known { price_line(&spec.price) } else { "price not known".to_owned() }
}

/// The last four characters of a key, or none of a short one.
fn key_end(key: &str) -> String {
    let chars: Vec<char> = key.chars().collect();
    let shown = if chars.len() >= 12 { 4 } else { 0 };
    chars[chars.len() - shown..].iter().collect()
}

/// `12.3 GB`
fn size(bytes: u64) -> String {
    let (unit, name) =
        if bytes >= 1_000_000_000 { (1_000_000_000, "GB") } else { (1_000_000, "MB") };
    let tenths = bytes / (unit / 10);
    format!("{}.{} {name}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests;
