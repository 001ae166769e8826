//! Moving the integration branch to a checked merge.

use super::{Context, INTEGRATION, Trouble, oid};
use equitr_core::id::Commit;
use equitr_core::input::Outcome;
use equitr_git::Swap;

/// Compare and swap; a branch that holds the merge already, because a process died between the move
/// and its record, is left as it is.
pub(super) async fn land(context: &Context, from: Commit, to: Commit) -> Result<Outcome, Trouble> {
    let (from, to) = (oid(&from)?, oid(&to)?);
    context
        .git_at_once(context.dir.hub(), move |hub| {
            match hub.update_ref(INTEGRATION, &to, Some(&from))? {
                Swap::Done => Ok(Outcome::Landed),
                Swap::Moved { now: Some(now) } if hub.is_ancestor(&to, &now)? => {
                    Ok(Outcome::Landed)
                }
                Swap::Moved { .. } => Ok(Outcome::Overtaken),
            }
        })
        .await
}
