//! References of the hub, read and moved as the files they are, by git's own protocol: who makes
//! `NAME.lock` may replace `NAME` by it.
//!
//! A git process takes a hundred times as long for it. Whatever is out of the ordinary (a packed
//! reference, one that somebody locks, one of an object that is no loose commit) is left to git.

use crate::error::io_error;
use crate::hub::Swap;
use crate::object::Kind;
use crate::removal::remove;
use crate::{GitError, Hub, Oid};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

/// What a reference is to be at before it moves.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Expected<'a> {
    /// At whatever it is, or not there.
    Anything,
    /// There, at this commit.
    At(&'a Oid),
    /// Not there.
    Nothing,
}

impl Hub {
    /// The loose commit that a loose reference is at; `None` when only git can tell.
    pub(crate) fn resolve_here(&self, name: &str) -> Option<Oid> {
        let at = loose(&self.reference_file(name)?)?;
        self.tree_of_loose(&at).map(|_| at)
    }

    /// Moves a reference to a loose commit; `None` when git has to do it, and nothing was done.
    pub(crate) fn move_here(
        &self,
        name: &str,
        new: &Oid,
        expected: Expected<'_>,
    ) -> Result<Option<Swap>, GitError> {
        let Some(path) = self.reference_file(name) else { return Ok(None) };
        if self.read_object(Kind::Commit, new).is_none() {
            return Ok(None);
        }
        let Some(folder) = path.parent() else { return Ok(None) };
        let mut lock = path.clone().into_os_string();
        lock.push(".lock");
        let lock = PathBuf::from(lock);
        if fs::create_dir_all(folder).is_err() {
            return Ok(None);
        }
        let Ok(mut file) = File::options().write(true).create_new(true).open(&lock) else {
            return Ok(None);
        };
        let swap = self.swap(name, &path, new, expected);
        if swap != Some(Swap::Done) || loose(&path).as_ref() == Some(new) {
            remove(&lock)?;
            return Ok(swap);
        }
        let mut write = || {
            file.write_all(format!("{new}\n").as_bytes())?;
            file.sync_all()?;
            fs::rename(&lock, &path)
        };
        write().map(|()| swap).or_else(|error| {
            remove(&lock)?;
            // An empty folder of that name is in the way of a file, and git clears it away.
            if path.is_dir() { Ok(None) } else { Err(io_error("write", &path)(error)) }
        })
    }

    /// How the swap goes, now that nobody else moves the reference; `None` when only git can tell.
    fn swap(&self, name: &str, path: &Path, new: &Oid, expected: Expected<'_>) -> Option<Swap> {
        let now = match loose(path) {
            Some(at) => Some(at),
            // There, but no plain one.
            None if path.is_file() => return None,
            None if self.is_packed_near(name) => return None,
            None => None,
        };
        let as_expected = match expected {
            Expected::Anything => true,
            Expected::At(old) => now.as_ref() == Some(old),
            Expected::Nothing => now.is_none(),
        };
        let done = as_expected || now.as_ref() == Some(new);
        Some(if done { Swap::Done } else { Swap::Moved { now } })
    }

    /// Whether the reference, or one that can't be beside it, is among the packed ones.
    fn is_packed_near(&self, name: &str) -> bool {
        let packed = match fs::read_to_string(self.dir.join("packed-refs")) {
            Ok(packed) => packed,
            Err(error) => return error.kind() != std::io::ErrorKind::NotFound,
        };
        let above = |long: &str, short: &str| {
            long.strip_prefix(short).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        packed
            .lines()
            .filter_map(|line| line.split_once(' '))
            .any(|(_, other)| above(name, other) || above(other, name))
    }

    /// The file of a reference with a plain name.
    fn reference_file(&self, name: &str) -> Option<PathBuf> {
        let plain = |part: &str| {
            let odd = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
            !part.is_empty()
                && !part.contains(odd)
                && !part.contains("..")
                && !part.starts_with(['.', '-'])
                && !part.ends_with('.')
                && !part.ends_with(".lock")
        };
        let below = name.strip_prefix("refs/")?;
        below.split('/').all(plain).then(|| self.dir.join(name))
    }
}

/// Where a reference is by its file; `None` for a symbolic one, or none.
fn loose(path: &Path) -> Option<Oid> {
    fs::read_to_string(path).ok()?.strip_suffix('\n')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hub(folder: &Path) -> (Hub, Oid, Oid) {
        let hub = Hub::create(&folder.join("hub"), None).unwrap();
        let first = hub.commit_files(None, &[("a".to_owned(), b"a".to_vec())], "First").unwrap();
        let second = hub.commit_files(Some(&first), &[], "Second").unwrap();
        (hub, first, second)
    }

    #[test]
    fn a_move_is_gits_and_gits_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let (hub, first, second) = hub(folder.path());
        let name = "refs/equitr/wip/a/1";
        let moved = hub.move_here(name, &first, Expected::Nothing).unwrap();
        assert_eq!(moved, Some(Swap::Done));
        let seen = hub.call("rev-parse").args(["--verify", name]).text().unwrap();
        assert_eq!(seen, first.as_str());
        hub.call("update-ref").args([name, second.as_str()]).output().unwrap();
        assert_eq!(hub.resolve_here(name), Some(second.clone()));
        let late = hub.move_here(name, &first, Expected::Nothing).unwrap();
        assert_eq!(late, Some(Swap::Moved { now: Some(second.clone()) }));
        let back = hub.move_here(name, &first, Expected::At(&second)).unwrap();
        assert_eq!(back, Some(Swap::Done));
        assert_eq!(hub.resolve_here(name), Some(first));
    }

    #[test]
    fn what_is_out_of_the_ordinary_is_left_to_git() {
        let folder = tempfile::tempdir().unwrap();
        let (hub, first, _) = hub(folder.path());
        for name in ["refs/heads/a.lock", "refs//a", "refs/heads/.a", "HEAD", "refs/heads/ä"] {
            assert_eq!(hub.move_here(name, &first, Expected::Anything).unwrap(), None, "{name}");
        }
        let name = "refs/heads/a";
        hub.set_ref(name, &first).unwrap();
        hub.call("pack-refs").arg("--all").output().unwrap();
        assert_eq!(hub.resolve_here(name), None);
        assert_eq!(hub.resolve(name).unwrap(), Some(first.clone()));
        for near in [name, "refs/heads/a/b"] {
            assert_eq!(hub.move_here(near, &first, Expected::Nothing).unwrap(), None, "{near}");
        }
        let free = "refs/heads/ab";
        fs::write(hub.dir().join("refs/heads/ab.lock"), "").unwrap();
        assert_eq!(hub.move_here(free, &first, Expected::Nothing).unwrap(), None);
        remove(&hub.dir().join("refs/heads/ab.lock")).unwrap();
        fs::create_dir_all(hub.dir().join(free)).unwrap();
        assert_eq!(hub.move_here(free, &first, Expected::Nothing).unwrap(), None);
        hub.set_ref(free, &first).unwrap();
        assert_eq!(hub.resolve_here(free), Some(first));
    }

    #[test]
    fn a_reference_to_what_is_not_there_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let (hub, first, _) = hub(folder.path());
        let missing: Oid = "1".repeat(40).parse().unwrap();
        assert_eq!(hub.move_here("refs/heads/a", &missing, Expected::Anything).unwrap(), None);
        fs::write(hub.dir().join("refs/heads/a"), format!("{missing}\n")).unwrap();
        assert_eq!(hub.resolve("refs/heads/a").unwrap(), None);
        assert!(hub.move_here("refs/heads/a", &first, Expected::Anything).unwrap().is_some());
    }
}
