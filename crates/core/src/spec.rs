//! What a run was asked to be: the journal's first fact, so that a replay needs no configuration.

use crate::chat::ToolSpec;
use crate::documents::Documents;
use crate::policy::Policy;
use crate::units::{MicroDollars, Price};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Everything a run needs to know from outside before it begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunSpec {
    /// The version of the program that started the run.
    pub version: Arc<str>,
    /// The repository's folder, absolute, as the person named it.
    pub repository: Arc<str>,
    /// Where the run begins.
    pub origin: Origin,
    /// How far it goes.
    pub goal: Goal,
    /// Whether somebody is there to be asked.
    pub person: Person,
    /// Who approves the documents.
    pub approval: Approval,
    /// The bounds it keeps.
    pub limits: Limits,
    /// The model of each role.
    pub models: Models,
    /// What workers can be, by name.
    pub profiles: BTreeMap<Arc<str>, Profile>,
    /// Commands that must pass for every task, beside the task's own.
    pub checks: Vec<Arc<str>>,
    /// The tools that act on a worktree, as models are told of them.
    pub tools: Arc<[ToolSpec]>,
    /// What stood in the repository at the start; empty for a new one.
    pub map: Arc<str>,
    /// The repository's `AGENTS.md`; empty when there is none.
    pub guide: Arc<str>,
    /// Put before the subject of every commit; may be empty.
    pub commit_prefix: Arc<str>,
    /// Whether acceptance checks are written for the requirements that todos cite.
    #[serde(default)]
    pub acceptance: bool,
    /// What it may do without asking.
    #[serde(default = "Policy::before_sandboxes")]
    pub policy: Policy,
    /// The plan that the repository was built by so far; none where there is none.
    #[serde(default)]
    pub earlier: Option<Earlier>,
}

/// A plan that was built before, wholly or in part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earlier {
    /// The documents as they are committed now.
    pub present: Documents,
    /// As the last run left them: what is ticked there is built, and meant what it says there.
    pub built: Documents,
}

/// Where a run begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// With the planning conversation; the person's first words may be known already.
    Conversation {
        /// What to build.
        prompt: Option<Arc<str>>,
    },
    /// With documents that the person approved earlier.
    Documents(Documents),
}

/// How far a run goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// To the approved documents.
    Plan,
    /// To the finished project.
    Project,
}

/// Whether somebody is there to be asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Person {
    /// Yes. A question of the supervisor's that stays unanswered takes its default in the end.
    Present {
        /// How long the supervisor's questions wait, in milliseconds; the planner's wait for ever.
        patience_ms: u64,
    },
    /// No: questions take these answers in turn, then their defaults.
    Absent {
        /// Answers to the planner's questions, in order.
        answers: Vec<Arc<str>>,
    },
}

/// Who approves the documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// The person, when they are shown.
    Asked,
    /// The person did in advance (`--yes`).
    Given,
}

/// The bounds of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Workers at a time, 1 to 1,024.
    pub workers: u32,
    /// Model replies in one attempt at a task.
    pub turns: u32,
    /// Model and tool time of one attempt, in milliseconds; waiting for others does not count.
    pub attempt_ms: u64,
    /// Attempts at a task before the supervisor decides about it.
    pub tries: u32,
    /// What the run may cost; `None` is a person's explicit `none`.
    pub budget: Option<MicroDollars>,
    /// One check's time, in milliseconds.
    pub check_ms: u64,
}

/// The model of each role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Models {
    /// Plans.
    pub planner: ModelSpec,
    /// Makes the graph and decides.
    pub supervisor: ModelSpec,
    /// Does the tasks.
    pub worker: ModelSpec,
}

/// One model and what is known of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelSpec {
    /// `provider/model`.
    pub name: Arc<str>,
    /// Calls to one provider share one gate for rate limits.
    pub provider: Arc<str>,
    /// What it charges; free for local and scripted models.
    pub price: Price,
    /// Tokens that fit into it, the reply included.
    pub context_tokens: u32,
    /// Tokens of one reply at the most.
    pub reply_tokens: u32,
    /// Thousandths; `None` leaves it to the provider.
    pub temperature_milli: Option<u32>,
}

/// What a worker can be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// One line for the supervisor that chooses.
    pub role: Arc<str>,
    /// What the worker is told of its part.
    pub prompt: Arc<str>,
    /// Names of the worktree tools it may use; empty allows all.
    #[serde(default)]
    pub tools: Vec<Arc<str>>,
    /// Whether its verified work is reviewed before it is merged.
    #[serde(default)]
    pub review: bool,
}
