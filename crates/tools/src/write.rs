//! Writing and deleting a file, each in one step that is done or not.

use crate::bounded::{count, size};
use crate::error::{Error, quoted};
use crate::stop::Stop;
use crate::worktree::{Spot, Walk, Worktree, ensure_regular, look};
use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;
use schemars::JsonSchema;
use serde::Deserialize;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::hash::{DefaultHasher, Hasher};
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;

/// More than a model writes in one reply; what is larger is data, made by a command.
const CONTENT_BYTES_MAX: usize = 1_000_000;

/// How the file that a write is prepared in is named; one that a crash left behind is taken away by
/// the next write of the same file, and belongs in no commit.
pub const UNFINISHED_PREFIX: &str = ".equitr-unfinished-";

/// Create a file, or replace all of it. Creates folders. To change a part, use edit_file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WriteFile {
    path: String,
    content: String,
}

/// Delete a file or a symlink.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteFile {
    path: String,
}

/// Writes the file; the same call again changes nothing.
pub(crate) fn write_file(
    args: &WriteFile,
    worktree: &Worktree,
    stop: &Stop,
) -> Result<String, Error> {
    if args.content.len() > CONTENT_BYTES_MAX {
        let given = size(args.content.len() as u64);
        let what = format!("`content` is {given}; at most 1 MB can be written at once");
        return Err(Error::BadArgument { what });
    }
    worktree.alone(|| replace(worktree, &args.path, args.content.as_bytes(), stop))?;
    Ok(format!("wrote `{}`, {}", quoted(&args.path), count(args.content.lines().count(), "line")))
}

/// Deletes the file; the same call again finds nothing to do.
pub(crate) fn delete_file(
    args: &DeleteFile,
    worktree: &Worktree,
    stop: &Stop,
) -> Result<String, Error> {
    let path = quoted(&args.path);
    let absent = format!("`{path}` does not exist, so there is nothing to delete");
    let (folder, name) = match worktree.locate(&args.path, Walk::Remove) {
        Ok(Spot::Folder { .. }) => return Err(Error::IsAFolder { path }),
        Ok(Spot::Entry { folder, name, .. }) => (folder, name),
        Err(Error::NotFound { .. }) => return Ok(absent),
        Err(error) => return Err(error),
    };
    let Some(stat) = look(folder.as_fd(), &name, &args.path)? else { return Ok(absent) };
    if FileType::from_raw_mode(stat.st_mode) != FileType::Symlink {
        ensure_regular(&stat, &args.path)?;
    }
    let removed = worktree
        .alone(|| stop.act(|| Ok(rustix::fs::unlinkat(folder.as_fd(), &name, AtFlags::empty()))))?;
    match removed {
        Ok(()) => Ok(format!("deleted `{path}`")),
        Err(Errno::NOENT) => Ok(absent),
        Err(errno) => Err(Error::io(&args.path, errno)),
    }
}

/// Puts `content` in the place of whatever `path` holds, keeping its permissions.
///
/// Readers see the old text or the new one. It outlives a killed process; what outlives a power cut
/// is the attempt's commits. Call it from [`Worktree::alone`].
pub(crate) fn replace(
    worktree: &Worktree,
    path: &str,
    content: &[u8],
    stop: &Stop,
) -> Result<(), Error> {
    stop.act(|| {
        let (folder, name, real) = match worktree.locate(path, Walk::Write)? {
            Spot::Folder { .. } => return Err(Error::IsAFolder { path: quoted(path) }),
            Spot::Entry { folder, name, real } => (folder, name, real),
        };
        worktree.refuse_secrets(path, &real, content)?;
        let folder = folder.as_fd();
        let mode = writable_mode(folder, &name, path)?;
        let unfinished = unfinished_name(&name);
        let done = prepare(folder, &unfinished, content, mode)
            .and_then(|()| Ok(rustix::fs::renameat(folder, &unfinished, folder, &name)?));
        done.map_err(|error| {
            // Nothing to add to the first failure when this one fails as well.
            let _ = rustix::fs::unlinkat(folder, &unfinished, AtFlags::empty());
            Error::io(path, error)
        })
    })
}

/// The permissions to keep, `None` for a new file; fails for what may not be replaced.
fn writable_mode(folder: BorrowedFd<'_>, name: &OsStr, path: &str) -> Result<Option<Mode>, Error> {
    let Some(stat) = look(folder, name, path)? else { return Ok(None) };
    ensure_regular(&stat, path)?;
    #[allow(clippy::useless_conversion, reason = "the width differs by system")]
    let names = u64::from(stat.st_nlink);
    if names > 1 {
        return Err(Error::HardLinked { path: quoted(path), names });
    }
    Ok(Some(Mode::from_raw_mode(stat.st_mode & 0o777)))
}

/// Of one length whatever the name is, and the same for the same name.
fn unfinished_name(name: &OsStr) -> OsString {
    let mut hasher = DefaultHasher::new();
    hasher.write(name.as_bytes());
    format!("{UNFINISHED_PREFIX}{:016x}", hasher.finish()).into()
}

fn prepare(
    folder: BorrowedFd<'_>,
    unfinished: &OsStr,
    content: &[u8],
    mode: Option<Mode>,
) -> std::io::Result<()> {
    match rustix::fs::unlinkat(folder, unfinished, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => {}
        Err(errno) => return Err(errno.into()),
    }
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::openat(folder, unfinished, flags, Mode::from_raw_mode(0o666))?;
    if let Some(mode) = mode {
        rustix::fs::fchmod(&file, mode)?;
    }
    File::from(file).write_all(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_crash_left_of_a_write_is_taken_away_by_the_same_write() {
        let folder = tempfile::tempdir().unwrap();
        let worktree = Worktree::open(folder.path()).unwrap();
        let unfinished = folder.path().join(unfinished_name(OsStr::new("a")));
        for left in [0o600, 0o400] {
            std::fs::write(&unfinished, "half of a much longer text").unwrap();
            rustix::fs::chmod(&unfinished, Mode::from_raw_mode(left)).unwrap();
            replace(&worktree, "a", b"whole", &Stop::default()).unwrap();
            assert_eq!(std::fs::read(folder.path().join("a")).unwrap(), b"whole");
            assert!(!unfinished.exists());
        }
        assert!(unfinished.file_name().is_some_and(|name| {
            name.to_string_lossy().starts_with(UNFINISHED_PREFIX) && name.len() < 64
        }));
    }
}
