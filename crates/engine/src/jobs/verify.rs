//! Checking a claim in the worktree it was made in.

use super::checks::run_checks;
use super::{Context, Trouble, commit, contracts, locks, oid, wip_ref};
use equitr_core::acceptance::{self, Lock};
use equitr_core::contracts::ContractFile;
use equitr_core::event::Start;
use equitr_core::id::Commit;
use equitr_core::input::Outcome;
use equitr_core::job::Place;
use equitr_core::scope::{self, Closed};
use equitr_git::{Changes, Flag};
use std::sync::Arc;

/// Files with conflict markers that are named: enough to begin with.
const NAMED_MAX: usize = 20;

/// What the work is judged by.
pub(super) struct From {
    /// The commit it started from.
    pub base: Commit,
    /// What its worktree started from.
    pub start: Start,
    /// What it must not have changed.
    pub closed: Vec<Closed>,
    /// Bytes of its diff that a reviewer reads; none without a review.
    pub diff_bytes: u64,
    /// Files that have to be as they were recorded.
    pub locks: Vec<Lock>,
    /// All contracts.
    pub contracts: Vec<ContractFile>,
}

pub(super) async fn verify(
    context: &Context,
    place: Place,
    From { base, start, closed, locks, contracts, diff_bytes }: From,
    subject: Arc<str>,
    checks: &[Arc<str>],
    check_ms: u64,
) -> Result<Outcome, Trouble> {
    let path = context.dir.worktree(&place.key);
    let base = oid(&base)?;
    let reference = wip_ref(&place.key, place.attempt);
    let message = format!("{subject}\n\nEquitr-Worker: {}", place.worker);
    let in_place = context.command_place(&path, &place.key)?;
    contracts::renew(&in_place.worktree, &contracts).map_err(Trouble::Failed)?;
    let folder = path.clone();
    let started = base.clone();
    let named = locks::named(checks);
    let (work, changes, given, broken, edited, diff) = context
        .git(path.clone(), move |hub| {
            let work = hub.snapshot(&folder, &base, &message, &reference)?.commit;
            let changes = hub.changes(Some(&base), &work)?;
            let given = contracts::given(hub, &work, &contracts, &changes)?;
            let broken = locks::broken(hub, &work, &locks)?;
            let edited = locks::edited(hub, (&base, &work), &named)?;
            let diff = match diff_bytes {
                0 => String::new(),
                most => hub.diff(&base, &work, most)?,
            };
            Ok((work, changes, given, broken, edited, diff))
        })
        .await?;
    // Before any check runs: a check that was changed says nothing.
    if !broken.is_empty() {
        let told = acceptance::refusal(&broken);
        let way = format!("`git show {started}:PATH > PATH` puts one back");
        return Err(Trouble::Refused(format!("{told}. {way}")));
    }
    let mut paths = paths(&changes);
    if changes.total > paths.len() && !closed.is_empty() {
        let total = changes.total;
        return Err(Trouble::Refused(format!(
            "{total} files are changed, more than can be looked at: take out what does not belong \
             into the project"
        )));
    }
    // New versions of contracts were put there by us.
    paths.retain(|path| !given.contains(path));
    // Before any check runs: what a command changed is refused like what a tool would have.
    if let Some(told) = scope::refusal(&closed, paths.iter().map(|path| &**path)) {
        return Err(Trouble::Refused(format!("{told}\nPut back what you changed of it.")));
    }
    let marked = marked_files(changes);
    if !marked.is_empty() {
        let way = match start {
            Start::Merged { .. } => "resolve them, keeping what both sides intend",
            Start::Fresh | Start::Kept { .. } => {
                "take them out; a line that has to begin like one can be indented or put together"
            }
        };
        let named = marked.join(", ");
        return Err(Trouble::Refused(format!("conflict markers are left in {named}: {way}")));
    }
    let _permit = context.checks.acquire().await;
    let checks = run_checks(&in_place, checks, check_ms, &context.parts.redactor).await?;
    Ok(Outcome::Verified { commit: commit(&work), paths, checks, edited, diff: diff.into() })
}

/// The paths that differ, in git's order.
fn paths(changes: &Changes) -> Vec<Arc<str>> {
    changes.listed.iter().map(|changed| changed.path.to_string_lossy().into()).collect()
}

/// The files that got conflict markers; at most [`NAMED_MAX`], and how many more there are.
fn marked_files(changes: Changes) -> Vec<String> {
    let is_marker = |flag: &Flag| matches!(flag, Flag::ConflictMarker { .. });
    let marked = changes.listed.iter().filter(|changed| changed.flags.iter().any(is_marker));
    let paths: Vec<_> = marked.map(|changed| changed.path.to_string_lossy()).collect();
    let mut named: Vec<String> = paths.iter().take(NAMED_MAX).map(ToString::to_string).collect();
    if let Some(more @ 1..) = paths.len().checked_sub(NAMED_MAX) {
        named.push(format!("and {more} more"));
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;
    use equitr_git::{ChangeKind, Changed};

    #[test]
    fn files_with_conflict_markers_are_named_within_bounds() {
        let changed = |n: usize, flags| Changed {
            path: format!("f{n}").into(),
            kind: ChangeKind::Modified,
            flags,
        };
        let marker = || Flag::ConflictMarker { line: 1 };
        let mut listed = vec![changed(0, vec![]), changed(1, vec![Flag::Executable, marker()])];
        assert_eq!(marked_files(Changes { listed: listed.clone(), total: 2 }), ["f1"]);
        listed.extend((2..25).map(|n| changed(n, vec![marker()])));
        let named = marked_files(Changes { listed, total: 25 });
        assert_eq!((named.len(), named[20].as_str()), (21, "and 4 more"));
    }
}
