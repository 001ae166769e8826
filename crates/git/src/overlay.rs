//! Making a commit of loose objects without a process.

use crate::command::committer;
use crate::commit::Made;
use crate::object::{Entry, FOLDER, Kind, entries, tree};
use crate::{GitError, Hub, Oid};
use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

/// The mode of a plain file.
const FILE: &[u8] = b"100644";

/// Files to be written, by their path below a folder.
type Files<'a> = BTreeMap<&'a str, &'a [u8]>;

impl Hub {
    /// See [`Hub::make`]; `None` when it takes git, since a tree that changes is not loose.
    pub(crate) fn make_here(&self, made: &Made<'_>) -> Result<Option<(Oid, Oid)>, GitError> {
        let below = match (made.tree, made.parents.first()) {
            (Some(tree), _) => Some(tree.clone()),
            (None, Some(parent)) => match self.tree_of_loose(parent) {
                Some(tree) => Some(tree),
                None => return Ok(None),
            },
            (None, None) => None,
        };
        let files = made.files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()));
        let Some(tree) = self.overlaid(below.as_ref(), &files.collect())? else { return Ok(None) };
        let commit = self.commit_here(&tree, made.parents, made.message)?;
        Ok(commit.map(|commit| (commit, tree)))
    }

    /// A commit of a tree, now; `None` when it takes git.
    pub(crate) fn commit_here(
        &self,
        tree: &Oid,
        parents: &[&Oid],
        message: &str,
    ) -> Result<Option<Oid>, GitError> {
        // Git knows better than we what is missing and what it does about a zero byte.
        let whole = self.read_object(Kind::Tree, tree).is_some()
            && parents.iter().all(|parent| self.read_object(Kind::Commit, parent).is_some());
        if !whole || message.contains('\0') {
            return Ok(None);
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let who = committer();
        let parents: String = parents.iter().map(|parent| format!("parent {parent}\n")).collect();
        let text = format!(
            "tree {tree}\n{parents}author {who} {now} +0000\ncommitter {who} {now} +0000\n\n{message}"
        );
        self.write_object(Kind::Commit, text.as_bytes())
    }

    /// A tree with files written over it, whatever is at their paths; `None` when it takes git.
    fn overlaid(&self, below: Option<&Oid>, files: &Files<'_>) -> Result<Option<Oid>, GitError> {
        let mut found = match below {
            None => Vec::new(),
            Some(below) => {
                let bytes = self.read_object(Kind::Tree, below);
                let Some(found) = bytes.and_then(|bytes| entries(&bytes)) else { return Ok(None) };
                found
            }
        };
        let mut folders: BTreeMap<&str, Files<'_>> = BTreeMap::new();
        for (path, bytes) in files {
            match path.split_once('/') {
                Some((folder, rest)) => _ = folders.entry(folder).or_default().insert(rest, bytes),
                None => {
                    let Some(blob) = self.write_object(Kind::Blob, bytes)? else { return Ok(None) };
                    put(&mut found, FILE, path, &blob);
                }
            }
        }
        for (name, files) in &folders {
            let before = found.iter().find(|e| e.name == name.as_bytes() && e.mode == FOLDER);
            let before = before.map(|entry| Oid::of_bytes(&entry.id));
            let Some(folder) = self.overlaid(before.as_ref(), files)? else { return Ok(None) };
            put(&mut found, FOLDER, name, &folder);
        }
        self.write_object(Kind::Tree, &tree(found))
    }
}

fn put(entries: &mut Vec<Entry>, mode: &[u8], name: &str, id: &Oid) {
    entries.retain(|entry| entry.name != name.as_bytes());
    entries.push(Entry { mode: mode.to_vec(), name: name.into(), id: id.bytes() });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(list: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
        list.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
    }

    #[test]
    fn what_is_made_here_is_what_git_makes() {
        let folder = tempfile::tempdir().unwrap();
        let hub = Hub::create(&folder.path().join("hub"), None).unwrap();
        let base = files(&[("a/b/c", "1"), ("a/d", "2"), ("a.b", "3"), ("e", "4")]);
        let first = hub.commit_files(None, &base, "First").unwrap();
        let over = files(&[("a/b/c", "new"), ("a/f", "5"), ("e/g", "6"), ("a.b", "7"), ("z", "")]);
        let made = Made { parents: &[&first], tree: None, files: &over, message: "Second\n" };
        let (commit, tree) = hub.make_here(&made).unwrap().unwrap();
        let (_, by_git) = hub.make_by_git(&made).unwrap();
        assert_eq!(tree, by_git);
        hub.call("fsck").args(["--strict", commit.as_str()]).output().unwrap();
        let shown = hub.call("log").args(["-1", "--format=%an|%ce|%B", commit.as_str()]);
        assert_eq!(shown.text().unwrap(), "EQUITR Coder|equitrcoder@localhost|Second");
    }

    #[test]
    fn packed_trees_are_left_to_git_and_made_by_it() {
        let folder = tempfile::tempdir().unwrap();
        let hub = Hub::create(&folder.path().join("hub"), None).unwrap();
        let first = hub.commit_files(None, &files(&[("a/b", "1")]), "First").unwrap();
        hub.set_ref("refs/heads/a", &first).unwrap();
        hub.call("repack").args(["-a", "-d", "-q"]).output().unwrap();
        let over = files(&[("a/c", "2")]);
        let made = Made { parents: &[&first], tree: None, files: &over, message: "Second\n" };
        assert_eq!(hub.make_here(&made).unwrap(), None);
        let (commit, _) = hub.make(&made).unwrap();
        assert_eq!(hub.read(&commit, "a/b", 10).unwrap().unwrap(), b"1");
        assert_eq!(hub.read(&commit, "a/c", 10).unwrap().unwrap(), b"2");
    }
}
