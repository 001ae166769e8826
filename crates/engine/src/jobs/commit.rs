//! Committing files of the run's own on the integration branch.

use super::integrate::head;
use super::{Context, INTEGRATION, Trouble, commit, oid};
use equitr_core::id::Commit;
use equitr_core::input::Outcome;
use equitr_git::{GitError, Hub, Logged, Oid, Swap};
use std::sync::Arc;

/// By this line of its message a commit is known again when nobody heard that it was made.
const NUMBER: &str = "Equitr-Commit";
/// Tries to move the branch: only a job of a process that is gone could have moved it meanwhile.
const TRIES: u32 = 3;

pub(super) async fn commit_files(
    context: &Context,
    nth: u32,
    from: Commit,
    files: Vec<(Arc<str>, Arc<str>)>,
    subject: &str,
) -> Result<Outcome, Trouble> {
    let from = oid(&from)?;
    let run = context.run_id().to_owned();
    let message = format!("{subject}\n\nEquitr-Run: {run}\n{NUMBER}: {nth}\n");
    let files: Vec<(String, Vec<u8>)> =
        files.iter().map(|(path, text)| (path.to_string(), text.as_bytes().to_vec())).collect();
    let made = context
        .git_at_once(context.dir.hub(), move |hub| {
            for _ in 0..TRIES {
                let onto = head(hub)?;
                let is_it = |logged: &Logged| is_numbered(logged, &run, nth);
                if let Some(found) = hub.log_trailers(Some(&from), &onto)?.into_iter().find(is_it) {
                    return Ok(Some(found.commit));
                }
                if holds(hub, &onto, &files)? {
                    return Ok(Some(onto));
                }
                let made = hub.commit_files(Some(&onto), &files, &message)?;
                match hub.update_ref(INTEGRATION, &made, Some(&onto))? {
                    Swap::Done => return Ok(Some(made)),
                    Swap::Moved { .. } => {}
                }
            }
            Ok(None)
        })
        .await?;
    Ok(made.map_or(Outcome::Overtaken, |made| Outcome::Committed(commit(&made))))
}

fn is_numbered(logged: &Logged, run: &str, nth: u32) -> bool {
    let says = |key: &str, value: &str| {
        logged.trailers.iter().any(|(found, said)| found == key && said == value)
    };
    says("Equitr-Run", run) && says(NUMBER, &nth.to_string())
}

/// Whether a commit has exactly these files already.
fn holds(hub: &Hub, commit: &Oid, files: &[(String, Vec<u8>)]) -> Result<bool, GitError> {
    for (path, bytes) in files {
        let found = match hub.read(commit, path, bytes.len() as u64 + 1) {
            Err(GitError::TooLarge { .. }) => None,
            read => read?,
        };
        if found.as_deref() != Some(bytes) {
            return Ok(false);
        }
    }
    Ok(true)
}
