//! Worktrees of the hub: a folder of files for each worker, linked to the hub.
//!
//! The links are written here, as gitrepository-layout(5) describes them, instead of by `git
//! worktree add`: that takes three processes where this takes one (5 ms instead of 7 for 20 files),
//! and killed in the middle it leaves what its own retry trips over. Here every half-made state is
//! told by one thing, the index, which git writes last; and any number of threads can add, remove
//! and use worktrees at once, since no two touch the same file. Git treats the result as its own:
//! `git worktree list`, `status` and `log` work in it.

use crate::command::{Call, Place, git};
use crate::error::io_error;
use crate::removal::{open_up, remove};
use crate::{GitError, Hub, Mark, Oid};
use std::fs::{self, File};
use std::io::Write;
use std::ops::Deref;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// How much of a folder's name its worktree's part in the hub bears, for people to know it by.
const LABEL_CHARACTERS_MAX: usize = 40;

/// A worktree's folder, and the part of the hub that belongs to it.
///
/// Both follow from the folder's path alone, never from the `.git` in it, which a worker could
/// have replaced.
#[derive(Debug)]
pub(crate) struct Link {
    pub root: PathBuf,
    pub admin: PathBuf,
    lock: PathBuf,
    mark: Option<Mark>,
}

/// A link that is ours alone until it is dropped and every git process of ours in it has ended,
/// those of an earlier process of ours that was killed included.
#[derive(Debug)]
pub(crate) struct HeldLink {
    link: Link,
    lock: File,
}

impl Hub {
    /// Makes a worktree with the files of a commit, on no branch, locked with a reason so that no
    /// `git worktree prune` takes it.
    ///
    /// Whatever is in the folder already goes, be it what an earlier call that was killed left or a
    /// whole worktree. The path has to be spelled the same way in every call about it.
    pub fn add_worktree(&self, path: &Path, commit: &Oid, reason: &str) -> Result<(), GitError> {
        let link = self.link(path)?.hold()?;
        remove(&link.admin)?;
        remove(&link.root)?;
        for folder in [&link.admin, &link.root] {
            fs::create_dir_all(folder).map_err(io_error("make", folder))?;
        }
        // The lock comes first: without it a prune would take the rest for a leftover.
        write(&link.admin.join("locked"), &one_line(reason))?;
        write(&link.admin.join("HEAD"), commit.as_str())?;
        write(&link.admin.join("commondir"), "../..")?;
        write(&link.admin.join("gitdir"), &link.root.join(".git").to_string_lossy())?;
        link.restore()?;
        link.call("read-tree")?.args(["--reset", "-u", commit.as_str()]).output()?;
        Ok(())
    }

    /// Takes a worktree away, with all that is in its folder and whatever rights that has; what is
    /// not there is taken away already.
    pub fn remove_worktree(&self, path: &Path) -> Result<(), GitError> {
        let link = self.link(path)?.hold()?;
        // In this order a half-removed worktree is never taken for a sound one.
        remove(&link.admin)?;
        remove(&link.root)?;
        remove(&link.link.lock)
    }

    /// Whether a whole worktree of this hub is at the path: added to its end, not half removed, and
    /// its `.git` the one we wrote. What is in its files is not looked at.
    pub fn worktree_is_sound(&self, path: &Path) -> bool {
        self.link(path).is_ok_and(|link| link.is_whole() && link.is_unchanged())
    }

    /// Makes a worktree's files exactly those of a commit: what was changed, added or ignored goes.
    ///
    /// Only what differs is written, so it is quick. [`GitError::NotAWorktree`] when there is none
    /// that is whole: it has to be added then.
    pub fn reset_worktree(&self, path: &Path, commit: &Oid) -> Result<(), GitError> {
        let link = self.whole_link(path)?;
        // What a killed git left; no other call works with this worktree.
        remove(&link.admin.join("index.lock"))?;
        link.restore()?;
        if link.make_equal(commit).is_err() {
            open_up(&link.root);
            link.make_equal(commit)?;
        }
        let (head, next) = (link.admin.join("HEAD"), link.admin.join("HEAD.next"));
        write(&next, commit.as_str())?;
        fs::rename(&next, &head).map_err(io_error("replace", &head))
    }

    fn link(&self, path: &Path) -> Result<Link, GitError> {
        let root = std::path::absolute(path).map_err(io_error("find", path))?;
        let label = root.file_name().unwrap_or_default().to_string_lossy();
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        let label: String = label.chars().take(LABEL_CHARACTERS_MAX).map(plain).collect();
        let name = format!("{label}-{:016x}", hash(root.as_os_str().as_bytes()));
        let lock = self.dir.join("equitr-worktree-locks").join(&name);
        let (admin, mark) = (self.dir.join("worktrees").join(name), self.mark.clone());
        Ok(Link { root, admin, lock, mark })
    }

    pub(crate) fn whole_link(&self, path: &Path) -> Result<HeldLink, GitError> {
        let link = self.link(path)?;
        if !link.is_whole() {
            return Err(GitError::NotAWorktree { path: link.root });
        }
        let link = link.hold()?;
        if link.is_whole() {
            Ok(link)
        } else {
            Err(GitError::NotAWorktree { path: link.link.root })
        }
    }
}

impl HeldLink {
    pub fn call(&self, verb: &'static str) -> Result<Call, GitError> {
        let place = Place::Files { git_dir: &self.admin, root: &self.root };
        git(verb, place).marked(self.mark.as_ref()).holding(&self.lock)
    }

    fn make_equal(&self, commit: &Oid) -> Result<(), GitError> {
        self.call("read-tree")?.args(["--reset", "-u", commit.as_str()]).output()?;
        self.call("clean")?.args(["-ffdxq"]).output()?;
        Ok(())
    }
}

impl Deref for HeldLink {
    type Target = Link;

    fn deref(&self) -> &Link {
        &self.link
    }
}

impl Link {
    /// Waits until nobody else works with the worktree.
    fn hold(self) -> Result<HeldLink, GitError> {
        let locks = self.lock.parent().unwrap_or(&self.lock);
        fs::create_dir_all(locks).map_err(io_error("make", locks))?;
        let lock = File::create(&self.lock).map_err(io_error("make", &self.lock))?;
        lock.lock().map_err(io_error("lock", &self.lock))?;
        Ok(HeldLink { link: self, lock })
    }

    /// The `.git` of the folder is ours again, whatever a worker made of it.
    pub fn restore(&self) -> Result<(), GitError> {
        if self.is_unchanged() {
            return Ok(());
        }
        let file = self.root.join(".git");
        remove(&file)?;
        // Made anew, so that nothing is written through a link that has come meanwhile.
        let line = format!("{}\n", self.pointer());
        let made = File::create_new(&file).and_then(|mut made| made.write_all(line.as_bytes()));
        made.map_err(io_error("write", &file))
    }

    fn is_whole(&self) -> bool {
        self.root.is_dir() && self.admin.join("index").is_file() && {
            let home = fs::read(self.admin.join("gitdir")).unwrap_or_default();
            home.trim_ascii_end() == self.root.join(".git").to_string_lossy().as_bytes()
        }
    }

    fn is_unchanged(&self) -> bool {
        let (file, pointer) = (self.root.join(".git"), self.pointer());
        let (shortest, longest) = (pointer.len() as u64, pointer.len() as u64 + 2);
        // What is no file of this size may have no end, or none that comes.
        let found = fs::symlink_metadata(&file);
        found.is_ok_and(|found| found.is_file() && (shortest..=longest).contains(&found.len()))
            && fs::read(&file).unwrap_or_default().trim_ascii_end() == pointer.as_bytes()
    }

    fn pointer(&self) -> String {
        format!("gitdir: {}", self.admin.to_string_lossy())
    }
}

/// FNV-1a: names need no more than to differ, and to be the same in every version of ours.
fn hash(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn write(path: &Path, line: &str) -> Result<(), GitError> {
    fs::write(path, format!("{line}\n")).map_err(io_error("write", path))
}
