//! Finds out which sandbox works here, by running a trivial command in it.

use crate::fence::{self, ABI_NEEDED};
use crate::{Backend, Error, Policy, bubblewrap, wrap};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Of what is said on standard error, as much goes into an error.
const SAID_CHARS_MAX: usize = 300;

/// Bubblewrap, if a command can be run in it with all options.
pub(crate) fn bubblewrap(path: &OsStr, launcher: &Path) -> Result<Backend, Error> {
    let program = find(path).ok_or(Error::NoBubblewrap)?;
    let version = said(&program, "--version");
    let version = version.trim().trim_start_matches("bubblewrap ").to_owned();
    let help = said(&program, "--help");
    let lacking = |option: &&&str| !help.split_whitespace().any(|word| word == **option);
    if let Some(lacks) = bubblewrap::NEEDED.iter().find(lacking) {
        return Err(Error::OldBubblewrap { program, version, lacks });
    }
    let backend = Backend::Bubblewrap { program, version };
    run_trial(&backend, launcher, "bubblewrap")?;
    Ok(backend)
}

/// Landlock, if the kernel has it and a command can be run in it.
pub(crate) fn landlock(launcher: &Path) -> Result<Backend, Error> {
    let abi = fence::abi().ok_or(Error::NoLandlock)?;
    if abi < ABI_NEEDED {
        return Err(Error::OldLandlock { abi, needed: ABI_NEEDED });
    }
    let backend = Backend::Landlock { abi };
    run_trial(&backend, launcher, "landlock")?;
    Ok(backend)
}

/// The first `bwrap` in an absolute folder: a worktree must not bring its own.
fn find(path: &OsStr) -> Option<PathBuf> {
    std::env::split_paths(path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join("bwrap"))
        .find(|program| program.is_file())
}

/// What a program prints; nothing if it can't be run, which the trial then tells.
fn said(program: &Path, option: &str) -> String {
    let output = Command::new(program).arg(option).env_clear().stdin(Stdio::null()).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
}

/// Of the trial, which writes nothing; it is there on every system.
const WORKTREE: &str = "/tmp";

/// Runs `exit 0`.
fn run_trial(backend: &Backend, launcher: &Path, by: &'static str) -> Result<(), Error> {
    let mut command = wrap(backend, &Policy::new(WORKTREE), &BTreeMap::new(), launcher, "exit 0")?;
    let output = command.stdin(Stdio::null()).output();
    let failed = |said| Err(Error::TrialFailed { by, said });
    match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let errors = String::from_utf8_lossy(&output.stderr);
            let said: String = errors.trim().chars().take(SAID_CHARS_MAX).collect();
            failed(if said.is_empty() { output.status.to_string() } else { said })
        }
        Err(error) => failed(error.to_string()),
    }
}
