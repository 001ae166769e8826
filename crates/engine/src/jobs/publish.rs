//! Committing the approved documents: the hub's first commit of ours, and the person's branch moves
//! forward to it.

use super::{Context, INTEGRATION, Trouble, commit};
use equitr_core::documents::{DOCUMENT_BYTES_MAX, DocumentKind, Documents};
use equitr_core::input::Outcome;
use equitr_git::{Advance, Checkout, GitError, Hub, Mark, Oid};
use std::path::Path;

/// Names the documents' commit, so that a process that takes over uses the same.
const DOCUMENTS: &str = "refs/equitr/documents";

pub(super) async fn publish(context: &Context, documents: Documents) -> Result<Outcome, Trouble> {
    let repository = context.repository.clone();
    let (hub, mark) = (context.dir.hub(), context.mark());
    let branch = fallback_branch(context.run_id());
    let subject = format!("{}Plan {}", context.commit_prefix, documents.title());
    let published = tokio::task::spawn_blocking(move || {
        publish_now(&repository, (&hub, &mark), &documents, &subject, &branch)
    });
    match published.await {
        Ok(done) => Ok(done?),
        Err(_) => Err(Trouble::Failed("a git job of ours broke down".to_owned())),
    }
}

fn publish_now(
    repository: &Path,
    (hub, mark): (&Path, &Mark),
    documents: &Documents,
    subject: &str,
    branch: &str,
) -> Result<Outcome, GitError> {
    let checkout = Checkout::open_or_init(repository)?;
    let head = checkout.head()?.commit;
    let hub = Hub::create_marked(hub, Some(&checkout), mark)?;
    let (base, from) = match hub.resolve(DOCUMENTS)? {
        Some(base) => {
            let from = hub.parent_of(&base)?;
            (base, from)
        }
        None => match &head {
            // Approved and committed by an earlier run: nothing to add.
            Some(commit) if holds(&hub, commit, documents)? => {
                hub.set_ref(DOCUMENTS, commit)?;
                (commit.clone(), head.clone())
            }
            Some(_) | None => (write(&hub, head.as_ref(), documents, subject)?, head),
        },
    };
    // Whoever comes first to an integration branch that is not there yet makes it; a later process
    // finds it where it is.
    hub.update_ref(INTEGRATION, &base, None)?;
    let note = match checkout.advance(&hub, from.as_ref(), &base, branch)? {
        Advance::Moved => None,
        Advance::LeftOnBranch { branch, why } => Some(
            format!("the documents are on branch `{branch}`, yours did not move: {why}").into(),
        ),
    };
    Ok(Outcome::Published { base: commit(&base), note })
}

/// Whether a commit has exactly these documents already.
fn holds(hub: &Hub, commit: &Oid, documents: &Documents) -> Result<bool, GitError> {
    for kind in DocumentKind::ALL {
        let found = match hub.read(commit, kind.path(), DOCUMENT_BYTES_MAX as u64 + 1) {
            Err(GitError::TooLarge { .. }) => None,
            read => read?,
        };
        if found.as_deref() != Some(text_of(documents, kind).as_bytes()) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A document as it is committed: with one line end at its end.
fn text_of(documents: &Documents, kind: DocumentKind) -> String {
    format!("{}\n", documents.get(kind).trim_end())
}

fn write(
    hub: &Hub,
    head: Option<&Oid>,
    documents: &Documents,
    subject: &str,
) -> Result<Oid, GitError> {
    let files: Vec<(String, Vec<u8>)> = DocumentKind::ALL
        .into_iter()
        .map(|kind| (kind.path().to_owned(), text_of(documents, kind).into_bytes()))
        .collect();
    let base = hub.commit_files(head, &files, subject)?;
    hub.set_ref(DOCUMENTS, &base)?;
    Ok(base)
}

/// The branch of the person's repository that takes what their own can't.
pub(super) fn fallback_branch(run: &str) -> String {
    format!("equitr/{run}")
}
