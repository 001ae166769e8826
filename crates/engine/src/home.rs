//! Where runs live: `~/.equitr/runs/<run>/`.

use crate::EngineError;
use std::path::{Path, PathBuf};

/// The folder of the person's configuration and runs, usually `~/.equitr`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    root: PathBuf,
}

/// One run's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunDir {
    root: PathBuf,
    id: String,
}

impl Home {
    /// The home at `root`, which need not exist yet.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The person's configuration file.
    pub fn config(&self) -> PathBuf {
        self.root.join("config.yaml")
    }

    /// The folder of the person's own profiles.
    pub fn profiles(&self) -> PathBuf {
        self.root.join("profiles")
    }

    /// The folder of a run, which need not exist yet.
    pub fn run(&self, id: &str) -> RunDir {
        RunDir { root: self.root.join("runs").join(id), id: id.to_owned() }
    }

    /// All runs that have a journal, oldest first.
    ///
    /// # Errors
    /// When the folder can't be read; one that is not there has no runs.
    pub fn runs(&self) -> Result<Vec<RunDir>, EngineError> {
        let folder = self.root.join("runs");
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(EngineError::Io { what: "list", path: folder, source }),
        };
        let mut ids: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|id| self.run(id).journal().is_file())
            .collect();
        ids.sort();
        Ok(ids.iter().map(|id| self.run(id)).collect())
    }

    pub(crate) fn locks(&self) -> PathBuf {
        self.root.join("locks")
    }
}

impl RunDir {
    /// The run's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Its journal.
    pub fn journal(&self) -> PathBuf {
        self.root.join("run.db")
    }

    /// The bare repository that its worktrees belong to.
    pub fn hub(&self) -> PathBuf {
        self.root.join("hub.git")
    }

    /// A task's worktree.
    pub fn worktree(&self, key: &str) -> PathBuf {
        self.root.join("worktrees").join(key)
    }

    /// The checkout in which merged trees are checked.
    pub fn merge_tree(&self) -> PathBuf {
        self.root.join("merge")
    }

    /// The checkout in which a task's acceptance checks are tried before its work.
    pub(crate) fn proof_tree(&self, key: &str) -> PathBuf {
        self.root.join("proofs").join(key)
    }

    /// The checkout in which merged tasks are checked again.
    pub fn recheck_tree(&self) -> PathBuf {
        self.root.join("recheck")
    }

    /// A private `HOME` for the commands of `who`.
    pub(crate) fn command_home(&self, who: &str) -> PathBuf {
        self.root.join("homes").join(who)
    }

    /// Where the proxy of its commands listens.
    pub(crate) fn proxy_socket(&self) -> PathBuf {
        self.root.join("proxy.sock")
    }

    /// Where the process that works on it can be reached.
    pub(crate) fn control(&self) -> PathBuf {
        self.root.join("control")
    }

    /// A private `TMPDIR` for the commands of `who`.
    pub(crate) fn command_temp(&self, who: &str) -> PathBuf {
        self.root.join("tmp").join(who)
    }
}

/// Makes a folder and all above it.
pub(crate) fn make_dir(path: &Path) -> Result<(), EngineError> {
    std::fs::create_dir_all(path).map_err(|source| EngineError::Io {
        what: "make the folder",
        path: path.to_owned(),
        source,
    })
}
