//! Beginning a run: from flags, settings and the repository to a spec, and from there to its end.

use crate::args::{RunArgs, SettingsArgs, StartArgs};
use crate::conversation::Conversation;
use crate::error::{CliError, Exit};
use crate::models;
use crate::profiles::profiles;
use crate::sandbox;
use crate::secrets::redactor;
use crate::session::{engine_error, follow, interrupted_note, now_ms, with_causes};
use crate::settings::{self, Env, Settings};
use crate::surface::Surface;
use crate::survey::{self, Survey, documents, survey};
use equitr_core::decide::document_problems;
use equitr_core::policy::{Acceptance, Policy};
use equitr_core::spec::{Approval, Goal, ModelSpec, Origin, Person, RunSpec};
use equitr_engine::{Home, RepositoryLock};
use equitr_sandbox::Backend;
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A prompt that is longer is a document; it belongs into the repository.
const PROMPT_BYTES_MAX: u64 = 1 << 20;

/// A run that is about to begin.
pub struct Beginning {
    pub settings: Settings,
    pub home: Home,
    pub repository: PathBuf,
    pub origin: Origin,
    pub goal: Goal,
    pub person: Person,
    pub approval: Approval,
    pub acceptance: Acceptance,
}

/// `equitrcoder` and `equitrcoder plan`.
///
/// # Errors
/// All that keeps the run from beginning; nothing was asked of a model then.
pub fn start(args: &StartArgs, goal: Goal, env: Env<'_>) -> Result<Exit, CliError> {
    let (settings, home) = load(&args.settings, env)?;
    let prompt = prompt(args)?;
    let answers = answers(args)?;
    let terminal =
        std::io::stdin().is_terminal() && std::io::stdout().is_terminal() && !args.output.json;
    let asked = terminal && !args.yes && answers.is_none();
    if !asked && prompt.is_none() {
        return Err(CliError::usage("planning needs a terminal")
            .hint("say what to build with --prompt TEXT or --prompt-file FILE, and --yes"));
    }
    if !terminal && !args.yes {
        return Err(CliError::usage("the documents need a terminal to be approved at")
            .hint("approve them in advance with --yes"));
    }
    let person = if asked {
        Person::Present { patience_ms: settings.patience_ms() }
    } else {
        Person::Absent { answers: answers.unwrap_or_default() }
    };
    let beginning = Beginning {
        repository: absolute(&args.repo)?,
        origin: Origin::Conversation { prompt },
        goal,
        person,
        approval: if args.yes { Approval::Given } else { Approval::Asked },
        acceptance: acceptance(args.accept_protected),
        settings,
        home,
    };
    beginning.run(&mut Surface::new(&args.output), env)
}

/// `equitrcoder run`.
///
/// # Errors
/// As [`start`], and when the documents are missing or wrong.
pub fn run(args: &RunArgs, env: Env<'_>) -> Result<Exit, CliError> {
    let (settings, home) = load(&args.settings, env)?;
    let repository = absolute(&args.repo)?;
    let documents = documents(&repository)?;
    let problems = document_problems(&documents);
    if !problems.is_empty() {
        let told = problems.iter().map(|problem| crate::error::Problem {
            message: problem.clone(),
            detail: None,
            hint: None,
        });
        return Err(CliError { problems: told.collect(), exit: Exit::Usage });
    }
    let terminal = std::io::stdin().is_terminal() && !args.output.json;
    let person = if terminal {
        Person::Present { patience_ms: settings.patience_ms() }
    } else {
        Person::Absent { answers: Vec::new() }
    };
    let beginning = Beginning {
        repository,
        origin: Origin::Documents(documents),
        goal: Goal::Project,
        person,
        approval: Approval::Given,
        acceptance: acceptance(args.accept_protected),
        settings,
        home,
    };
    beginning.run(&mut Surface::new(&args.output), env)
}

impl Beginning {
    /// Begins the run and follows it to its end.
    ///
    /// # Errors
    /// All that keeps it from beginning, or stops it for a reason that is not the run's own.
    pub fn run(mut self, surface: &mut Surface, env: Env<'_>) -> Result<Exit, CliError> {
        let found = survey(&self.repository, &redactor())?;
        let tightened = match &found.settings {
            Some(source) => self.settings.tighten(source)?,
            None => Vec::new(),
        };
        let backend = sandbox::chosen(self.settings.sandbox, &self.settings.network)?;
        let spec = self.spec(&found, &backend, env)?;
        let commands_in = sandbox::of_commands(&backend)?;
        let parts = models::parts(&spec.models, &self.settings, env, &self.home, commands_in)?;
        let conversation = match &spec.person {
            Person::Present { .. } => Conversation::new(self.settings.max_workers.max(2)),
            Person::Absent { .. } => surface.is_interactive().then(Conversation::watching),
        };
        let id = run_id(now_ms());
        let dir = self.home.run(&id);
        let lock = RepositoryLock::take(&self.home, &self.repository, &id)
            .map_err(|error| engine_error(&error))?;
        notes(&found, &tightened, surface);
        sandbox::note(&backend, surface);
        let handle = equitr_engine::begin(&dir, Arc::new(spec), parts, lock)
            .map_err(|error| engine_error(&error))?;
        let exit = follow(handle, None, surface, conversation)?;
        if exit == Exit::Interrupted {
            surface.note(&interrupted_note(&self.home, &id, env));
        }
        Ok(exit)
    }

    fn spec(&self, found: &Survey, backend: &Backend, env: Env<'_>) -> Result<RunSpec, CliError> {
        let mut models = models::models(&self.settings, env)?;
        for model in [&mut models.planner, &mut models.supervisor, &mut models.worker] {
            make_absolute(model)?;
        }
        Ok(RunSpec {
            version: env!("CARGO_PKG_VERSION").into(),
            repository: self.repository.to_string_lossy().into(),
            origin: self.origin.clone(),
            goal: self.goal,
            person: self.person.clone(),
            approval: self.approval,
            limits: self.settings.limits(),
            models,
            profiles: profiles(&self.home, &self.repository)?,
            checks: self.settings.checks.clone(),
            tools: equitr_tools::specs(&equitr_tools::Tool::ALL).into(),
            map: found.map.as_str().into(),
            guide: found.guide.as_str().into(),
            commit_prefix: self.settings.commit_message_prefix.as_str().into(),
            acceptance: self.settings.acceptance,
            policy: self.policy(backend),
            earlier: survey::earlier(&self.repository)?,
        })
    }

    fn policy(&self, backend: &Backend) -> Policy {
        Policy {
            sandbox: sandbox::recorded(backend),
            network: sandbox::recorded_network(&self.settings.network),
            protected: self.settings.protected_paths(),
            protected_accepted: self.acceptance,
            secret_files_allowed: self.settings.allow_secret_files.clone(),
            disk_bytes: self.settings.disk_bytes(),
            memory_bytes: self.settings.memory_bytes(),
            processes: self.settings.processes,
        }
    }
}

/// A script is found again from whatever folder the run is resumed in.
fn make_absolute(model: &mut ModelSpec) -> Result<(), CliError> {
    if let Some(file) = model.name.strip_prefix("script:") {
        model.name = format!("script:{}", absolute(Path::new(file))?.display()).into();
    }
    Ok(())
}

fn acceptance(flag_is_given: bool) -> Acceptance {
    if flag_is_given { Acceptance::Given } else { Acceptance::Asked }
}

fn notes(found: &Survey, tightened: &[String], surface: &mut Surface) {
    for line in tightened {
        surface.note(&format!("note: {line}"));
    }
    if !found.uncommitted.is_empty() {
        let count = found.uncommitted.len();
        surface.note(&format!(
            "note: {count} uncommitted {} in the repository; agents see what is committed",
            if count == 1 { "change" } else { "changes" }
        ));
    }
    if !found.ignored.is_empty() {
        let names = equitr_ui::sanitize(&found.ignored.join(", "));
        surface.note(&format!("note: git settings that run programs are ignored: {names}"));
    }
}

/// The settings and the home folder that flags and environment ask for.
pub fn load(args: &SettingsArgs, env: Env<'_>) -> Result<(Settings, Home), CliError> {
    let home = settings::home(args.home.as_deref(), env)?;
    Ok((Settings::load(&home, env, args)?, home))
}

fn prompt(args: &StartArgs) -> Result<Option<Arc<str>>, CliError> {
    let text = match (&args.prompt, &args.prompt_file) {
        (Some(dash), _) if dash == "-" => read(&mut std::io::stdin().lock(), "standard input")?,
        (Some(text), _) => text.clone(),
        (None, Some(path)) => read_file(path)?,
        (None, None) => return Ok(None),
    };
    if text.trim().is_empty() {
        return Err(CliError::usage("the prompt is empty"));
    }
    if text.contains('\0') {
        return Err(CliError::usage("the prompt holds a NUL byte"));
    }
    Ok(Some(text.trim().into()))
}

fn answers(args: &StartArgs) -> Result<Option<Vec<Arc<str>>>, CliError> {
    let Some(path) = &args.answers else { return Ok(None) };
    let text = read_file(path)?;
    Ok(Some(text.lines().map(str::trim).filter(|l| !l.is_empty()).map(Arc::from).collect()))
}

fn read_file(path: &Path) -> Result<String, CliError> {
    let shown = path.display().to_string();
    if path.exists() && !path.is_file() {
        return Err(CliError::usage(format!("{shown} is not a regular file")));
    }
    let mut file = std::fs::File::open(path)
        .map_err(|error| CliError::usage(format!("can't read {shown}: {}", with_causes(&error))))?;
    read(&mut file, &shown)
}

fn read(from: &mut dyn Read, name: &str) -> Result<String, CliError> {
    let mut bytes = Vec::new();
    from.take(PROMPT_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| CliError::usage(format!("can't read {name}: {}", with_causes(&error))))?;
    if bytes.len() as u64 > PROMPT_BYTES_MAX {
        return Err(CliError::usage(format!("{name} is larger than 1 MB")));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        CliError::usage(format!("{name} is not UTF-8 text (at byte {at})"))
    })
}

/// `path` from the root of the file system.
pub fn absolute(path: &Path) -> Result<PathBuf, CliError> {
    let whole = std::path::absolute(path)
        .map_err(|error| CliError::usage(format!("can't find {}: {error}", path.display())))?;
    // A folder that is there has one name, whatever links lead to it.
    Ok(whole.canonicalize().unwrap_or(whole))
}

/// A name that sorts by time and that two processes don't share: `20261122-163351-4f2a`.
pub fn run_id(at_ms: u64) -> String {
    let utc = equitr_ui::utc(at_ms);
    let digits: String = utc.chars().filter(char::is_ascii_digit).take(14).collect();
    let salt = u64::from(std::process::id()).wrapping_mul(0x9e37_79b9) ^ at_ms;
    format!("{}-{}-{:04x}", &digits[..8], &digits[8..], salt & 0xffff)
}
