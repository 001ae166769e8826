//! Workers that drift: turns that change nothing, claims without evidence, bounds that come near.
//!
//! A worker is told first and stopped only when it goes on. What the core sees of a tree are the
//! calls that may change it: a command may have changed nothing, so this is weaker than a look at
//! the tree, and a worker that runs commands without end is stopped by its circles and its bounds.

use crate::chat::ToolOutcome;
use crate::spec::RunSpec;
use crate::state::{Attempt, RunState, Task};
use crate::units::MicroDollars;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Worktree tools that may change the tree.
const CHANGING_TOOLS: [&str; 4] = ["write_file", "edit_file", "delete_file", "run_command"];

/// Turns without such a call: the worker is told.
pub const IDLE_TOLD_AT: u32 = 10;
/// Turns without such a call: the attempt is over.
pub const IDLE_OVER_AT: u32 = 16;

/// A bound is told when this share of it is used up: what is left is enough to come to an end.
const TOLD_PERCENT: u64 = 70;

/// What a worker is told before its next call, once in an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Warning {
    /// Most of its model replies are used up.
    Turns,
    /// Most of its time is used up.
    Time,
    /// Most of the run's money is spent or set aside.
    Money,
    /// It has changed nothing for many turns.
    Idle,
}

/// What an attempt did so far, as far as its tool calls tell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Conduct {
    /// The turn of the latest call that may have changed the tree; 0 for none.
    pub changed_at: u32,
    /// What it was told.
    pub warned: BTreeSet<Warning>,
}

impl Conduct {
    /// Takes in a call of the how many-th turn.
    pub(crate) fn saw(&mut self, name: &str, outcome: ToolOutcome, turn: u32) {
        if outcome == ToolOutcome::Ok && CHANGING_TOOLS.contains(&name) {
            self.changed_at = turn;
        }
    }
}

/// Turns in a row that changed nothing.
pub(crate) fn idle_turns(attempt: &Attempt) -> u32 {
    attempt.dialogue.turn.saturating_sub(attempt.conduct.changed_at)
}

/// What stands against a claim; nothing when there is evidence that its checks can judge. What earlier
/// attempts left is evidence, and so is a command: it may show that all is done.
pub(crate) fn missing_evidence(state: &RunState, task: &Task) -> Option<&'static str> {
    let nothing = !task.touched && task.earlier.is_empty();
    (nothing && can_change(&state.spec, task)).then_some(
        "nothing was written and no command was run for this task: do it, or run what shows \
         that it is done already, and finish then",
    )
}

fn can_change(spec: &RunSpec, task: &Task) -> bool {
    let allowed = spec.profiles.get(&task.profile).map(|p| p.tools.as_slice()).unwrap_or_default();
    spec.tools.iter().any(|tool| {
        CHANGING_TOOLS.contains(&&*tool.name)
            && (allowed.is_empty() || allowed.contains(&tool.name))
    })
}

/// What a worker has to be told now, with the words.
pub(crate) fn warning(state: &RunState, attempt: &Attempt) -> Option<(Warning, String)> {
    let limits = &state.spec.limits;
    let used_up = |used: u64, of: u64| used * 100 >= of * TOLD_PERCENT;
    let turn = u64::from(attempt.dialogue.turn);
    let minutes = |ms: u64| ms.div_ceil(60_000);
    let news = |warning: &Warning| !attempt.conduct.warned.contains(warning);
    let close = "Come to an end: finish what works, or give up and say what is missing.";
    let due = [Warning::Turns, Warning::Time, Warning::Money, Warning::Idle];
    due.into_iter().filter(news).find_map(|warning| {
        let text = match warning {
            Warning::Turns if turn > 0 && used_up(turn, u64::from(limits.turns)) => {
                format!("{turn} of this attempt's {} replies are used. {close}", limits.turns)
            }
            Warning::Time if used_up(attempt.worked_ms, limits.attempt_ms) => format!(
                "{} of this attempt's {} minutes are used. {close}",
                minutes(attempt.worked_ms),
                minutes(limits.attempt_ms)
            ),
            Warning::Money => {
                let budget = state.ledger.limit.filter(|limit| *limit > MicroDollars::ZERO)?;
                let used = state.ledger.spent + state.ledger.held;
                if u128::from(used.0) * 100 < u128::from(budget.0) * u128::from(TOLD_PERCENT) {
                    return None;
                }
                format!("{used} of the run's {budget} are spent or set aside. {close}")
            }
            Warning::Idle if idle_turns(attempt) >= IDLE_TOLD_AT => format!(
                "For {} replies you have written nothing and run nothing. Do the next step now, ask, \
                 or give up; after {IDLE_OVER_AT} this attempt ends.",
                idle_turns(attempt)
            ),
            Warning::Turns | Warning::Time | Warning::Idle => return None,
        };
        Some((warning, text))
    })
}
