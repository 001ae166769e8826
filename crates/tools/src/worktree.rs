//! Paths that can't leave a worktree.
//!
//! The folder is opened once; every path is then walked from it name by name, each opened relative
//! to the one before and never through a symlink. Symlinks are read and their words walked in the
//! same way, so `..`, absolute targets and `.git` are judged wherever they come from, and swapping a
//! folder for a symlink in the middle of a walk only makes the walk fail. (`openat2` with
//! `RESOLVE_BENEATH` keeps inside as well, but would follow a symlink into `.git`, and is Linux's
//! alone.) Not kept out: what a person mounts into the worktree.

use crate::bounded::size;
use crate::error::{Error, quoted};
use crate::list::Glob;
use crate::path;
use crate::secret_files::look_of;
use crate::stop::Stop;
use crate::write::replace;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// Linux follows 40 in one path; one more is a loop.
const SYMLINKS_MAX: usize = 40;
/// Deep enough for any project, and a bound on the file descriptors that one walk holds.
const DEPTH_MAX: usize = 128;
/// A text beyond this is data, not source; it would not fit a model either.
pub(crate) const TEXT_BYTES_MAX: u64 = 16_000_000;

#[cfg(target_os = "linux")]
const FOLDER: OFlags = OFlags::PATH;
#[cfg(not(target_os = "linux"))]
const FOLDER: OFlags = OFlags::RDONLY;

/// An agent's folder of files, open: all that its tools can reach.
///
/// Clones share the open folder, and a lock that lets one of them write at a time.
#[derive(Debug, Clone)]
pub struct Worktree {
    inner: Arc<Inner>,
    /// Files that may be read and written although they look like they hold secrets.
    allowed: Arc<[Glob]>,
}

#[derive(Debug)]
struct Inner {
    root: OwnedFd,
    /// As it was given; a model may have seen either.
    given: PathBuf,
    folder: PathBuf,
    writing: Mutex<()>,
}

/// Where a path leads, with every folder on the way open.
pub(crate) enum Spot {
    /// A folder that exists.
    Folder {
        /// It.
        folder: OwnedFd,
        /// Its path from the root, without symlinks; empty for the root.
        real: PathBuf,
    },
    /// A name in a folder: a file, a symlink if those were to be kept, or nothing yet.
    Entry {
        /// The folder.
        folder: OwnedFd,
        /// The name in it; never `.`, `..` or `.git`.
        name: OsString,
        /// The path from the root, without symlinks but for one that was to be kept.
        real: PathBuf,
    },
}

/// What a walk does at its last name, and at a folder that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Walk {
    /// Follows a symlink at the end: to read.
    Read,
    /// Keeps a symlink at the end: to remove it.
    Remove,
    /// Keeps a symlink at the end and creates missing folders: to write.
    Write,
}

impl Worktree {
    /// Opens `folder`; fails when it is not a folder that can be read.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let given = folder.to_owned();
        let folder = folder.canonicalize().map_err(|source| Error::Worktree { source })?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::open(&folder, flags, Mode::empty())
            .map_err(|e| Error::Worktree { source: e.into() })?;
        let inner = Inner { root, given, folder, writing: Mutex::new(()) };
        Ok(Self { inner: Arc::new(inner), allowed: Arc::new([]) })
    }

    /// With files that may be read and written although they look like they hold secrets: globs, from
    /// the root if there is a `/` in them, else for the name in any folder. One that means a folder allows all in it.
    ///
    /// Fails with the first glob that is none. What a person has to say, never the repository.
    pub fn allowing_secret_files(mut self, globs: &[impl AsRef<str>]) -> Result<Self, Error> {
        self.allowed =
            globs.iter().map(|glob| Glob::new(glob.as_ref())).collect::<Result<_, _>>()?;
        Ok(self)
    }

    /// Whether a file or folder may be used although it looks like it holds secrets.
    pub(crate) fn allows(&self, real: &Path) -> bool {
        real.ancestors().any(|path| self.allowed.iter().any(|glob| glob.matches(path)))
    }

    /// Fails for a file that looks, by its real path and its content, like it holds secrets.
    pub(crate) fn refuse_secrets(
        &self,
        path: &str,
        real: &Path,
        content: &[u8],
    ) -> Result<(), Error> {
        if look_of(real).is_secret(|| content.to_vec()) && !self.allows(real) {
            return Err(Error::SecretFile { path: quoted(path) });
        }
        Ok(())
    }

    /// The folder itself, open.
    pub(crate) fn root(&self) -> BorrowedFd<'_> {
        self.inner.root.as_fd()
    }

    /// Where it is, for a process to start in.
    pub(crate) fn folder(&self) -> &Path {
        &self.inner.folder
    }

    /// Runs `write` while no other write to this worktree runs.
    pub(crate) fn alone<T>(&self, write: impl FnOnce() -> T) -> T {
        let _alone = self.inner.writing.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        write()
    }

    /// `path` as words from the root, without anything being opened.
    pub(crate) fn relative<'a>(&self, path: &'a str) -> Result<&'a str, Error> {
        path::relative(path, &[&self.inner.given, &self.inner.folder])
    }

    /// Where `path` leads.
    pub(crate) fn locate(&self, path: &str, walk: Walk) -> Result<Spot, Error> {
        let words = self.relative(path)?;
        let folder_meant = words.ends_with('/') || words.ends_with("/.");
        let spot = Steps::new(path, self.inner.root.as_fd(), walk).follow(words)?;
        match &spot {
            Spot::Entry { .. } if folder_meant => Err(Error::NotAFolder { path: quoted(path) }),
            Spot::Entry { .. } | Spot::Folder { .. } => Ok(spot),
        }
    }

    /// Replaces a file by `now` when what it holds is outdated, in one step; whether it did. What
    /// can't be read as a file is left alone.
    pub fn renew(
        &self,
        path: &str,
        outdated: impl Fn(&[u8]) -> bool,
        now: &[u8],
    ) -> Result<bool, Error> {
        self.alone(|| {
            let Ok(found) = self.read(path) else { return Ok(false) };
            if !outdated(&found) {
                return Ok(false);
            }
            replace(self, path, now, &Stop::default())?;
            Ok(true)
        })
    }

    /// The whole text of a regular file; fails for anything else, and beyond 16 MB.
    pub(crate) fn read(&self, path: &str) -> Result<Vec<u8>, Error> {
        match self.locate(path, Walk::Read)? {
            Spot::Folder { .. } => Err(Error::IsAFolder { path: quoted(path) }),
            Spot::Entry { folder, name, real } => {
                let (file, stat) = open_regular(folder.as_fd(), &name, path)?;
                let bytes = u64::try_from(stat.st_size).unwrap_or(0);
                let too_large = || Error::TooLarge { path: quoted(path), size: size(bytes) };
                if bytes > TEXT_BYTES_MAX {
                    return Err(too_large());
                }
                let mut text = Vec::with_capacity(usize::try_from(bytes).unwrap_or(0));
                // It may grow while it is read.
                file.take(TEXT_BYTES_MAX + 1)
                    .read_to_end(&mut text)
                    .map_err(|e| Error::io(path, e))?;
                if text.len() as u64 > TEXT_BYTES_MAX {
                    return Err(too_large());
                }
                self.refuse_secrets(path, &real, &text)?;
                Ok(text)
            }
        }
    }
}

/// One path's walk: what is still to be gone, and the folders gone through.
struct Steps<'a> {
    path: &'a str,
    root: BorrowedFd<'a>,
    walk: Walk,
    ahead: VecDeque<OsString>,
    behind: Vec<OwnedFd>,
    /// The names of those.
    names: Vec<OsString>,
    symlinks: usize,
}

impl<'a> Steps<'a> {
    fn new(path: &'a str, root: BorrowedFd<'a>, walk: Walk) -> Self {
        let (ahead, behind, names) = (VecDeque::new(), Vec::new(), Vec::new());
        Self { path, root, walk, ahead, behind, names, symlinks: 0 }
    }

    fn here(&self) -> BorrowedFd<'_> {
        self.behind.last().map_or(self.root, |folder| folder.as_fd())
    }

    fn here_owned(&mut self) -> Result<OwnedFd, Error> {
        match self.behind.pop() {
            Some(folder) => Ok(folder),
            None => self.root.try_clone_to_owned().map_err(|e| Error::io(self.path, e)),
        }
    }

    fn follow(mut self, words: &str) -> Result<Spot, Error> {
        self.put_ahead(words.as_bytes());
        while let Some(name) = self.ahead.pop_front() {
            if name == ".." {
                if self.behind.pop().is_none() {
                    return Err(Error::Outside { path: quoted(self.path) });
                }
                self.names.pop();
                continue;
            }
            if path::is_gits_own(&name) {
                return Err(Error::GitsOwn { path: quoted(self.path) });
            }
            match open_folder(self.here(), &name) {
                Ok(folder) => self.enter(folder, name)?,
                Err(Errno::NOTDIR | Errno::LOOP) => {
                    if self.is_last_and_not_a_folder(&name)? {
                        return self.entry(name);
                    }
                }
                Err(Errno::NOENT) => {
                    if self.ahead.is_empty() {
                        return self.entry(name);
                    }
                    self.create(&name)?;
                }
                Err(errno) => return Err(Error::io(self.path, errno)),
            }
        }
        let real = self.names.iter().collect();
        Ok(Spot::Folder { folder: self.here_owned()?, real })
    }

    fn entry(mut self, name: OsString) -> Result<Spot, Error> {
        let real = self.names.iter().chain([&name]).collect();
        Ok(Spot::Entry { folder: self.here_owned()?, name, real })
    }

    fn put_ahead(&mut self, words: &[u8]) {
        let names = words.split(|b| *b == b'/').filter(|name| !name.is_empty() && *name != b".");
        for name in names.rev() {
            self.ahead.push_front(OsString::from_vec(name.to_vec()));
        }
    }

    fn enter(&mut self, folder: OwnedFd, name: OsString) -> Result<(), Error> {
        if self.behind.len() >= DEPTH_MAX {
            let why = "is more than 128 folders deep";
            return Err(Error::BadPath { path: quoted(self.path), why });
        }
        self.behind.push(folder);
        self.names.push(name);
        Ok(())
    }

    /// Takes a symlink's words up; true when the name ends the walk instead.
    fn is_last_and_not_a_folder(&mut self, name: &OsStr) -> Result<bool, Error> {
        let last = self.ahead.is_empty();
        if last && self.walk != Walk::Read {
            return Ok(true);
        }
        match rustix::fs::readlinkat(self.here(), name, Vec::new()) {
            Ok(target) => {
                self.symlinks += 1;
                if self.symlinks > SYMLINKS_MAX {
                    return Err(Error::SymlinkLoop { path: quoted(self.path) });
                }
                if target.as_bytes().starts_with(b"/") {
                    return Err(Error::Outside { path: quoted(self.path) });
                }
                self.put_ahead(target.as_bytes());
                Ok(false)
            }
            Err(Errno::INVAL) if last => Ok(true),
            Err(Errno::INVAL) => Err(Error::NotAFolder { path: quoted(self.path) }),
            Err(errno) => Err(Error::io(self.path, errno)),
        }
    }

    fn create(&mut self, name: &OsStr) -> Result<(), Error> {
        if self.walk != Walk::Write {
            return Err(Error::NotFound { path: quoted(self.path) });
        }
        let made = rustix::fs::mkdirat(self.here(), name, Mode::from_raw_mode(0o777));
        // Someone else's folder is as good as ours; whatever else it is, opening it says so.
        if let Err(errno) = made
            && errno != Errno::EXIST
        {
            return Err(Error::io(self.path, errno));
        }
        let folder = open_folder(self.here(), name).map_err(|e| Error::io(self.path, e))?;
        self.enter(folder, name.to_owned())
    }
}

/// Opens a folder to go through it; fails for a symlink.
fn open_folder(at: BorrowedFd<'_>, name: &OsStr) -> Result<OwnedFd, Errno> {
    let flags = FOLDER | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(at, name, flags, Mode::empty())
}

/// Opens a folder to list it; fails for a symlink.
pub(crate) fn open_listing(at: BorrowedFd<'_>, name: &OsStr) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(at, name, flags, Mode::empty())
}

/// What is at a name, without following it; `None` when nothing is.
pub(crate) fn look(at: BorrowedFd<'_>, name: &OsStr, path: &str) -> Result<Option<Stat>, Error> {
    match rustix::fs::statat(at, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(Error::io(path, errno)),
    }
}

/// Opens a regular file to read it; fails for anything else, and never waits for a pipe's writer.
pub(crate) fn open_regular(
    at: BorrowedFd<'_>,
    name: &OsStr,
    path: &str,
) -> Result<(File, Stat), Error> {
    // Looked at first because opening a device can already do something.
    let seen = look(at, name, path)?.ok_or_else(|| Error::NotFound { path: quoted(path) })?;
    ensure_regular(&seen, path)?;
    let flags =
        OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = rustix::fs::openat(at, name, flags, Mode::empty()).map_err(|errno| match errno {
        Errno::NOENT => Error::NotFound { path: quoted(path) },
        _ => Error::io(path, errno),
    })?;
    let stat = rustix::fs::fstat(&file).map_err(|e| Error::io(path, e))?;
    ensure_regular(&stat, path)?;
    Ok((File::from(file), stat))
}

/// Fails, by its kind, for what is not a regular file.
pub(crate) fn ensure_regular(stat: &Stat, path: &str) -> Result<(), Error> {
    let path = quoted(path);
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => return Ok(()),
        FileType::Directory => return Err(Error::IsAFolder { path }),
        FileType::Symlink => return Err(Error::IsASymlink { path }),
        FileType::Fifo => "fifo",
        FileType::Socket => "socket",
        FileType::CharacterDevice | FileType::BlockDevice => "device",
        FileType::Unknown => "of an unknown kind",
    };
    Err(Error::NotRegular { path, kind })
}
