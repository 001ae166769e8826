//! Which files of a worktree look like they hold secrets, by their names and, where a name does not
//! tell, by their content.
//!
//! Names are compared without regard to case, on the path that is left when symlinks are followed.
//! It is a net for what people usually have, not a proof: a secret in `notes.txt` is not found, and
//! what is committed can be read from git's objects.

use crate::worktree::{Worktree, open_regular};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags};
use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// Larger trees are generated. Upper folders are looked at first, so what lies beyond is deep down.
const ENTRIES_MAX: usize = 500_000;
/// Each costs words on a command line, of which there are 2 MB; a project has a handful.
const FOUND_MAX: usize = 2_000;
/// A key and the certificates before it are a few KB.
const CONTENT_BYTES_MAX: u64 = 256 * 1024;

/// Folders that hold keys and what they open.
pub(crate) const FOLDERS: [&str; 3] = [".aws", ".ssh", ".gnupg"];
/// Names in any folder.
const NAMES: [&str; 11] = [
    ".env",
    "id_rsa",
    "id_ed25519",
    "id_ecdsa",
    "id_dsa",
    ".netrc",
    ".pypirc",
    ".pgpass",
    ".git-credentials",
    "credentials.json",
    ".htpasswd",
];
/// Names in one folder.
const IN_FOLDER: [(&str, &str); 3] =
    [(".kube", "config"), (".docker", "config.json"), ("gh", "hosts.yml")];
/// Ends of names. A `.key` need not be PEM: Rails keeps its master key as 32 digits.
const ENDS: [&str; 3] = [".key", ".p12", ".pfx"];
/// Ends of names that begin with `.env.` and hold no more than names of variables.
const EXAMPLES: [&str; 3] = [".example", ".sample", ".template"];
/// Ends of names, and the words that make such a file a secret: certificates are PEM too, and most
/// `.npmrc` only set options.
const BY_CONTENT: [(&str, &[&str]); 2] =
    [(".pem", &["PRIVATE KEY"]), (".npmrc", &["_auth", "_password"])];

/// What a path's name says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// Nothing.
    Plain,
    /// That it holds secrets.
    Secret,
    /// That it does if any of these words is in it.
    SecretWith(&'static [&'static str]),
}

impl Look {
    /// Whether a file of this look and with this content holds secrets.
    pub(crate) fn is_secret(self, content: impl FnOnce() -> Vec<u8>) -> bool {
        match self {
            Self::Plain => false,
            Self::Secret => true,
            Self::SecretWith(words) => {
                let content = content();
                let holds =
                    |word: &str| content.windows(word.len()).any(|at| at == word.as_bytes());
                words.iter().any(|word| holds(word))
            }
        }
    }
}

/// How a file looks; the path is relative to the worktree, and no symlink.
pub(crate) fn look_of(path: &Path) -> Look {
    let names: Vec<String> =
        path.iter().map(|name| name.to_string_lossy().to_lowercase()).collect();
    let Some((name, folders)) = names.split_last() else { return Look::Plain };
    let above = folders.last().map(String::as_str);
    let is_example = EXAMPLES.iter().any(|end| name.ends_with(end));
    let is_secret = names.iter().any(|name| FOLDERS.contains(&name.as_str()))
        || NAMES.contains(&name.as_str())
        || (name.starts_with(".env.") && !is_example)
        || ENDS.iter().any(|end| name.ends_with(end))
        || IN_FOLDER.iter().any(|(folder, file)| above == Some(folder) && name == file);
    if is_secret {
        return Look::Secret;
    }
    let by_content = BY_CONTENT.iter().find(|(end, _)| name.ends_with(end));
    by_content.map_or(Look::Plain, |(_, words)| Look::SecretWith(words))
}

/// The start of a file's content, to judge it by.
pub(crate) fn content_of(file: impl Read) -> Vec<u8> {
    let mut content = Vec::new();
    // What can't be read is not shown either; what was read until then is judged.
    let _ = file.take(CONTENT_BYTES_MAX).read_to_end(&mut content);
    content
}

/// The files and folders of the worktree that look like they hold secrets and are not allowed, as
/// absolute paths, those higher up first.
///
/// Ignored files too: an ignored `.env` is the usual case. Git's own folders are not looked into,
/// and symlinks not followed. Of a folder of keys the folder stands for all that is in it. It reads
/// folders: call it where blocking is allowed. Beyond 500,000 entries, or 2,000 found, it stops.
pub fn secret_files(worktree: &Worktree) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut entries = 0;
    let mut folders = VecDeque::from([PathBuf::new()]);
    while let Some(folder) = folders.pop_front() {
        let at = if folder.as_os_str().is_empty() { Path::new(".") } else { &folder };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        // A folder that we can't read, a command of ours can't read either.
        let Ok(open) = rustix::fs::openat(worktree.root(), at, flags, Mode::empty()) else {
            continue;
        };
        let Ok(listing) = Dir::read_from(&open) else { continue };
        for entry in listing.flatten() {
            let name = OsString::from_vec(entry.file_name().to_bytes().to_vec());
            if name == "." || name == ".." || name == ".git" {
                continue;
            }
            entries += 1;
            if entries > ENTRIES_MAX || found.len() == FOUND_MAX {
                return found;
            }
            let path = folder.join(&name);
            match kind(open.as_fd(), &name, entry.file_type()) {
                FileType::Directory if is_folder_of_keys(&name) && !worktree.allows(&path) => {
                    found.push(worktree.folder().join(path));
                }
                FileType::Directory => folders.push_back(path),
                FileType::RegularFile => {
                    let content = || open_regular(open.as_fd(), &name, "").map(|(file, _)| file);
                    let content = || content().map(content_of).unwrap_or_default();
                    if look_of(&path).is_secret(content) && !worktree.allows(&path) {
                        found.push(worktree.folder().join(path));
                    }
                }
                FileType::Symlink
                | FileType::Fifo
                | FileType::Socket
                | FileType::CharacterDevice
                | FileType::BlockDevice
                | FileType::Unknown => {}
            }
        }
    }
    found
}

fn is_folder_of_keys(name: &OsStr) -> bool {
    FOLDERS.contains(&name.to_string_lossy().to_lowercase().as_str())
}

/// What is at the name; some file systems don't say so when they list it.
fn kind(folder: BorrowedFd<'_>, name: &OsStr, listed: FileType) -> FileType {
    match listed {
        FileType::Unknown => rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)
            .map_or(FileType::Unknown, |stat| FileType::from_raw_mode(stat.st_mode)),
        known => known,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_usually_holds_secrets_is_told_by_its_name() {
        for path in [
            ".env",
            ".ENV",
            "web/.env.local",
            ".env.production",
            ".env.example.local",
            "config/master.key",
            "id_rsa",
            "deploy/ID_ED25519",
            ".netrc",
            "pkg/.pypirc",
            ".aws/config",
            "home/.ssh/known_hosts",
            ".gnupg/private-keys-v1.d/x",
            ".kube/config",
            ".docker/config.json",
            "cert.p12",
            "cert.PFX",
            "credentials.json",
        ] {
            assert_eq!(look_of(Path::new(path)), Look::Secret, "{path}");
        }
        for path in [
            ".env.example",
            ".env.sample",
            "api/.env.template",
            "environment",
            "src/env.rs",
            "id_rsa.pub",
            "config",
            "config.json",
            "kube/config",
            "keys.rs",
            "monkey",
            "aws/main.tf",
            "",
        ] {
            assert_eq!(look_of(Path::new(path)), Look::Plain, "{path}");
        }
    }

    #[test]
    fn a_certificate_is_no_secret_and_a_private_key_is() {
        let judged = |path: &str, content: &str| {
            look_of(Path::new(path)).is_secret(|| content.as_bytes().to_vec())
        };
        assert!(judged("a.pem", "-----BEGIN EC PRIVATE KEY-----\nx\n"));
        assert!(judged("A.PEM", "-----BEGIN CERTIFICATE-----\n…\n-----BEGIN PRIVATE KEY-----\n"));
        assert!(!judged("a.pem", "-----BEGIN CERTIFICATE-----\nx\n"));
        assert!(judged(".npmrc", "//registry.npmjs.org/:_authToken=npm_x\n"));
        assert!(!judged(".npmrc", "engine-strict=true\n"));
    }
}
