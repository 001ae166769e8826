//! Running acceptance checks apart from any work: on the base, where they have to fail, and on the
//! result.

use super::checks::run_checks;
use super::{Context, Trouble, commit, locks, oid};
use equitr_core::acceptance::Lock;
use equitr_core::id::Commit;
use equitr_core::input::Outcome;
use std::sync::Arc;

/// The files of the checks.
pub(super) struct Files {
    /// Whose contents are to be named.
    pub paths: Vec<Arc<str>>,
    /// Those that have to be as they were recorded.
    pub locks: Vec<Lock>,
}

pub(super) async fn prove(
    context: &Context,
    key: Option<Arc<str>>,
    at: Commit,
    files: Files,
    checks: &[Arc<str>],
    check_ms: u64,
) -> Result<Outcome, Trouble> {
    let at = oid(&at)?;
    // No merge is made when the result is looked at.
    let folder = match &key {
        Some(key) => context.dir.proof_tree(key),
        None => context.dir.merge_tree(),
    };
    let who = key.map_or("merge".to_owned(), |key| format!("acceptance.{key}"));
    let (tree, base) = (folder.clone(), at.clone());
    let reason = format!("equitrcoder run {} tries acceptance checks", context.run_id());
    let (found, broken) = context
        .git(folder.clone(), move |hub| {
            let found = locks::found(hub, &base)?;
            let broken = locks::broken(hub, &base, &files.locks)?;
            if hub.reset_worktree(&tree, &base).is_err() {
                hub.add_worktree(&tree, &base, &reason)?;
            }
            let wanted = |lock: &Lock| files.paths.contains(&lock.path);
            Ok((found.into_iter().filter(wanted).collect(), broken))
        })
        .await?;
    let results = if broken.is_empty() {
        let in_place = context.command_place(&folder, &who)?;
        let _permit = context.checks.acquire().await;
        run_checks(&in_place, checks, check_ms, &context.parts.redactor).await?
    } else {
        Vec::new()
    };
    if who != "merge" {
        let tree = folder.clone();
        context.git(folder, move |hub| hub.remove_worktree(&tree)).await?;
    }
    Ok(Outcome::Proved {
        at: commit(&at),
        locks: found,
        broken: broken.into_iter().map(Arc::from).collect(),
        checks: results,
    })
}
