//! Which sandbox is used, and what it does not stop.

use crate::{Error, Mode};
use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

/// The sandbox that commands run in, found to work by a trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Backend {
    /// Namespaces by bubblewrap, with limits and a system call filter by our launcher.
    Bubblewrap {
        /// The `bwrap` program.
        program: PathBuf,
        /// Its version, such as `0.8.0`.
        version: String,
    },
    /// The kernel's Landlock, with limits and a system call filter, by our launcher alone.
    Landlock {
        /// What the kernel's Landlock can do, as its ABI's number.
        abi: u32,
    },
    /// None: a command can do whatever the user can.
    Off,
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bubblewrap { version, .. } => write!(f, "bubblewrap {version}"),
            Self::Landlock { abi } => write!(f, "landlock ABI {abi}"),
            Self::Off => f.write_str("off"),
        }
    }
}

impl Backend {
    /// What it does not stop, one sentence each, for a person to read; nothing when it stops all
    /// that we know to attack.
    pub fn weaknesses(&self) -> Vec<&'static str> {
        match self {
            Self::Bubblewrap { .. } if !has_limit_on_processes() => vec![UNLIMITED],
            Self::Bubblewrap { .. } => Vec::new(),
            Self::Landlock { abi } => {
                let mut weaknesses = vec![
                    "a program that a command leaves behind goes on after the command has ended",
                    "`.git` of the worktree can be replaced",
                    "masked files can be read",
                    "the command lines of other processes can be read",
                    "`/tmp` and `/dev/shm` are shut instead of private",
                    "shared memory and message queues that have no path can be reached",
                ];
                if *abi < 9 {
                    weaknesses.push("Unix sockets with a path can be reached, Docker's too");
                }
                if *abi < 6 {
                    weaknesses.push("other processes of the user can be sent signals");
                    weaknesses.push("abstract Unix sockets can be reached");
                }
                if is_root() {
                    weaknesses.push(UNLIMITED);
                }
                weaknesses
            }
            Self::Off => vec!["nothing is stopped: a command can do whatever the user can"],
        }
    }
}

/// The kernel's limit on processes does not hold for root.
const UNLIMITED: &str = "the kernel does not limit the number of processes, because this is root";

/// Whether bubblewrap's processes can be limited in number.
#[cfg(target_os = "linux")]
fn has_limit_on_processes() -> bool {
    !is_root() || crate::limits::holds_root()
}

#[cfg(target_os = "linux")]
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Elsewhere there is no sandbox whose limits could be asked for.
#[cfg(not(target_os = "linux"))]
fn has_limit_on_processes() -> bool {
    false
}

#[cfg(not(target_os = "linux"))]
fn is_root() -> bool {
    false
}

/// The sandbox of this mode, after running a trivial command in it with all of its options.
///
/// `path` is the value of `PATH`, of which only absolute folders are searched; `launcher` is the
/// program whose `main` calls [`launch_if_asked`](crate::launch_if_asked). It takes some tens of
/// milliseconds, and the answer holds as long as the program runs: keep it.
///
/// Never gives back less than was asked for: [`Mode::Auto`] fails where neither bubblewrap nor
/// Landlock works, and where it falls back to Landlock,
/// [`weaknesses`](Backend::weaknesses) says what is lost.
pub fn choose(mode: Mode, path: &OsStr, launcher: &Path) -> Result<Backend, Error> {
    match mode {
        Mode::Off => Ok(Backend::Off),
        Mode::Bubblewrap => probe::bubblewrap(path, launcher),
        Mode::Landlock => probe::landlock(launcher),
        Mode::Auto => probe::bubblewrap(path, launcher).or_else(|bubblewrap| {
            if matches!(bubblewrap, Error::NotLinux { .. }) {
                return Err(bubblewrap);
            }
            probe::landlock(launcher).map_err(|landlock| Error::Neither {
                bubblewrap: Box::new(bubblewrap),
                landlock: Box::new(landlock),
            })
        }),
    }
}

#[cfg(target_os = "linux")]
use crate::probe;

/// Elsewhere there is nothing to be found.
#[cfg(not(target_os = "linux"))]
mod probe {
    use super::{Backend, Error, OsStr, Path};

    pub(super) fn bubblewrap(_path: &OsStr, _launcher: &Path) -> Result<Backend, Error> {
        Err(Error::NotLinux { system: std::env::consts::OS })
    }

    pub(super) fn landlock(_launcher: &Path) -> Result<Backend, Error> {
        Err(Error::NotLinux { system: std::env::consts::OS })
    }
}
