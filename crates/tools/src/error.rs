//! Why a tool can't do what it was asked, in words that a model can act on.
//!
//! The texts name paths as the model wrote them, cut and escaped, and never a path of the host.

use std::io;

/// Why a tool, or the place it works in, could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The path leads out of the worktree, by its words or by a symlink.
    #[error("path `{path}` is outside your worktree")]
    Outside {
        /// As the model wrote it.
        path: String,
    },
    /// The path leads into `.git`, by its words or by a symlink.
    #[error("path `{path}` is git's own; it can be neither read nor written")]
    GitsOwn {
        /// As the model wrote it.
        path: String,
    },
    /// The file looks like it holds secrets.
    #[error(
        "`{path}` looks like a file of secrets, which tools neither read nor write; a person can \
         allow it by the setting `allow_secret_files`"
    )]
    SecretFile {
        /// As the model wrote it.
        path: String,
    },
    /// No path can be written like this.
    #[error("path `{path}` {why}")]
    BadPath {
        /// As the model wrote it.
        path: String,
        /// The rest of the sentence.
        why: &'static str,
    },
    /// There is nothing at the path.
    #[error("`{path}` does not exist")]
    NotFound {
        /// As the model wrote it.
        path: String,
    },
    /// A folder was expected.
    #[error("`{path}` is not a folder")]
    NotAFolder {
        /// As the model wrote it.
        path: String,
    },
    /// A file was expected.
    #[error("`{path}` is a folder, not a file")]
    IsAFolder {
        /// As the model wrote it.
        path: String,
    },
    /// Symlinks that lead to each other, or more of them than a path may have.
    #[error("`{path}` is a symlink loop")]
    SymlinkLoop {
        /// As the model wrote it.
        path: String,
    },
    /// A named pipe, device or socket.
    #[error("`{path}` is not a regular file ({kind})")]
    NotRegular {
        /// As the model wrote it.
        path: String,
        /// What it is.
        kind: &'static str,
    },
    /// A symlink where only a file itself may be written.
    #[error("`{path}` is a symlink; write the file that it points to")]
    IsASymlink {
        /// As the model wrote it.
        path: String,
    },
    /// The file has another name, which may lie outside the worktree.
    #[error("`{path}` has {names} names (hard links); it can't be written by this tool")]
    HardLinked {
        /// As the model wrote it.
        path: String,
        /// How many names the file has.
        names: u64,
    },
    /// The file holds NUL bytes.
    #[error("`{path}` is binary ({size}); use run_command")]
    Binary {
        /// As the model wrote it.
        path: String,
        /// Such as `138 KB`.
        size: String,
    },
    /// The file is not UTF-8, so an edit would change bytes that it did not mean to.
    #[error("`{path}` is not UTF-8 text (byte {byte:#04x} at offset {offset}); use run_command")]
    NotUtf8 {
        /// As the model wrote it.
        path: String,
        /// The first byte that is wrong.
        byte: u8,
        /// Its place, from 0.
        offset: usize,
    },
    /// The file is larger than a tool reads.
    #[error("`{path}` is {size}; read a range with run_command, such as `sed -n 1,200p`")]
    TooLarge {
        /// As the model wrote it.
        path: String,
        /// Such as `2.1 GB`.
        size: String,
    },
    /// An argument is well formed and still can't be used.
    #[error("{what}")]
    BadArgument {
        /// Which and why, as a clause of its own.
        what: String,
    },
    /// The text to be replaced is not there, or not there once.
    #[error("{what}")]
    NoSingleMatch {
        /// Where it occurs, or that it does not.
        what: String,
    },
    /// The system refused.
    #[error("`{path}`: {}", plain_reason(source))]
    Io {
        /// As the model wrote it.
        path: String,
        /// The system's reason.
        source: io::Error,
    },
    /// The worktree's folder can't be opened.
    #[error("the worktree can't be opened: {}", plain_reason(source))]
    Worktree {
        /// The system's reason.
        source: io::Error,
    },
    /// The shell can't be started, for a reason that is not the command's.
    #[error("no command can be started here: {}", plain_reason(source))]
    Spawn {
        /// The system's reason.
        source: io::Error,
    },
    /// The sandbox that commands have to run in can't be had.
    #[error("no command can be started here: {source}")]
    Sandbox {
        /// What is in the way.
        source: equitr_sandbox::Error,
    },
    /// The call was cancelled before it changed anything.
    #[error("cancelled")]
    Cancelled,
}

impl Error {
    /// The system's refusal about `path`.
    pub(crate) fn io(path: &str, source: impl Into<io::Error>) -> Self {
        Self::Io { path: quoted(path), source: source.into() }
    }
}

/// The system's words without its `(os error 28)`.
fn plain_reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

/// A path fit for a message: control characters escaped, at most 80 characters.
pub(crate) fn quoted(path: &str) -> String {
    const CHARS_MAX: usize = 80;
    let mut shown = escaped(path);
    if let Some((cut, _)) = shown.char_indices().nth(CHARS_MAX) {
        shown.truncate(cut);
        shown.push('…');
    }
    shown
}

/// `text` with control characters written out, so that a file's name can't pose as a line.
pub(crate) fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    shown
}
