//! `equitrcoder replan`: what edited documents, a todo more or another assumption change in a run's
//! plan, and that change, once the person says yes.

use super::runs::resume_with;
use crate::args::{ReplanArgs, ResumeArgs};
use crate::error::{CliError, Exit};
use crate::settings::Env;
use crate::surface::Surface;
use crate::survey::documents_on_disk;
use equitr_core::input::Command;
use equitr_core::plan_diff::{self, PlanDiff};
use equitr_core::state::{Phase, RunState};
use std::io::{IsTerminal, Write};
use std::path::Path;

/// Shows what changes, asks, and has the run take it; a run that no process works on goes on with it.
///
/// # Errors
/// When the documents can't be read or are wrong, nobody can be asked, or as `resume`.
pub fn replan(args: &ReplanArgs, env: Env<'_>) -> Result<Exit, CliError> {
    let mut surface = Surface::new(&args.output);
    let resume = ResumeArgs {
        run: args.run.clone(),
        home: args.home.clone(),
        output: args.output.clone(),
        ..ResumeArgs::default()
    };
    resume_with(&resume, env, &mut surface, |state, surface| {
        let Some((command, diff)) = change(args, state)? else {
            surface.note("nothing differs from the plan of the run");
            return Ok(None);
        };
        show(state, &diff, args, surface);
        Ok(is_wanted(args)?.then(|| vec![command]))
    })
}

/// What is asked of the run, and what it would come to; none when nothing differs.
fn change(args: &ReplanArgs, state: &RunState) -> Result<Option<(Command, PlanDiff)>, CliError> {
    if matches!(state.phase, Phase::Planning | Phase::Review | Phase::Publishing)
        || state.base.is_none()
    {
        return Err(CliError::usage("the plan of this run is not approved yet")
            .hint("`equitrcoder resume` goes on with its conversation; change it there"));
    }
    let (command, diff) = match (&args.add, &args.assume) {
        (Some(todo), _) => (Command::AddTodo(todo.trim().into()), plan_diff::added(state, todo)),
        (None, Some(words)) => {
            let (number, text) = assumption(words)?;
            let diff = plan_diff::flipped(state, number, text).ok_or_else(|| {
                let count = state.assumptions.len();
                CliError::usage(format!("there is no assumption A{number}; the run has {count}"))
                    .hint("docs/requirements.md and `equitrcoder report` list them")
            })?;
            (Command::Flip(number, text.into()), diff)
        }
        (None, None) => {
            let documents = documents_on_disk(Path::new(&*state.spec.repository))?;
            let diff = plan_diff::diff(state, &documents)
                .map_err(|problems| CliError::usage(equitr_ui::sanitize(&problems.join("\n"))))?;
            (Command::EditPlan(documents), diff)
        }
    };
    Ok((!diff.change.is_empty()).then_some((command, diff)))
}

fn assumption(words: &str) -> Result<(u32, &str), CliError> {
    let wrong = || {
        CliError::usage(format!("`{}` is no assumption", equitr_ui::sanitize(words)))
            .hint("give its number and what holds instead, such as --assume 2=PostgreSQL")
    };
    let (number, text) = words.split_once('=').ok_or_else(wrong)?;
    let number = number.trim().trim_start_matches('A').parse().map_err(|_| wrong())?;
    if text.trim().is_empty() { Err(wrong()) } else { Ok((number, text.trim())) }
}

fn show(state: &RunState, diff: &PlanDiff, args: &ReplanArgs, surface: &mut Surface) {
    let text = equitr_ui::plan_change::diff(state, diff, surface.style());
    if args.output.json {
        surface.note(text.trim_end());
    } else {
        surface.print(&text);
    }
}

/// Whether the person says yes; in advance, with `--yes`.
fn is_wanted(args: &ReplanArgs) -> Result<bool, CliError> {
    if args.yes {
        return Ok(true);
    }
    if !std::io::stdin().is_terminal() {
        return Err(CliError::usage("a change of the plan needs your yes")
            .hint("say it at a terminal, or in advance with --yes"));
    }
    eprint!("Change the plan? [y/N]: ");
    _ = std::io::stderr().flush();
    let mut line = String::new();
    _ = std::io::stdin().read_line(&mut line);
    Ok(matches!(line.trim().to_lowercase().as_str(), "y" | "yes"))
}
