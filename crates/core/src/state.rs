//! What is known of a run: a fold over its records, and nothing beside.

use crate::acceptance::{self, Acceptances};
use crate::answers::Answers;
use crate::commits::Commits;
use crate::contracts::Contracts;
use crate::dialogue::Dialogue;
use crate::documents::{Assumption, Documents};
use crate::drift::Conduct;
use crate::event::{CheckResult, Delivery, Ending, Failure, Matter, MessageKind, Sender, Start};
use crate::foresight::Foresight;
use crate::id::{AgentId, Asker, Commit, ConsultId, QuestionId, TaskId};
use crate::job::Handover;
use crate::ledger::Ledger;
use crate::pause::Pause;
use crate::policy::{Acceptance, Touched};
use crate::requirements::Requirement;
use crate::review::Reviewed;
use crate::spec::{ModelSpec, RunSpec};
use crate::todos::Todo;
use crate::units::MicroDollars;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// A run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunState {
    /// What it was asked to be, with what the person changed since.
    pub spec: Arc<RunSpec>,
    /// Records applied so far.
    pub records: u64,
    /// When the first record was made, in milliseconds since 1970.
    pub started_ms: u64,
    /// When the last record was made.
    pub now_ms: u64,
    /// Where the run is.
    pub phase: Phase,
    /// The conversation and its documents.
    pub plan: Plan,
    /// Open matters of the supervisor.
    pub consults: BTreeMap<ConsultId, Consult>,
    /// Matters ever opened.
    pub consults_opened: u32,
    /// The graph; task `n` is at `n - 1`.
    pub tasks: Vec<Task>,
    /// Globs of files that tasks may write at the same time.
    pub shared: Vec<Arc<str>>,
    /// Tasks that could start, the longest remaining path first.
    pub ready: BTreeSet<(Reverse<u32>, TaskId)>,
    /// Tasks with an attempt.
    pub active: BTreeSet<TaskId>,
    /// Of these, how many hold a worker: claims being verified or merged hold none.
    pub working: u32,
    /// Verified work in the order it came; the first is being merged.
    pub merging: VecDeque<TaskId>,
    /// Tasks that the supervisor decides about.
    pub escalated: BTreeSet<TaskId>,
    /// Questions to the person that wait for an answer.
    pub questions: BTreeMap<QuestionId, Question>,
    /// Questions ever asked.
    pub questions_asked: u32,
    /// The supervisor's answers to workers.
    pub answers: Answers,
    /// What was taken for granted.
    pub assumptions: Vec<Assumption>,
    /// The money.
    pub ledger: Ledger,
    /// Conversations that want a model call, in the order they came to want it.
    pub callers: VecDeque<AgentId>,
    /// Providers that want to be left alone until then.
    pub gates: BTreeMap<Arc<str>, u64>,
    /// What the run ends with when all that is under way has ended.
    pub halting: Option<Ending>,
    /// The person's pause, while it lasts.
    pub paused: Option<Pause>,
    /// The commit of the approved documents.
    pub base: Option<Commit>,
    /// Where the integration branch stands.
    pub head: Option<Commit>,
    /// Commits of the run's own on it.
    pub commits: Commits,
    /// Acceptance checks.
    pub acceptance: Acceptances,
    /// The interfaces that tasks share.
    pub contracts: Contracts,
    /// The system prompt of every worker, the same so that providers' caches serve it.
    pub worker_system: Arc<str>,
    /// How the result may be handed over, by what is known of it.
    pub handover: Handover,
    /// Protected paths that it changes, once that was found.
    pub touched: Option<Touched>,
    /// How the result was handed over.
    pub delivery: Option<Delivery>,
    /// What is known of conflicts before they come to a merge.
    pub foresight: Foresight,
    /// Bytes of the worktree tools as models are told of them.
    pub(crate) tool_bytes: usize,
    /// Model calls ever reserved; numbers them.
    pub calls_reserved: u64,
    /// Model calls that gave a reply, and that failed.
    pub calls: (u64, u64),
    /// Tokens in, cached and out.
    pub tokens: (u64, u64, u64),
}

/// Where a run is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// In conversation with the person.
    Planning,
    /// The documents wait for approval.
    Review,
    /// The documents are being committed.
    Publishing,
    /// The supervisor makes the graph.
    Graphing,
    /// Tasks are under way, or their result is being handed over.
    Working,
    /// Over.
    Ended(Ending),
}

/// The conversation and its documents.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The planner's conversation; begins with the person's first words.
    pub dialogue: Option<Dialogue>,
    /// As they stand.
    pub documents: Documents,
    /// As they stood when a revision was asked.
    pub before: Option<Documents>,
    /// The todos of the approved documents.
    pub todos: Vec<Todo>,
    /// The requirements of the approved documents.
    pub requirements: Vec<Requirement>,
    /// Whether the person has said enough.
    pub closed: bool,
    /// The planner's questions so far.
    pub asked: u32,
    /// The planner's replies since the person last had a word.
    pub replies: u32,
    /// Where `spec.person`'s given answers go on.
    pub answers_used: usize,
    /// As the person's own files are known to hold them, ticks aside.
    pub seen: Documents,
    /// Changes of the approved plan so far.
    pub changes: u32,
    /// Tasks whose workers have not read yet what a change means for them, and what that is. One that is
    /// merged without that is opened again.
    pub untold: BTreeMap<TaskId, Arc<str>>,
}

/// A matter of the supervisor.
#[derive(Debug, Clone, PartialEq)]
pub struct Consult {
    /// What about.
    pub matter: Matter,
    /// Its conversation.
    pub dialogue: Dialogue,
}

/// A question to the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Who asks.
    pub by: Asker,
    /// Which of the reply's calls it is; none when it was asked in plain words.
    pub call: Option<u32>,
    /// What.
    pub text: Arc<str>,
    /// What is taken when nobody answers.
    pub default: Arc<str>,
    /// The default is taken then, in milliseconds since 1970.
    pub deadline_ms: Option<u64>,
}

/// A node of the graph.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// Its number.
    pub id: TaskId,
    /// The supervisor's id for it.
    pub key: Arc<str>,
    /// What people read.
    pub title: Arc<str>,
    /// What the worker is told.
    pub goal: Arc<str>,
    /// The worker's profile.
    pub profile: Arc<str>,
    /// The worker's name.
    pub worker: Arc<str>,
    /// The todos it covers.
    pub todos: Vec<u32>,
    /// What it waits for.
    pub needs: Vec<TaskId>,
    /// What needs it.
    pub dependents: Vec<TaskId>,
    /// Of these, the ones that still wait for it.
    pub waiting: Vec<TaskId>,
    /// Globs of the files it writes.
    pub files: Vec<Arc<str>>,
    /// Globs of the files that became its own on the way: it wrote them first, or was granted them.
    pub claimed: Vec<Arc<str>>,
    /// All checks of it, the project's included.
    pub checks: Vec<Arc<str>>,
    /// The task it is a part of.
    pub part_of: Option<TaskId>,
    /// Needs that are not met yet.
    pub unmet: u32,
    /// Todos on the longest path from here to the end, its own included.
    pub path: u32,
    /// Where it is.
    pub status: Status,
    /// Attempts so far, and those it may have before the supervisor decides.
    pub attempts: u32,
    /// See `attempts`; a conflict grants one more, up to a bound.
    pub attempts_max: u32,
    /// Conflicts so far.
    pub conflicts: u32,
    /// Conflicts since an attempt ended otherwise or the supervisor had a word.
    pub conflicts_in_a_row: u32,
    /// Times the supervisor had to decide.
    pub escalations: u32,
    /// The attempts that came to nothing.
    pub failures: Vec<(u32, Failure)>,
    /// What the next worktree starts from.
    pub start: Start,
    /// The supervisor's advice for the next attempt.
    pub advice: Option<Arc<str>>,
    /// Work of it that was merged before it was opened again, the earliest first.
    pub earlier: Vec<Work>,
    /// Whether any attempt made a call that may have changed its tree.
    pub touched: bool,
    /// Whether its work is reviewed, whatever its profile says.
    pub review: bool,
    /// Reviews that found something.
    pub reviews: u32,
    /// What the last review of it came to.
    pub reviewed: Option<Reviewed>,
    /// Why it was opened again, the last time.
    pub reopened: Option<Arc<str>>,
    /// Messages to its worker, in order.
    pub mail: Vec<Letter>,
    /// Messages its worker sent.
    pub sent: u32,
    /// Questions its workers put to the supervisor.
    pub questions: u32,
    /// Claims on others' files that its workers put to the supervisor.
    pub claims_asked: u32,
    /// Files that its own checks name and that its work changes, by what was last verified.
    pub edited: Vec<Arc<str>>,
    /// What its model calls cost, the supervisor's not included.
    pub spent: MicroDollars,
    /// Whether it was merged or dropped before: what needs it has heard of that.
    pub met: bool,
    /// Numbers of the assumptions it rests on, as the supervisor said.
    pub assumptions: Vec<u32>,
}

/// A message to a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Who wrote it.
    pub from: Sender,
    /// What kind of message it is.
    pub kind: MessageKind,
    /// What.
    pub text: Arc<str>,
}

/// Where a task is.
#[derive(Debug, Clone, PartialEq)]
pub enum Status {
    /// Some of its needs are not met.
    Waiting,
    /// It starts when a worker is free.
    Ready,
    /// A worker or the merge has it.
    Active(Box<Attempt>),
    /// The supervisor decides about it.
    Escalated,
    /// Its work is on the integration branch.
    Merged(Work),
    /// Others took its place; so many of them are not settled well yet.
    Split(u32),
    /// Left undone; what needs it goes on.
    Dropped(Arc<str>),
    /// Failed for good; what needs it is held back.
    Failed(Arc<str>),
}

/// Work on the integration branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// The merge.
    pub commit: Commit,
    /// What the worker says it got done.
    pub summary: Vec<Arc<str>>,
    /// What was run on the merged tree.
    pub checks: Vec<CheckResult>,
}

/// One worker's go at a task.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// From 1, rising.
    pub number: u32,
    /// What its worktree starts from.
    pub start: Start,
    /// The conversation.
    pub dialogue: Dialogue,
    /// The commit its worktree starts from, once it has stood.
    pub base: Option<Commit>,
    /// Whether this process has seen its worktree stand.
    pub stands: bool,
    /// Where it is.
    pub stage: Stage,
    /// Model and tool time so far.
    pub worked_ms: u64,
    /// What it did, as far as its tool calls tell.
    pub conduct: Conduct,
    /// Messages of the task's mail that it has seen.
    pub mail_seen: usize,
    /// Merges of it whose checks were green.
    pub merges: u32,
    /// The work, committed, once its checks were green.
    pub work: Option<Commit>,
    /// What it says it got done.
    pub summary: Vec<Arc<str>>,
    /// Tool calls of it that may have changed something.
    pub changes: u32,
    /// Of these, how many there were when its work was last compared with others'.
    pub compared: u32,
}

/// Where an attempt is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// The worker works.
    Working,
    /// It claims to be done: the checks run.
    Verifying,
    /// The checks were green: a reviewer reads the work.
    Reviewing,
    /// The work waits for its merge.
    Queued,
    /// The merge is made and checked.
    Integrating,
    /// The integration branch moves.
    Landing {
        /// The merge.
        commit: Commit,
        /// Where it moves from.
        onto: Commit,
        /// What was run on the merged tree.
        checks: Vec<CheckResult>,
    },
}

impl Task {
    /// Its attempt, while a worker or the merge has it.
    pub fn attempt(&self) -> Option<&Attempt> {
        match &self.status {
            Status::Active(attempt) => Some(attempt),
            Status::Waiting
            | Status::Ready
            | Status::Escalated
            | Status::Merged(_)
            | Status::Split(_)
            | Status::Dropped(_)
            | Status::Failed(_) => None,
        }
    }

    pub(crate) fn attempt_mut(&mut self) -> Option<&mut Attempt> {
        match &mut self.status {
            Status::Active(attempt) => Some(attempt),
            Status::Waiting
            | Status::Ready
            | Status::Escalated
            | Status::Merged(_)
            | Status::Split(_)
            | Status::Dropped(_)
            | Status::Failed(_) => None,
        }
    }

    /// Whether nothing more will happen to it.
    pub fn is_settled(&self) -> bool {
        match &self.status {
            Status::Merged(_) | Status::Split(_) | Status::Dropped(_) | Status::Failed(_) => true,
            Status::Waiting | Status::Ready | Status::Active(_) | Status::Escalated => false,
        }
    }
}

impl RunState {
    /// A run of which only the spec is known.
    pub fn new(spec: Arc<RunSpec>, at_ms: u64) -> Self {
        Self {
            ledger: Ledger { limit: spec.limits.budget, ..Ledger::default() },
            plan: Plan {
                dialogue: None,
                documents: Documents::default(),
                before: None,
                todos: Vec::new(),
                requirements: Vec::new(),
                closed: false,
                asked: 0,
                replies: 0,
                answers_used: 0,
                seen: Documents::default(),
                changes: 0,
                untold: BTreeMap::new(),
            },
            tool_bytes: crate::job::spec_bytes(&spec.tools),
            handover: match spec.policy.protected_accepted {
                Acceptance::Asked => Handover::Guarded,
                Acceptance::Given => Handover::Accepted,
            },
            touched: None,
            spec,
            records: 0,
            started_ms: at_ms,
            now_ms: at_ms,
            phase: Phase::Planning,
            consults: BTreeMap::new(),
            consults_opened: 0,
            tasks: Vec::new(),
            shared: Vec::new(),
            ready: BTreeSet::new(),
            active: BTreeSet::new(),
            working: 0,
            merging: VecDeque::new(),
            escalated: BTreeSet::new(),
            questions: BTreeMap::new(),
            questions_asked: 0,
            answers: Answers::default(),
            assumptions: Vec::new(),
            callers: VecDeque::new(),
            gates: BTreeMap::new(),
            halting: None,
            paused: None,
            base: None,
            head: None,
            commits: Commits::default(),
            acceptance: Acceptances::default(),
            contracts: Contracts::default(),
            worker_system: "".into(),
            delivery: None,
            foresight: Foresight::default(),
            calls_reserved: 0,
            calls: (0, 0),
            tokens: (0, 0, 0),
        }
    }

    /// A task by number.
    pub fn task(&self, id: TaskId) -> Option<&Task> {
        self.tasks.get((id.0 as usize).checked_sub(1)?)
    }

    pub(crate) fn task_mut(&mut self, id: TaskId) -> Option<&mut Task> {
        self.tasks.get_mut((id.0 as usize).checked_sub(1)?)
    }

    /// The conversation of an agent, while it has one.
    pub fn dialogue(&self, agent: AgentId) -> Option<&Dialogue> {
        match agent {
            AgentId::Planner => self.plan.dialogue.as_ref(),
            AgentId::Supervisor(id) => self.consults.get(&id).map(|c| &c.dialogue),
            AgentId::Worker(task, attempt) => {
                let found = self.task(task)?.attempt()?;
                (found.number == attempt).then_some(&found.dialogue)
            }
        }
    }

    pub(crate) fn dialogue_mut(&mut self, agent: AgentId) -> Option<&mut Dialogue> {
        match agent {
            AgentId::Planner => self.plan.dialogue.as_mut(),
            AgentId::Supervisor(id) => self.consults.get_mut(&id).map(|c| &mut c.dialogue),
            AgentId::Worker(task, attempt) => {
                let found = self.task_mut(task)?.attempt_mut()?;
                (found.number == attempt).then_some(&mut found.dialogue)
            }
        }
    }

    /// The model an agent speaks to.
    pub fn model(&self, agent: AgentId) -> &ModelSpec {
        match agent {
            AgentId::Planner => &self.spec.models.planner,
            AgentId::Supervisor(_) => &self.spec.models.supervisor,
            AgentId::Worker(..) => &self.spec.models.worker,
        }
    }

    /// How an agent is called in prompts, scripts and views: `planner`, `supervisor:graph`,
    /// `supervisor:question:backend_worker_1#3` (its third), `backend_worker_1#2` (second attempt).
    pub fn agent_name(&self, agent: AgentId) -> Arc<str> {
        match agent {
            AgentId::Planner => "planner".into(),
            AgentId::Supervisor(id) => match self.consults.get(&id).map(|c| &c.matter) {
                Some(Matter::Graph) => "supervisor:graph".into(),
                Some(Matter::Question { task, nth, .. }) => {
                    format!("supervisor:question:{}#{nth}", self.worker_name(*task)).into()
                }
                Some(Matter::Review { task, attempt }) => {
                    format!("reviewer:{}#{attempt}", self.worker_name(*task)).into()
                }
                Some(Matter::Claim { task, nth, .. }) => {
                    format!("supervisor:claim:{}#{nth}", self.worker_name(*task)).into()
                }
                Some(Matter::Escalation { task, nth }) => {
                    format!("supervisor:escalation:{}#{nth}", self.worker_name(*task)).into()
                }
                Some(Matter::Acceptance { task }) => {
                    let key = self.task(*task).map_or("task", |t| &t.key);
                    format!("acceptance:{key}").into()
                }
                Some(Matter::PlanChange { nth }) => format!("supervisor:plan#{nth}").into(),
                Some(Matter::ContractChange { task, nth, .. }) => {
                    format!("supervisor:contract:{}#{nth}", self.worker_name(*task)).into()
                }
                None => "supervisor".into(),
            },
            AgentId::Worker(task, attempt) => {
                format!("{}#{attempt}", self.worker_name(task)).into()
            }
        }
    }

    fn worker_name(&self, task: TaskId) -> &str {
        self.task(task).map_or("worker", |t| &t.worker)
    }

    /// The bytes of conversation that fit into a model: three to a token, which no text of ours
    /// passes, less the reply.
    pub fn dialogue_cap_bytes(&self, agent: AgentId) -> usize {
        let model = self.model(agent);
        (model.context_tokens.saturating_sub(model.reply_tokens) as usize).max(4_000) * 3
    }

    /// Whether no task is under way or could start, and no commit or recheck is due: what still
    /// waits is held back.
    pub fn is_settled(&self) -> bool {
        self.ready.is_empty()
            && self.active.is_empty()
            && self.escalated.is_empty()
            && self.commits.due.is_empty()
            && self.contracts.rechecks.is_empty()
    }

    /// Whether any work was merged.
    pub fn has_merged(&self) -> bool {
        let merged = |t: &Task| matches!(t.status, Status::Merged(_)) || !t.earlier.is_empty();
        self.base.is_some() && self.head != self.base && self.tasks.iter().any(merged)
    }

    /// Whether the result is complete and not handed over.
    pub(crate) fn is_complete(&self) -> bool {
        self.phase == Phase::Working
            && self.is_settled()
            && self.has_merged()
            && self.delivery.is_none()
    }

    /// Whether the result is to be handed over now.
    pub fn is_delivering(&self) -> bool {
        self.is_complete()
            && !acceptance::last_is_due(self)
            && !self.is_replanning()
            && !self.questions.values().any(|question| question.by == Asker::Delivery)
    }

    /// Whether tasks are being made of todos that came to the plan.
    pub fn is_replanning(&self) -> bool {
        self.consults.values().any(|c| matches!(c.matter, Matter::PlanChange { .. }))
    }

    /// Names of all workers so far.
    pub fn workers(&self) -> BTreeSet<Arc<str>> {
        self.tasks.iter().map(|t| t.worker.clone()).collect()
    }

    /// Whether the run is over, for now or for good.
    pub fn ending(&self) -> Option<&Ending> {
        match &self.phase {
            Phase::Ended(ending) => Some(ending),
            Phase::Planning
            | Phase::Review
            | Phase::Publishing
            | Phase::Graphing
            | Phase::Working => None,
        }
    }
}
