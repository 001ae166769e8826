//! Work that the state wants: names of jobs, which of them are wanted now, and what each needs.
//!
//! A job is a leaf: one model call, one tool call, one git step. Its name says task, attempt and
//! step, so that an outcome that comes late names something no longer wanted.

mod documents;
mod tools;
mod when;

pub(crate) use documents::documents;
use documents::{document_updates, taken};
use tools::task_of;
pub(crate) use tools::{is_worktree_tool, spec_bytes, tool_bytes, tools};
pub(crate) use when::call_not_before;
pub use when::wake_at;

use crate::acceptance::{self, Lock};
use crate::chat::{Request, ToolCall};
use crate::commits;
use crate::contracts::{ContractFile, recheck_wanted};
use crate::dialogue::{Dialogue, Step};
use crate::documents::Documents;
use crate::event::{Matter, Start};
use crate::foresight::{self, Side};
use crate::id::{AgentId, Commit, TaskId};
use crate::review;
use crate::scope::{self, Closed};
use crate::state::{Attempt, Consult, Phase, RunState, Stage, Status, Task};
use std::sync::Arc;

/// A job's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobId {
    /// Commit the approved documents.
    Publish,
    /// Call an agent's model.
    Call {
        /// Who calls.
        agent: AgentId,
        /// For its how many-th reply.
        turn: u32,
        /// The run's how many-th call: no two have one name, so that the reply to one that was
        /// given up is never taken for another's.
        nth: u64,
    },
    /// Make a worktree stand.
    Prepare(TaskId, u32),
    /// Run a tool in a worktree.
    Tool {
        /// Who called it: a worker, or who reviews its work.
        agent: AgentId,
        /// The turn whose reply asked for it.
        turn: u32,
        /// Which of the reply's calls, from 0.
        call: u32,
    },
    /// Commit claimed work and run its checks.
    Verify(TaskId, u32),
    /// Merge verified work onto the integration branch's head and run the checks; nothing moves.
    Integrate(TaskId, u32),
    /// Move the integration branch to a checked merge.
    Land(TaskId, MergeTry),
    /// Hand the result over.
    Deliver(Handover),
    /// Merge unfinished work in memory, for the how many-th time.
    Foresee(u32),
    /// Commit files of the run's own on the integration branch: its how many-th such commit.
    Commit(u32),
    /// Run acceptance checks apart from any work.
    Prove {
        /// The task whose checks are run on its base; without one, all are run on the result.
        task: Option<TaskId>,
        /// The run's how many-th proof.
        nth: u32,
    },
    /// Check a merged task again, on a contract's new version: the run's how many-th time.
    Recheck(u32),
}

/// How the result may be handed over. A job's name holds it, so that word of a delivery before the
/// person's answer is never taken for the one after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Handover {
    /// Onto the person's branch, unless it changes protected paths: then nothing is done, and they
    /// are told.
    Guarded,
    /// Onto the person's branch, whatever it changes.
    Accepted,
    /// On a branch of its own; the person's is left alone.
    Aside,
}

/// Which of a task's merges. Old word about one of them is never taken for the next one's: that one
/// may have landed meanwhile, and would be merged again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MergeTry {
    /// The attempt.
    pub attempt: u32,
    /// The attempt's how many-th checked merge, from 1.
    pub nth: u32,
}

/// What a job needs to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Work {
    /// See [`JobId::Publish`].
    Publish(Documents),
    /// See [`JobId::Call`].
    Call(Request),
    /// See [`JobId::Prepare`].
    Prepare {
        /// Whose worktree.
        place: Place,
        /// What it starts from.
        start: Start,
        /// It stood before, from this commit: keep what lies in it.
        keep: Option<Commit>,
    },
    /// See [`JobId::Tool`].
    Tool {
        /// In whose worktree.
        place: Place,
        /// The call.
        call: ToolCall,
        /// The longest it may take, in milliseconds.
        left_ms: u64,
        /// It may have run before, when the process was killed.
        repeated: bool,
        /// Contracts that changed since worktrees were made; they are brought up to date first.
        contracts: Vec<ContractFile>,
    },
    /// See [`JobId::Verify`].
    Verify {
        /// Whose worktree.
        place: Place,
        /// The commit it started from.
        base: Commit,
        /// What the worktree started from: a merge may have left conflict markers.
        start: Start,
        /// The commit's subject.
        subject: Arc<str>,
        /// Files that have to be as they were recorded.
        locks: Vec<Lock>,
        /// What it must not have changed.
        closed: Vec<Closed>,
        /// All contracts; the work may not write them.
        contracts: Vec<ContractFile>,
        /// The commands.
        checks: Vec<Arc<str>>,
        /// The longest each may take, in milliseconds.
        check_ms: u64,
        /// Bytes of the change that the outcome tells at the most.
        diff_bytes: u64,
    },
    /// See [`JobId::Integrate`].
    Integrate {
        /// Whose work.
        place: Place,
        /// The work.
        commit: Commit,
        /// The merge's subject.
        subject: Arc<str>,
        /// Files the merge writes beside the work: path and text.
        files: Vec<(Arc<str>, Arc<str>)>,
        /// Files of acceptance checks that have to be as they were recorded; where there are any, all
        /// of them have to be as on the integration branch.
        locks: Option<Vec<Lock>>,
        /// All contracts: the merged tree holds their newest versions.
        contracts: Vec<ContractFile>,
        /// Of these, the task's own, by path: it is said of each that it was looked at.
        own: Vec<Arc<str>>,
        /// The commands.
        checks: Vec<Arc<str>>,
        /// The longest each may take, in milliseconds.
        check_ms: u64,
    },
    /// See [`JobId::Land`].
    Land {
        /// Where the branch is expected.
        from: Commit,
        /// Where it goes.
        to: Commit,
    },
    /// See [`JobId::Deliver`].
    Deliver {
        /// The commit the person's branch was moved to with the documents.
        from: Commit,
        /// The result.
        to: Commit,
        /// How.
        handover: Handover,
        /// Documents that the person's files hold and the run took over: path and text.
        taken: Vec<(Arc<str>, Arc<str>)>,
        /// The patterns of protected paths; see [`Touched::of`](crate::policy::Touched::of).
        protected: Vec<Arc<str>>,
    },
    /// See [`JobId::Foresee`].
    Foresee {
        /// Whose work.
        sides: Vec<Side>,
        /// Where the integration branch stands.
        head: Commit,
    },
    /// See [`JobId::Commit`].
    Commit {
        /// Where the run knows the integration branch to stand.
        from: Commit,
        /// Path and whole text of each file.
        files: Vec<(Arc<str>, Arc<str>)>,
        /// The commit's subject.
        subject: Arc<str>,
    },
    /// See [`JobId::Prove`].
    Prove {
        /// Names the folder; none is the result's.
        key: Option<Arc<str>>,
        /// The commit on which they are run.
        at: Commit,
        /// Files whose contents are to be named.
        paths: Vec<Arc<str>>,
        /// Files that have to be as they were recorded.
        locks: Vec<Lock>,
        /// The commands.
        checks: Vec<Arc<str>>,
        /// The longest each may take, in milliseconds.
        check_ms: u64,
    },
    /// See [`JobId::Recheck`].
    Recheck {
        /// What is checked.
        commit: Commit,
        /// The contract that changed.
        contracts: Vec<ContractFile>,
        /// The commands.
        checks: Vec<Arc<str>>,
        /// The longest each may take, in milliseconds.
        check_ms: u64,
    },
}

/// Whose worktree and branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The task's id in the graph: names folder and refs.
    pub key: Arc<str>,
    /// The attempt.
    pub attempt: u32,
    /// The worker, for people.
    pub worker: Arc<str>,
}

/// The jobs that should be under way now, in a fixed order.
///
/// Cost: the agents that are under way, not the tasks of the graph.
pub fn jobs(state: &RunState) -> Vec<JobId> {
    let mut wanted = Vec::with_capacity(state.active.len() + 4);
    match &state.phase {
        Phase::Ended(_) => return wanted,
        Phase::Publishing => wanted.push(JobId::Publish),
        Phase::Planning | Phase::Review | Phase::Graphing | Phase::Working => {}
    }
    let mut call = |agent, dialogue: &Dialogue| {
        if let Step::Calling { nth, .. } = dialogue.step {
            wanted.push(JobId::Call { agent, turn: dialogue.turn, nth });
        }
    };
    if let Some(dialogue) = &state.plan.dialogue {
        call(AgentId::Planner, dialogue);
    }
    for (&id, consult) in &state.consults {
        call(AgentId::Supervisor(id), &consult.dialogue);
    }
    for &id in &state.active {
        if let Some(task) = state.task(id)
            && let Status::Active(attempt) = &task.status
        {
            attempt_jobs(state, task, attempt, &mut wanted);
        }
    }
    if let Some(due) = commits::wanted(state) {
        wanted.push(JobId::Commit(due.nth));
    }
    wanted.extend(acceptance::proofs(state));
    if let Some(due) = recheck_wanted(state) {
        wanted.push(JobId::Recheck(due.nth));
    }
    if state.is_delivering() {
        wanted.push(JobId::Deliver(state.handover));
    }
    // Not among what `any` looks for: a run ends whether or not somebody looks ahead.
    wanted.extend(foresight::due(state).map(JobId::Foresee));
    if let Some(pause) = &state.paused {
        wanted.retain(|&job| pause.lets(job));
    }
    wanted
}

/// Whether any job should be under way now; stops at the first that is found.
pub(crate) fn any(state: &RunState) -> bool {
    if state.paused.is_some() {
        return !jobs(state).is_empty();
    }
    let calls = |dialogue: &Dialogue| matches!(dialogue.step, Step::Calling { .. });
    let mut found = Vec::with_capacity(2);
    state.ending().is_none()
        && (state.phase == Phase::Publishing
            || state.plan.dialogue.as_ref().is_some_and(calls)
            || state.consults.values().any(|consult| calls(&consult.dialogue))
            || state.active.iter().any(|&id| {
                if let Some(task) = state.task(id)
                    && let Some(attempt) = task.attempt()
                {
                    attempt_jobs(state, task, attempt, &mut found);
                }
                !found.is_empty()
            })
            || commits::wanted(state).is_some()
            || acceptance::proofs(state).next().is_some()
            || recheck_wanted(state).is_some()
            || state.is_delivering())
}

fn attempt_jobs(state: &RunState, task: &Task, attempt: &Attempt, wanted: &mut Vec<JobId>) {
    let (id, number) = (task.id, attempt.number);
    match &attempt.stage {
        Stage::Working => {
            if !attempt.stands {
                wanted.push(JobId::Prepare(id, number));
            }
            match attempt.dialogue.step {
                Step::Calling { nth, .. } => wanted.push(JobId::Call {
                    agent: AgentId::Worker(id, number),
                    turn: attempt.dialogue.turn,
                    nth,
                }),
                Step::Acting if attempt.stands => {
                    let agent = AgentId::Worker(id, number);
                    wanted.extend(next_tool(state, agent, &attempt.dialogue));
                }
                Step::Acting | Step::NeedsCall { .. } | Step::Listening | Step::Closed => {}
            }
        }
        Stage::Verifying if !attempt.stands => wanted.push(JobId::Prepare(id, number)),
        Stage::Verifying => wanted.push(JobId::Verify(id, number)),
        Stage::Reviewing if !attempt.stands => wanted.push(JobId::Prepare(id, number)),
        Stage::Reviewing => {
            let reviewer = state.consults.iter().find(|(_, consult)| {
                consult.matter == Matter::Review { task: id, attempt: number }
            });
            if let Some((&consult, Consult { dialogue, .. })) = reviewer {
                wanted.extend(next_tool(state, AgentId::Supervisor(consult), dialogue));
            }
        }
        Stage::Queued => {}
        Stage::Integrating => wanted.push(JobId::Integrate(id, number)),
        #[cfg(feature = "planted")]
        Stage::Landing { .. } if crate::planted::is(crate::planted::Mistake::NamelessLandings) => {
            wanted.push(JobId::Land(id, MergeTry { attempt: number, nth: 1 }));
        }
        Stage::Landing { .. } => {
            wanted.push(JobId::Land(id, MergeTry { attempt: number, nth: attempt.merges }));
        }
    }
}

/// The next tool that an agent's last reply asked for: one at a time and in order, as a call may
/// rely on what the one before it did.
fn next_tool(state: &RunState, agent: AgentId, dialogue: &Dialogue) -> Option<JobId> {
    if dialogue.step != Step::Acting {
        return None;
    }
    let next = dialogue.acting.iter().position(|pending| {
        pending.result.is_none() && is_worktree_tool(state, &pending.call.name)
    });
    let call = u32::try_from(next?).ok()?;
    Some(JobId::Tool { agent, turn: dialogue.turn, call })
}

/// Whether an outcome of this job would still be news.
pub fn is_wanted(state: &RunState, job: JobId) -> bool {
    if state.paused.as_ref().is_some_and(|pause| !pause.lets(job)) {
        return false;
    }
    let task = match job {
        JobId::Prepare(task, _)
        | JobId::Verify(task, _)
        | JobId::Integrate(task, _)
        | JobId::Land(task, _) => task,
        JobId::Tool { agent, .. } => match task_of(state, agent) {
            Some(task) => task,
            None => return false,
        },
        #[cfg(feature = "planted")]
        JobId::Call { agent, .. } if crate::planted::is(crate::planted::Mistake::MissingFence) => {
            return state.dialogue(agent).is_some_and(|d| matches!(d.step, Step::Calling { .. }));
        }
        JobId::Call { agent, turn, nth } => {
            return state.ending().is_none()
                && state.dialogue(agent).is_some_and(|d| {
                    d.turn == turn && matches!(d.step, Step::Calling { nth: n, .. } if n == nth)
                });
        }
        JobId::Foresee(nth) => return foresight::due(state) == Some(nth),
        JobId::Publish => return state.phase == Phase::Publishing,
        JobId::Deliver(handover) => return state.is_delivering() && handover == state.handover,
        JobId::Commit(nth) => return commits::wanted(state).is_some_and(|due| due.nth == nth),
        JobId::Prove { .. } => {
            return state.ending().is_none() && acceptance::proofs(state).any(|proof| proof == job);
        }
        JobId::Recheck(nth) => return recheck_wanted(state).is_some_and(|due| due.nth == nth),
    };
    let Some(task) = state.task(task) else { return false };
    let Some(attempt) = task.attempt() else { return false };
    let mut wanted = Vec::new();
    attempt_jobs(state, task, attempt, &mut wanted);
    state.ending().is_none() && wanted.contains(&job)
}

/// What a wanted job needs; `None` for one that is not wanted.
pub fn work(state: &RunState, job: JobId) -> Option<Work> {
    if !is_wanted(state, job) {
        return None;
    }
    match job {
        JobId::Publish => Some(Work::Publish(state.plan.documents.clone())),
        JobId::Call { agent, .. } => request(state, agent).map(Work::Call),
        JobId::Deliver(handover) => Some(Work::Deliver {
            from: state.base.clone()?,
            to: state.head.clone()?,
            handover,
            taken: taken(state),
            protected: state.spec.policy.protected.clone(),
        }),
        JobId::Tool { agent, .. } => {
            let task = state.task(task_of(state, agent)?)?;
            task_work(state, task, task.attempt()?, job)
        }
        JobId::Foresee(_) => {
            Some(Work::Foresee { sides: foresight::sides(state), head: state.head.clone()? })
        }
        JobId::Commit(_) => {
            let due = commits::wanted(state)?;
            Some(Work::Commit {
                from: state.head.clone()?,
                files: commits::files(state, due),
                subject: format!("{}{}", state.spec.commit_prefix, due.subject).into(),
            })
        }
        JobId::Prove { task, .. } => acceptance::proof_work(state, task),
        JobId::Recheck(_) => {
            let due = recheck_wanted(state)?;
            let changed = |file: &ContractFile| file.path == due.contract;
            Some(Work::Recheck {
                commit: due.commit.clone(),
                contracts: state.contracts.files().into_iter().filter(changed).collect(),
                checks: state.task(due.task)?.checks.clone(),
                check_ms: state.spec.limits.check_ms,
            })
        }
        JobId::Prepare(task, _)
        | JobId::Verify(task, _)
        | JobId::Integrate(task, _)
        | JobId::Land(task, _) => {
            let task = state.task(task)?;
            task_work(state, task, task.attempt()?, job)
        }
    }
}

/// Whose worktree an attempt has.
pub(crate) fn place(task: &Task, attempt: &Attempt) -> Place {
    Place { key: task.key.clone(), attempt: attempt.number, worker: task.worker.clone() }
}

fn task_work(state: &RunState, task: &Task, attempt: &Attempt, job: JobId) -> Option<Work> {
    let place = place(task, attempt);
    let limits = &state.spec.limits;
    let subject: Arc<str> = format!("{}{}", state.spec.commit_prefix, task.title).into();
    match job {
        JobId::Prepare(..) => {
            Some(Work::Prepare { place, start: attempt.start.clone(), keep: attempt.base.clone() })
        }
        JobId::Tool { agent, call, .. } => {
            let pending = state.dialogue(agent)?.acting.get(call as usize)?;
            let worked_ms = match agent {
                AgentId::Worker(..) => attempt.worked_ms,
                AgentId::Planner | AgentId::Supervisor(_) => 0,
            };
            Some(Work::Tool {
                place,
                call: pending.call.clone(),
                left_ms: limits.attempt_ms.saturating_sub(worked_ms),
                repeated: pending.repeated,
                contracts: state.contracts.changed_files(),
            })
        }
        JobId::Verify(..) => Some(Work::Verify {
            place,
            base: attempt.base.clone()?,
            start: attempt.start.clone(),
            subject,
            locks: state.acceptance.tasks.get(&task.id).map(|a| a.locked()).unwrap_or_default(),
            closed: scope::closed(state, task.id),
            contracts: state.contracts.files(),
            checks: acceptance::checks_of(state, task),
            check_ms: limits.check_ms,
            diff_bytes: if review::is_due(state, task) { review::DIFF_BYTES as u64 } else { 0 },
        }),
        JobId::Integrate(..) => Some(Work::Integrate {
            place,
            commit: attempt.work.clone()?,
            subject,
            files: document_updates(state, task.id),
            locks: acceptance::guarded(state),
            contracts: state.contracts.files(),
            own: state.contracts.of(task.id).map(|contract| contract.path.clone()).collect(),
            checks: acceptance::checks_of(state, task),
            check_ms: limits.check_ms,
        }),
        JobId::Land(..) => match &attempt.stage {
            Stage::Landing { commit, onto, .. } => {
                Some(Work::Land { from: onto.clone(), to: commit.clone() })
            }
            Stage::Working
            | Stage::Verifying
            | Stage::Reviewing
            | Stage::Queued
            | Stage::Integrating => None,
        },
        JobId::Publish
        | JobId::Call { .. }
        | JobId::Deliver(_)
        | JobId::Foresee(_)
        | JobId::Commit(_)
        | JobId::Recheck(_)
        | JobId::Prove { .. } => None,
    }
}

fn request(state: &RunState, agent: AgentId) -> Option<Request> {
    let dialogue = state.dialogue(agent)?;
    let Step::Calling { max_tokens, .. } = dialogue.step else { return None };
    let model = state.model(agent);
    Some(Request {
        model: model.name.clone(),
        agent: state.agent_name(agent),
        turn: dialogue.turn,
        system: dialogue.system.clone(),
        messages: dialogue.shown(),
        tools: tools(state, agent),
        max_tokens,
        temperature_milli: model.temperature_milli,
    })
}
