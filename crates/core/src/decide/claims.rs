//! Whose files are whose: writes that are refused, and claims that are asked for.

use super::Decision;
use super::planner::unknown_tool;
use super::worker::ESCALATIONS_MAX;
use crate::apply::Fault;
use crate::chat::{ToolCall, ToolOutcome};
use crate::control::{ClaimFiles, GrantClaim, RefuseClaim, arguments};
use crate::dialogue::cut;
use crate::event::{Event, Failure, Matter, MessageKind, Sender};
use crate::glob;
use crate::graph::{GraphProblem, ProposedTask};
use crate::id::{AgentId, ConsultId, TaskId};
use crate::intent;
use crate::scope;
use crate::state::Task;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Files that become a task's own because it wrote them first: beyond so many, a task makes more
/// than anybody else means to write, and the merge tells of what collides.
const FIRST_MAX: usize = 500;
/// Files in one request: who needs more wants another task.
const PATHS_MAX: usize = 20;
/// Bytes of a path that is asked for; the kernel's own bound.
const PATH_BYTES: usize = 4_096;
/// Bytes of a reason that are kept.
const REASON_BYTES: usize = 4_000;
/// Requests of one task that come before the supervisor.
const CLAIMS_MAX: u32 = 10;
/// Conflicts in a row after which the supervisor decides: a third attempt would be another throw of
/// the same dice.
const CONFLICTS_IN_A_ROW: u32 = 2;

impl Decision<'_> {
    /// Whether a tool call writes only what its task may write; a file that is nobody's becomes the
    /// task's before it is written, so that of two workers one is first.
    pub(super) fn write_judged(
        &mut self,
        task: TaskId,
        call: &ToolCall,
    ) -> Result<Result<(), Arc<str>>, Fault> {
        let key = self.state.task(task).map(|task| task.key.clone()).ok_or("no such task")?;
        let Some(path) = scope::written_path(&key, call) else { return Ok(Ok(())) };
        let closed = scope::closed(self.state, task);
        match scope::refusal(&closed, [path.as_str()]) {
            Some(told) => Ok(Err(told.into())),
            None => Ok(Ok(self.claim_free(task, &[path.into()])?)),
        }
    }

    /// Why work that changes these paths can't be taken, when any is closed to its task.
    pub(super) fn work_closed(&self, task: TaskId, paths: &[Arc<str>]) -> Option<Failure> {
        let closed = scope::closed(self.state, task);
        let told = scope::refusal(&closed, paths.iter().map(|path| &**path))?;
        Some(Failure::Refused { message: told.into() })
    }

    /// Gives a task the files among these that are nobody's; none of them is closed to it.
    pub(super) fn claim_free(&mut self, task: TaskId, paths: &[Arc<str>]) -> Result<(), Fault> {
        let open = scope::open(self.state, task);
        let claimed = self.state.task(task).map_or(0, |task| task.claimed.len());
        let paths: Vec<Arc<str>> = paths
            .iter()
            .filter(|path| !open.iter().any(|glob| glob::covers(glob, path)))
            .take(FIRST_MAX.saturating_sub(claimed))
            .cloned()
            .collect();
        if paths.is_empty() {
            return Ok(());
        }
        self.emit(Event::ClaimGranted { task, paths, owners: Vec::new() })
    }

    /// A worker asks for files. Given: what it is told at once; nothing when it has to wait for the
    /// supervisor.
    pub(super) fn files_claimed(
        &mut self,
        task: TaskId,
        attempt: u32,
        call: u32,
        asked: &ToolCall,
    ) -> Result<Result<Option<Arc<str>>, Arc<str>>, Fault> {
        let claim = match arguments::<ClaimFiles>(&asked.args) {
            Ok(claim) => claim,
            Err(wrong) => return Ok(Err(wrong)),
        };
        let found = self.state.task(task).ok_or("no such task")?;
        let paths = match paths(&found.key, &claim.paths) {
            Ok(paths) => paths,
            Err(wrong) => return Ok(Err(wrong)),
        };
        let closed = scope::closed(self.state, task);
        let barred: Vec<&Arc<str>> =
            paths.iter().filter(|path| scope::barrier(&closed, path).is_some()).collect();
        if barred.is_empty() {
            self.claim_free(task, &paths)?;
            return Ok(Ok(Some(format!("you may write {}", intent::files(&paths)).into())));
        }
        // What no task owns is not the supervisor's to grant either.
        let fixed = |closed: &&scope::Closed| {
            closed.owner.is_none() && barred.iter().any(|path| closed.bars(path))
        };
        if closed.iter().any(|closed| fixed(&closed)) {
            let told = scope::refusal(&closed, paths.iter().map(|path| &**path));
            return Ok(Err(told.unwrap_or_default().into()));
        }
        let nth = found.claims_asked + 1;
        if nth > CLAIMS_MAX {
            let told = format!("{CLAIMS_MAX} claims were asked for; do it without others' files");
            return Ok(Err(told.into()));
        }
        let owners: BTreeSet<TaskId> =
            barred.iter().flat_map(|path| scope::owners(&closed, path)).collect();
        let owners: Vec<TaskId> = owners.into_iter().collect();
        let reason = cut(claim.reason.trim(), REASON_BYTES);
        let opening = intent::claim_opening(self.state, found, nth, &paths, &owners, reason);
        let id = ConsultId(self.state.consults_opened + 1);
        let matter = Matter::Claim { task, attempt, call, nth, paths };
        self.emit(Event::ConsultOpened { id, matter, opening })?;
        Ok(Ok(None))
    }

    /// The supervisor's word on a claim.
    pub(super) fn claim_decided(
        &mut self,
        id: ConsultId,
        name: &str,
        args: &str,
    ) -> Result<Result<(), Arc<str>>, Fault> {
        match name {
            "grant_claim" => match arguments::<GrantClaim>(args) {
                Ok(GrantClaim {}) => Ok(Ok(self.claim_granted(id)?)),
                Err(wrong) => Ok(Err(wrong)),
            },
            "refuse_claim" => match arguments::<RefuseClaim>(args) {
                Ok(refusal) => {
                    let told = format!("refused: {}", cut(refusal.reason.trim(), REASON_BYTES));
                    Ok(Ok(self.claim_refused(id, &told)?))
                }
                Err(wrong) => Ok(Err(wrong)),
            },
            other => Ok(Err(unknown_tool(other))),
        }
    }

    fn claim_granted(&mut self, id: ConsultId) -> Result<(), Fault> {
        let Some((task, attempt, call, paths)) = self.claim_of(id) else {
            return Err("only a claim is granted");
        };
        self.emit(Event::ConsultClosed { id })?;
        let closed = scope::closed(self.state, task);
        let owners: BTreeSet<TaskId> =
            paths.iter().flat_map(|path| scope::owners(&closed, path)).collect();
        let owners: Vec<TaskId> = owners.into_iter().collect();
        let files = intent::files(&paths);
        let asker = self.state.task(task).map(intent::who).ok_or("no such task")?;
        self.emit(Event::ClaimGranted { task, paths, owners: owners.clone() })?;
        for owner in owners {
            let text = format!(
                "{asker} may write {files} as well, which belongs to your task. Keep to your own part of \
                 it; what collides is resolved at the merge."
            );
            self.emit(Event::MessageSent {
                from: Sender::Supervisor,
                to: Some(owner),
                kind: MessageKind::Fact,
                text: text.into(),
            })?;
        }
        let told = format!("granted: you may write {files}; the owner is told and may do so too");
        self.claim_answered(task, attempt, call, told.into(), ToolOutcome::Ok)
    }

    /// A claim comes to nothing; the worker reads why.
    pub(super) fn claim_refused(&mut self, id: ConsultId, told: &str) -> Result<(), Fault> {
        let Some((task, attempt, call, _)) = self.claim_of(id) else {
            return Err("only a claim is refused");
        };
        self.emit(Event::ConsultClosed { id })?;
        self.claim_answered(task, attempt, call, told.into(), ToolOutcome::Error)
    }

    fn claim_of(&self, id: ConsultId) -> Option<(TaskId, u32, u32, Vec<Arc<str>>)> {
        match &self.state.consults.get(&id)?.matter {
            Matter::Claim { task, attempt, call, paths, .. } => {
                Some((*task, *attempt, *call, paths.clone()))
            }
            Matter::Graph
            | Matter::Question { .. }
            | Matter::Review { .. }
            | Matter::Escalation { .. }
            | Matter::ContractChange { .. }
            | Matter::Acceptance { .. }
            | Matter::PlanChange { .. } => None,
        }
    }

    fn claim_answered(
        &mut self,
        task: TaskId,
        attempt: u32,
        call: u32,
        content: Arc<str>,
        outcome: ToolOutcome,
    ) -> Result<(), Fault> {
        let agent = AgentId::Worker(task, attempt);
        self.emit(Event::ToolFinished { agent, call, content, outcome, took_ms: 0 })?;
        self.worker_acted(task, attempt)
    }

    /// Whether a task has collided so often in a row that the supervisor has to look at it, and may
    /// still be asked to.
    pub(super) fn is_stuck_in_conflicts(&self, task: &Task) -> bool {
        #[cfg(feature = "planted")]
        if crate::planted::is(crate::planted::Mistake::EndlessConflicts) {
            return false;
        }
        task.conflicts_in_a_row >= CONFLICTS_IN_A_ROW && task.escalations < ESCALATIONS_MAX
    }

    /// What parts of a task claim that belongs to tasks which may run at the same time.
    pub(super) fn clash(&self, whole: &Task, parts: &[ProposedTask]) -> Option<Arc<str>> {
        let before = scope::before(self.state, whole.id);
        let own = scope::open(self.state, whole.id);
        let mut told = Vec::new();
        for other in &self.state.tasks {
            let ordered = || {
                before.contains(&other.id)
                    || scope::before(self.state, other.id).contains(&whole.id)
            };
            let claims = || other.files.iter().chain(&other.claimed);
            if other.id == whole.id || other.is_settled() || claims().next().is_none() || ordered()
            {
                continue;
            }
            for part in parts.iter().filter(|part| !part.needs.iter().any(|n| **n == *other.key)) {
                let foreign = |glob: &&String| {
                    claims().any(|claim| glob::overlap(claim, glob))
                        && !own.iter().any(|open| glob::contains(open, glob))
                };
                if let Some(glob) = part.files.iter().find(foreign) {
                    let problem = GraphProblem::SharedClaim {
                        first: other.key.to_string(),
                        second: part.id.clone(),
                        glob: glob.clone(),
                    };
                    told.push(format!("- {problem}"));
                }
            }
        }
        (!told.is_empty()).then(|| format!("not accepted:\n{}", told.join("\n")).into())
    }
}

/// The paths that a claim names, as tools take them.
fn paths(key: &str, named: &[String]) -> Result<Vec<Arc<str>>, Arc<str>> {
    if named.is_empty() || named.len() > PATHS_MAX {
        return Err(format!("name 1 to {PATHS_MAX} files").into());
    }
    let mut paths: Vec<Arc<str>> = Vec::with_capacity(named.len());
    for path in named {
        match scope::normal(key, path.trim()) {
            Some(path) if path.len() <= PATH_BYTES => paths.push(path.into()),
            Some(_) | None => {
                let path = cut(path, 80);
                return Err(format!("`{path}` is no path from the project's root").into());
            }
        }
    }
    Ok(paths)
}
