//! Which files of a worktree look like they hold secrets, by their names and, where a name does not
//! tell, by their content.
//!
//! Names are compared without regard to case, on the path that is left when symlinks are followed.
//! It is a net for what people usually have, not a proof: a secret in `notes.txt` is not found, and
//! what is committed can be read from git's objects.

use crate::listing::{Listed, Listings};
use crate::worktree::{Worktree, open_regular};
use std::borrow::Cow;
use std::collections::VecDeque;
use std::ffi::OsStr;
use std::io::Read;
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStrExt;
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
    let Some(name) = path.file_name() else { return Look::Plain };
    let folders = path.parent().unwrap_or(Path::new(""));
    if folders.iter().any(|folder| is_folder_of_keys(folder.as_bytes())) {
        return Look::Secret;
    }
    look_of_name(name.as_bytes(), folders.file_name().map(OsStr::as_bytes))
}

/// How a file looks by its name and that of the folder it is in.
pub(crate) fn look_of_name(name: &[u8], folder: Option<&[u8]>) -> Look {
    let (name, folder) = (&*lower(name), folder.map(lower));
    let ends = |end: &&str| name.ends_with(end.as_bytes());
    let is = |other: &&str| name == other.as_bytes();
    let is_secret = NAMES.iter().chain(&FOLDERS).any(is)
        || (name.starts_with(b".env.") && !EXAMPLES.iter().any(ends))
        || ENDS.iter().any(ends)
        || IN_FOLDER
            .iter()
            .any(|(above, file)| is(file) && folder.as_deref() == Some(above.as_bytes()));
    if is_secret {
        return Look::Secret;
    }
    let by_content = BY_CONTENT.iter().find(|(end, _)| ends(end));
    by_content.map_or(Look::Plain, |(_, words)| Look::SecretWith(words))
}

/// In small letters; most names are so already.
fn lower(name: &[u8]) -> Cow<'_, [u8]> {
    if name.iter().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        return Cow::Borrowed(name);
    }
    Cow::Owned(String::from_utf8_lossy(name).to_lowercase().into_bytes())
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
/// and symlinks not followed. Of a folder of keys the folder stands for all that is in it, and so
/// does one whose rights keep us out: a command that owns it can change them. It reads
/// folders: call it where blocking is allowed. Beyond 500,000 entries, or 2,000 found, it stops.
pub fn secret_files(worktree: &Worktree) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut entries = 0;
    let mut listings = Listings::of(worktree);
    let mut folders = VecDeque::from([PathBuf::new()]);
    while let Some(folder) = folders.pop_front() {
        let listing = match listings.list(&folder) {
            Listed::Whole(listing) => listing,
            Listed::Shut if !worktree.allows(&folder) => {
                found.push(worktree.folder().join(&folder));
                continue;
            }
            Listed::Shut | Listed::Gone => continue,
        };
        entries += listing.entries;
        if entries > ENTRIES_MAX {
            break;
        }
        for name in &listing.of_interest {
            let path = folder.join(name);
            if is_secret(worktree.root(), &path) && !worktree.allows(&path) {
                found.push(worktree.folder().join(path));
            }
        }
        for name in &listing.folders {
            let path = folder.join(name);
            if is_folder_of_keys(name.as_bytes()) && !worktree.allows(&path) {
                found.push(worktree.folder().join(path));
            } else {
                folders.push_back(path);
            }
        }
        if found.len() >= FOUND_MAX {
            found.truncate(FOUND_MAX);
            break;
        }
    }
    listings.keep();
    found
}

/// Whether a file that is of interest holds secrets; one that can't be read may.
fn is_secret(root: BorrowedFd<'_>, path: &Path) -> bool {
    match look_of(path) {
        Look::Plain => false,
        Look::Secret => true,
        look @ Look::SecretWith(_) => match open_regular(root, path.as_os_str(), "") {
            Ok((file, _)) => look.is_secret(|| content_of(file)),
            Err(_) => true,
        },
    }
}

fn is_folder_of_keys(name: &[u8]) -> bool {
    FOLDERS.iter().any(|folder| folder.as_bytes() == &*lower(name))
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
