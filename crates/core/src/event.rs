//! What happened: the facts that a journal holds and a state is folded from.
//!
//! Never change what a field means: add a variant and raise [`FORMAT`]. Enums here are externally
//! tagged, which is the form that reads fastest.

mod failure;
mod matter;

pub use failure::{CheckResult, Failure, Verdict};
pub use matter::{Matter, Start};

use crate::acceptance::{Lock, WrittenCheck};
use crate::chat::{CallFault, Reply, ToolOutcome};
use crate::contracts::PlannedContract;
use crate::documents::{DocumentKind, Documents};
use crate::drift::Warning;
use crate::graph::PlannedTask;
use crate::id::{AgentId, Commit, ConsultId, QuestionId, TaskId};
use crate::plan_diff::PlanChange;
use crate::policy::{Sandbox, Touched};
use crate::requirements::RequirementId;
use crate::review::Reviewed;
use crate::spec::RunSpec;
use crate::units::MicroDollars;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Version of the record format; a journal of a newer one is refused.
///
/// 2: a spec's policy and its changes, protected paths at delivery, workers that go in circles.
/// 3: messages of others than workers, tasks that are opened again.
pub const FORMAT: u32 = 3;

/// All facts that one input led to: durable together or not at all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Place in the journal, from 0.
    pub seq: u64,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// In the order they happened; never empty.
    pub events: Vec<Event>,
}

/// A fact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The run began; always the first.
    RunStarted {
        /// What it was asked to be.
        spec: Arc<RunSpec>,
    },
    /// A new process took the run up. Calls that were under way are charged in full.
    RunResumed,
    /// A run that had ended for want of something goes on.
    RunReopened,
    /// The run ended.
    RunEnded {
        /// How.
        ending: Ending,
    },
    /// No new model call starts any more; what is under way may end.
    RunHalted {
        /// What the run ends with.
        ending: Ending,
    },
    /// The person changed a bound.
    BudgetSet {
        /// The new one.
        budget: Option<MicroDollars>,
    },
    /// The person changed how many workers there may be at a time.
    WorkersSet {
        /// The new number.
        workers: u32,
    },
    /// The person chose what commands run in from now on.
    SandboxSet {
        /// What.
        sandbox: Sandbox,
    },
    /// The person lets changes of protected paths come to their branch: those of a result that lies
    /// aside, which is handed over then, and those of one that is still being made.
    ProtectedAccepted,

    /// The person paused the run: what is under way ends, and nothing new begins.
    RunPaused,
    /// The run goes on after a pause.
    RunUnpaused,

    /// The person said what to build, or something more.
    PersonSaid {
        /// Their words.
        text: Arc<str>,
    },
    /// The conversation begins anew.
    PlanCleared,
    /// The person has said enough: documents are due.
    PlanningClosed,
    /// An agent asks the person.
    QuestionAsked {
        /// Its number.
        id: QuestionId,
        /// Who asks.
        by: AgentId,
        /// Which of the reply's tool calls it is.
        call: u32,
        /// What.
        text: Arc<str>,
        /// What is taken when nobody answers.
        default: Arc<str>,
    },
    /// A question has its answer.
    QuestionAnswered {
        /// Which.
        id: QuestionId,
        /// The answer.
        text: Arc<str>,
        /// Where it is from.
        by: AnsweredBy,
    },
    /// The planner wrote a document.
    DocumentWritten {
        /// Which.
        kind: DocumentKind,
        /// Its whole text.
        text: Arc<str>,
    },
    /// The documents are complete and up for approval.
    PlanProposed,
    /// The person wants the documents changed.
    RevisionAsked {
        /// In these words.
        text: Arc<str>,
    },
    /// The person changed the documents themselves.
    DocumentsEdited {
        /// All three.
        documents: Documents,
    },
    /// The documents are approved.
    PlanApproved,
    /// The requirements of the approved documents that had no id got one, before they are committed.
    RequirementsMarked {
        /// The document with all ids.
        text: Arc<str>,
    },
    /// The approved documents are committed; the run works from there.
    DocumentsPublished {
        /// The commit that holds them.
        base: Commit,
        /// What the person has to know, such as that their branch did not move.
        note: Option<Arc<str>>,
    },

    /// The supervisor has a matter to decide.
    ConsultOpened {
        /// Its number.
        id: ConsultId,
        /// What about.
        matter: Matter,
        /// The first message it reads.
        opening: Arc<str>,
    },
    /// The matter is decided or void.
    ConsultClosed {
        /// Which.
        id: ConsultId,
    },
    /// The graph stands.
    GraphAccepted {
        /// Its tasks.
        tasks: Vec<PlannedTask>,
        /// Globs of files that tasks may write at the same time.
        #[serde(default)]
        shared: Vec<Arc<str>>,
        /// The interfaces that they share.
        #[serde(default)]
        contracts: Vec<PlannedContract>,
    },

    /// A worker began an attempt.
    AttemptStarted {
        /// The task.
        task: TaskId,
        /// From 1, rising.
        attempt: u32,
        /// What its worktree starts from.
        start: Start,
        /// The first message the worker reads.
        opening: Arc<str>,
    },
    /// Its worktree stands.
    WorktreePrepared {
        /// The task.
        task: TaskId,
        /// The attempt.
        attempt: u32,
        /// The commit it starts from.
        base: Commit,
    },
    /// Money is set aside for a model call, which may start now.
    CallReserved {
        /// Who calls.
        agent: AgentId,
        /// The most it can cost.
        amount: MicroDollars,
        /// Tokens its reply may have.
        max_tokens: u32,
    },
    /// A model replied.
    CallReplied {
        /// Who called.
        agent: AgentId,
        /// What it said.
        reply: Reply,
        /// What it cost.
        cost: MicroDollars,
        /// How long it took.
        took_ms: u64,
    },
    /// A model call failed.
    CallFailed {
        /// Who called.
        agent: AgentId,
        /// What kind of failure.
        fault: CallFault,
        /// The provider's words, bounded.
        message: Arc<str>,
        /// What is charged for it.
        cost: MicroDollars,
        /// How long it took.
        took_ms: u64,
        /// Not tried again before, in milliseconds since 1970.
        retry_at_ms: u64,
    },
    /// A tool call has its result.
    ToolFinished {
        /// Whose call.
        agent: AgentId,
        /// Which of the reply's calls, from 0.
        call: u32,
        /// What the model reads.
        content: Arc<str>,
        /// Whether it went as asked.
        outcome: ToolOutcome,
        /// How long it took.
        took_ms: u64,
    },
    /// The model was told to go on in the right way.
    AgentNudged {
        /// Who.
        agent: AgentId,
        /// In these words.
        text: Arc<str>,
    },
    /// A worker was told that it drifts, or that a bound comes near.
    WorkerWarned {
        /// The task.
        task: TaskId,
        /// The attempt.
        attempt: u32,
        /// Of what.
        warning: Warning,
        /// In these words.
        text: Arc<str>,
    },
    /// The supervisor answered a worker; whoever asks the same is given the same.
    SupervisorAnswered {
        /// The worker's task.
        task: TaskId,
        /// What it asked.
        question: Arc<str>,
        /// The answer.
        answer: Arc<str>,
    },
    /// A worker was told that it goes in circles.
    CircleNoticed {
        /// The task.
        task: TaskId,
        /// The attempt.
        attempt: u32,
        /// In these words.
        text: Arc<str>,
    },
    /// Workers are told something.
    MessageSent {
        /// By whom.
        from: Sender,
        /// Whom; `None` is everybody else whose task is open.
        to: Option<TaskId>,
        /// What kind of message it is.
        #[serde(default)]
        kind: MessageKind,
        /// What.
        text: Arc<str>,
    },
    /// A worker says its task is done: a claim, until the checks are green.
    WorkClaimed {
        /// The task.
        task: TaskId,
        /// The attempt.
        attempt: u32,
        /// What it got done, a line each.
        summary: Vec<Arc<str>>,
    },
    /// The checks were green in the worktree; the work waits to be merged.
    WorkVerified {
        /// The task.
        task: TaskId,
        /// The attempt.
        attempt: u32,
        /// The work, committed.
        commit: Commit,
        /// What was run.
        checks: Vec<CheckResult>,
    },
    /// The review of verified work ended.
    WorkReviewed {
        /// The task.
        task: TaskId,
        /// The attempt.
        attempt: u32,
        /// What it came to.
        verdict: Reviewed,
    },
    /// The merge of this work is being made.
    MergeStarted {
        /// The task.
        task: TaskId,
        /// The attempt.
        attempt: u32,
    },
    /// The checks were green on the merged tree; the integration branch may move.
    MergeVerified {
        /// The task.
        task: TaskId,
        /// The attempt.
        attempt: u32,
        /// The merge commit.
        commit: Commit,
        /// Where the integration branch stands.
        onto: Commit,
        /// What was run.
        checks: Vec<CheckResult>,
    },
    /// The integration branch had moved; the merge is made again.
    MergeOvertaken {
        /// The task.
        task: TaskId,
        /// The attempt.
        attempt: u32,
    },
    /// The task's work is on the integration branch.
    TaskMerged {
        /// The task.
        task: TaskId,
        /// The attempt.
        attempt: u32,
        /// The merge commit.
        commit: Commit,
    },
    /// An attempt came to nothing.
    AttemptFailed {
        /// The task.
        task: TaskId,
        /// The attempt.
        attempt: u32,
        /// Why.
        reason: Failure,
    },
    /// The supervisor grants the task another try.
    AdviceGiven {
        /// The task.
        task: TaskId,
        /// What to do differently.
        advice: Arc<str>,
        /// The profile that goes on, and its worker's name, when it is another.
        reassigned: Option<(Arc<str>, Arc<str>)>,
    },
    /// The supervisor divided the task.
    TaskSplit {
        /// The task.
        task: TaskId,
        /// What takes its place.
        into: Vec<PlannedTask>,
    },
    /// The task is left undone; what needs it goes on without it.
    TaskDropped {
        /// The task.
        task: TaskId,
        /// Why.
        reason: Arc<str>,
    },
    /// The task failed for good; what needs it is held back.
    TaskFailed {
        /// The task.
        task: TaskId,
        /// Why.
        reason: Arc<str>,
    },
    /// A task that was settled is to be worked on again. What was merged of it stays, and so do the
    /// tasks that built on it.
    TaskReopened {
        /// The task.
        task: TaskId,
        /// Why; its worker is told.
        because: Arc<str>,
    },
    /// Files belong to a task from now on, until it is settled.
    ClaimGranted {
        /// The task.
        task: TaskId,
        /// Which, from the project's root.
        paths: Vec<Arc<str>>,
        /// The tasks they belong to as well; nobody's when it only wrote them first.
        owners: Vec<TaskId>,
    },
    /// The unfinished work of tasks was merged in memory, to see what will collide.
    WorkCompared {
        /// The run's how many-th time, from 1.
        nth: u32,
        /// Whose new changes were looked at.
        looked: Vec<Looked>,
        /// How long it took.
        took_ms: u64,
    },
    /// The work of two tasks will conflict in files where it did not before.
    ConflictForeseen {
        /// The one with the lower number.
        task: TaskId,
        /// The other; one of the two may be merged already.
        with: TaskId,
        /// The files.
        paths: Vec<Arc<str>>,
    },
    /// The work of two tasks does not conflict in these files any more.
    ConflictPassed {
        /// The one with the lower number.
        task: TaskId,
        /// The other.
        with: TaskId,
        /// The files.
        paths: Vec<Arc<str>>,
    },
    /// The result changes protected paths: it needs the person's word, or stays on a branch of its
    /// own.
    ProtectedTouched {
        /// Which.
        touched: Touched,
    },
    /// The person is asked whether the result may come to their branch all the same.
    DeliveryAsked {
        /// The question's number.
        id: QuestionId,
        /// In these words.
        text: Arc<str>,
        /// What is taken when nobody answers.
        default: Arc<str>,
    },
    /// The result was handed over.
    ProjectDelivered {
        /// How.
        delivery: Delivery,
    },
    /// Acceptance checks were written for a task, before its work.
    ChecksWritten {
        /// The task.
        task: TaskId,
        /// The checks and their files.
        checks: Vec<WrittenCheck>,
    },
    /// No acceptance check can be written for a requirement.
    CheckOmitted {
        /// The task that was to do it.
        task: TaskId,
        /// The requirement.
        requirement: RequirementId,
        /// Why.
        reason: Arc<str>,
    },
    /// A task's acceptance checks are written; their files are to be committed.
    AcceptanceWritten {
        /// The task.
        task: TaskId,
        /// Why requirements are left without a check, when nothing usable came.
        lacking: Option<Arc<str>>,
    },
    /// Acceptance checks were run apart from any work.
    ChecksProved {
        /// The run's how many-th proof.
        nth: u32,
        /// The task whose checks were run on its base; without one, all were run on the result.
        task: Option<TaskId>,
        /// The commit on which they were run.
        at: Commit,
        /// Their files there.
        locks: Vec<Lock>,
        /// Files that are not as they were recorded.
        broken: Vec<Arc<str>>,
        /// What was run.
        checks: Vec<CheckResult>,
    },
    /// Which files that a check of a task's own names its worker changed, when that is others than
    /// before: the run tells, as that can be the task or a way around it.
    ChecksEdited {
        /// The task.
        task: TaskId,
        /// The attempt.
        attempt: u32,
        /// The files.
        paths: Vec<Arc<str>>,
    },
    /// Files of the run's own, such as contracts, are on the integration branch.
    FilesCommitted {
        /// The run's how many-th such commit.
        nth: u32,
        /// The first line of its message, without the person's prefix.
        subject: Arc<str>,
        /// The commit.
        commit: Commit,
    },
    /// The person changed the plan while it was being built. What becomes of its tasks is told by the
    /// events after it.
    PlanChanged {
        /// All three documents, as they stand now.
        documents: Documents,
        /// What the person's own files held, when it came from there.
        edited: Option<Documents>,
        /// What differs.
        change: PlanChange,
    },
    /// Tasks for todos that none covered came to the graph.
    TasksAdded {
        /// Which.
        tasks: Vec<PlannedTask>,
    },
    /// The supervisor accepted another version of a contract.
    ContractChanged {
        /// Its path.
        contract: Arc<str>,
        /// The version it has now.
        version: u32,
        /// That version's whole text.
        text: Arc<str>,
        /// The task whose worker proposed it.
        by: TaskId,
        /// Why, in the worker's words.
        reason: Arc<str>,
        /// What the supervisor said to it; may be empty.
        note: Arc<str>,
    },
    /// A merged task's checks ran again, on the new version of a contract of it.
    ContractRechecked {
        /// The run's how many-th.
        nth: u32,
        /// The contract's path.
        contract: Arc<str>,
        /// Its version.
        version: u32,
        /// The task.
        task: TaskId,
        /// What was run.
        checks: Vec<CheckResult>,
    },
}

/// An attempt whose unfinished work was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looked {
    /// The task.
    pub task: TaskId,
    /// The attempt.
    pub attempt: u32,
    /// How many of its tool calls may have changed something by then.
    pub changes: u32,
}

/// Who tells workers something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sender {
    /// The supervisor.
    Supervisor,
    /// The person.
    Person,
    /// The run itself, which saw something that concerns them.
    Run,
    /// The worker of this task.
    #[serde(untagged)]
    Worker(TaskId),
}

/// What kind of message it is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// Something that the receiver has to know.
    #[default]
    Fact,
    /// Something that the sender would like to know, in a message back.
    Question,
    /// An interface that tasks share has changed.
    Contract,
}

/// Where an answer is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnsweredBy {
    /// The person.
    Person,
    /// Nobody: it is the question's default, taken as an assumption.
    Default,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// All that was wanted is there.
    Done,
    /// Something was delivered, and something was left undone or unproven.
    DoneWithOpenWork,
    /// Nothing could be delivered.
    Failed {
        /// Why.
        reason: Arc<str>,
    },
    /// The budget does not allow the next call; `resume --budget` goes on.
    OutOfBudget,
    /// The provider wants money, a key or an easier time; `resume` goes on.
    ModelUnavailable {
        /// The provider's words.
        message: Arc<str>,
    },
    /// Something of this machine failed, such as a full disk; `resume` goes on.
    Broken {
        /// What.
        message: Arc<str>,
    },
    /// The person stopped it for good.
    Cancelled,
}

impl Ending {
    /// Whether `resume` can go on from here once what was missing is there.
    pub fn can_resume(&self) -> bool {
        match self {
            Self::OutOfBudget | Self::ModelUnavailable { .. } | Self::Broken { .. } => true,
            Self::Done | Self::DoneWithOpenWork | Self::Failed { .. } | Self::Cancelled => false,
        }
    }
}

/// How the result was handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// The person's branch moved forward.
    Moved {
        /// The branch.
        branch: Arc<str>,
        /// Where it is now.
        commit: Commit,
    },
    /// It lies on a branch of its own.
    OnBranch {
        /// The branch.
        branch: Arc<str>,
        /// Where it is.
        commit: Commit,
        /// Why the person's branch did not move.
        why: Arc<str>,
    },
}
