//! What a worktree holds is looked through before git sees it: what git would take for a
//! repository, what it can't keep, and what is too large for a history that stays for ever.

use crate::GitError;
use crate::command::items;
use crate::error::io_error;
use crate::name::{is_gitmodules, is_gits_own};
use crate::removal::open_up;
use crate::worktree::HeldLink;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, ReadDir};
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The largest file that a worker may add or change, in bytes: 10 MiB.
///
/// Source is far below it; what is above is mostly built, downloaded or recorded by accident, and
/// would be in the person's history for good. Files the worker leaves alone may have any size.
pub const SNAPSHOT_FILE_BYTES_MAX: u64 = 10 << 20;

/// How much of a path too long for the system is shown.
const PATH_BYTES_SHOWN: usize = 200;

/// Refuses what git must not see or can't keep, by name; gives the files that are above the limit
/// for files, with their sizes (git's ignored ones may be among them). Links are not followed.
pub(crate) fn look_through(root: &Path) -> Result<BTreeMap<PathBuf, u64>, GitError> {
    let mut folders = vec![root.to_owned()];
    let mut large = BTreeMap::new();
    let below = |path: &Path| path.strip_prefix(root).unwrap_or(path).to_owned();
    while let Some(folder) = folders.pop() {
        let entries = list(&folder).map_err(|error| match error.kind() {
            ErrorKind::InvalidFilename => too_long(&below(&folder)),
            _ => io_error("list", &folder)(error),
        })?;
        for entry in entries {
            let entry = entry.map_err(io_error("list", &folder))?;
            let (name, path) = (entry.file_name(), entry.path());
            if folder == root && name == ".git" {
                continue;
            }
            if is_gits_own(name.as_bytes()) {
                return Err(GitError::NestedRepository { path: below(&path) });
            }
            // What is gone again by now is not there.
            let Ok(about) = entry.metadata() else { continue };
            if about.is_symlink() && is_gitmodules(name.as_bytes()) {
                let why = "git takes no `.gitmodules` that is a link";
                return Err(GitError::Unkeepable { path: below(&path), why });
            }
            if about.is_dir() {
                folders.push(path);
            } else if about.is_file() && about.len() > SNAPSHOT_FILE_BYTES_MAX {
                large.insert(below(&path), about.len());
            }
        }
    }
    Ok(large)
}

/// Refuses the first of these files that a snapshot would add or change.
pub(crate) fn refuse_large(
    link: &HeldLink,
    large: &BTreeMap<PathBuf, u64>,
) -> Result<(), GitError> {
    if large.is_empty() {
        return Ok(());
    }
    let options = ["-z", "-m", "-o", "--exclude-standard"];
    let taken = link.call("ls-files")?.args(options).output()?;
    let first = items(&taken)
        .filter_map(|path| large.get_key_value(Path::new(OsStr::from_bytes(path))))
        .min();
    match first {
        None => Ok(()),
        Some((path, bytes)) => Err(GitError::FileTooLarge {
            path: path.clone(),
            bytes: *bytes,
            bytes_max: SNAPSHOT_FILE_BYTES_MAX,
        }),
    }
}

fn list(folder: &Path) -> io::Result<ReadDir> {
    match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            open_up(folder);
            fs::read_dir(folder)
        }
        listed => listed,
    }
}

fn too_long(path: &Path) -> GitError {
    let bytes = path.as_os_str().as_bytes();
    let shown = &bytes[..bytes.len().min(PATH_BYTES_SHOWN)];
    let why = "its path is longer than the system takes";
    GitError::Unkeepable { path: OsStr::from_bytes(shown).into(), why }
}
