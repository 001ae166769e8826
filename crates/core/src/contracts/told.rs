//! What agents are told of contracts, all bounded.

use super::diff::diff;
use super::{Change, Contract};
use crate::dialogue::cut;
use crate::event::CheckResult;
use crate::id::TaskId;
use crate::prompt::is_red;
use crate::state::{RunState, Task};
use std::fmt::Write;
use std::sync::Arc;

/// A contract that is shown whole to a worker; a longer one is read in the worktree.
const SHOWN_BYTES: usize = 3_000;
/// All contracts that are shown whole to a worker.
const ALL_SHOWN_BYTES: usize = 9_000;
/// What changed, in a letter to the workers it concerns.
const DIFF_BYTES: usize = 3_000;
/// A version of a contract, in the supervisor's opening about its change.
const VERSION_BYTES: usize = 16_000;
/// Contracts that the supervisor is told of.
const LISTED_MAX: usize = 60;
/// Words of an agent's that are repeated to another.
const WORDS_BYTES: usize = 1_500;

/// The contracts of a task, for its worker.
pub(crate) fn of_task(text: &mut String, state: &RunState, task: &Task) {
    let heading = "Contracts: the interfaces that you share with other tasks. Build to them; you can't \
                   write these files, but `propose_contract_change` asks the supervisor for another \
                   version.";
    shown(text, state, task, (heading, "you offer it", "you rely on it"));
}

/// The contracts of a task, for who reviews its work.
pub(crate) fn of_work(text: &mut String, state: &RunState, task: &Task) {
    let heading = "Contracts that the work has to keep to:";
    shown(text, state, task, (heading, "the task offers it", "the task relies on it"));
}

fn shown(
    text: &mut String,
    state: &RunState,
    task: &Task,
    (heading, offers, relies): (&str, &str, &str),
) {
    let own: Vec<&Contract> = state.contracts.of(task.id).collect();
    if own.is_empty() {
        return;
    }
    _ = writeln!(text, "\n{heading}");
    let mut left = ALL_SHOWN_BYTES;
    for contract in own {
        let part = if contract.owner == task.id { offers } else { relies };
        _ = write!(text, "- {} (version {}; {part}", contract.path, contract.version);
        if contract.owner != task.id {
            _ = write!(text, ", {} offers it", worker(state, contract.owner));
        }
        if contract.text.len() <= SHOWN_BYTES.min(left) {
            left -= contract.text.len();
            _ = write!(text, "):\n<<<\n{}>>>\n", contract.text);
        } else {
            _ = writeln!(text, "; {} bytes: read the file)", contract.text.len());
        }
    }
}

/// All contracts, a line each, for the supervisor.
pub(crate) fn all(text: &mut String, state: &RunState) {
    let list = &state.contracts.list;
    if list.is_empty() {
        return;
    }
    text.push_str("\nContracts:\n");
    for contract in list.iter().take(LISTED_MAX) {
        _ = writeln!(text, "- {}", line(state, contract));
    }
    if list.len() > LISTED_MAX {
        _ = writeln!(text, "- … and {} more", list.len() - LISTED_MAX);
    }
}

fn line(state: &RunState, contract: &Contract) -> String {
    let consumers: Vec<&str> = contract.consumers.iter().map(|&id| worker(state, id)).collect();
    format!(
        "{} version {} ({}): {} offers it, {} rely on it",
        contract.path,
        contract.version,
        contract.kind.words(),
        worker(state, contract.owner),
        consumers.join(", ")
    )
}

/// The supervisor's first message about a change that a worker proposes.
pub(crate) fn opening(
    state: &RunState,
    task: &Task,
    nth: u32,
    contract: &Contract,
    (content, reason): (&str, &str),
) -> Arc<str> {
    let mut text = format!(
        "agent: supervisor:contract:{}#{nth}\n\nThe worker {} proposes another version of the \
         contract {} while it does task {} ({}). Accept it with `accept_contract_change` when it \
         serves the project and those who rely on it can follow; they are told, and finished work \
         that does not agree with it any more is opened again. Else refuse it with a reason that \
         helps the worker.\n\nIts reason:\n<<<\n{}\n>>>\n",
        task.worker,
        task.worker,
        contract.path,
        task.id,
        task.title,
        cut(reason, WORDS_BYTES)
    );
    _ = write!(text, "\n{}\n", line(state, contract));
    for id in contract.tasks() {
        if let Some(task) = state.task(id) {
            _ = writeln!(text, "- {}", crate::intent::task_line(task));
        }
    }
    let changed = diff(&contract.text, content, VERSION_BYTES);
    _ = write!(text, "\nWhat would change:\n<<<\n{changed}>>>\n");
    let present = cut(&contract.text, VERSION_BYTES);
    _ = write!(text, "\nVersion {} as it stands:\n<<<\n{present}", contract.version);
    if present.len() < contract.text.len() {
        _ = writeln!(text, "[… {} bytes left out …]", contract.text.len() - present.len());
    }
    text.push_str(">>>\n");
    crate::intent::overview(&mut text, state);
    text.into()
}

/// The letter to those whom a contract's newest version concerns.
pub(crate) fn notice(state: &RunState, contract: &Contract, change: &Change) -> Arc<str> {
    let mut text = format!(
        "{} is version {} now, as {} proposed: {}\n",
        contract.path,
        change.version,
        worker(state, change.by),
        cut(&change.reason, WORDS_BYTES)
    );
    if !change.note.is_empty() {
        _ = writeln!(text, "The supervisor: {}", cut(&change.note, WORDS_BYTES));
    }
    _ = write!(
        text,
        "What changed:\n{}The file in your worktree is the new version from your next call on. \
         Make your work agree with it.",
        diff(&change.before, &contract.text, DIFF_BYTES)
    );
    text.into()
}

/// Why a task is opened again whose checks are red on a contract's newest version.
pub(crate) fn reopened(contract: &Contract, checks: &[CheckResult]) -> Arc<str> {
    let red: Vec<&str> =
        checks.iter().filter(|c| is_red(&c.verdict)).map(|c| &*c.command).take(5).collect();
    let mut text = format!(
        "the contract {} is version {} now, and what was merged does not pass `{}` any more",
        contract.path,
        contract.version,
        red.join("`, `")
    );
    if let Some(change) = contract.changes.last() {
        _ = write!(
            text,
            "\nWhat changed in it:\n<<<\n{}>>>",
            diff(&change.before, &contract.text, DIFF_BYTES)
        );
    }
    text.into()
}

fn worker(state: &RunState, task: TaskId) -> &str {
    state.task(task).map_or("a worker", |t| &t.worker)
}
