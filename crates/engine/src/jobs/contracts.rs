//! Contracts in worktrees and in commits: brought up to date where they lie, and looked at in what
//! is to be merged.

use equitr_core::contracts::{ContractFile, judge};
use equitr_core::event::{CheckResult, Verdict};
use equitr_git::{Changes, GitError, Hub, Oid};
use equitr_tools::Worktree;
use std::sync::Arc;
use std::time::Instant;

/// Puts the newest version of each contract into a worktree that holds an earlier one, or several of
/// them in conflict. A file that a worker changed is left: it is refused when the work is done.
pub(super) fn renew(worktree: &Worktree, contracts: &[ContractFile]) -> Result<(), String> {
    for contract in contracts {
        if contract.earlier.is_empty() {
            continue;
        }
        let outdated = |found: &[u8]| {
            contract.earlier.iter().any(|text| text.as_bytes() == found)
                || found.split(|byte| *byte == b'\n').any(|line| line.starts_with(b"<<<<<<< "))
        };
        worktree
            .renew(&contract.path, outdated, contract.text.as_bytes())
            .map_err(|error| format!("can't renew {}: {error}", contract.path))?;
    }
    Ok(())
}

/// The contracts among changed files that hold their newest version: what [`renew`] wrote.
pub(super) fn given(
    hub: &Hub,
    work: &Oid,
    contracts: &[ContractFile],
    changes: &Changes,
) -> Result<Vec<Arc<str>>, GitError> {
    let mut given = Vec::new();
    for contract in contracts {
        let path = &*contract.path;
        let changed = changes.listed.iter().any(|changed| changed.path.as_os_str() == path);
        if changed && holds(hub, work, contract)? {
            given.push(contract.path.clone());
        }
    }
    Ok(given)
}

/// Looks at each contract in a merge: it has to be there, byte for byte, and sound. Told as checks:
/// the task's own whatever is found, others when they are not as they should be.
pub(super) fn check(
    hub: &Hub,
    merge: &Oid,
    contracts: &[ContractFile],
    own: &[Arc<str>],
) -> Result<Vec<CheckResult>, GitError> {
    let mut results = Vec::new();
    for contract in contracts {
        let started = Instant::now();
        let output = if !holds(hub, merge, contract)? {
            format!("the file differs from version {}, which is the run's", contract.version)
        } else {
            judge(&contract.path, &contract.text).1.join("\n")
        };
        let verdict = if output.is_empty() { Verdict::Passed } else { Verdict::Failed { exit: 1 } };
        if own.contains(&contract.path) || verdict != Verdict::Passed {
            results.push(CheckResult {
                command: format!("contract {} (version {})", contract.path, contract.version)
                    .into(),
                verdict,
                output: output.into(),
                took_ms: super::call_model::elapsed_ms(started),
            });
        }
    }
    Ok(results)
}

fn holds(hub: &Hub, commit: &Oid, contract: &ContractFile) -> Result<bool, GitError> {
    let text = contract.text.as_bytes();
    match hub.read(commit, &contract.path, text.len() as u64 + 1) {
        Err(GitError::TooLarge { .. }) => Ok(false),
        found => Ok(found?.as_deref() == Some(text)),
    }
}
