//! All files below a folder, in order of their paths, without those that git ignores.
//!
//! Folders are opened relative to each other, as in [`crate::worktree`]; symlinks are named and not
//! followed. Of git's rules, the `.gitignore` files are read; a folder that is asked for by name is
//! shown even if it is ignored itself.

use crate::error::{Error, escaped};
use crate::path::is_gits_own;
use crate::stop::Stop;
use crate::worktree::{Spot, Walk, Worktree, open_listing, open_regular};
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use rustix::fs::{AtFlags, Dir, FileType};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Read;
use std::ops::ControlFlow;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// Larger trees are generated; a walk of this many took well under a second.
const ENTRIES_MAX: usize = 200_000;
/// Source lies higher, and each level holds a file open.
const DEPTH_MAX: usize = 64;
/// A rule file beyond this is no rule file.
const IGNORE_BYTES_MAX: u64 = 1_000_000;

/// A file or symlink that a walk came by.
pub(crate) struct Walked<'a> {
    folder: BorrowedFd<'a>,
    name: &'a OsStr,
    /// From the worktree's root.
    pub(crate) path: &'a Path,
    /// The same without symlinks; what the file is judged by.
    pub(crate) real: &'a Path,
    /// Whether it is a symlink.
    pub(crate) symlink: bool,
}

impl Walked<'_> {
    /// The path for a model to read and to write back; bytes that are no text are lost.
    pub(crate) fn shown(&self) -> String {
        escaped(&self.path.to_string_lossy())
    }

    /// Opens it, if it is a regular file.
    pub(crate) fn open(&self) -> Result<(File, u64), Error> {
        let (file, stat) = open_regular(self.folder, self.name, &self.shown())?;
        Ok((file, u64::try_from(stat.st_size).unwrap_or(0)))
    }
}

/// What a walk saw, and whether that is all.
#[derive(Debug, Default)]
pub(crate) struct Extent {
    /// Files and symlinks that were handed on.
    pub(crate) files: usize,
    /// Folders that could not be opened or lie too deep.
    pub(crate) folders_left_out: usize,
    /// Whether the walk ended at its bound of entries.
    pub(crate) cut: bool,
}

/// Hands every file below `path` (or `path` itself) to `each`, until that breaks.
pub(crate) fn walk(
    worktree: &Worktree,
    path: &str,
    stop: &Stop,
    each: &mut dyn FnMut(&Walked<'_>) -> Result<ControlFlow<()>, Error>,
) -> Result<Extent, Error> {
    let words = worktree.relative(path)?;
    let prefix: PathBuf = Path::new(words).components().filter(|c| c.as_os_str() != ".").collect();
    let mut walker =
        Walker { stop, each, rules: Vec::new(), entries: 0, extent: Extent::default() };
    let (folder, real) = match worktree.locate(path, Walk::Read)? {
        Spot::Folder { folder, real } => (folder, real),
        Spot::Entry { folder, name, real } => {
            let folder = folder.as_fd();
            let file = Walked { folder, name: &name, path: &prefix, real: &real, symlink: false };
            file.open()?;
            let _ = walker.hand_on(&file)?;
            return Ok(walker.extent);
        }
    };
    let listing = open_listing(folder.as_fd(), OsStr::new(".")).map_err(|e| Error::io(path, e))?;
    walker.take_rules_above(worktree, &prefix);
    let _ = walker.descend(&listing, (&prefix, &real), 0)?;
    Ok(walker.extent)
}

/// One `.gitignore`, and how many names of a path lie above it.
struct Rules {
    rules: Gitignore,
    depth: usize,
}

struct Walker<'a> {
    stop: &'a Stop,
    each: &'a mut dyn FnMut(&Walked<'_>) -> Result<ControlFlow<()>, Error>,
    rules: Vec<Rules>,
    entries: usize,
    extent: Extent,
}

impl Walker<'_> {
    fn hand_on(&mut self, file: &Walked<'_>) -> Result<ControlFlow<()>, Error> {
        self.extent.files += 1;
        (self.each)(file)
    }

    fn descend(
        &mut self,
        folder: &OwnedFd,
        (path, real): (&Path, &Path),
        depth: usize,
    ) -> Result<ControlFlow<()>, Error> {
        let rules_above = self.rules.len();
        self.take_rules(folder.as_fd(), path.components().count());
        let mut flow = ControlFlow::Continue(());
        for (name, kind) in self.entries(folder.as_fd(), path)? {
            if self.stop.wanted() {
                return Err(Error::Cancelled);
            }
            let (inner, real) = (path.join(&name), real.join(&name));
            let is_folder = kind == FileType::Directory;
            if is_gits_own(&name) || self.is_ignored(&inner, is_folder) {
                continue;
            }
            flow = match kind {
                FileType::Directory => match open_listing(folder.as_fd(), &name) {
                    Ok(folder) if depth < DEPTH_MAX => {
                        self.descend(&folder, (&inner, &real), depth + 1)?
                    }
                    Ok(_) | Err(_) => {
                        self.extent.folders_left_out += 1;
                        ControlFlow::Continue(())
                    }
                },
                FileType::RegularFile | FileType::Symlink => {
                    let symlink = kind == FileType::Symlink;
                    let folder = folder.as_fd();
                    let (name, path, real) = (&name, &inner, &real);
                    self.hand_on(&Walked { folder, name, path, real, symlink })?
                }
                FileType::Fifo
                | FileType::Socket
                | FileType::CharacterDevice
                | FileType::BlockDevice
                | FileType::Unknown => ControlFlow::Continue(()),
            };
            if flow.is_break() || self.extent.cut {
                break;
            }
        }
        self.rules.truncate(rules_above);
        Ok(flow)
    }

    /// The folder's names in the order of the paths below them.
    fn entries(
        &mut self,
        folder: BorrowedFd<'_>,
        path: &Path,
    ) -> Result<Vec<(OsString, FileType)>, Error> {
        let failed = |errno| Error::io(&path.to_string_lossy(), errno);
        let mut names = Vec::new();
        for entry in Dir::read_from(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = OsString::from_vec(entry.file_name().to_bytes().to_vec());
            if name == "." || name == ".." {
                continue;
            }
            if self.entries >= ENTRIES_MAX {
                self.extent.cut = true;
                break;
            }
            self.entries += 1;
            let kind = match entry.file_type() {
                FileType::Unknown => rustix::fs::statat(folder, &name, AtFlags::SYMLINK_NOFOLLOW)
                    .map_or(FileType::Unknown, |s| FileType::from_raw_mode(s.st_mode)),
                known => known,
            };
            names.push((name, kind));
        }
        names.sort_by_cached_key(|(name, kind)| {
            let mut key = name.as_bytes().to_vec();
            if *kind == FileType::Directory {
                key.push(b'/');
            }
            key
        });
        Ok(names)
    }

    /// The deepest rule that knows the path decides.
    fn is_ignored(&self, path: &Path, is_folder: bool) -> bool {
        for Rules { rules, depth } in self.rules.iter().rev() {
            let below: PathBuf = path.components().skip(*depth).collect();
            match rules.matched(&below, is_folder) {
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
                Match::None => {}
            }
        }
        false
    }

    fn take_rules(&mut self, folder: BorrowedFd<'_>, depth: usize) {
        // A `.gitignore` that can't be read has no rules; git does the same.
        let Ok((file, _)) = open_regular(folder, OsStr::new(".gitignore"), ".gitignore") else {
            return;
        };
        let mut text = Vec::new();
        if file.take(IGNORE_BYTES_MAX).read_to_end(&mut text).is_err() {
            return;
        }
        let mut builder = GitignoreBuilder::new(".");
        for line in String::from_utf8_lossy(&text).lines() {
            // A line that is no pattern is passed over; git does the same.
            let _ = builder.add_line(None, line.trim_start_matches('\u{feff}'));
        }
        if let Ok(rules) = builder.build()
            && !rules.is_empty()
        {
            self.rules.push(Rules { rules, depth });
        }
    }

    fn take_rules_above(&mut self, worktree: &Worktree, prefix: &Path) {
        for (depth, above) in
            prefix.ancestors().skip(1).collect::<Vec<_>>().into_iter().rev().enumerate()
        {
            let above = if depth == 0 { Path::new(".") } else { above };
            let found = above.to_str().map(|path| worktree.locate(path, Walk::Read));
            if let Some(Ok(Spot::Folder { folder, .. })) = found {
                self.take_rules(folder.as_fd(), depth);
            }
        }
    }
}
