//! Handing the result over.

use super::publish::fallback_branch;
use super::{Context, Trouble, commit, oid};
use equitr_core::event::Delivery;
use equitr_core::id::Commit;
use equitr_core::input::Outcome;
use equitr_core::job::Handover;
use equitr_core::policy::{Touched, covers};
use equitr_git::{Advance, Changed, Changes, Checkout, Flag, GitError, Hub, Oid, Taken};
use std::path::Path;
use std::sync::Arc;

pub(super) async fn deliver(
    context: &Context,
    (from, to): (Commit, Commit),
    handover: Handover,
    taken: Vec<(Arc<str>, Arc<str>)>,
    protected: Vec<Arc<str>>,
) -> Result<Outcome, Trouble> {
    let (documents, to) = (oid(&from)?, oid(&to)?);
    let repository = context.repository.clone();
    let hub = context.dir.hub();
    let branch = fallback_branch(context.run_id());
    let done = tokio::task::spawn_blocking(move || {
        let taken = taken.iter().map(|(path, text)| Taken { path, bytes: text.as_bytes() });
        let taken: Vec<Taken<'_>> = taken.collect();
        let hub = Hub::open(&hub)?;
        let handed = Handed { repository: &repository, hub, documents, to, taken: &taken };
        match handover {
            Handover::Guarded => {
                let touched =
                    touched(&protected, &handed.hub.changes(Some(&handed.documents), &handed.to)?);
                if touched.total > 0 {
                    return Ok(Outcome::Protected(touched));
                }
                handed.hand_over(&branch)
            }
            Handover::Accepted => handed.hand_over(&branch),
            Handover::Aside => handed.set_aside(&branch),
        }
        .map(Outcome::Delivered)
    });
    match done.await {
        Ok(done) => Ok(done?),
        Err(_) => Err(Trouble::Failed("a git job of ours broke down".to_owned())),
    }
}

/// What is handed over, and where.
struct Handed<'a> {
    repository: &'a Path,
    hub: Hub,
    /// The commit of the documents: the person's branch is there.
    documents: Oid,
    /// The result.
    to: Oid,
    /// What the person wrote into files and the result holds already.
    taken: &'a [Taken<'a>],
}

impl Handed<'_> {
    /// Onto the person's branch, or where that can't move, on one of its own.
    fn hand_over(&self, fallback: &str) -> Result<Delivery, GitError> {
        let checkout = Checkout::open(self.repository)?;
        let head = checkout.head()?;
        // The person's branch may still be where it was before the documents, when something was in
        // their way then.
        let before = self.hub.parent_of(&self.documents)?;
        let from = if head.commit == before { before.as_ref() } else { Some(&self.documents) };
        let target = commit(&self.to);
        let (hub, to) = (&self.hub, &self.to);
        Ok(match checkout.advance_over(hub, from, to, fallback, self.taken)? {
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

    fn set_aside(&self, fallback: &str) -> Result<Delivery, GitError> {
        let checkout = Checkout::open(self.repository)?;
        let branch = checkout.set_aside(&self.hub, &self.to, fallback)?;
        Ok(Delivery::OnBranch {
            branch: branch.into(),
            commit: commit(&self.to),
            why: "it was set aside".into(),
        })
    }
}

/// The paths that need a person's word: protected ones, and whatever leads out of the tree.
fn touched(protected: &[Arc<str>], changes: &Changes) -> Touched {
    let needs_word = |changed: &Changed, path: &str| {
        changed.flags.iter().any(leads_out) || protected.iter().any(|p| covers(p, path))
    };
    let paths: Vec<String> = changes
        .listed
        .iter()
        .map(|changed| (changed, changed.path.to_string_lossy().into_owned()))
        .filter(|(changed, path)| needs_word(changed, path))
        .map(|(_, path)| path)
        .collect();
    let mut touched = Touched::of(&["**".into()], paths.iter().map(String::as_str));
    // What the paths beyond the list are is unknown.
    touched.total += changes.total.saturating_sub(changes.listed.len()) as u64;
    touched
}

/// Whether a change makes git or a program leave the tree.
fn leads_out(flag: &Flag) -> bool {
    match flag {
        Flag::Submodule | Flag::Link { leads_out: true, .. } => true,
        Flag::Link { leads_out: false, .. }
        | Flag::Executable
        | Flag::LargeBinary { .. }
        | Flag::HiddenCharacter { .. }
        | Flag::ConflictMarker { .. }
        | Flag::NotLookedInto => false,
    }
}
