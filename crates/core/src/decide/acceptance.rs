//! Acceptance checks: when they are asked for, and what comes of the replies.

use super::Decision;
use super::planner::unknown_tool;
use super::supervisor::REPLIES_MAX;
use crate::acceptance::{
    CHECKS_MAX, COMMAND_BYTES, FILES_BYTES, NoCheck, WriteChecks, WrittenCheck, path_problem,
};
use crate::apply::Fault;
use crate::control::arguments;
use crate::dialogue::cut;
use crate::event::{Event, Failure, Matter};
use crate::id::{AgentId, ConsultId, TaskId};
use crate::state::Status;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Bytes of a reason in the journal and the report.
const REASON_BYTES: usize = 500;

impl Decision<'_> {
    pub(super) fn open_acceptance(&mut self, task: TaskId) -> Result<(), Fault> {
        let Some(found) = self.state.task(task) else { return Err("no such task") };
        let opening = crate::acceptance::opening(self.state, found);
        let id = ConsultId(self.state.consults_opened + 1);
        self.emit(Event::ConsultOpened { id, matter: Matter::Acceptance { task }, opening })
    }

    /// Nobody writes checks for a task that is not to be done any more.
    pub(super) fn void_acceptance(&mut self) -> Result<(), Fault> {
        let void = |matter: &Matter| match matter {
            Matter::Acceptance { task } => {
                self.state.task(*task).is_none_or(|task| task.status != Status::Ready)
            }
            _ => false,
        };
        let ids: Vec<ConsultId> = self
            .state
            .consults
            .iter()
            .filter(|(_, c)| void(&c.matter))
            .map(|(&id, _)| id)
            .collect();
        #[cfg(feature = "planted")]
        if crate::planted::is(crate::planted::Mistake::EarlyWork) {
            return Ok(());
        }
        ids.into_iter().try_for_each(|id| self.emit(Event::ConsultClosed { id }))
    }

    pub(super) fn acceptance_replied(&mut self, id: ConsultId, task: TaskId) -> Result<(), Fault> {
        let agent = AgentId::Supervisor(id);
        for (n, call) in (0_u32..).zip(self.calls_of(agent)) {
            let result = match &*call.name {
                "write_checks" => match arguments::<WriteChecks>(&call.args) {
                    Err(wrong) => Err(wrong),
                    Ok(written) => self.checks_written(task, written.checks)?,
                },
                "no_check" => match arguments::<NoCheck>(&call.args) {
                    Err(wrong) => Err(wrong),
                    Ok(none) => self.check_omitted(task, &none)?,
                },
                other => Err(unknown_tool(other)),
            };
            self.tool_result(agent, n, result)?;
        }
        if self.uncovered(task).is_empty() {
            return self.acceptance_closed(id, task, None);
        }
        if self.state.dialogue(agent).map_or(0, |d| d.turn) >= REPLIES_MAX {
            let why = "too many replies without a check for each requirement";
            return self.agent_failed(agent, Failure::NoProgress, why);
        }
        Ok(())
    }

    /// The checks are written, or nothing more is coming: the run goes on without.
    pub(super) fn acceptance_closed(
        &mut self,
        id: ConsultId,
        task: TaskId,
        why: Option<&str>,
    ) -> Result<(), Fault> {
        let lacking =
            why.map(|why| format!("no usable check came: {}", cut(why, REASON_BYTES)).into());
        self.emit(Event::AcceptanceWritten { task, lacking })?;
        self.emit(Event::ConsultClosed { id })
    }

    /// The requirements that have neither a check nor a reason, as people read them.
    fn uncovered(&self, task: TaskId) -> Vec<String> {
        let found = self.state.acceptance.tasks.get(&task);
        found.map(|f| f.open().iter().map(ToString::to_string).collect()).unwrap_or_default()
    }

    fn left(&self, task: TaskId) -> Arc<str> {
        match self.uncovered(task) {
            open if open.is_empty() => "taken; every requirement is covered".into(),
            open => format!("taken; still to be covered: {}", open.join(", ")).into(),
        }
    }

    fn checks_written(
        &mut self,
        task: TaskId,
        checks: Vec<WrittenCheck>,
    ) -> Result<Result<Arc<str>, Arc<str>>, Fault> {
        let problems = self.check_problems(task, &checks);
        if !problems.is_empty() {
            let lines: Vec<String> = problems.iter().map(|p| format!("- {p}")).collect();
            return Ok(Err(format!("not taken:\n{}", lines.join("\n")).into()));
        }
        self.emit(Event::ChecksWritten { task, checks })?;
        Ok(Ok(self.left(task)))
    }

    fn check_problems(&self, task: TaskId, checks: &[WrittenCheck]) -> Vec<String> {
        let mut problems = Vec::new();
        let Some(found) = self.state.acceptance.tasks.get(&task) else { return problems };
        if checks.is_empty() {
            problems.push("give at least one check".to_owned());
        }
        if found.checks.len() + checks.len() > CHECKS_MAX {
            problems.push(format!("a task may have {CHECKS_MAX} acceptance checks"));
        }
        let mut files: BTreeMap<&str, &str> =
            found.files.iter().map(|(path, text)| (&**path, &**text)).collect();
        for check in checks {
            let id = check.requirement;
            if !found.covered.contains_key(&id) {
                problems.push(format!("{id} is none of the requirements you were given"));
            }
            let command = check.command.trim();
            if command.is_empty() || command.len() > COMMAND_BYTES || command.contains('\n') {
                problems.push(format!(
                    "the command of {id} has to be one line of 1 to {COMMAND_BYTES} bytes"
                ));
            }
            for file in &check.files {
                let others =
                    self.state.acceptance.tasks.iter().filter(|&(&other, _)| other != task);
                let taken = others
                    .flat_map(|(_, other)| other.files.keys().chain(other.locks.keys()))
                    .any(|other| collide(other, &file.path));
                if let Some(problem) = path_problem(&file.path) {
                    problems.push(problem);
                } else if taken {
                    problems.push(format!("`{}` is a file of another task's checks", file.path));
                }
                files.insert(&file.path, &file.content);
            }
        }
        let clash = |path: &str| files.keys().any(|other| *other != path && collide(other, path));
        if let Some(path) = files.keys().find(|path| clash(path)) {
            problems.push(format!("`{path}` can't be a file and a folder"));
        }
        if files.values().map(|text| text.len()).sum::<usize>() > FILES_BYTES {
            let kib = FILES_BYTES / 1024;
            problems.push(format!("the files of a task's checks may have {kib} KiB together"));
        }
        problems
    }

    fn check_omitted(
        &mut self,
        task: TaskId,
        none: &NoCheck,
    ) -> Result<Result<Arc<str>, Arc<str>>, Fault> {
        let requirement = none.requirement;
        let found = self.state.acceptance.tasks.get(&task);
        if !found.is_some_and(|found| found.covered.contains_key(&requirement)) {
            let told = format!("{requirement} is none of the requirements you were given");
            return Ok(Err(told.into()));
        }
        let reason = cut(none.reason.trim(), REASON_BYTES);
        if reason.is_empty() {
            return Ok(Err("say why".into()));
        }
        self.emit(Event::CheckOmitted { task, requirement, reason: reason.into() })?;
        Ok(Ok(self.left(task)))
    }
}

/// Whether two files can't both be there: they are one, or one would be a folder of the other's.
fn collide(a: &str, b: &str) -> bool {
    let above = |a: &str, b: &str| b.strip_prefix(a).is_some_and(|rest| rest.starts_with('/'));
    a == b || above(a, b) || above(b, a)
}
