//! One process at a time for a repository: a lock that the kernel releases when its holder dies.

use crate::home::make_dir;
use crate::{EngineError, Home};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Held as long as this value lives, and not a moment longer, even by a `kill -9`.
#[derive(Debug)]
pub struct RepositoryLock {
    file: File,
}

/// Who holds a lock.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Holder {
    /// Process id.
    pub pid: u32,
    /// The run.
    pub run: String,
    /// Since when, in milliseconds since 1970.
    pub since_ms: u64,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pid {}, run {}", self.pid, self.run)
    }
}

impl RepositoryLock {
    /// Whether a process holds the lock of a repository just now.
    pub fn is_held(home: &Home, repository: &Path) -> bool {
        let Ok(file) = File::open(lock_file(home, repository)) else { return false };
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
    }

    /// Takes the lock of a repository for a run.
    ///
    /// # Errors
    /// [`EngineError::Locked`] when another process has it.
    pub fn take(home: &Home, repository: &Path, run: &str) -> Result<Self, EngineError> {
        make_dir(&home.locks())?;
        let path = lock_file(home, repository);
        let failed = |what, source| EngineError::Io { what, path: path.clone(), source };
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(|source| failed("open", source))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                _ = file.read_to_string(&mut text);
                let holder = serde_json::from_str(&text).unwrap_or_default();
                return Err(EngineError::Locked { holder });
            }
            Err(TryLockError::Error(source)) => return Err(failed("lock", source)),
        }
        let holder = Holder {
            pid: std::process::id(),
            run: run.to_owned(),
            since_ms: crate::clock::now_ms(),
        };
        let text = serde_json::to_string(&holder).unwrap_or_default();
        file.set_len(0)
            .and_then(|()| file.seek(SeekFrom::Start(0)))
            .and_then(|_| file.write_all(text.as_bytes()))
            .map_err(|source| failed("write", source))?;
        Ok(Self { file })
    }
}

impl Drop for RepositoryLock {
    /// Closing would do, but for a child of ours that is just being started: until it has become
    /// another program it holds the file too.
    fn drop(&mut self) {
        _ = self.file.unlock();
    }
}

fn lock_file(home: &Home, repository: &Path) -> PathBuf {
    // What does not exist yet has its name as its only identity.
    let whole = repository.canonicalize().unwrap_or_else(|_| repository.to_owned());
    let name = blake3::hash(whole.as_os_str().as_encoded_bytes()).to_hex();
    home.locks().join(format!("{}.lock", &name[..32]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_is_told_who_has_it_and_gets_it_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path());
        let repository = folder.path().join("shop");
        let first = RepositoryLock::take(&home, &repository, "r1").unwrap();
        match RepositoryLock::take(&home, &repository, "r2") {
            Err(EngineError::Locked { holder }) => {
                assert_eq!((holder.pid, &*holder.run), (std::process::id(), "r1"));
            }
            other => panic!("{other:?}"),
        }
        assert!(RepositoryLock::is_held(&home, &repository));
        drop(first);
        assert!(!RepositoryLock::is_held(&home, &repository));
        RepositoryLock::take(&home, &repository, "r2").unwrap();
    }
}
