//! Making a merge and checking it, before anything moves.

use super::checks::run_checks;
use super::{Context, INTEGRATION, Trouble, commit, oid};
use equitr_core::id::Commit;
use equitr_core::input::Outcome;
use equitr_core::job::Place;
use equitr_git::{GitError, Hub, Merge, MergeMessage, Oid};
use std::sync::Arc;

/// The trailer of a merge that names its task.
pub(super) const TASK: &str = "Equitr-Task";

pub(super) async fn integrate(
    context: &Context,
    place: Place,
    work: Commit,
    subject: Arc<str>,
    files: &[(Arc<str>, Arc<str>)],
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
    let (onto, merge, with) = context
        .git_at_once(scratch.clone(), move |hub| {
            let onto = head(hub)?;
            let merge = hub.merge(&onto, &work, &message, &overlay)?;
            let with = match &merge {
                Merge::Conflict { paths, .. } => others(hub, &work, &onto, paths)?,
                Merge::Clean { .. } => Vec::new(),
            };
            if let Merge::Clean { commit, .. } = &merge
                && hub.reset_worktree(&folder, commit).is_err()
            {
                hub.add_worktree(&folder, commit, &reason)?;
            }
            Ok((onto, merge, with))
        })
        .await?;
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
            let checks = run_checks(&in_place, checks, check_ms, &context.parts.redactor).await?;
            Ok(Outcome::Integrated { commit: commit(&merged), onto: commit(&onto), checks })
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

/// Where the integration branch stands.
pub(super) fn head(hub: &Hub) -> Result<Oid, GitError> {
    hub.resolve(INTEGRATION)?.ok_or(GitError::NoReference { name: INTEGRATION.to_owned() })
}
