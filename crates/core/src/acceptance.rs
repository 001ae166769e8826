//! Acceptance checks: written for a task's requirements before the work by an agent that sees no
//! implementation, committed where no worker may write, shown to fail on the base, and run with the
//! task's own from then on.

mod opening;
mod work;

pub(crate) use opening::opening;
pub(crate) use work::{checks_of, guarded, proof_work, proofs};

use crate::apply::Fault;
use crate::chat::ToolSpec;
use crate::event::{CheckResult, Verdict};
use crate::id::{Commit, TaskId};
use crate::requirements::{ContentHash, Requirement, RequirementId};
use crate::state::{RunState, Status, Task};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Where the files of acceptance checks are.
pub const FOLDER: &str = "tests/acceptance/";
/// The glob of what workers must not write.
pub const CLOSED: &str = "tests/acceptance/**";

/// Why it is closed, for a worker.
pub(crate) const WHY_CLOSED: &str = "acceptance checks are out of the workers' reach. Make the work pass \
                                     them as they are";

/// Checks of one task: each is run at least three times, one after the other.
pub(crate) const CHECKS_MAX: usize = 40;
/// Bytes of one check's command; what is longer belongs into a file.
pub(crate) const COMMAND_BYTES: usize = 1_000;
/// Bytes of all files of one task's checks: they stand in the journal.
pub(crate) const FILES_BYTES: usize = 256 * 1024;

/// Write acceptance checks for requirements. Call it as often as you like; a file that is written
/// again is replaced.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteChecks {
    /// The checks.
    pub checks: Vec<WrittenCheck>,
}

/// One acceptance check as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WrittenCheck {
    /// The requirement it proves, such as `R3`.
    pub requirement: RequirementId,
    /// The command, run in the project's root: exit code 0 when the requirement is met, and another
    /// one as long as it is not.
    pub command: String,
    /// Files it needs, below `tests/acceptance/`.
    #[serde(default)]
    pub files: Vec<WrittenFile>,
}

/// A file of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WrittenFile {
    /// Below `tests/acceptance/`, of letters, digits and `. _ - /`.
    pub path: String,
    /// Its whole text.
    pub content: String,
}

/// Say that no command can prove a requirement, or that this task does not do it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoCheck {
    /// The requirement, such as `R3`.
    pub requirement: RequirementId,
    /// Why.
    pub reason: String,
}

/// The tools of an agent that writes acceptance checks.
pub fn tools() -> Vec<ToolSpec> {
    vec![ToolSpec::of::<WriteChecks>("write_checks"), ToolSpec::of::<NoCheck>("no_check")]
}

/// What is known of a run's acceptance checks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Acceptances {
    /// By task; one that cites no requirement has none.
    pub tasks: BTreeMap<TaskId, TaskAcceptance>,
    /// Times that checks were to be run apart from a task's work; numbers them.
    pub proofs: u32,
    /// What was found on the result, the last time.
    pub last: Option<LastProof>,
}

/// The acceptance checks of one task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskAcceptance {
    /// How far they are.
    pub stage: AcceptanceStage,
    /// The requirements they were to be written for, as they read then.
    pub covered: BTreeMap<RequirementId, ContentHash>,
    /// In the order in which they were written.
    pub checks: Vec<AcceptanceCheck>,
    /// Requirements without a check, and why.
    pub unchecked: BTreeMap<RequirementId, Arc<str>>,
    /// Files that are not committed yet: path and text.
    pub files: BTreeMap<Arc<str>, Arc<str>>,
    /// The commit that holds the files.
    pub commit: Option<Commit>,
    /// Committed files with the names of their contents.
    pub locks: BTreeMap<Arc<str>, Commit>,
}

/// How far a task's acceptance checks are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AcceptanceStage {
    /// They are being written.
    Writing,
    /// Their files are being committed, by the run's how many-th commit.
    Committing(u32),
    /// They are being run on the base, as the run's how many-th proof.
    Proving(u32),
    /// They are there, or given up.
    Settled,
}

/// One acceptance check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptanceCheck {
    /// What it is to prove.
    pub requirement: RequirementId,
    /// The command.
    pub command: Arc<str>,
    /// What came of it on the base, once it was run there.
    pub on_base: Option<CheckResult>,
}

impl AcceptanceCheck {
    /// Whether it was red before the work, so that it says something when it is green.
    pub fn tells(&self) -> bool {
        #[cfg(feature = "planted")]
        if crate::planted::is(crate::planted::Mistake::HollowProof) {
            return true;
        }
        match self.on_base.as_ref().map(|result| &result.verdict) {
            Some(Verdict::Failed { .. } | Verdict::TimedOut) => true,
            Some(Verdict::Passed | Verdict::CantRun { .. }) | None => false,
        }
    }
}

/// A file that must stay as it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Lock {
    /// Its path.
    pub path: Arc<str>,
    /// The name of its content.
    pub hash: Commit,
}

/// What the acceptance checks of merged tasks came to on the result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastProof {
    /// The commit.
    pub at: Commit,
    /// What was run.
    pub checks: Vec<CheckResult>,
    /// Locked files that are not as they were recorded.
    pub broken: Vec<Arc<str>>,
}

impl Acceptances {
    /// All files that must stay as they are.
    pub fn locks(&self) -> Vec<Lock> {
        self.tasks.values().flat_map(TaskAcceptance::locked).collect()
    }
}

impl TaskAcceptance {
    /// Its files that must stay as they are.
    pub fn locked(&self) -> Vec<Lock> {
        let lock =
            |(path, hash): (&Arc<str>, &Commit)| Lock { path: path.clone(), hash: hash.clone() };
        self.locks.iter().map(lock).collect()
    }

    /// Requirements that have neither a check nor a reason why there is none.
    pub(crate) fn open(&self) -> Vec<RequirementId> {
        let checked = |id: &RequirementId| self.checks.iter().any(|c| c.requirement == *id);
        let told = |id: &RequirementId| self.unchecked.contains_key(id) || checked(id);
        self.covered.keys().copied().filter(|id| !told(id)).collect()
    }

    /// The commands that were not run on the base yet, each once.
    pub(crate) fn untried(&self) -> Vec<Arc<str>> {
        let mut seen = BTreeSet::new();
        let untried = self.checks.iter().filter(|check| check.on_base.is_none());
        let commands = untried.map(|check| check.command.clone());
        commands.filter(|command| seen.insert(command.clone())).collect()
    }

    /// Its commands, each once.
    pub fn commands(&self) -> Vec<Arc<str>> {
        let mut seen = BTreeSet::new();
        let commands = self.checks.iter().map(|check| check.command.clone());
        commands.filter(|command| seen.insert(command.clone())).collect()
    }
}

/// Whether acceptance checks were written, or will be, as a todo cites a requirement that there is.
pub fn is_used(state: &RunState) -> bool {
    !state.acceptance.tasks.is_empty() || cites_any(state)
}

fn cites_any(state: &RunState) -> bool {
    state.spec.acceptance
        && state.plan.todos.iter().any(|todo| {
            state.plan.requirements.iter().any(|requirement| todo.cites.contains(&requirement.id))
        })
}

/// The requirements that a task's todos cite, in the document's order.
pub fn requirements_of<'a>(state: &'a RunState, task: &Task) -> Vec<&'a Requirement> {
    let todos = state.plan.todos.iter().filter(|todo| task.todos.contains(&todo.number));
    let cites: BTreeSet<RequirementId> =
        todos.flat_map(|todo| todo.cites.iter().copied()).collect();
    state.plan.requirements.iter().filter(|r| cites.contains(&r.id)).collect()
}

/// The requirements of a task for which checks are still to be written.
pub(crate) fn missing<'a>(state: &'a RunState, task: &Task) -> Vec<&'a Requirement> {
    if !state.spec.acceptance || state.plan.requirements.is_empty() {
        return Vec::new();
    }
    let covered = state.acceptance.tasks.get(&task.id).map(|found| &found.covered);
    let is_covered = |r: &Requirement| covered.is_some_and(|c| c.get(&r.id) == Some(&r.hash));
    requirements_of(state, task).into_iter().filter(|r| !is_covered(r)).collect()
}

/// Whether a task's acceptance checks are in the making, so that no attempt at it may start.
pub(crate) fn in_making(state: &RunState, task: TaskId) -> bool {
    #[cfg(feature = "planted")]
    if crate::planted::is(crate::planted::Mistake::EarlyWork) {
        return false;
    }
    let found = state.acceptance.tasks.get(&task);
    found.is_some_and(|found| found.stage != AcceptanceStage::Settled)
}

/// Tasks whose acceptance checks are in the making: each takes the place of a worker.
pub(crate) fn under_way(state: &RunState) -> u32 {
    let is_open = |&(&task, found): &(&TaskId, &TaskAcceptance)| {
        found.stage != AcceptanceStage::Settled
            && state.task(task).is_some_and(|task| task.status == Status::Ready)
    };
    u32::try_from(state.acceptance.tasks.iter().filter(is_open).count()).unwrap_or(u32::MAX)
}

/// The proofs on the base that are wanted now: number and task.
pub(crate) fn proving(state: &RunState) -> impl Iterator<Item = (u32, TaskId)> + '_ {
    state.acceptance.tasks.iter().filter_map(|(&task, found)| match found.stage {
        AcceptanceStage::Proving(nth) => {
            let waits = state.task(task).is_some_and(|task| task.status == Status::Ready);
            waits.then_some((nth, task))
        }
        AcceptanceStage::Writing | AcceptanceStage::Committing(_) | AcceptanceStage::Settled => {
            None
        }
    })
}

/// The acceptance checks of merged tasks.
pub fn of_merged(state: &RunState) -> impl Iterator<Item = (&Task, &TaskAcceptance)> {
    state.acceptance.tasks.iter().filter_map(|(&task, found)| {
        let task = state.task(task)?;
        matches!(task.status, Status::Merged(_)).then_some((task, found))
    })
}

/// Whether the result has to be looked at once more before it is handed over.
pub(crate) fn last_is_due(state: &RunState) -> bool {
    let proven = state.acceptance.last.as_ref().map(|last| &last.at);
    proven != state.head.as_ref() && of_merged(state).any(|(_, found)| !found.checks.is_empty())
}

/// The commands that are run on the result, each once.
pub(crate) fn last_commands(state: &RunState) -> Vec<Arc<str>> {
    let mut seen = BTreeSet::new();
    let commands = of_merged(state).flat_map(|(_, found)| found.commands());
    commands.filter(|command| seen.insert(command.clone())).collect()
}

/// What is wrong with a file's path, for the model that gave it.
pub(crate) fn path_problem(path: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    let odd = |part: &str| part.is_empty() || part.starts_with('.');
    let below = path.strip_prefix(FOLDER);
    if path.len() > 200 || !path.chars().all(plain) || below.is_none_or(|b| b.split('/').any(odd)) {
        return Some(format!(
            "`{}` can't be a check's file: it has to be below {FOLDER}, of letters, digits and `. _ - /`, \
             and no part of it may begin with a dot",
            crate::dialogue::cut(path, 100)
        ));
    }
    None
}

/// Where a requirement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Checks that were red before are green on the result, with their files as they were recorded,
    /// and every task that is to do it is merged.
    Proven,
    /// A check is red on the result, could not run there, or its files are not as recorded.
    Disproven,
    /// Its task is not merged, or the result was not looked at yet.
    Open,
    /// No check tells anything about it.
    Unproven,
}

/// One requirement and all that is known about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row<'a> {
    /// The requirement.
    pub requirement: &'a Requirement,
    /// Where it stands.
    pub standing: Standing,
    /// Its checks.
    pub checks: Vec<RowCheck<'a>>,
    /// Why it has none, as far as somebody said so.
    pub why: Option<&'a Arc<str>>,
}

/// One check of a requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowCheck<'a> {
    /// Whose work it looks at.
    pub task: TaskId,
    /// The check.
    pub check: &'a AcceptanceCheck,
    /// The merge of the task's work.
    pub commit: Option<&'a Commit>,
    /// What came of it on the result.
    pub on_result: Option<&'a CheckResult>,
}

/// Every requirement with its checks, in the document's order.
pub fn rows(state: &RunState) -> Vec<Row<'_>> {
    let last = state.acceptance.last.as_ref().filter(|last| Some(&last.at) == state.head.as_ref());
    state.plan.requirements.iter().map(|requirement| row(state, last, requirement)).collect()
}

fn row<'a>(
    state: &'a RunState,
    last: Option<&'a LastProof>,
    requirement: &'a Requirement,
) -> Row<'a> {
    let id = requirement.id;
    let (mut checks, mut why, mut open, mut broken) = (Vec::new(), None, false, false);
    for task in &state.tasks {
        let work = match &task.status {
            // Others took its place, or nobody does it.
            Status::Split(_) | Status::Dropped(_) => continue,
            Status::Merged(work) => Some(work),
            Status::Waiting
            | Status::Ready
            | Status::Active(_)
            | Status::Escalated
            | Status::Failed(_) => None,
        };
        let found = state.acceptance.tasks.get(&task.id);
        if !requirements_of(state, task).iter().any(|r| r.id == id) {
            continue;
        }
        open |= work.is_none();
        let Some(found) = found else { continue };
        why = why.or(found.unchecked.get(&id));
        for check in found.checks.iter().filter(|check| check.requirement == id) {
            let on_result = last
                .filter(|_| work.is_some())
                .and_then(|last| last.checks.iter().find(|result| result.command == check.command));
            broken |= last.is_some_and(|l| l.broken.iter().any(|p| found.locks.contains_key(p)));
            let commit = work.map(|work| &work.commit);
            checks.push(RowCheck { task: task.id, check, commit, on_result });
        }
    }
    let telling: Vec<&RowCheck<'_>> = checks.iter().filter(|c| c.check.tells()).collect();
    let is = |wanted: fn(&Verdict) -> bool| {
        move |c: &&RowCheck<'_>| c.on_result.is_some_and(|r| wanted(&r.verdict))
    };
    let green = is(|verdict| *verdict == Verdict::Passed);
    let red = is(|verdict| *verdict != Verdict::Passed);
    let standing = if telling.is_empty() {
        Standing::Unproven
    } else if broken || telling.iter().any(red) {
        Standing::Disproven
    } else if open || !telling.iter().all(green) {
        Standing::Open
    } else {
        Standing::Proven
    };
    Row { requirement, standing, checks, why }
}

/// Whether a check that told something is red on the result, or its files were changed.
pub(crate) fn is_disproven(state: &RunState) -> bool {
    rows(state).iter().any(|row| row.standing == Standing::Disproven)
}

/// What is said of work that changed locked files.
pub fn refusal(paths: &[String]) -> String {
    format!(
        "acceptance checks are out of the workers' reach, and these files of theirs were changed or \
         deleted: {}",
        paths.join(", ")
    )
}

/// The entry of a task, made when there is none.
pub(crate) fn entry(state: &mut RunState, task: TaskId) -> &mut TaskAcceptance {
    state.acceptance.tasks.entry(task).or_insert_with(|| TaskAcceptance {
        stage: AcceptanceStage::Settled,
        covered: BTreeMap::new(),
        checks: Vec::new(),
        unchecked: BTreeMap::new(),
        files: BTreeMap::new(),
        commit: None,
        locks: BTreeMap::new(),
    })
}

/// The entry of a task whose checks are being written.
pub(crate) fn writing(state: &mut RunState, task: TaskId) -> Result<&mut TaskAcceptance, Fault> {
    let found = state.acceptance.tasks.get_mut(&task);
    found
        .filter(|found| found.stage == AcceptanceStage::Writing)
        .ok_or("no checks of this task are being written")
}
