//! `equitrcoder explain`: why a task waits or what it collides with.

use super::page::print;
use super::runs::{chosen, idle_note};
use crate::args::{ExplainArgs, When};
use crate::error::{CliError, Exit};
use crate::settings::Env;
use crate::surface::style;
use std::io::Write;

/// `equitrcoder explain`, from the journal alone, also while a process works on the run.
///
/// # Errors
/// When there is no such run or task, or the journal can't be read.
pub fn explain(args: &ExplainArgs, env: Env<'_>, out: &mut dyn Write) -> Result<Exit, CliError> {
    let (run, task) = match args.names.as_slice() {
        [run, task] => (Some(run.as_str()), task.as_str()),
        [task] => (None, task.as_str()),
        _ => return Err(CliError::usage("name a task: `equitrcoder explain [RUN] TASK`")),
    };
    let loaded = chosen(run, args.home.as_deref(), env)?;
    let state = &loaded.state;
    let Some(id) = equitr_ui::explain::task_named(state, task) else {
        let id = loaded.dir.id();
        return Err(CliError::usage(format!("run {id} has no task `{task}`"))
            .hint(format!("`equitrcoder status {id}` lists its tasks and workers")));
    };
    let page = equitr_ui::explain::explain(state, id, &style(When::Auto));
    print(out, &format!("{page}{}", idle_note(&loaded, args.home.as_deref(), env)?))?;
    Ok(Exit::Done)
}
