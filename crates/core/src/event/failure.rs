//! What checks come to, and why attempts come to nothing.

use crate::id::Commit;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Why an attempt came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// Checks were red in the worktree.
    Checks {
        /// What was run.
        checks: Vec<CheckResult>,
    },
    /// Checks were red once merged with the others' work.
    MergedChecks {
        /// What was run.
        checks: Vec<CheckResult>,
        /// The integration branch at the time.
        onto: Commit,
        /// The merge, which is not kept.
        commit: Commit,
    },
    /// The work conflicts with what was merged since.
    Conflict {
        /// The files.
        paths: Vec<Arc<str>>,
        /// Both sides, bounded.
        text: Arc<str>,
        /// The integration branch at the time.
        onto: Commit,
        /// The merged tree with markers.
        tree: Commit,
        /// Ids of the merged tasks that changed these files since, the earliest first.
        #[serde(default)]
        with: Vec<Arc<str>>,
    },
    /// The reviewer found something that has to change.
    Review {
        /// What, a line each.
        findings: Vec<Arc<str>>,
    },
    /// The work can't be taken as it lies there, such as a repository inside the worktree.
    Refused {
        /// Why.
        message: Arc<str>,
    },
    /// The worker gave up.
    GaveUp {
        /// Why.
        reason: Arc<str>,
    },
    /// Its model replies ran out.
    OutOfTurns,
    /// Its time ran out.
    OutOfTime,
    /// It neither called a tool nor finished, although told to.
    NoProgress,
    /// It made the same tool call and got the same result again and again, although told.
    Circle {
        /// The call's name and arguments, bounded.
        call: Arc<str>,
        /// How often, among its latest calls.
        times: u32,
    },
    /// It wrote nothing and ran nothing for many turns, although told.
    Idle {
        /// How many.
        turns: u32,
    },
    /// The provider refused its request.
    Model {
        /// The provider's words.
        message: Arc<str>,
    },
}

/// One check, run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckResult {
    /// The command.
    pub command: Arc<str>,
    /// How it ended.
    pub verdict: Verdict,
    /// The end of what it printed; empty when it passed.
    pub output: Arc<str>,
    /// How long it took.
    pub took_ms: u64,
}

/// How a check ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Exit code 0.
    Passed,
    /// Another exit code, or a signal as 128 and its number.
    Failed {
        /// The code.
        exit: i32,
    },
    /// It ran longer than a check may.
    TimedOut,
    /// A program it needs is not here: it proves nothing.
    CantRun {
        /// The program, as far as it is known.
        program: Arc<str>,
    },
}
