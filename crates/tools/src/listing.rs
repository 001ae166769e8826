//! What the folders of a worktree hold, as far as it matters for files of secrets, remembered from
//! one look to the next.
//!
//! A look comes before every command, and to list thousands of folders takes longer than to start a
//! sandbox. To ask a folder for the time of its last change takes a fifth of that, and the kernel sets
//! that time (`ctime`, which no program can set back) whenever a name comes, goes or is replaced.

use crate::secret_files::{Look, look_of_name};
use crate::worktree::Worktree;
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat, fstat, openat, statat};
use std::collections::{BTreeMap, HashMap};
use std::ffi::{OsStr, OsString};
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// A change within the same tick of the kernel's clock as a listing would not be told from it; ticks
/// are of 10 ms and less, some file systems' times of one second.
const SETTLED_NS: i128 = 2_000_000_000;
/// A run has a few worktrees at a time; what is forgotten is listed anew.
const WORKTREES_MAX: usize = 64;

/// By the worktree's path.
static KNOWN: Mutex<BTreeMap<PathBuf, Tree>> = Mutex::new(BTreeMap::new());

/// By the folder's path from the root; by its bytes, since a `Path` is taken apart to be compared.
type Tree = HashMap<OsString, (Version, Listing)>;

/// Which folder it is, and in which state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Version {
    device: u64,
    inode: u64,
    changed_ns: i128,
}

/// What of a folder matters.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// Its folders, git's own left out.
    pub(crate) folders: Vec<OsString>,
    /// Files whose names say that they hold secrets, or may.
    pub(crate) of_interest: Vec<OsString>,
    /// How many entries it has in all.
    pub(crate) entries: usize,
}

/// What became of listing a folder.
pub(crate) enum Listed<'a> {
    /// All of it.
    Whole(&'a Listing),
    /// Its rights keep us out.
    Shut,
    /// It is not there, or no folder.
    Gone,
}

/// The listings of one worktree, during one look.
pub(crate) struct Listings<'a> {
    worktree: &'a Worktree,
    before: Tree,
    now: Tree,
    /// One that is not to be remembered.
    passing: Listing,
}

impl<'a> Listings<'a> {
    /// Those remembered of this worktree.
    pub(crate) fn of(worktree: &'a Worktree) -> Self {
        let before = known().remove(worktree.folder()).unwrap_or_default();
        let now = Tree::with_capacity(before.len());
        Self { worktree, before, now, passing: Listing::default() }
    }

    /// What is in the folder now; its path is from the root, empty for the root itself.
    pub(crate) fn list(&mut self, folder: &Path) -> Listed<'_> {
        let at = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let root = self.worktree.root();
        let Ok(stat) = statat(root, at, AtFlags::SYMLINK_NOFOLLOW) else { return Listed::Gone };
        if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
            return Listed::Gone;
        }
        if is_shut(&stat) {
            return Listed::Shut;
        }
        if let Some((path, (version, listing))) = self.before.remove_entry(folder.as_os_str())
            && version == version_of(&stat)
        {
            let entry = self.now.entry(path).insert_entry((version, listing));
            return Listed::Whole(&entry.into_mut().1);
        }
        let asked = SystemTime::now();
        let Some((version, listing)) = read(root, at) else { return Listed::Shut };
        if is_settled(version, asked) {
            let entry = self.now.entry(folder.into()).insert_entry((version, listing));
            Listed::Whole(&entry.into_mut().1)
        } else {
            self.passing = listing;
            Listed::Whole(&self.passing)
        }
    }

    /// Remembers what was listed.
    pub(crate) fn keep(self) {
        let mut known = known();
        if known.len() >= WORKTREES_MAX {
            known.clear();
        }
        known.insert(self.worktree.folder().to_owned(), self.now);
    }
}

fn known() -> MutexGuard<'static, BTreeMap<PathBuf, Tree>> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether we can't list it, or not reach what is in it; for root, no rights do that.
fn is_shut(stat: &Stat) -> bool {
    const OWNERS: u32 = 0o500;
    let mode = Mode::from_raw_mode(stat.st_mode).as_raw_mode();
    #[allow(clippy::useless_conversion, reason = "the width differs by system")]
    let mode = u32::from(mode);
    mode & OWNERS != OWNERS && !rustix::process::geteuid().is_root()
}

#[allow(clippy::useless_conversion, clippy::unnecessary_cast, reason = "they differ by system")]
fn version_of(stat: &Stat) -> Version {
    let changed_ns = i128::from(stat.st_ctime) * 1_000_000_000 + i128::from(stat.st_ctime_nsec);
    Version { device: stat.st_dev as u64, inode: stat.st_ino, changed_ns }
}

/// Whether a listing that was begun then can be told from one after the next change.
fn is_settled(version: Version, then: SystemTime) -> bool {
    let then = then.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    i128::try_from(then).is_ok_and(|then| then - version.changed_ns >= SETTLED_NS)
}

/// Lists a folder; the version is that of before, so that what changes meanwhile is seen next time.
fn read(root: BorrowedFd<'_>, folder: &Path) -> Option<(Version, Listing)> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let open = openat(root, folder, flags, Mode::empty()).ok()?;
    let version = version_of(&fstat(&open).ok()?);
    let above = folder.file_name().map(OsStr::as_bytes);
    let mut names = Dir::new(open).ok()?;
    let mut listing = Listing::default();
    while let Some(entry) = names.next() {
        let entry = entry.ok()?;
        let bytes = entry.file_name().to_bytes();
        if matches!(bytes, b"." | b".." | b".git") {
            continue;
        }
        listing.entries += 1;
        let name = OsStr::from_bytes(bytes);
        match kind(names.fd().ok()?, name, entry.file_type()) {
            FileType::Directory => listing.folders.push(name.to_owned()),
            FileType::RegularFile if look_of_name(bytes, above) != Look::Plain => {
                listing.of_interest.push(name.to_owned());
            }
            FileType::RegularFile
            | FileType::Symlink
            | FileType::Fifo
            | FileType::Socket
            | FileType::CharacterDevice
            | FileType::BlockDevice
            | FileType::Unknown => {}
        }
    }
    Some((version, listing))
}

/// What is at the name; some file systems don't say so when they list it.
fn kind(folder: BorrowedFd<'_>, name: &OsStr, listed: FileType) -> FileType {
    match listed {
        FileType::Unknown => statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)
            .map_or(FileType::Unknown, |stat| FileType::from_raw_mode(stat.st_mode)),
        known => known,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn of_interest(listings: &mut Listings<'_>) -> Vec<OsString> {
        match listings.list(Path::new("in")) {
            Listed::Whole(listing) => listing.of_interest.clone(),
            Listed::Shut | Listed::Gone => panic!("not listed"),
        }
    }

    fn version(folder: &Path) -> Version {
        version_of(&rustix::fs::stat(folder).unwrap())
    }

    #[test]
    fn a_folder_is_listed_anew_when_it_has_changed_and_only_then() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("in");
        std::fs::create_dir(&folder).unwrap();
        let worktree = Worktree::open(root.path()).unwrap();
        let planted = || Listing { of_interest: vec!["planted".into()], ..Listing::default() };
        let plant = |version| {
            let tree = [("in".into(), (version, planted()))].into();
            known().insert(worktree.folder().to_owned(), tree);
        };
        plant(version(&folder));
        for _ in 0..2 {
            let mut listings = Listings::of(&worktree);
            assert_eq!(of_interest(&mut listings), ["planted"], "nothing has changed");
            listings.keep();
        }
        let (then, mut changes) = (version(&folder), 0);
        while version(&folder) == then {
            // The kernel's clock may not have ticked yet.
            std::fs::write(folder.join(format!("{changes}.key")), "").unwrap();
            changes += 1;
        }
        assert_eq!(of_interest(&mut Listings::of(&worktree)).len(), changes);
        // Another folder of that name, however old it says that it is.
        plant(version(&folder));
        std::fs::rename(&folder, root.path().join("out")).unwrap();
        std::fs::create_dir(&folder).unwrap();
        assert_eq!(of_interest(&mut Listings::of(&worktree)), [] as [&str; 0]);
    }

    #[test]
    fn a_folder_that_has_just_changed_is_not_remembered() {
        let root = tempfile::tempdir().unwrap();
        let version = version(root.path());
        let changed =
            |after: u64| UNIX_EPOCH + Duration::from_nanos(version.changed_ns as u64 + after);
        assert!(!is_settled(version, changed(0)) && !is_settled(version, changed(1_999_999_999)));
        assert!(is_settled(version, changed(2_000_000_000)));
        assert!(!is_settled(version, UNIX_EPOCH), "the clock was set back");
    }
}
