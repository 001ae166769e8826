//! `equitrcoder replan`: what edited documents, a todo more or another assumption change in a run's
//! plan, and that change, once the person says yes.

use super::runs::{can_go_on, named, newest, resume_with};
use super::steer::{ask, taken};
use crate::args::{ReplanArgs, ResumeArgs};
use crate::error::{CliError, Exit};
use crate::session::engine_error;
use crate::settings::{self, Env};
use crate::surface::Surface;
use crate::survey::documents_on_disk;
use equitr_core::event::{Event, Record};
use equitr_core::plan_diff::{self, PlanDiff};
use equitr_core::state::{Phase, RunState};
use equitr_engine::{RunDir, Steer, read_run};
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;

/// Shows what changes, asks, and has the run take it; a run that no process works on goes on with it.
///
/// # Errors
/// When the documents can't be read or are wrong, nobody can be asked, the run refuses, or as `resume`.
pub fn replan(args: &ReplanArgs, env: Env<'_>) -> Result<Exit, CliError> {
    let mut surface = Surface::new(&args.output);
    let home = settings::home(args.home.as_deref(), env)?;
    let dir = match &args.run {
        Some(run) => named(&home, run)?,
        None => newest(&home, can_go_on, "replan")?,
    };
    if equitr_engine::is_on(&dir) {
        return replan_on(args, &dir, &mut surface);
    }
    let resume = ResumeArgs {
        run: Some(dir.id().to_owned()),
        home: args.home.clone(),
        output: args.output.clone(),
        ..ResumeArgs::default()
    };
    resume_with(&resume, env, &mut surface, |state, surface| {
        let wanted = wanted(args, state, surface)?;
        Ok(wanted.map(|(request, _)| vec![request.into()]))
    })
}

/// The same with a run that another process works on, which goes on all the while: what it did is read
/// from its journal.
fn replan_on(args: &ReplanArgs, dir: &RunDir, surface: &mut Surface) -> Result<Exit, CliError> {
    let loaded = read_run(dir).map_err(|error| engine_error(&error))?;
    let Some((request, shown)) = wanted(args, &loaded.state, surface)? else {
        return Ok(Exit::Done);
    };
    let record = ask(dir, &request)?;
    if !args.output.json {
        surface.print(&taken(dir.id(), record));
    }
    let Some(record) = record else { return Ok(Exit::Done) };
    let done = Done::read(dir, record)?;
    if args.output.json {
        surface.record(&done.after, &done.record);
    }
    if !is_same(&shown, &done.diff) {
        surface.note("the run went on meanwhile; what was done is not all as it was shown:");
        show(&done.before, &done.diff, args, surface);
    }
    Ok(Exit::Done)
}

/// A change of the plan that a run has made.
struct Done {
    before: RunState,
    after: RunState,
    record: Arc<Record>,
    diff: PlanDiff,
}

impl Done {
    fn read(dir: &RunDir, seq: u64) -> Result<Self, CliError> {
        let wrong = |what: String| CliError::new(Exit::Journal, what);
        let missing = || wrong(format!("record {seq} of run {} is no change of a plan", dir.id()));
        let mut records = read_run(dir).map_err(|error| engine_error(&error))?.records;
        let at = records.iter().position(|record| record.seq == seq).ok_or_else(missing)?;
        let record = records.swap_remove(at);
        let [first, rest @ ..] = &records[..at] else { return Err(missing()) };
        let refused = |refused: equitr_core::apply::Refused| wrong(refused.to_string());
        let mut before = equitr_core::apply::open(first).map_err(refused)?;
        for earlier in rest {
            equitr_core::apply::apply(&mut before, earlier).map_err(refused)?;
        }
        let documents = record.events.iter().find_map(|event| {
            let Event::PlanChanged { documents, .. } = event else { return None };
            Some(documents.clone())
        });
        let diff = plan_diff::of_documents(&before, documents.ok_or_else(missing)?);
        let mut after = before.clone();
        equitr_core::apply::apply(&mut after, &record).map_err(refused)?;
        Ok(Self { before, after, record, diff })
    }
}

/// Whether two changes come to the same; what tasks cost goes on growing.
fn is_same(shown: &PlanDiff, done: &PlanDiff) -> bool {
    let fates = |diff: &PlanDiff| -> Vec<_> {
        diff.tasks.iter().map(|task| (task.task, task.fate, task.because.clone())).collect()
    };
    shown.change == done.change && fates(shown) == fates(done)
}

/// What is asked of the run, once the person has seen what it comes to and said yes.
fn wanted(
    args: &ReplanArgs,
    state: &RunState,
    surface: &mut Surface,
) -> Result<Option<(Steer, PlanDiff)>, CliError> {
    let Some((request, diff)) = change(args, state)? else {
        surface.note("nothing differs from the plan of the run");
        return Ok(None);
    };
    show(state, &diff, args, surface);
    Ok(is_wanted(args)?.then_some((request, diff)))
}

/// What is asked of the run, and what it would come to; none when nothing differs.
fn change(args: &ReplanArgs, state: &RunState) -> Result<Option<(Steer, PlanDiff)>, CliError> {
    if matches!(state.phase, Phase::Planning | Phase::Review | Phase::Publishing)
        || state.base.is_none()
    {
        return Err(CliError::usage("the plan of this run is not approved yet")
            .hint("change it in its conversation; of a run that is stopped, `equitrcoder resume` goes on with it"));
    }
    let (request, diff) = match (&args.add, &args.assume) {
        (Some(todo), _) => {
            (Steer::Todo { text: todo.trim().into() }, plan_diff::added(state, todo))
        }
        (None, Some(words)) => {
            let (number, text) = assumption(words)?;
            let diff = plan_diff::flipped(state, number, text).ok_or_else(|| {
                let count = state.assumptions.len();
                CliError::usage(format!("there is no assumption A{number}; the run has {count}"))
                    .hint("docs/requirements.md and `equitrcoder report` list them")
            })?;
            (Steer::Flip { assumption: number, text: text.into() }, diff)
        }
        (None, None) => {
            let documents = documents_on_disk(Path::new(&*state.spec.repository))?;
            let diff = plan_diff::diff(state, &documents)
                .map_err(|problems| CliError::usage(equitr_ui::sanitize(&problems.join("\n"))))?;
            (Steer::EditPlan { documents }, diff)
        }
    };
    Ok((!diff.change.is_empty()).then_some((request, diff)))
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
