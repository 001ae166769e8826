//! Commands about runs that exist: `resume`, `status`, `runs`, `show`, `report`.

use super::page::{Side, print, table};
use crate::args::{ListArgs, ResumeArgs, RunName, SettingsArgs, StatusArgs, When};
use crate::conversation::Conversation;
use crate::error::{CliError, Exit};
use crate::models;
use crate::sandbox;
use crate::session::{engine_error, follow, interrupted_note, reopen_commands};
use crate::settings::{self, Env, Settings};
use crate::start::load;
use crate::surface::{Surface, style};
use crate::survey::project_settings;
use equitr_core::decide::acceptance_objection;
use equitr_core::event::Ending;
use equitr_core::input::Command;
use equitr_core::spec::Person;
use equitr_core::state::RunState;
use equitr_engine::{EngineError, Home, Loaded, RepositoryLock, RunDir, read_run};
use equitr_sandbox::Mode;
use std::io::{IsTerminal, Write};
use std::path::Path;

/// `equitrcoder resume`: goes on from the last committed record.
///
/// # Errors
/// When there is nothing to go on with, or what it needs is missing.
pub fn resume(args: &ResumeArgs, env: Env<'_>) -> Result<Exit, CliError> {
    resume_with(args, env, &mut Surface::new(&args.output), |_, _| Ok(Some(Vec::new())))
}

/// The same, with commands by what the run is, which are carried out first; without any, nothing is
/// begun.
///
/// # Errors
/// As [`resume`], and those of `wishes`.
pub fn resume_with(
    args: &ResumeArgs,
    env: Env<'_>,
    surface: &mut Surface,
    wishes: impl FnOnce(&RunState, &mut Surface) -> Result<Option<Vec<Command>>, CliError>,
) -> Result<Exit, CliError> {
    let flags = SettingsArgs {
        budget: args.budget.clone(),
        max_workers: args.max_workers.clone(),
        api_base: args.api_base.clone(),
        sandbox: args.sandbox.clone(),
        home: args.home.clone(),
        ..SettingsArgs::default()
    };
    let (settings, home) = load(&flags, env)?;
    let dir = match &args.run {
        Some(run) => named(&home, run)?,
        None if args.accept_protected => {
            // A result that waits for this word comes before a run that may want it one day.
            let waits = |state: &RunState| state.delivery.is_some() && can_accept(state);
            newest(&home, waits, "accept").or_else(|_| newest(&home, can_accept, "accept"))?
        }
        None => newest(&home, can_go_on, "resume")?,
    };
    // The lock first: what another process is writing is not read half.
    let repository = repository(&dir)?;
    let lock = RepositoryLock::take(&home, Path::new(&repository), dir.id())
        .map_err(|error| engine_error(&error))?;
    let loaded = read_run(&dir).map_err(|error| engine_error(&error))?;
    let mut commands = Vec::new();
    if args.accept_protected {
        if let Some(why) = acceptance_objection(&loaded.state) {
            return Err(cant_accept(&loaded.state, &why, dir.id()));
        }
        commands.push(Command::AcceptProtected);
    } else if !can_go_on(&loaded.state) {
        return Err(CliError::usage(format!("run {} is over", dir.id()))
            .hint(format!("`equitrcoder report {}` tells what it did", dir.id())));
    }
    let Some(wishes) = wishes(&loaded.state, surface)? else { return Ok(Exit::Done) };
    let policy = &loaded.state.spec.policy;
    let (asked, tightened) = match args.sandbox {
        Some(_) => asked_sandbox(&settings, Path::new(&repository))?,
        None => (None, Vec::new()),
    };
    let mode = sandbox::resumed(policy.sandbox, asked);
    let backend = sandbox::chosen(mode, sandbox::hosts(&policy.network))?;
    let commands_in = sandbox::of_commands(&backend)?;
    let parts = models::parts(&loaded.state.spec.models, &settings, env, &home, commands_in)?;
    commands.push(Command::SetSandbox(sandbox::recorded(&backend)));
    if args.budget.is_some() {
        if settings.budget.is_some() {
            models::keeps_a_budget(&loaded.state.spec.models)?;
        }
        commands.push(Command::SetBudget(settings.budget));
    }
    if args.max_workers.is_some() {
        commands.push(Command::SetWorkers(settings.max_workers));
    }
    let mut commands = reopen_commands(&loaded.state, commands);
    commands.extend(wishes);
    let present = matches!(loaded.state.spec.person, Person::Present { .. });
    let terminal = std::io::stdin().is_terminal() && !args.output.json;
    tightened.iter().for_each(|line| surface.note(&format!("note: {line}")));
    let conversation = if present && terminal {
        Conversation::new(settings.max_workers.max(2))
    } else {
        surface.is_interactive().then(Conversation::watching)
    };
    sandbox::note(&backend, surface);
    let state = loaded.state.clone();
    let handle = equitr_engine::resume(loaded, parts, lock, commands)
        .map_err(|error| engine_error(&error))?;
    let exit = follow(handle, Some(state), surface, conversation)?;
    if exit == Exit::Interrupted {
        surface.note(&interrupted_note(&home, dir.id(), env));
    }
    Ok(exit)
}

/// The sandbox that a person asks for by the flag, and what the repository makes of it: as for a new
/// run, the stricter of the two holds.
fn asked_sandbox(
    settings: &Settings,
    repository: &Path,
) -> Result<(Option<Mode>, Vec<String>), CliError> {
    let mut asked = settings.clone();
    let told = match project_settings(repository)? {
        Some(source) => asked.tighten(&source)?,
        None => Vec::new(),
    };
    let of_sandbox = told.into_iter().filter(|line| line.starts_with("sandbox "));
    Ok((Some(asked.sandbox), of_sandbox.collect()))
}

/// The person's word for protected files comes to nothing; why, and what is left to do.
fn cant_accept(state: &RunState, why: &str, id: &str) -> CliError {
    let hint = match equitr_ui::takeover_command(state) {
        Some(command) => format!("take the result over with `{command}`"),
        None => format!("`equitrcoder report {id}` tells what it did"),
    };
    CliError::usage(format!("protected files of run {id} can't be accepted: {why}")).hint(hint)
}

/// `equitrcoder status`.
///
/// # Errors
/// When there is no such run or its journal can't be read.
pub fn status(args: &StatusArgs, env: Env<'_>, out: &mut dyn Write) -> Result<Exit, CliError> {
    let loaded = chosen(args.run.as_deref(), args.home.as_deref(), env)?;
    let text = if args.json {
        let value = equitr_ui::status::status_json(&loaded.state);
        format!("{}\n", equitr_ui::json::value_line(&value))
    } else {
        let page = equitr_ui::status::status(&loaded.state, &style(When::Auto));
        format!("{page}{}", idle_note(&loaded, args.home.as_deref(), env)?)
    };
    print(out, &text)?;
    Ok(Exit::Done)
}

/// That no process works on a run which has not ended, and how to go on.
pub(super) fn idle_note(
    loaded: &Loaded,
    home: Option<&Path>,
    env: Env<'_>,
) -> Result<String, CliError> {
    let home = settings::home(home, env)?;
    let repository = Path::new(&*loaded.state.spec.repository);
    if loaded.state.ending().is_some() || RepositoryLock::is_held(&home, repository) {
        return Ok(String::new());
    }
    let id = loaded.dir.id();
    Ok(format!("No process works on it just now: go on with `equitrcoder resume {id}`\n"))
}

/// `equitrcoder report`.
///
/// # Errors
/// As [`status`].
pub fn report(args: &RunName, env: Env<'_>, out: &mut dyn Write) -> Result<Exit, CliError> {
    let loaded = chosen(args.run.as_deref(), args.home.as_deref(), env)?;
    print(out, &equitr_ui::report::report(&loaded.state, &style(When::Auto)))?;
    Ok(Exit::Done)
}

/// `equitrcoder show`: the journal, record after record.
///
/// # Errors
/// As [`status`].
pub fn show(args: &RunName, env: Env<'_>, out: &mut dyn Write) -> Result<Exit, CliError> {
    let loaded = chosen(args.run.as_deref(), args.home.as_deref(), env)?;
    let style = style(When::Auto);
    let mut state: Option<RunState> = None;
    for record in &loaded.records {
        let followed = match &mut state {
            None => equitr_core::apply::open(record).map(|opened| state = Some(opened)),
            Some(state) => equitr_core::apply::apply(state, record),
        };
        followed.map_err(|refused| CliError::new(Exit::Journal, refused.to_string()))?;
        if let Some(state) = &state {
            print(out, &equitr_ui::show::show(record, state, &style))?;
        }
    }
    Ok(Exit::Done)
}

/// `equitrcoder runs`, the newest last.
///
/// # Errors
/// When the folder of runs can't be read; a run that can't be read is listed with the reason.
pub fn runs(args: &ListArgs, env: Env<'_>, out: &mut dyn Write) -> Result<Exit, CliError> {
    let home = settings::home(args.home.as_deref(), env)?;
    let dirs = home.runs().map_err(|error| engine_error(&error))?;
    if dirs.is_empty() {
        print(out, "no runs yet; `equitrcoder demo` shows one\n")?;
        return Ok(Exit::Done);
    }
    let mut rows = vec![["run", "state", "tasks", "spent", "project"].map(str::to_owned)];
    for dir in dirs {
        rows.push(match read_run(&dir) {
            Ok(loaded) => row(&dir, &loaded.state),
            Err(error) => {
                let told = crate::session::with_causes(&error);
                [dir.id().to_owned(), told, String::new(), String::new(), String::new()]
            }
        });
    }
    print(out, &table([Side::Left; 5], &rows))?;
    Ok(Exit::Done)
}

fn row(dir: &RunDir, state: &RunState) -> [String; 5] {
    let tally = equitr_ui::Tally::of(state);
    let tasks = if state.tasks.is_empty() {
        "-".to_owned()
    } else {
        format!("{}/{}", tally.merged(), tally.total)
    };
    [
        dir.id().to_owned(),
        state_word(state).to_owned(),
        tasks,
        state.ledger.spent.to_string(),
        equitr_ui::sanitize(&state.spec.repository),
    ]
}

fn state_word(state: &RunState) -> &'static str {
    match state.ending() {
        None if state.paused.is_some() => "paused",
        None => equitr_ui::status::phase_word(&state.phase),
        Some(Ending::Done) => "done",
        Some(Ending::DoneWithOpenWork) => "done with open work",
        Some(Ending::Failed { .. }) => "failed",
        Some(Ending::OutOfBudget) => "out of budget",
        Some(Ending::ModelUnavailable { .. }) => "model unavailable",
        Some(Ending::Broken { .. }) => "broken off",
        Some(Ending::Cancelled) => "cancelled",
    }
}

pub fn can_go_on(state: &RunState) -> bool {
    state.ending().is_none_or(Ending::can_resume)
}

fn can_accept(state: &RunState) -> bool {
    acceptance_objection(state).is_none()
}

pub(super) fn chosen(
    run: Option<&str>,
    home: Option<&Path>,
    env: Env<'_>,
) -> Result<Loaded, CliError> {
    let home = settings::home(home, env)?;
    let dir = match run {
        Some(run) => named(&home, run)?,
        None => newest(&home, |_| true, "show")?,
    };
    read_run(&dir).map_err(|error| engine_error(&error))
}

/// The run called `run`; its beginning is enough when no other begins so.
pub fn named(home: &Home, run: &str) -> Result<RunDir, CliError> {
    let dirs = home.runs().map_err(|error| engine_error(&error))?;
    let mut fitting = dirs.iter().filter(|dir| dir.id() == run || dir.id().starts_with(run));
    match (fitting.next(), fitting.next()) {
        (Some(dir), None) => Ok(dir.clone()),
        (Some(dir), Some(_)) if dir.id() == run => Ok(dir.clone()),
        (Some(_), Some(_)) => Err(CliError::usage(format!("several runs begin with `{run}`"))
            .hint("`equitrcoder runs` lists them")),
        (None, _) => Err(engine_error(&EngineError::NoSuchRun { run: run.to_owned() })),
    }
}

pub fn newest(
    home: &Home,
    fits: impl Fn(&RunState) -> bool,
    verb: &str,
) -> Result<RunDir, CliError> {
    let dirs = home.runs().map_err(|error| engine_error(&error))?;
    let mut unreadable = None;
    for dir in dirs.iter().rev() {
        match read_run(dir) {
            Ok(loaded) if fits(&loaded.state) => return Ok(dir.clone()),
            Ok(_) => {}
            Err(error) => unreadable = unreadable.or(Some(error)),
        }
    }
    match unreadable {
        Some(error) => Err(engine_error(&error)),
        None => Err(CliError::usage(format!("there is no run to {verb}"))
            .hint("`equitrcoder runs` lists the runs")),
    }
}

/// The repository of a run, by its first record.
fn repository(dir: &RunDir) -> Result<String, CliError> {
    let loaded = read_run(dir).map_err(|error| engine_error(&error))?;
    Ok(loaded.state.spec.repository.to_string())
}
