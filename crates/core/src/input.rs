//! What a run reacts to: commands of the person and outcomes of jobs.

use crate::acceptance::Lock;
use crate::chat::{CallFault, Reply, ToolOutcome, Usage};
use crate::documents::Documents;
use crate::event::{CheckResult, Delivery};
use crate::foresight::Foreseen;
use crate::id::{Commit, QuestionId, TaskId};
use crate::job::JobId;
use crate::policy::{Sandbox, Touched};
use crate::units::MicroDollars;
use std::sync::Arc;

/// One thing that comes to a run from outside.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// A new process takes the run up.
    Resume,
    /// The person wants something.
    Command(Command),
    /// A job ended.
    Done(JobId, Outcome),
    /// Time passed.
    Tick,
}

/// What a person asks of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// What to build, or the answer to the planner's question.
    Say(Arc<str>),
    /// Forget the conversation.
    Clear,
    /// Enough said: write the documents.
    Close,
    /// The documents are right.
    Approve,
    /// The documents are to be changed, in these words.
    Revise(Arc<str>),
    /// The person changed the documents.
    Edit(Documents),
    /// An answer to any agent's question; `None` takes the default.
    Answer(QuestionId, Option<Arc<str>>),
    /// Another budget; `None` is no bound.
    SetBudget(Option<MicroDollars>),
    /// Another number of workers at a time.
    SetWorkers(u32),
    /// What commands run in from now on. That it works here is for the sender to find out.
    SetSandbox(Sandbox),
    /// Changes of protected paths may come to the person's branch; see
    /// [`acceptance_objection`](crate::decide::acceptance_objection).
    AcceptProtected,
    /// Go on after an ending that can be resumed.
    Reopen,
    /// Stop for good.
    Cancel,
    /// Let what is under way end and begin nothing new.
    Pause,
    /// Go on after a pause.
    Unpause,
    /// Leave a task undone, whatever its workers are at; what needs it goes on without it.
    CancelTask(TaskId),
    /// Tell a worker something at its next turn.
    Tell {
        /// Whose task; `None` is everybody whose task is open.
        to: Option<TaskId>,
        /// What.
        text: Arc<str>,
    },
    /// The person changed the documents of a plan that is being built: so their files hold them.
    EditPlan(Documents),
    /// One more todo for a plan that is being built.
    AddTodo(Arc<str>),
    /// An assumption, by its number from 1, holds otherwise: what is taken instead.
    Flip(u32, Arc<str>),
}

/// How a job ended. Each belongs to one kind of job.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// A model call.
    Called {
        /// The reply, or why there is none.
        result: Result<Reply, CallFailure>,
        /// How long it took.
        took_ms: u64,
    },
    /// A tool call.
    ToolRan {
        /// What the model reads.
        content: Arc<str>,
        /// Whether it went as asked.
        outcome: ToolOutcome,
        /// How long it took.
        took_ms: u64,
    },
    /// A worktree stands at this commit.
    Prepared(Commit),
    /// A claim was checked in its worktree.
    Verified {
        /// The work, committed.
        commit: Commit,
        /// The paths that it changes.
        paths: Vec<Arc<str>>,
        /// What was run.
        checks: Vec<CheckResult>,
        /// The change as a diff, as much of it as was asked for.
        diff: Arc<str>,
        /// Files that were there before, that a check names, and that the work changes.
        edited: Vec<Arc<str>>,
    },
    /// A merge was made and checked, and nothing moved yet.
    Integrated {
        /// The merge commit.
        commit: Commit,
        /// What it was made onto.
        onto: Commit,
        /// What was run on the merged tree.
        checks: Vec<CheckResult>,
    },
    /// A merge conflicts.
    Conflicted {
        /// The files.
        paths: Vec<Arc<str>>,
        /// Both sides, bounded.
        text: Arc<str>,
        /// What it was made onto.
        onto: Commit,
        /// The merged tree with markers.
        tree: Commit,
        /// Ids of the merged tasks that changed these files since, the earliest first.
        with: Vec<Arc<str>>,
    },
    /// Unfinished work was merged in memory.
    Foreseen(Foreseen),
    /// The integration branch holds the merge now.
    Landed,
    /// The integration branch had moved elsewhere.
    Overtaken,
    /// The documents are committed.
    Published {
        /// The commit.
        base: Commit,
        /// What the person has to know.
        note: Option<Arc<str>>,
    },
    /// The result is handed over.
    Delivered(Delivery),
    /// The result changes protected paths, and nothing was handed over.
    Protected(Touched),
    /// Files of the run's own are on the integration branch, with this commit.
    Committed(Commit),
    /// Acceptance checks were run apart from any work.
    Proved {
        /// The commit.
        at: Commit,
        /// Their files there.
        locks: Vec<Lock>,
        /// Files that are not as they were recorded.
        broken: Vec<Arc<str>>,
        /// What was run; nothing when files were not as recorded.
        checks: Vec<CheckResult>,
    },
    /// A merged task was checked again.
    Rechecked(Vec<CheckResult>),
    /// The work can't be taken as it is; the worker is told.
    Refused(Arc<str>),
    /// The machine failed the job: the run stops and can be resumed.
    Failed(Arc<str>),
}

/// Why a model call gave no reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallFailure {
    /// What kind of failure.
    pub fault: CallFault,
    /// The provider's words, bounded and without secrets.
    pub message: Arc<str>,
    /// How long the provider wants to be left alone.
    pub retry_after_ms: Option<u64>,
    /// What it may have cost.
    pub used: Used,
}

/// What a failed call may have cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Used {
    /// Nothing: the provider refused it or was never reached.
    Nothing,
    /// These tokens.
    Tokens(Usage),
    /// Nobody knows: the whole reservation is charged.
    Unknown,
}
