//! What can go wrong with a run as a whole, by what the caller would do about it.

use crate::lock::Holder;
use equitr_core::apply::Refused;
use std::path::PathBuf;

/// A run that can't be begun, read or taken up.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Somebody else works on the repository.
    #[error("another equitrcoder ({holder}) is working on this repository")]
    Locked {
        /// Who.
        holder: Holder,
    },
    /// There is no such run.
    #[error("there is no run `{run}`")]
    NoSuchRun {
        /// Its id.
        run: String,
    },
    /// No process works on the run.
    #[error("no process works on run {run} just now")]
    NotOn {
        /// Its id.
        run: String,
    },
    /// The journal was written by a newer program.
    #[error("the run was written in format {found}; this program reads up to {known}")]
    Newer {
        /// The journal's format.
        found: u32,
        /// The newest that is known here.
        known: u32,
    },
    /// The journal's records are not the ones that were written.
    #[error("the journal {path} is damaged at record {seq}: {why}")]
    Damaged {
        /// The journal's file.
        path: PathBuf,
        /// The first record that can't be trusted.
        seq: u64,
        /// What is wrong with it.
        why: String,
    },
    /// The journal can't be read or written.
    #[error("can't {what} the journal {path}")]
    Journal {
        /// What was tried.
        what: &'static str,
        /// The journal's file.
        path: PathBuf,
        /// What the database says.
        source: rusqlite::Error,
    },
    /// A file or folder of the run can't be used.
    #[error("can't {what} {path}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The runtime for jobs can't be started.
    #[error("can't start threads")]
    Threads {
        /// What the system says.
        source: std::io::Error,
    },
    /// The way of commands to the hosts that the policy names can't be opened.
    #[error("can't open the way to the network for commands")]
    Proxy {
        /// What stands in the way.
        source: equitr_sandbox::Error,
    },
    /// A fault of ours: a decision that its own state refuses. The journal is whole.
    #[error("internal error: {0}; the run can be resumed")]
    Internal(#[from] Refused),
}
