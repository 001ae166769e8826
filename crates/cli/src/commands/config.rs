//! `equitrcoder config`: the effective settings and where each value came from.

use super::page::{Side, print, table};
use crate::args::InspectArgs;
use crate::error::{CliError, Exit};
use crate::settings::{Env, Settings, unknown_variables};
use crate::survey::project_settings;
use equitr_engine::Home;
use std::io::Write;

/// Prints every setting with its value and origin, as a run on the repository would have it;
/// `names` are those of all environment variables.
///
/// # Errors
/// All that is wrong with the settings.
pub fn run(
    args: &InspectArgs,
    home: &Home,
    env: Env<'_>,
    names: &[String],
    out: &mut dyn Write,
) -> Result<Exit, CliError> {
    let mut settings = Settings::load(home, env, &args.settings)?;
    let told = match project_settings(&args.repo)? {
        Some(source) => settings.tighten(&source)?,
        None => Vec::new(),
    };
    let mut rows = vec![["setting", "value", "from"].map(str::to_owned)];
    rows.extend(
        settings.rows().map(|(path, value, origin)| [path.to_owned(), value, origin.to_string()]),
    );
    let mut text = table([Side::Left; 3], &rows);
    if !settings.use_multi_agent {
        text.push_str("\nOne worker at a time: orchestrator.use_multi_agent is false.\n");
    }
    for line in told {
        text.push_str(&format!("\nnote: {line}\n"));
    }
    for warning in unknown_variables(names.iter().cloned()) {
        text.push_str(&format!("\nwarning: {warning}\n"));
    }
    print(out, &text)?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests;
