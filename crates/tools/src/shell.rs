//! Running a command for an agent.

use crate::bounded::size;
use crate::error::Error;
use crate::process::{Command, Ended, Progress, run, told};
use crate::{Limits, Output, Place};
use equitr_core::chat::ToolOutcome;
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

/// Linux takes 128 KiB as one argument; a line this long is a script, to be written to a file.
const LINE_BYTES_MAX: usize = 64 * 1024;

/// Run a command line with `sh -c` in the project's root. No input, no terminal; background
/// processes end with it. Long output is cut in the middle.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunCommand {
    command: String,
    timeout_s: Option<u64>,
}

/// Runs it; a command that ran and failed is a result, one that could not run, or that we had to
/// end, is an error.
pub(crate) async fn run_command(
    args: &RunCommand,
    place: &Place,
    limits: &Limits,
    progress: Progress<'_>,
) -> Result<Output, Error> {
    let timeout = match args.timeout_s {
        Some(seconds) => Duration::from_secs(seconds.max(1)).min(limits.command_timeout_max),
        None => limits.command_timeout.min(limits.command_timeout_max),
    };
    let command = command(&args.command, place, timeout)?;
    let finished = run(command, progress).await?;
    let told = told(&finished, timeout);
    let (head, outcome) = match &finished.ended {
        Ended::Exited(_) | Ended::Signalled(_) => (told, ToolOutcome::Ok),
        Ended::TimedOut | Ended::Flooded | Ended::CantRun { .. } => {
            (format!("error: {told}"), ToolOutcome::Error)
        }
    };
    Ok(Output { content: format!("{head}\n{}", finished.output), outcome })
}

/// The line as a command in the place; fails for a line that no shell takes.
pub(crate) fn command<'a>(
    line: &'a str,
    place: &'a Place,
    timeout: Duration,
) -> Result<Command<'a>, Error> {
    let bad = |what: String| Err(Error::BadArgument { what });
    if line.trim().is_empty() {
        return bad("`command` is empty".into());
    }
    if line.contains('\0') {
        return bad("`command` holds a NUL character".into());
    }
    if line.len() > LINE_BYTES_MAX {
        let given = size(line.len() as u64);
        return bad(format!("`command` is {given}; write a script to a file and run that"));
    }
    let (folder, environment) = (place.worktree.folder(), &place.environment);
    Ok(Command { line, folder, environment, timeout })
}
