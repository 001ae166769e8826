//! Running a command for an agent.

use crate::bounded::size;
use crate::error::{Error, quoted};
use crate::process::{Command, Ended, Progress, run, told};
use crate::secret_files::secret_files;
use crate::{Limits, Output, Place};
use equitr_core::chat::ToolOutcome;
use schemars::JsonSchema;
use serde::Deserialize;
use std::path::PathBuf;
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
    let masked = masked(place).await;
    let command = command(&args.command, place, &masked, timeout)?;
    let finished = run(command, progress).await?;
    let told = told(&finished, timeout);
    let (head, outcome) = match &finished.ended {
        Ended::Exited(_) | Ended::Signalled(_) => (told, ToolOutcome::Ok),
        Ended::TimedOut | Ended::Flooded | Ended::OverQuota(_) | Ended::CantRun { .. } => {
            (format!("error: {told}"), ToolOutcome::Error)
        }
    };
    let mut content = format!("{head}\n{}", finished.output);
    if finished.ended != Ended::Exited(0) {
        content.push_str(&hidden(&masked, place));
    }
    Ok(Output { content, outcome })
}

/// A note on files that a command found empty, which may be why it failed.
fn hidden(masked: &[PathBuf], place: &Place) -> String {
    /// Enough to recognise the one that matters.
    const NAMED_MAX: usize = 3;
    if masked.is_empty() {
        return String::new();
    }
    let root = place.worktree.folder();
    let names: Vec<String> = masked
        .iter()
        .take(NAMED_MAX)
        .map(|path| path.strip_prefix(root).unwrap_or(path).to_string_lossy())
        .map(|path| format!("`{}`", quoted(&path)))
        .collect();
    let more = match masked.len().saturating_sub(NAMED_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let names = names.join(", ");
    format!("[commands find {names}{more} empty, as files of secrets]\n")
}

/// The files that look like they hold secrets, to be hidden from a command.
pub(crate) async fn masked(place: &Place) -> Vec<PathBuf> {
    if !place.sandbox.masks() {
        return Vec::new();
    }
    let worktree = place.worktree.clone();
    tokio::task::spawn_blocking(move || secret_files(&worktree)).await.unwrap_or_default()
}

/// The line as a command in the place; fails for a line that no shell takes.
pub(crate) fn command<'a>(
    line: &'a str,
    place: &'a Place,
    masked: &'a [PathBuf],
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
    let Place { worktree, environment, sandbox, quotas, redactor } = place;
    let (folder, quotas) = (worktree.folder(), *quotas);
    Ok(Command { line, folder, environment, sandbox, masked, quotas, timeout, redactor })
}
