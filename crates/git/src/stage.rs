//! Putting another version of some files into a person's checkout, one whole file at a time.
//!
//! Both versions of every file that changes are written beside the checkout first. Then a file in
//! it is either the one, or the other, or the person's own; and since each is replaced by a
//! rename, that stays so when we are killed at any point.

use crate::GitError;
use crate::change::{Change, Side};
use crate::error::io_error;
use crate::removal::remove;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufReader, ErrorKind, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Whether the executable bit of the checkout's files means anything (`core.fileMode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Modes {
    Kept,
    Ignored,
}

/// The folder with both versions of the files that change.
#[derive(Debug)]
pub(crate) struct Stage {
    pub dir: PathBuf,
    pub root: PathBuf,
    pub modes: Modes,
}

impl Stage {
    /// The folder of one side's files.
    pub fn side(&self, side: Side) -> PathBuf {
        self.dir.join(match side {
            Side::Old => "old",
            Side::New => "new",
        })
    }

    /// Lets a file of the checkout that holds exactly `bytes` stand for the old side's, from which it
    /// is told and to which it goes back. The old side has one of that name.
    pub fn take_over(&self, path: &str, bytes: &[u8]) -> Result<(), GitError> {
        let (theirs, old) = (self.root.join(path), self.side(Side::Old).join(path));
        let plain = fs::symlink_metadata(&theirs).is_ok_and(|found| found.is_file())
            && fs::symlink_metadata(&old).is_ok_and(|found| found.is_file());
        if plain && fs::read(&theirs).is_ok_and(|found| found == bytes) {
            fs::write(&old, bytes).map_err(io_error("write", &old))?;
        }
        Ok(())
    }

    /// The changed paths at which the checkout has something of the person's, sorted.
    pub fn in_the_way(&self, changes: &[Change]) -> Result<Vec<PathBuf>, GitError> {
        let changed: BTreeSet<&Path> = changes.iter().map(|change| change.path.as_path()).collect();
        let mut in_the_way = Vec::new();
        for change in changes {
            let at = self.root.join(&change.path);
            if !self.is_free(change, &changed).map_err(io_error("look at", at))? {
                in_the_way.push(change.path.clone());
            }
        }
        Ok(in_the_way)
    }

    fn is_free(&self, change: &Change, changed: &BTreeSet<&Path>) -> io::Result<bool> {
        for above in folders_above(&change.path) {
            match fs::symlink_metadata(self.root.join(above)) {
                Ok(found) if found.is_dir() => {}
                // It is looked at by itself. Nothing is below it; where a link leads is elsewhere.
                Ok(_) => return Ok(changed.contains(above)),
                Err(error) if is_absence(&error) => {}
                Err(error) => return Err(error),
            }
        }
        let path = self.root.join(&change.path);
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_dir() => self.is_covered(&path, changed),
            Ok(_) => Ok(self.is_at(Side::Old, change)? || self.is_at(Side::New, change)?),
            Err(error) if is_absence(&error) => {
                Ok(!change.has(Side::Old) || !change.has(Side::New))
            }
            Err(error) => Err(error),
        }
    }

    /// Whether a folder holds nothing but files that change, too (each is looked at by itself).
    fn is_covered(&self, folder: &Path, changed: &BTreeSet<&Path>) -> io::Result<bool> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let path = entry.path();
            let known = path.strip_prefix(&self.root).is_ok_and(|path| changed.contains(path));
            let covered =
                if entry.file_type()?.is_dir() { self.is_covered(&path, changed)? } else { known };
            if !covered {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether the checkout has a side's version of the file.
    fn is_at(&self, side: Side, change: &Change) -> io::Result<bool> {
        if !change.has(side) {
            return Ok(false);
        }
        same(&self.root.join(&change.path), &self.side(side).join(&change.path), self.modes)
    }

    /// Puts a side's version of every changed file into the checkout.
    ///
    /// The side's own copies are used up. Folders that become empty go, as with git.
    pub fn place(&self, changes: &[Change], side: Side) -> Result<(), GitError> {
        for change in changes.iter().rev().filter(|change| !change.has(side)) {
            let path = self.root.join(&change.path);
            // Below what is no folder (any more) is nothing, whatever a link there leads to.
            if self.is_in_folders(&change.path) {
                take_away(&path).map_err(io_error("remove", &path))?;
                self.remove_empty_above(&change.path);
            }
        }
        for change in changes.iter().filter(|change| change.has(side)) {
            let path = self.root.join(&change.path);
            let staged = self.side(side).join(&change.path);
            self.put(change, side, &staged, &path).map_err(io_error("write", &path))?;
        }
        Ok(())
    }

    fn put(&self, change: &Change, side: Side, staged: &Path, path: &Path) -> io::Result<()> {
        match fs::symlink_metadata(path) {
            Ok(found) if found.is_dir() => remove_empty_folders(path)?,
            Ok(_) if self.is_at(side, change)? => return Ok(()),
            Ok(_) | Err(_) => {}
        }
        if let Some(above) = path.parent() {
            fs::create_dir_all(above)?;
        }
        match fs::rename(staged, path) {
            Err(error) if error.kind() == ErrorKind::CrossesDevices => copy_over(staged, path),
            renamed => renamed,
        }
    }

    /// Whether all that is above a path is there and a folder, and no link to one.
    fn is_in_folders(&self, path: &Path) -> bool {
        let is_folder = |path| fs::symlink_metadata(path).is_ok_and(|found| found.is_dir());
        folders_above(path).all(|above| is_folder(self.root.join(above)))
    }

    fn remove_empty_above(&self, path: &Path) {
        for above in folders_above(path) {
            if fs::remove_dir(self.root.join(above)).is_err() {
                return;
            }
        }
    }

    /// Removes the folder and all that was staged in it.
    pub fn clear(&self) -> Result<(), GitError> {
        remove(&self.dir)
    }
}

/// The folders a path is in, innermost first, without the top.
fn folders_above(path: &Path) -> impl Iterator<Item = &Path> {
    path.ancestors().skip(1).filter(|above| *above != Path::new(""))
}

/// Nothing is there, or what is above it is no folder.
fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// Removes a file or link, and a folder if nothing is in it; what is not there is gone already.
fn take_away(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => fs::remove_file(path),
        Err(error) if is_absence(&error) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Removes a folder in which there are but folders; a file in it makes it fail.
fn remove_empty_folders(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_empty_folders(&entry.path())?;
        }
    }
    fs::remove_dir(folder)
}

/// The repository lies on another device than its files: a copy beside the file, then renamed.
fn copy_over(staged: &Path, path: &Path) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".equitr-new");
    let beside = PathBuf::from(beside);
    take_away(&beside)?;
    if fs::symlink_metadata(staged)?.is_symlink() {
        std::os::unix::fs::symlink(fs::read_link(staged)?, &beside)?;
    } else {
        fs::copy(staged, &beside)?;
    }
    fs::rename(&beside, path)
}

/// Whether two files are the same to git: kind, executable bit, and bytes (or where a link points).
fn same(one: &Path, other: &Path, modes: Modes) -> io::Result<bool> {
    let (a, b) = (fs::symlink_metadata(one)?, fs::symlink_metadata(other)?);
    if a.is_symlink() || b.is_symlink() {
        return Ok(a.is_symlink()
            && b.is_symlink()
            && fs::read_link(one)? == fs::read_link(other)?);
    }
    let runs = |found: &fs::Metadata| found.permissions().mode() & 0o100 != 0;
    let modes_differ = modes == Modes::Kept && runs(&a) != runs(&b);
    if !a.is_file() || !b.is_file() || modes_differ || a.len() != b.len() {
        return Ok(false);
    }
    same_bytes(File::open(one)?, File::open(other)?)
}

fn same_bytes(one: File, other: File) -> io::Result<bool> {
    let (mut one, mut other) = (BufReader::new(one).bytes(), BufReader::new(other).bytes());
    loop {
        match (one.next().transpose()?, other.next().transpose()?) {
            (None, None) => return Ok(true),
            (a, b) if a == b => {}
            _ => return Ok(false),
        }
    }
}
