//! The lock on a person's index: the same file that every git makes, so that theirs and ours keep
//! out of each other's way, but with our mark in it, so that one a killed process of ours left is
//! told from a living one.

use crate::GitError;
use crate::error::io_error;
use crate::removal::remove;
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a lock of ours contains. Git never reads the lock it finds.
const MARK: &str = "equitrcoder is moving this checkout forward\n";

/// Removing a stale lock and taking it can be crossed by another process once, hardly thrice.
const TRIES: u32 = 3;

/// The lock, held until it is dropped.
#[derive(Debug)]
pub(crate) struct IndexLock {
    path: PathBuf,
    /// Locked as long as we live, or a git process that holds it: by this a lock of ours is known
    /// to be stale.
    pub file: File,
}

impl IndexLock {
    /// Takes the lock; `None` while somebody else has it.
    ///
    /// The file gets its name when its content is there and it is locked, so no moment exists in
    /// which it could be taken for another's.
    pub fn take(git_dir: &Path) -> Result<Option<Self>, GitError> {
        let path = git_dir.join("index.lock");
        let unnamed = git_dir.join("equitr-index.lock");
        for _ in 0..TRIES {
            // Not cut to nothing: until it is locked it may be another's, with a name already.
            let options = File::options().create(true).truncate(false).write(true).clone();
            let mut file = options.open(&unnamed).map_err(io_error("open", &unnamed))?;
            if !comes_free(&file) {
                return Ok(None);
            }
            file.write_all(MARK.as_bytes()).map_err(io_error("write", &unnamed))?;
            let named = fs::hard_link(&unnamed, &path);
            remove(&unnamed)?;
            match named {
                Ok(()) => return Ok(Some(Self { path, file })),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    // A kill between the two names leaves both on one file: it is not to be taken
                    // for locked because we ourselves lock it.
                    drop(file);
                    if !remove_stale(git_dir)? {
                        return Ok(None);
                    }
                }
                Err(error) => return Err(io_error("make", &path)(error)),
            }
        }
        Ok(None)
    }
}

impl Drop for IndexLock {
    fn drop(&mut self) {
        // What could not be removed is removed by the next call, since nobody holds it then.
        let _ = fs::remove_file(&self.path);
    }
}

/// Removes the lock if it is one of ours whose process is gone; says whether none is left.
pub(crate) fn remove_stale(git_dir: &Path) -> Result<bool, GitError> {
    let path = git_dir.join("index.lock");
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(io_error("open", &path)(error)),
    };
    let mut content = Vec::new();
    let limit = MARK.len() as u64 + 1;
    (&file).take(limit).read_to_end(&mut content).map_err(io_error("read", &path))?;
    if content != MARK.as_bytes() || !comes_free(&file) {
        return Ok(false);
    }
    remove(&path)?;
    Ok(true)
}

/// Whether nobody locks the file, or stops to within half a second: a git process whose killed
/// parent we were ends by itself.
fn comes_free(file: &File) -> bool {
    for _ in 0..50 {
        if file.try_lock().is_ok() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_keeps_others_out_until_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let lock = IndexLock::take(folder.path()).unwrap().unwrap();
        assert!(IndexLock::take(folder.path()).unwrap().is_none());
        assert!(!remove_stale(folder.path()).unwrap());
        drop(lock);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_lock_that_a_killed_process_of_ours_left_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("index.lock"), MARK).unwrap();
        fs::write(folder.path().join("equitr-index.lock"), "half").unwrap();
        drop(IndexLock::take(folder.path()).unwrap().unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_lock_of_the_persons_git_is_never_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index.lock");
        for content in ["", "DIRC", &format!("{MARK}more")] {
            fs::write(&path, content).unwrap();
            assert!(IndexLock::take(folder.path()).unwrap().is_none());
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
    }
}
