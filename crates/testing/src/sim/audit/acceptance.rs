//! Acceptance checks: there before the work, out of the workers' reach, and proofs only when they
//! were red before and are green on the result.

use super::super::git::Git;
use super::{Breach, holds};
use equitr_core::acceptance::{Standing, requirements_of, rows};
use equitr_core::event::{CheckResult, Event, Matter, Verdict};
use equitr_core::id::{Commit, TaskId};
use equitr_core::spec::RunSpec;
use equitr_core::state::{RunState, Status};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What was written and seen, from records alone.
#[derive(Debug)]
pub(super) struct Acceptance {
    wanted: bool,
    tasks: BTreeMap<TaskId, Written>,
    last: Option<(Commit, Vec<CheckResult>, bool)>,
}

#[derive(Debug, Default)]
struct Written {
    /// What counts once all of it is written; until then it may be given up.
    draft: Draft,
    files: BTreeMap<String, String>,
    commands: BTreeSet<String>,
    over: bool,
    on_base: BTreeMap<Arc<str>, Verdict>,
    proved: bool,
}

#[derive(Debug, Default)]
struct Draft {
    files: BTreeMap<String, String>,
    commands: BTreeSet<String>,
}

impl Acceptance {
    pub fn new(spec: &RunSpec) -> Self {
        Self { wanted: spec.acceptance, tasks: BTreeMap::new(), last: None }
    }

    pub fn saw(&mut self, event: &Event, state: &RunState, git: &Git) -> Result<(), Breach> {
        match event {
            Event::ConsultOpened { matter: Matter::Acceptance { task }, .. } => {
                self.tasks.entry(*task).or_default().draft = Draft::default();
            }
            Event::ChecksWritten { task, checks } => {
                let draft = &mut self.tasks.entry(*task).or_default().draft;
                for check in checks {
                    draft.commands.insert(check.command.clone());
                    for file in &check.files {
                        draft.files.insert(file.path.clone(), file.content.clone());
                    }
                }
            }
            Event::AcceptanceWritten { task, .. } => {
                let written = self.tasks.entry(*task).or_default();
                let Draft { files, commands } = std::mem::take(&mut written.draft);
                written.files.extend(files);
                written.commands.extend(commands);
                written.over = true;
            }
            Event::ChecksProved { task: Some(task), checks, .. } => {
                let written = self.tasks.entry(*task).or_default();
                written.proved = true;
                let verdicts = checks.iter().map(|c| (c.command.clone(), c.verdict.clone()));
                written.on_base.extend(verdicts);
            }
            Event::ChecksProved { task: None, at, broken, checks, .. } => {
                self.last = Some((at.clone(), checks.clone(), broken.is_empty()));
            }
            Event::AttemptStarted { task, .. } => self.starts(*task, state, git)?,
            Event::RunEnded { .. } => self.ended(state)?,
            _ => {}
        }
        Ok(())
    }

    /// No attempt before the checks of its task's requirements are there or given up.
    fn starts(&self, task: TaskId, state: &RunState, git: &Git) -> Result<(), Breach> {
        let todos = state.task(task).map(|found| found.todos.clone()).unwrap_or_default();
        let cites = |number: &u32| {
            let todo = state.plan.todos.iter().find(|todo| todo.number == *number);
            todo.is_some_and(|todo| todo.text.contains("(R2") || todo.text.contains("(R4"))
        };
        if !self.wanted || !todos.iter().any(cites) {
            return Ok(());
        }
        let written = self.tasks.get(&task);
        holds(written.is_some_and(|written| written.over), "A1", || {
            format!("an attempt at task {task} starts before its acceptance checks are written")
        })?;
        let Some(written) = written else { return Ok(()) };
        let there = |(path, text): (&String, &String)| {
            git.files.get(path.as_str()).is_some_and(|found| **found == **text)
        };
        holds(written.files.iter().all(there), "A1", || {
            format!("an attempt at task {task} starts before its acceptance checks are committed")
        })?;
        holds(written.proved || written.commands.is_empty(), "A1", || {
            format!("an attempt at task {task} starts before its acceptance checks were tried")
        })
    }

    /// What counts as proven was red before and is green on the result.
    fn ended(&self, state: &RunState) -> Result<(), Breach> {
        for row in rows(state).iter().filter(|row| row.standing == Standing::Proven) {
            let id = row.requirement.id;
            let merged = |task: TaskId| {
                let status = state.task(task).map(|task| &task.status);
                matches!(status, Some(Status::Merged(_)))
            };
            let proves = row.checks.iter().any(|of| {
                let before =
                    self.tasks.get(&of.task).and_then(|w| w.on_base.get(&of.check.command));
                let was_red = matches!(before, Some(Verdict::Failed { .. } | Verdict::TimedOut));
                let now = self
                    .last
                    .as_ref()
                    .filter(|(at, _, whole)| *whole && Some(at) == state.head.as_ref());
                let is_green = now.is_some_and(|(_, checks, _)| {
                    let same = checks.iter().filter(|c| c.command == of.check.command);
                    let verdicts: Vec<_> = same.map(|c| &c.verdict).collect();
                    verdicts == [&Verdict::Passed]
                });
                was_red && is_green && merged(of.task)
            });
            holds(proves, "A3", || format!("{id} counts as proven, and nothing proves it"))?;
        }
        Ok(())
    }

    /// Whether no check that told something is red on the result.
    pub fn is_green(&self, state: &RunState) -> bool {
        let Some((_, checks, whole)) = &self.last else { return true };
        let told = |command: &Arc<str>| {
            self.tasks.iter().any(|(task, written)| {
                let status = state.task(*task).map(|task| &task.status);
                let red = written.on_base.get(command);
                matches!(status, Some(Status::Merged(_)))
                    && is_cited(state, *task, command)
                    && matches!(red, Some(Verdict::Failed { .. } | Verdict::TimedOut))
            })
        };
        *whole && !checks.iter().any(|c| c.verdict != Verdict::Passed && told(&c.command))
    }
}

/// Whether the task still is there for the requirement that a check of it is for: the plan may have
/// changed since.
fn is_cited(state: &RunState, task: TaskId, command: &str) -> bool {
    let (Some(found), Some(task)) = (state.acceptance.tasks.get(&task), state.task(task)) else {
        return false;
    };
    let cited = requirements_of(state, task);
    let of = |id| cited.iter().any(|requirement| requirement.id == id);
    found.checks.iter().any(|check| &*check.command == command && of(check.requirement))
}

/// No merge changes a file of an acceptance check.
pub(super) fn untouched(git: &Git) -> Result<(), Breach> {
    let touched = git.merges.iter().find(|merge| git.tampered.contains(&merge.commit));
    holds(touched.is_none(), "A2", || {
        format!("a worker's change to acceptance checks is merged: {touched:?}")
    })
}
