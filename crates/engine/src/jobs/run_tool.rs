//! One tool call in a worktree.

use super::call_model::elapsed_ms;
use super::{Context, Trouble, contracts};
use crate::progress::{Who, Words};
use equitr_core::chat::{ToolCall, ToolOutcome};
use equitr_core::contracts::ContractFile;
use equitr_core::input::Outcome;
use equitr_core::job::Place;
use equitr_tools::Limits;
use std::time::{Duration, Instant};

/// What the model is told of a call that was cut off by the end of the process.
const REPEATED: &str = "[The process was stopped while this call ran, so it may have run twice.]\n";

/// A call, and what it has to find.
pub(super) struct Called {
    pub call: ToolCall,
    /// The longest it may take.
    pub left_ms: u64,
    /// It may have run before.
    pub repeated: bool,
    /// Contracts that changed.
    pub contracts: Vec<ContractFile>,
}

pub(super) async fn run_tool(
    context: &Context,
    who: Who,
    place: &Place,
    Called { call, left_ms, repeated, contracts }: Called,
) -> Outcome {
    let folder = context.dir.worktree(&place.key);
    let in_place = match context.command_place(&folder, &place.key) {
        Ok(in_place) => in_place,
        Err(Trouble::Failed(message)) => return Outcome::Failed(message.into()),
        Err(Trouble::Refused(message)) => {
            return Outcome::ToolRan {
                content: format!("error: {message}; only `finish` or `give_up` is left").into(),
                outcome: ToolOutcome::Error,
                took_ms: 0,
            };
        }
    };
    if let Err(message) = contracts::renew(&in_place.worktree, &contracts) {
        return Outcome::Failed(message.into());
    }
    let words = Words::new(&context.parts.redactor);
    let progress = |printed: &str| {
        let told = words.hear(printed);
        let last = told.lines().last().unwrap_or_default();
        context.activity.set(who, format!("{}: {last}", place.worker));
    };
    let command = &*call.name == "run_command";
    let _permit = if command { context.commands.acquire().await.ok() } else { None };
    let started = Instant::now();
    let limits = limits(left_ms);
    let run =
        equitr_tools::run(&context.allowed, &call.name, &call.args, &in_place, &limits, &progress);
    let output = run.await;
    let content = if repeated && command && output.outcome == ToolOutcome::Ok {
        format!("{REPEATED}{}", output.content)
    } else {
        output.content
    };
    Outcome::ToolRan {
        content: content.into(),
        outcome: output.outcome,
        took_ms: elapsed_ms(started),
    }
}

/// A command may not outlast what is left of the attempt's time.
fn limits(left_ms: u64) -> Limits {
    let usual = Limits::default();
    let left = Duration::from_millis(left_ms.max(1_000));
    Limits {
        command_timeout: usual.command_timeout.min(left),
        command_timeout_max: usual.command_timeout_max.min(left),
    }
}
