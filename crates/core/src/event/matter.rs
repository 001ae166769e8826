//! What the supervisor's conversations are about, and where attempts start.

use crate::id::{Commit, TaskId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What the supervisor is asked to decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Matter {
    /// Make the task graph.
    Graph,
    /// Answer a worker.
    Question {
        /// The worker's task.
        task: TaskId,
        /// Its attempt.
        attempt: u32,
        /// Which of its reply's calls waits for the answer.
        call: u32,
        /// The task's how many-th question, from 1.
        nth: u32,
    },
    /// Review verified work before it is merged.
    Review {
        /// The task.
        task: TaskId,
        /// The attempt.
        attempt: u32,
    },
    /// Decide about a task whose tries are spent.
    Escalation {
        /// The task.
        task: TaskId,
        /// How often it was escalated, from 1.
        nth: u32,
    },
    /// Decide whether a worker may write what belongs to others.
    Claim {
        /// The worker's task.
        task: TaskId,
        /// Its attempt.
        attempt: u32,
        /// Which of its reply's calls waits for the answer.
        call: u32,
        /// The task's how many-th claim, from 1.
        nth: u32,
        /// The files, from the project's root.
        paths: Vec<Arc<str>>,
    },
    /// Write acceptance checks for a task, before its work.
    Acceptance {
        /// The task.
        task: TaskId,
    },
    /// Make tasks of the todos that none covers, after a change of the plan.
    PlanChange {
        /// The run's how many-th change, from 1.
        nth: u32,
    },
    /// Accept or refuse another version of a contract.
    ContractChange {
        /// The task whose worker proposes it.
        task: TaskId,
        /// Its attempt.
        attempt: u32,
        /// Which of its reply's calls waits for the word.
        call: u32,
        /// The task's how many-th proposal, from 1.
        nth: u32,
        /// The contract's path.
        contract: Arc<str>,
        /// The version it was written for.
        version: u32,
        /// The whole text it would have.
        content: Arc<str>,
        /// Why.
        reason: Arc<str>,
    },
}

/// What an attempt's worktree starts from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// The integration branch as it stands.
    Fresh,
    /// What the attempt before left.
    Kept {
        /// The commit that one started from.
        base: Commit,
    },
    /// The work merged into what others did: with conflict markers, or clean and yet red.
    Merged {
        /// The integration branch at the time.
        onto: Commit,
        /// The merged tree, or a commit that holds it.
        tree: Commit,
    },
}
