//! Checking a claim in the worktree it was made in.

use super::checks::run_checks;
use super::{Context, Trouble, commit, oid, wip_ref};
use equitr_core::event::Start;
use equitr_core::id::Commit;
use equitr_core::input::Outcome;
use equitr_core::job::Place;
use std::sync::Arc;

/// A diff that is longer is searched this far for conflict markers.
const DIFF_BYTES: u64 = 8 << 20;

pub(super) async fn verify(
    context: &Context,
    place: Place,
    (base, start): (Commit, Start),
    subject: Arc<str>,
    checks: &[Arc<str>],
    check_ms: u64,
) -> Result<Outcome, Trouble> {
    let path = context.dir.worktree(&place.key);
    let base = oid(&base)?;
    let reference = wip_ref(&place.key, place.attempt);
    let message = format!("{subject}\n\nEquitr-Worker: {}", place.worker);
    let folder = path.clone();
    let merged = matches!(start, Start::Merged { .. });
    let (work, marked) = context
        .git(path.clone(), move |hub| {
            let work = hub.snapshot(&folder, &base, &message, &reference)?.commit;
            let marked = if merged {
                marked_files(&hub.diff(&base, &work, DIFF_BYTES)?)
            } else {
                Vec::new()
            };
            Ok((work, marked))
        })
        .await?;
    if !marked.is_empty() {
        return Err(Trouble::Refused(format!(
            "conflict markers are left in {}: resolve them, keeping what both sides intend",
            marked.join(", ")
        )));
    }
    let in_place = context.command_place(&path, &place.key)?;
    let _permit = context.checks.acquire().await;
    let checks = run_checks(&in_place, checks, check_ms, &context.parts.redactor).await?;
    Ok(Outcome::Verified { commit: commit(&work), checks })
}

/// The files to which a diff adds conflict markers.
fn marked_files(diff: &str) -> Vec<String> {
    let mut files: Vec<String> = Vec::new();
    let mut file = "";
    for line in diff.lines() {
        if let Some(name) = line.strip_prefix("+++ ") {
            file = name.strip_prefix("b/").unwrap_or(name);
        } else if (line.starts_with("+<<<<<<< ") || line.starts_with("+>>>>>>> "))
            && files.last().is_none_or(|last| last != file)
        {
            files.push(file.to_owned());
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_with_conflict_markers_are_named_once() {
        let diff =
            "+++ b/a.py\n+<<<<<<< onto\n+x\n+=======\n+y\n+>>>>>>> theirs\n+++ b/b.py\n+ok\n";
        assert_eq!(marked_files(diff), ["a.py"]);
    }
}
