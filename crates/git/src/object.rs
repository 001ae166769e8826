//! Objects of the hub, written and read as loose files, as gitformat-loose(5) has them.
//!
//! A git process for each of the few small objects that a task's snapshot and merge consist of costs
//! more than all else about them. What is not loose, or of another hash than SHA-1, is git's.

use crate::error::io_error;
use crate::hub::Format;
use crate::removal::remove;
use crate::{GitError, Hub, Oid};
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use sha1::{Digest, Sha1};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

/// A commit or a tree that is larger is none of those made here; git may look at it.
const READ_BYTES_MAX: u64 = 4 << 20;

/// Tells the files apart that threads of ours write at once.
static UNNAMED: AtomicU64 = AtomicU64::new(0);

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Blob,
    Tree,
    Commit,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Blob => "blob",
            Kind::Tree => "tree",
            Kind::Commit => "commit",
        }
    }
}

impl Hub {
    /// Writes an object and has it on the disk; `None` when this hub's objects have to be written by
    /// git.
    pub(crate) fn write_object(&self, kind: Kind, bytes: &[u8]) -> Result<Option<Oid>, GitError> {
        if self.format != Format::Sha1 {
            return Ok(None);
        }
        let header = format!("{} {}\0", kind.name(), bytes.len());
        let digest = Sha1::new().chain_update(&header).chain_update(bytes).finalize();
        let oid = Oid::of_bytes(&digest);
        let path = self.loose_object(&oid);
        if path.is_file() {
            return Ok(Some(oid));
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(io_error("make", folder))?;
        }
        // As git names those of its own, so that it takes a leftover for one.
        let number = UNNAMED.fetch_add(1, Ordering::Relaxed);
        let name = format!("tmp_obj_equitr_{}_{number}", std::process::id());
        let unnamed = self.dir.join("objects").join(name);
        let write = || {
            let file = File::options().write(true).create_new(true).mode(0o444).open(&unnamed)?;
            let mut packed = ZlibEncoder::new(file, Compression::fast());
            packed.write_all(header.as_bytes())?;
            packed.write_all(bytes)?;
            packed.finish()?.sync_all()?;
            fs::rename(&unnamed, &path)
        };
        if let Err(error) = write() {
            remove(&unnamed)?;
            return Err(io_error("write", &path)(error));
        }
        Ok(Some(oid))
    }

    /// The content of a loose object; `None` when there is none of that id and kind, or a damaged one.
    pub(crate) fn read_object(&self, kind: Kind, oid: &Oid) -> Option<Vec<u8>> {
        let packed = File::open(self.loose_object(oid)).ok()?;
        let mut bytes = Vec::new();
        ZlibDecoder::new(packed).take(READ_BYTES_MAX).read_to_end(&mut bytes).ok()?;
        let end = bytes.iter().position(|byte| *byte == 0)?;
        let header = format!("{} {}", kind.name(), bytes.len() - end - 1);
        if bytes[..end] != *header.as_bytes() {
            return None;
        }
        bytes.drain(..=end);
        Some(bytes)
    }

    /// The tree of a loose commit.
    pub(crate) fn tree_of_loose(&self, commit: &Oid) -> Option<Oid> {
        let text = self.read_object(Kind::Commit, commit)?;
        let line = text.split(|byte| *byte == b'\n').next()?;
        std::str::from_utf8(line).ok()?.strip_prefix("tree ")?.parse().ok()
    }

    fn loose_object(&self, oid: &Oid) -> PathBuf {
        let (folder, name) = oid.as_str().split_at(2);
        self.dir.join("objects").join(folder).join(name)
    }
}

/// An entry of a tree, its id as bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub mode: Vec<u8>,
    pub name: Vec<u8>,
    pub id: Vec<u8>,
}

/// The mode of a folder's entry.
pub(crate) const FOLDER: &[u8] = b"40000";

/// The entries of a tree by SHA-1; `None` for bytes that are none.
pub(crate) fn entries(mut tree: &[u8]) -> Option<Vec<Entry>> {
    const ID_BYTES: usize = 20;
    let mut entries = Vec::new();
    while !tree.is_empty() {
        let end = tree.iter().position(|byte| *byte == 0)?;
        let space = tree[..end].iter().position(|byte| *byte == b' ')?;
        let id = tree.get(end + 1..end + 1 + ID_BYTES)?;
        entries.push(Entry {
            mode: tree[..space].to_vec(),
            name: tree[space + 1..end].to_vec(),
            id: id.to_vec(),
        });
        tree = &tree[end + 1 + ID_BYTES..];
    }
    Some(entries)
}

/// The bytes of a tree with these entries, put in git's order: a folder is sorted as if its name
/// ended in `/`.
pub(crate) fn tree(mut entries: Vec<Entry>) -> Vec<u8> {
    entries.sort_by_cached_key(|entry| {
        let mut key = entry.name.clone();
        if entry.mode == FOLDER {
            key.push(b'/');
        }
        key
    });
    let mut bytes = Vec::new();
    for entry in &entries {
        bytes.extend_from_slice(&entry.mode);
        bytes.push(b' ');
        bytes.extend_from_slice(&entry.name);
        bytes.push(0);
        bytes.extend_from_slice(&entry.id);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_of_ours_is_gits_and_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let hub = Hub::create(&folder.path().join("hub"), None).unwrap();
        let oid = hub.write_object(Kind::Blob, b"hello\n").unwrap().unwrap();
        assert_eq!(oid.as_str(), "ce013625030ba8dba906f756967f9e9ca394464a");
        let shown = hub.call("cat-file").args(["blob", oid.as_str()]).output().unwrap();
        assert_eq!(shown, b"hello\n");
        assert_eq!(hub.read_object(Kind::Blob, &oid).unwrap(), b"hello\n");
        assert_eq!(hub.read_object(Kind::Commit, &oid), None);
        assert_eq!(hub.write_object(Kind::Blob, b"hello\n").unwrap(), Some(oid.clone()));

        let path = hub.loose_object(&oid);
        remove(&path).unwrap();
        assert_eq!(hub.read_object(Kind::Blob, &oid), None);
        fs::write(&path, "damaged").unwrap();
        assert_eq!(hub.read_object(Kind::Blob, &oid), None);
    }

    #[test]
    fn a_tree_is_read_as_it_was_written_in_gits_order() {
        let entry = |mode: &[u8], name: &str| Entry {
            mode: mode.to_vec(),
            name: name.into(),
            id: vec![7; 20],
        };
        let folder = entry(FOLDER, "a");
        let (file, other) = (entry(b"100644", "a.b"), entry(b"100755", "a0"));
        let bytes = tree(vec![folder.clone(), other.clone(), file.clone()]);
        assert_eq!(entries(&bytes).unwrap(), [file, folder, other]);
        assert_eq!(entries(&bytes[..bytes.len() - 1]), None);
        assert_eq!(entries(b""), Some(Vec::new()));
    }
}
