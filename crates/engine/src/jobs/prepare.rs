//! Making a worktree stand.

use super::{Context, Trouble, commit, oid, wip_ref};
use equitr_core::event::Start;
use equitr_core::id::Commit;
use equitr_core::input::Outcome;
use equitr_core::job::Place;
use equitr_git::{GitError, Hub};
use std::path::Path;

pub(super) async fn prepare(
    context: &Context,
    place: Place,
    start: Start,
    keep: Option<Commit>,
) -> Result<Outcome, Trouble> {
    let path = context.dir.worktree(&place.key);
    let reason = format!("equitrcoder run {} task {}", context.run_id(), place.key);
    let kept = match (&keep, &start) {
        (Some(base), _) | (None, Start::Kept { base }) => Some(oid(base)?),
        (None, Start::Fresh | Start::Merged { .. }) => None,
    };
    let merged = match &start {
        Start::Merged { onto, tree } => Some((oid(onto)?, oid(tree)?)),
        Start::Fresh | Start::Kept { .. } => None,
    };
    let folder = path.clone();
    let base = context
        .git(folder, move |hub| {
            if let Some(base) = kept {
                if !hub.worktree_is_sound(&path) {
                    // Rebuilt from what was kept of it last, or of the attempt before.
                    let wip = (place.attempt.saturating_sub(1)..=place.attempt)
                        .rev()
                        .find_map(|attempt| hub.resolve(&wip_ref(&place.key, attempt)).transpose());
                    let from = wip.transpose()?.unwrap_or_else(|| base.clone());
                    hub.add_worktree(&path, &from, &reason)?;
                }
                return Ok(base);
            }
            salvage(hub, &path, &place)?;
            match merged {
                Some((onto, tree)) => {
                    hub.add_worktree(&path, &tree, &reason)?;
                    Ok(onto)
                }
                None => {
                    let head = super::integrate::head(hub)?;
                    hub.add_worktree(&path, &head, &reason)?;
                    Ok(head)
                }
            }
        })
        .await?;
    Ok(Outcome::Prepared(commit(&base)))
}

/// Keeps what the latest attempts of these left; each place is that of the attempt that would follow.
pub(super) fn keep(context: &Context, places: &[Place]) -> Result<(), GitError> {
    if places.is_empty() {
        return Ok(());
    }
    let hub = Hub::open(&context.dir.hub())?.marked(context.mark());
    places.iter().try_for_each(|place| salvage(&hub, &context.dir.worktree(&place.key), place))
}

/// Keeps what the attempt before left, before its worktree is made anew.
fn salvage(hub: &Hub, path: &Path, place: &Place) -> Result<(), GitError> {
    let before = place.attempt.saturating_sub(1);
    if before == 0 || !hub.worktree_is_sound(path) {
        return Ok(());
    }
    let reference = wip_ref(&place.key, before);
    let parent = match hub.resolve(&reference)? {
        Some(parent) => parent,
        None => super::integrate::head(hub)?,
    };
    match hub.snapshot(path, &parent, "Work in progress", &reference) {
        // What is refused can't be kept; the rest of the attempt is in the journal.
        Ok(_)
        | Err(
            GitError::NestedRepository { .. }
            | GitError::FileTooLarge { .. }
            | GitError::Unkeepable { .. },
        ) => Ok(()),
        Err(error) => Err(error),
    }
}
