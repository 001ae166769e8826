//! Handing the result over.

use super::publish::fallback_branch;
use super::{Context, Trouble, commit, oid};
use equitr_core::event::Delivery;
use equitr_core::id::Commit;
use equitr_core::input::Outcome;
use equitr_git::{Advance, Checkout, GitError, Hub, Oid};
use std::path::Path;

pub(super) async fn deliver(
    context: &Context,
    from: Commit,
    to: Commit,
) -> Result<Outcome, Trouble> {
    let (from, to) = (oid(&from)?, oid(&to)?);
    let repository = context.repository.clone();
    let hub = context.dir.hub();
    let branch = fallback_branch(context.run_id());
    let done =
        tokio::task::spawn_blocking(move || deliver_now(&repository, &hub, &from, &to, &branch));
    match done.await {
        Ok(done) => Ok(Outcome::Delivered(done?)),
        Err(_) => Err(Trouble::Failed("a git job of ours broke down".to_owned())),
    }
}

fn deliver_now(
    repository: &Path,
    hub: &Path,
    documents: &Oid,
    to: &Oid,
    fallback: &str,
) -> Result<Delivery, GitError> {
    let checkout = Checkout::open(repository)?;
    let hub = Hub::open(hub)?;
    let head = checkout.head()?;
    // The person's branch may still be where it was before the documents, when something was in
    // their way then.
    let before = hub.parent_of(documents)?;
    let from = if head.commit == before { before.as_ref() } else { Some(documents) };
    let target = commit(to);
    Ok(match checkout.advance(&hub, from, to, fallback)? {
        Advance::Moved => {
            Delivery::Moved { branch: head.branch.unwrap_or_default().into(), commit: target }
        }
        Advance::LeftOnBranch { branch, why } => Delivery::OnBranch {
            branch: branch.into(),
            commit: target,
            why: why.to_string().into(),
        },
    })
}
