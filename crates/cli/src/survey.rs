//! What stands in the repository before a run begins.

use crate::error::CliError;
use crate::session::with_causes;
use crate::settings::{Source, shown};
use equitr_core::documents::{DOCUMENT_BYTES_MAX, DocumentKind, Documents};
use equitr_core::redact::Redactor;
use equitr_core::spec::Earlier;
use equitr_git::{Checkout, GitError, NEEDED, Oid};
use std::fmt::Write as _;
use std::io::Read;
use std::path::Path;

/// Files that the map lists; more say little about a project.
const FILES_MAX: usize = 400;
/// Of each of these files, the beginning is part of the map.
const TOLD_FILES: [&str; 6] =
    ["README.md", "package.json", "Cargo.toml", "pyproject.toml", "go.mod", "Makefile"];
/// How much of them.
const TOLD_BYTES: usize = 1_500;
/// A repository's own settings.
const SETTINGS: &str = ".equitr/config.yaml";
/// Their size: a person's own have a few kilobytes, and these are somebody else's.
const SETTINGS_BYTES: usize = 64 << 10;

/// A repository as a run finds it.
#[derive(Debug, Default)]
pub struct Survey {
    /// Files and the beginnings of those that tell most; empty for a new repository.
    pub map: String,
    /// `AGENTS.md`.
    pub guide: String,
    /// `.equitr/config.yaml`; none when there is none.
    pub settings: Option<Source>,
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
    let mut survey = told().map_err(|error| git_error(&error))?;
    survey.settings = committed_settings(&checkout)?;
    Ok(survey)
}

/// The settings that the repository at `path` asks for, as they are committed; none where there is
/// no repository, or one without them.
///
/// # Errors
/// When git is missing or they can't be read.
pub fn project_settings(path: &Path) -> Result<Option<Source>, CliError> {
    match Checkout::open(path) {
        Ok(checkout) => committed_settings(&checkout),
        // A run would say so; there are no settings to be told of.
        Err(
            GitError::NotARepository { .. } | GitError::Bare { .. } | GitError::InProgress { .. },
        ) => Ok(None),
        Err(error) => Err(git_error(&error)),
    }
}

/// As committed, and never as the files lie there: what writes to the folder, such as a build that
/// the person starts, has no say.
fn committed_settings(checkout: &Checkout) -> Result<Option<Source>, CliError> {
    let name = shown(&checkout.root().join(SETTINGS).display().to_string());
    let wrong = |what: &str| {
        CliError::usage(format!("{name} {what}")).hint("the file of the last commit is meant")
    };
    let bytes = match checkout.read(SETTINGS) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Ok(None),
        Err(GitError::TooLarge { .. }) => return Err(wrong("is larger than 64 KiB")),
        Err(error) => return Err(git_error(&error)),
    };
    if bytes.len() > SETTINGS_BYTES {
        return Err(wrong("is larger than 64 KiB"));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(Source::new(name, &text))),
        Err(_) => Err(wrong("is not UTF-8 text")),
    }
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

/// The plan that the repository at `path` was built by so far, as far as it is committed; none where
/// one of the documents is missing.
///
/// # Errors
/// When it can't be read.
pub fn earlier(path: &Path) -> Result<Option<Earlier>, CliError> {
    if Checkout::is_vacant(path) {
        return Ok(None);
    }
    let found = || -> Result<Option<Earlier>, GitError> {
        let checkout = Checkout::open(path)?;
        let Some(head) = checkout.head()?.commit else { return Ok(None) };
        let present = documents_at(&checkout, &head)?;
        if !present.missing().is_empty() {
            return Ok(None);
        }
        // What a run merged bears its name; what a person committed since is a change of theirs.
        let built = match checkout.newest_saying("Equitr-Run: ")? {
            Some(commit) => documents_at(&checkout, &commit)?,
            None => present.clone(),
        };
        let built = if built.missing().is_empty() { built } else { present.clone() };
        Ok(Some(Earlier { present, built }))
    };
    found().map_err(|error| git_error(&error))
}

fn documents_at(checkout: &Checkout, commit: &Oid) -> Result<Documents, GitError> {
    let mut documents = Documents::default();
    for kind in DocumentKind::ALL {
        let bytes = match checkout.read_at(commit, kind.path()) {
            Err(GitError::TooLarge { .. }) => None,
            read => read?,
        };
        let text = bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        documents.set(kind, text.unwrap_or_default().into());
    }
    Ok(documents)
}

/// The documents as the person's files hold them just now, committed or not.
///
/// # Errors
/// When one is missing, too long or no text.
pub fn documents_on_disk(path: &Path) -> Result<Documents, CliError> {
    let mut documents = Documents::default();
    for kind in DocumentKind::ALL {
        let file = path.join(kind.path());
        let text = read_document(&file).map_err(|error| {
            let told = with_causes(&error);
            CliError::usage(format!("can't read {}: {told}", file.display()))
                .hint("the documents of a run are in docs/ of its repository")
        })?;
        documents.set(kind, text.into());
    }
    Ok(documents)
}

fn read_document(file: &Path) -> std::io::Result<String> {
    let too_long = || std::io::Error::other("it is longer than a document may be");
    let mut text = String::new();
    let mut bounded = std::fs::File::open(file)?.take(DOCUMENT_BYTES_MAX as u64 + 1);
    bounded.read_to_string(&mut text)?;
    if text.len() > DOCUMENT_BYTES_MAX { Err(too_long()) } else { Ok(text) }
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
        GitError::FilesElsewhere { path, .. } => CliError::environment(told).hint(format!(
            "name the folder of the files with --repo DIR if it has a .git of its own, or let the \
             repository have its files again: git -C {} config --unset core.worktree",
            path.display()
        )),
        _ => CliError::environment(told),
    }
}
