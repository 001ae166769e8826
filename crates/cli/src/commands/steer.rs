//! `equitrcoder steer`: asks something of a run that is on in another process.

use super::page::print;
use super::runs::named;
use crate::args::SteerArgs;
use crate::error::{CliError, Exit};
use crate::session::engine_error;
use crate::settings::{self, Env};
use crate::steering;
use equitr_engine::{Answer, EngineError, Home, Loaded, RunDir, Steer, read_run};
use std::io::Write;

/// Asks a run for what the arguments say, and tells what came of it.
///
/// # Errors
/// When no process works on the run, or the run does not take it.
pub fn steer(args: &SteerArgs, env: Env<'_>, out: &mut dyn Write) -> Result<Exit, CliError> {
    let home = settings::home(args.home.as_deref(), env)?;
    let loaded = match &args.run {
        Some(run) => read_run(&named(&home, run)?).map_err(|error| engine_error(&error))?,
        None => newest_on(&home)?,
    };
    let run = loaded.dir.id();
    if loaded.state.ending().is_some_and(|ending| !ending.can_resume()) {
        return Err(CliError::usage(format!("run {run} is over"))
            .hint(format!("`equitrcoder report {run}` tells what it did")));
    }
    if !is_on(&loaded) {
        return Err(engine_error(&EngineError::NotOn { run: run.to_owned() }));
    }
    let request = steering::request(&args.action, &loaded.state).map_err(CliError::usage)?;
    print(out, &taken(run, ask(&loaded.dir, &request)?))?;
    Ok(Exit::Done)
}

/// Asks something of a run; the record that holds it, none when it is so already.
///
/// # Errors
/// When no process works on the run, or the run refuses.
pub(super) fn ask(dir: &RunDir, request: &Steer) -> Result<Option<u64>, CliError> {
    match equitr_engine::steer(dir, request).map_err(|error| engine_error(&error))? {
        Answer::Accepted { record } => Ok(record),
        Answer::Refused { why } => {
            let why = equitr_ui::sanitize(&why);
            Err(CliError::usage(format!("run {} refuses: {why}", dir.id())))
        }
    }
}

/// What is said of a request that a run took, by its record.
pub(super) fn taken(run: &str, record: Option<u64>) -> String {
    match record {
        Some(record) => format!("run {run}: taken, record {record}\n"),
        None => format!("run {run}: it is so already\n"),
    }
}

/// Whether a process works on a run.
fn is_on(loaded: &Loaded) -> bool {
    loaded.state.ending().is_none() && equitr_engine::is_on(&loaded.dir)
}

fn newest_on(home: &Home) -> Result<Loaded, CliError> {
    let dirs = home.runs().map_err(|error| engine_error(&error))?;
    let newest_first = dirs.iter().rev().filter_map(|dir| read_run(dir).ok());
    newest_first.into_iter().find(is_on).ok_or_else(|| {
        CliError::environment("no run is on just now")
            .hint("`equitrcoder runs` lists the runs, `equitrcoder resume` goes on with one")
    })
}
