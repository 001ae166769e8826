//! How much disk a command's folders take, looked at while it runs.
//!
//! A look is a walk over all files, so it is taken seldom: the more a walk costs, the longer until
//! the next, unless the file system's free space, which costs nothing to ask for, falls fast. Free
//! space is others' matter too, so it never decides by itself.

use crate::quotas::Excess;
use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, statat, statvfs};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// A disk takes in at most 1 or 2 GB in this time.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Looking takes at most one part in so many of one processor's time.
const REST_FACTOR: u32 = 20;
/// A look that cost no more is taken at a command's end, whatever the free space says.
const CHEAP: Duration = Duration::from_millis(5);
/// Of what is allowed, one part in so many that is gone from the disk is worth a look at once.
const FALL_PART: u64 = 8;
/// As much may come and go between two looks at folders that were too large from the start.
const GROWTH_BYTES: u64 = 1024 * 1024;
/// More files than any project has; beyond, the folders count as too large.
const ENTRIES_MAX: u64 = 1_000_000;
/// What a file system keeps for an entry, at least; of many empty files nothing else is seen.
const ENTRY_BYTES: u64 = 512;

/// What folders held when they were looked at last, by which a command is told from those before it.
static KNOWN: Mutex<BTreeMap<Vec<PathBuf>, Look>> = Mutex::new(BTreeMap::new());
/// A run has a few worktrees at a time; what is forgotten is looked at anew.
const KNOWN_MAX: usize = 1_000;

/// What a look found, and what it cost.
#[derive(Clone, Copy)]
struct Look {
    bytes: u64,
    took: Duration,
}

/// What is watched, and since when.
pub(crate) struct Disk {
    folders: Vec<PathBuf>,
    bytes_max: u64,
    /// What was free before the command started.
    free: Option<u64>,
}

impl Disk {
    /// Watches these folders together; one within another counts once. Folders that were never
    /// looked at are looked at now.
    pub(crate) async fn watch(folders: &[&Path], bytes_max: u64) -> Self {
        let disk = Self::new(folders, bytes_max);
        if !known().contains_key(&disk.folders) {
            disk.look().await;
        }
        disk
    }

    fn new(folders: &[&Path], bytes_max: u64) -> Self {
        let inner = |at: usize| {
            let mut others = folders.iter().enumerate();
            others.any(|(i, other)| {
                i != at && folders[at].starts_with(other) && (folders[at] != *other || i < at)
            })
        };
        let folders: Vec<PathBuf> =
            (0..folders.len()).filter(|at| !inner(*at)).map(|at| folders[at].to_owned()).collect();
        let free = free(&folders);
        Self { folders, bytes_max, free }
    }

    /// Ends, with what they hold, when the folders are too large and it is the command's doing;
    /// else never. Needs a tokio runtime with its time driver.
    pub(crate) async fn overfilled(&self) -> Excess {
        let mut free_then = self.free;
        let mut next = Instant::now();
        loop {
            sleep(LOOK_EVERY).await;
            if Instant::now() < next && !self.has_fallen(free_then) {
                continue;
            }
            free_then = free(&self.folders);
            let began = Instant::now();
            let too_much = self.look().await;
            next = Instant::now() + began.elapsed() * REST_FACTOR;
            if let Some(excess) = too_much {
                return excess;
            }
        }
    }

    /// The same once the command has ended: it may have been quick.
    pub(crate) async fn overfilled_at_end(&self) -> Option<Excess> {
        let cheap = known().get(&self.folders).is_some_and(|look| look.took <= CHEAP);
        if cheap || self.has_fallen(self.free) { self.look().await } else { None }
    }

    /// What the folders hold, if it is too much and more than at the last look: what takes files
    /// away has to be let.
    async fn look(&self) -> Option<Excess> {
        let folders = self.folders.clone();
        let began = Instant::now();
        let bytes = tokio::task::spawn_blocking(move || bytes_in(&folders)).await.ok()?;
        let look = Look { bytes, took: began.elapsed() };
        let mut known = known();
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        let before = known.insert(self.folders.clone(), look).unwrap_or(look).bytes;
        let mark = if before > self.bytes_max {
            before.saturating_add(GROWTH_BYTES)
        } else {
            self.bytes_max
        };
        (bytes > mark).then_some(Excess::Disk { bytes, bytes_max: self.bytes_max })
    }

    /// Whether so much is gone from the disk since then that a look is worth it; it may be others'
    /// doing.
    fn has_fallen(&self, then: Option<u64>) -> bool {
        match (then, free(&self.folders)) {
            (Some(then), Some(now)) => then.saturating_sub(now) >= self.bytes_max / FALL_PART,
            (None, _) | (_, None) => true,
        }
    }
}

fn known() -> MutexGuard<'static, BTreeMap<Vec<PathBuf>, Look>> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the first folder's file system has left.
fn free(folders: &[PathBuf]) -> Option<u64> {
    let stat = statvfs(folders.first()?).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// What all files below the folders take on disk; `u64::MAX` if there are too many.
///
/// Symlinks are not followed. A folder that can't be read is passed over, as it was changed by the
/// command, which can do so only for a while: what it holds counts once it can be read.
fn bytes_in(folders: &[PathBuf]) -> u64 {
    let (mut bytes, mut entries) = (0_u64, 0_u64);
    let mut ahead = folders.to_vec();
    while let Some(folder) = ahead.pop() {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let Ok(open) = rustix::fs::openat(CWD, &folder, flags, Mode::empty()) else { continue };
        let Ok(listing) = Dir::read_from(&open) else { continue };
        for entry in listing.flatten() {
            let name = OsString::from_vec(entry.file_name().to_bytes().to_vec());
            if name == "." || name == ".." {
                continue;
            }
            entries += 1;
            if entries > ENTRIES_MAX {
                return u64::MAX;
            }
            let Ok(stat) = statat(&open, &name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
            // Blocks are of 512 bytes, whatever the file system's own size is.
            let allocated = u64::try_from(stat.st_blocks).unwrap_or(0).saturating_mul(512);
            bytes = bytes.saturating_add(allocated.max(ENTRY_BYTES));
            if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
                ahead.push(folder.join(name));
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_files_take_is_counted_once_and_not_through_symlinks() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        std::fs::create_dir(&inner).unwrap();
        std::fs::write(inner.join("a"), vec![1; 1_000_000]).unwrap();
        std::os::unix::fs::symlink("/usr", inner.join("usr")).unwrap();
        // Of its length, nothing is on disk.
        std::fs::File::create(inner.join("sparse")).unwrap().set_len(1 << 40).unwrap();
        let disk = Disk::new(&[folder.path(), &inner, folder.path()], 1);
        assert_eq!(disk.folders, [folder.path()]);
        let bytes = bytes_in(&disk.folders);
        assert!((1_000_000..1_100_000).contains(&bytes), "{bytes}");
    }
}
