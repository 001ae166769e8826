//! Making a merge and checking it, before anything moves.

use super::checks::run_checks;
use super::{Context, INTEGRATION, Trouble, commit, contracts, locks, oid};
use equitr_core::acceptance::{self, Lock};
use equitr_core::contracts::ContractFile;
use equitr_core::id::Commit;
use equitr_core::input::Outcome;
use equitr_core::job::Place;
use equitr_git::{GitError, Hub, Merge, MergeMessage, Oid};
use std::sync::Arc;

/// The trailer of a merge that names its task.
pub(super) const TASK: &str = "Equitr-Task";

/// What goes into a merge beside the work, and what has to be in it.
pub(super) struct With {
    /// Files the merge writes: path and text.
    pub files: Vec<(Arc<str>, Arc<str>)>,
    /// Files of acceptance checks that have to be as they were recorded, where there are any.
    pub locks: Option<Vec<Lock>>,
    /// All contracts.
    pub contracts: Vec<ContractFile>,
    /// The paths of the task's own.
    pub own: Vec<Arc<str>>,
}

pub(super) async fn integrate(
    context: &Context,
    place: Place,
    work: Commit,
    subject: Arc<str>,
    With { files, locks, contracts, own }: With,
    checks: &[Arc<str>],
    check_ms: u64,
) -> Result<Outcome, Trouble> {
    let work = oid(&work)?;
    let message = MergeMessage {
        subject: subject.to_string(),
        trailers: vec![
            ("Equitr-Run".to_owned(), context.run_id().to_owned()),
            (TASK.to_owned(), place.key.to_string()),
            ("Equitr-Attempt".to_owned(), place.attempt.to_string()),
            ("Equitr-Worker".to_owned(), place.worker.to_string()),
        ],
    };
    let overlay: Vec<(String, Vec<u8>)> =
        files.iter().map(|(path, text)| (path.to_string(), text.as_bytes().to_vec())).collect();
    let scratch = context.dir.merge_tree();
    let folder = scratch.clone();
    let reason = format!("equitrcoder run {} merges", context.run_id());
    let (onto, merge, with, broken, mut results) = context
        .git_at_once(scratch.clone(), move |hub| {
            let onto = head(hub)?;
            let merge = hub.merge(&onto, &work, &message, &overlay)?;
            let with = match &merge {
                Merge::Conflict { paths, .. } => others(hub, &work, &onto, paths)?,
                Merge::Clean { .. } => Vec::new(),
            };
            let mut broken = Vec::new();
            if let Merge::Clean { commit, .. } = &merge {
                if let Some(locks) = &locks {
                    broken = changed_checks(hub, (&onto, commit), locks)?;
                }
                if hub.reset_worktree(&folder, commit).is_err() {
                    hub.add_worktree(&folder, commit, &reason)?;
                }
            }
            let results = match &merge {
                Merge::Clean { commit, .. } => contracts::check(hub, commit, &contracts, &own)?,
                Merge::Conflict { .. } => Vec::new(),
            };
            Ok((onto, merge, with, broken, results))
        })
        .await?;
    if !broken.is_empty() {
        return Err(Trouble::Refused(acceptance::refusal(&broken)));
    }
    match merge {
        Merge::Conflict { paths, text, marked } => Ok(Outcome::Conflicted {
            with,
            paths: paths.into_iter().map(Arc::from).collect(),
            text: text.into(),
            onto: commit(&onto),
            tree: commit(&marked),
        }),
        Merge::Clean { commit: merged, .. } => {
            let in_place = context.command_place(&scratch, "merge")?;
            let ran = run_checks(&in_place, checks, check_ms, &context.parts.redactor).await?;
            results.extend(ran);
            let (commit, onto) = (commit(&merged), commit(&onto));
            Ok(Outcome::Integrated { commit, onto, checks: results })
        }
    }
}

/// The tasks whose merges changed these files since the work began, the earliest first.
fn others(hub: &Hub, work: &Oid, onto: &Oid, paths: &[String]) -> Result<Vec<Arc<str>>, GitError> {
    let mut keys: Vec<Arc<str>> = Vec::new();
    for merge in hub.touching(work, onto, paths, TASK)? {
        let known = keys.iter().any(|key| **key == *merge.trailer);
        if !known && !merge.trailer.is_empty() {
            keys.push(merge.trailer.into());
        }
    }
    Ok(keys)
}

/// The files of acceptance checks that the merged tree has otherwise than they were recorded, or than
/// the integration branch has them.
fn changed_checks(
    hub: &Hub,
    (onto, merged): (&Oid, &Oid),
    locks: &[Lock],
) -> Result<Vec<String>, GitError> {
    let (before, after) = (locks::found(hub, onto)?, locks::found(hub, merged)?);
    let new = after.iter().filter(|lock| !before.contains(lock));
    let gone = before.iter().chain(locks).filter(|lock| !after.contains(lock));
    let mut changed: Vec<String> = new.chain(gone).map(|lock| lock.path.to_string()).collect();
    changed.sort();
    changed.dedup();
    Ok(changed)
}

/// Where the integration branch stands.
pub(super) fn head(hub: &Hub) -> Result<Oid, GitError> {
    hub.resolve(INTEGRATION)?.ok_or(GitError::NoReference { name: INTEGRATION.to_owned() })
}
