//! Checking a merged task again, where the integration branch holds a contract's new version.

use super::checks::run_checks;
use super::{Context, Trouble, contracts, oid};
use equitr_core::contracts::ContractFile;
use equitr_core::id::Commit;
use equitr_core::input::Outcome;
use std::sync::Arc;

pub(super) async fn recheck(
    context: &Context,
    at: Commit,
    contracts: &[ContractFile],
    checks: &[Arc<str>],
    check_ms: u64,
) -> Result<Outcome, Trouble> {
    let at = oid(&at)?;
    let place = context.dir.recheck_tree();
    let folder = place.clone();
    let reason = format!("equitrcoder run {} checks again", context.run_id());
    context
        .git(place.clone(), move |hub| {
            if hub.reset_worktree(&folder, &at).is_err() {
                hub.add_worktree(&folder, &at, &reason)?;
            }
            Ok(())
        })
        .await?;
    let in_place = context.command_place(&place, "recheck")?;
    // The version may have been replaced by another one since this was asked for.
    contracts::renew(&in_place.worktree, contracts).map_err(Trouble::Failed)?;
    let _permit = context.checks.acquire().await;
    let checks = run_checks(&in_place, checks, check_ms, &context.parts.redactor).await?;
    Ok(Outcome::Rechecked(checks))
}
