//! What stands in the repository before a run begins.

use crate::error::CliError;
use crate::session::with_causes;
use equitr_core::documents::{DocumentKind, Documents};
use equitr_core::redact::Redactor;
use equitr_git::{Checkout, GitError, NEEDED};
use std::fmt::Write as _;
use std::path::Path;

/// Files that the map lists; more say little about a project.
const FILES_MAX: usize = 400;
/// Of each of these files, the beginning is part of the map.
const TOLD_FILES: [&str; 6] =
    ["README.md", "package.json", "Cargo.toml", "pyproject.toml", "go.mod", "Makefile"];
/// How much of them.
const TOLD_BYTES: usize = 1_500;

/// A repository as a run finds it.
#[derive(Debug, Default)]
pub struct Survey {
    /// Files and the beginnings of those that tell most; empty for a new repository.
    pub map: String,
    /// `AGENTS.md`.
    pub guide: String,
    /// Paths with uncommitted changes, which agents don't see.
    pub uncommitted: Vec<String>,
    /// Settings of the person's git that run programs, which are ignored.
    pub ignored: Vec<String>,
}

/// Looks at the repository at `path`; one that does not exist yet is empty. What is told of its files
/// is without secrets.
///
/// # Errors
/// When it is something that no run can work on.
pub fn survey(path: &Path, redactor: &Redactor) -> Result<Survey, CliError> {
    equitr_git::version().map_err(|error| git_error(&error))?;
    if Checkout::is_vacant(path) {
        return Ok(Survey::default());
    }
    if path.is_file() {
        return Err(CliError::environment(format!("`{}` is not a folder", path.display()))
            .hint("name a repository or a new folder with --repo DIR"));
    }
    let checkout = Checkout::open(path).map_err(|error| git_error(&error))?;
    let told = || -> Result<Survey, GitError> {
        let mut survey = Survey {
            uncommitted: checkout.uncommitted()?,
            ignored: checkout.executable_settings()?,
            ..Survey::default()
        };
        let (files, total) = checkout.files(FILES_MAX)?;
        for file in &files {
            _ = writeln!(survey.map, "{file}");
        }
        if total > files.len() {
            _ = writeln!(survey.map, "[… {} more files …]", total - files.len());
        }
        for name in TOLD_FILES.iter().filter(|name| files.iter().any(|file| file == *name)) {
            let text = text_of(&checkout, name)?;
            // Before it is cut: half a secret would not be found.
            let text = redactor.redact(&text);
            let head = equitr_core::dialogue::cut(&text, TOLD_BYTES);
            _ = write!(survey.map, "\n<<< {name}\n{head}\n>>>\n");
        }
        survey.guide = text_of(&checkout, "AGENTS.md")?;
        Ok(survey)
    };
    told().map_err(|error| git_error(&error))
}

/// The documents that are committed in the repository.
///
/// # Errors
/// When one is missing or is no text.
pub fn documents(path: &Path) -> Result<Documents, CliError> {
    let checkout = Checkout::open(path).map_err(|error| git_error(&error))?;
    let mut documents = Documents::default();
    for kind in DocumentKind::ALL {
        let text = text_of(&checkout, kind.path()).map_err(|error| git_error(&error))?;
        if text.trim().is_empty() {
            let file = path.join(kind.path());
            let why = if file.is_file() { "is not committed" } else { "does not exist" };
            return Err(CliError::usage(format!("{} {why}", file.display()))
                .hint("`equitrcoder plan` writes the documents with you and commits them"));
        }
        documents.set(kind, text.into());
    }
    Ok(documents)
}

fn text_of(checkout: &Checkout, path: &str) -> Result<String, GitError> {
    let bytes = match checkout.read(path) {
        Err(GitError::TooLarge { .. }) => None,
        read => read?,
    };
    Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default())
}

/// What is wrong with a repository, and the way out.
pub fn git_error(error: &GitError) -> CliError {
    let told = with_causes(error);
    match error {
        GitError::NotFound(_) => {
            CliError::environment(told).hint("install git, such as with `apt-get install git`")
        }
        GitError::TooOld { .. } => {
            CliError::environment(told).hint(format!("install git {NEEDED} or newer"))
        }
        GitError::NotARepository { path } => {
            CliError::environment(format!("no git repository here ({})", path.display()))
                .hint("run `git init` there first, or name a new folder with --repo DIR")
        }
        GitError::Bare { .. } => {
            CliError::environment(told).hint("name a checkout with --repo DIR")
        }
        GitError::InProgress { operation, .. } => {
            CliError::environment(told).hint(format!("finish the {operation} first, or abort it"))
        }
        _ => CliError::environment(told),
    }
}
