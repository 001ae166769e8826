//! Telling from a worktree's index and its folders whether anything lies in it that is not tracked,
//! without asking git. The index is read as gitformat-index(5) has it.

use crate::worktree::Link;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::ffi::OsStrExt;

/// Bytes of an entry before its name, by SHA-1: times, owner and mode (40), id (20), flags (2).
const BEFORE_NAME: usize = 62;

/// Bytes before the first entry.
const HEADER: usize = 12;

/// Set in an entry's flags (version 3) that are two bytes longer.
const EXTENDED: u8 = 0x40;

/// The mode of a submodule: a folder of which nothing is tracked here.
const SUBMODULE: &[u8] = &[0, 0, 0o340, 0];

impl Link {
    /// Whether the folder holds what its index lists and nothing else, empty folders included, by
    /// name. `false` as well when that can't be told here.
    pub fn holds_only_tracked(&self) -> bool {
        let Ok(bytes) = fs::read(self.admin.join("index")) else { return false };
        let Some(names) = names(&bytes) else { return false };
        self.nothing_beside(&names).unwrap_or(false)
    }

    fn nothing_beside(&self, names: &BTreeSet<&[u8]>) -> std::io::Result<bool> {
        let mut folders = vec![(self.root.clone(), Vec::new())];
        while let Some((folder, prefix)) = folders.pop() {
            let mut empty = true;
            for entry in fs::read_dir(&folder)? {
                let entry = entry?;
                empty = false;
                let name = [&prefix, entry.file_name().as_bytes()].concat();
                if name == b".git" {
                    continue;
                }
                if entry.file_type()?.is_dir() {
                    folders.push((entry.path(), [name, b"/".to_vec()].concat()));
                } else if !names.contains(name.as_slice()) {
                    return Ok(false);
                }
            }
            if empty {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The names that an index lists; `None` for one that only git can read, or with a submodule in it.
fn names(index: &[u8]) -> Option<BTreeSet<&[u8]>> {
    let number = |at: usize| Some(u32::from_be_bytes(index.get(at..at + 4)?.try_into().ok()?));
    let version = number(4)?;
    if index.get(..4)? != b"DIRC" || !matches!(version, 2 | 3) {
        return None;
    }
    let mut names = BTreeSet::new();
    let mut at = HEADER;
    for _ in 0..number(8)? {
        let entry = index.get(at..)?;
        let extended = entry.get(BEFORE_NAME - 2)? & EXTENDED != 0;
        if entry.get(24..28)? == SUBMODULE || (extended && version == 2) {
            return None;
        }
        let begins = BEFORE_NAME + if extended { 2 } else { 0 };
        let length = entry.get(begins..)?.iter().position(|byte| *byte == 0)?;
        names.insert(entry.get(begins..begins + length)?);
        // One to eight zero bytes make an entry's length a multiple of eight.
        at += (begins + length + 8) / 8 * 8;
    }
    Some(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Hub, Oid};
    use std::path::Path;

    fn worktree(folder: &Path) -> (Hub, std::path::PathBuf, Oid) {
        let hub = Hub::create(&folder.join("hub"), None).unwrap();
        let names = ["a", "b/c", "b/d/e", "b.txt", "ä/ö", ".gitignore", "longer-than-eight-bytes"];
        let files: Vec<_> =
            names.iter().map(|name| ((*name).to_owned(), b"ignored\n".to_vec())).collect();
        let commit = hub.commit_files(None, &files, "First").unwrap();
        let path = folder.join("tree");
        hub.add_worktree(&path, &commit, "test").unwrap();
        (hub, path, commit)
    }

    #[test]
    fn anything_beside_the_tracked_files_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let (hub, path, _) = worktree(folder.path());
        let only_tracked = || hub.whole_link(&path).unwrap().holds_only_tracked();
        assert!(only_tracked());
        for beside in ["new", "b/d/new", "ignored", "b/.git"] {
            fs::write(path.join(beside), "").unwrap();
            assert!(!only_tracked(), "{beside}");
            fs::remove_file(path.join(beside)).unwrap();
        }
        fs::create_dir(path.join("empty")).unwrap();
        assert!(!only_tracked());
        fs::remove_dir(path.join("empty")).unwrap();
        fs::remove_file(path.join("a")).unwrap();
        fs::create_dir(path.join("a")).unwrap();
        fs::write(path.join("a/b"), "").unwrap();
        assert!(!only_tracked());
        fs::remove_dir_all(path.join("a")).unwrap();
        assert!(only_tracked());
    }

    #[test]
    fn an_index_of_another_form_is_left_to_git() {
        let folder = tempfile::tempdir().unwrap();
        let (hub, path, _) = worktree(folder.path());
        let link = hub.whole_link(&path).unwrap();
        let index = fs::read(link.admin.join("index")).unwrap();
        assert_eq!(names(&index).unwrap().len(), 7);
        assert_eq!(names(&index[..200]), None);
        assert_eq!(names(b"DIRC"), None);
        link.call("update-index").unwrap().args(["--index-version", "4"]).output().unwrap();
        assert!(!link.holds_only_tracked());
    }
}
