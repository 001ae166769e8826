//! A person's repository and a hub, in a temporary folder with a home of its own.

use equitr_git::{Checkout, Hub, Oid};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Everything lives in one temporary folder: `home`, `person`, `hub.git`, `worktrees`.
pub struct Fixture {
    folder: tempfile::TempDir,
}

/// A file of a test: its path, and what it is.
pub enum Kind<'a> {
    Text(&'a str),
    Runs(&'a str),
    Link(&'a str),
    Gone,
}

impl Fixture {
    /// Folders, but no repository yet.
    pub fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("home")).unwrap();
        Self { folder }
    }

    /// A repository of the person's on `main` with one commit of these files.
    pub fn with_files(files: &[(&str, &str)]) -> Self {
        let fixture = Self::empty();
        fs::create_dir(fixture.person()).unwrap();
        fixture.git(&["init", "-q", "-b", "main"]);
        fixture.write(&fixture.person(), files);
        fixture.commit("first");
        fixture
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    pub fn person(&self) -> PathBuf {
        self.path("person")
    }

    pub fn checkout(&self) -> Checkout {
        Checkout::open(&self.person()).unwrap()
    }

    pub fn hub(&self) -> Hub {
        Hub::create(&self.path("hub.git"), Some(&self.checkout())).unwrap()
    }

    pub fn head(&self) -> Oid {
        self.git(&["rev-parse", "HEAD"]).parse().unwrap()
    }

    /// The person commits all there is.
    pub fn commit(&self, message: &str) -> Oid {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--no-verify", "--allow-empty", "-m", message]);
        self.head()
    }

    pub fn write(&self, root: &Path, files: &[(&str, &str)]) {
        for (path, text) in files {
            put(root, path, &Kind::Text(text));
        }
    }

    /// The person's git, in their repository.
    pub fn git(&self, arguments: &[&str]) -> String {
        self.git_in(&self.person(), arguments)
    }

    /// The person's git, with their home; it has to succeed.
    pub fn git_in(&self, folder: &Path, arguments: &[&str]) -> String {
        let (status, text) = self.try_git_in(folder, arguments);
        assert_eq!(status, 0, "git {arguments:?}: {text}");
        text
    }

    /// The person's git, in their repository, however it ends.
    pub fn try_git(&self, arguments: &[&str]) -> (i32, String) {
        self.try_git_in(&self.person(), arguments)
    }

    pub fn try_git_in(&self, folder: &Path, arguments: &[&str]) -> (i32, String) {
        let output = Command::new("git")
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.path("home"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .args(["-c", "user.name=Person", "-c", "user.email=person@localhost"])
            .args(["-c", "commit.gpgSign=false", "-c", "gc.auto=0"])
            .args(arguments)
            .current_dir(folder)
            .output()
            .unwrap();
        let text = if output.status.success() { output.stdout } else { output.stderr };
        let text = String::from_utf8_lossy(&text).trim_end().to_owned();
        (output.status.code().unwrap(), text)
    }

    /// A commit on `parent` in the hub with these changes, made by way of a worktree.
    pub fn work(&self, hub: &Hub, parent: &Oid, name: &str, changes: &[(&str, Kind<'_>)]) -> Oid {
        let worktree = self.path("worktrees").join(name);
        hub.add_worktree(&worktree, parent, "a test").unwrap();
        for (path, kind) in changes {
            put(&worktree, path, kind);
        }
        let reference = format!("refs/equitr/test/{name}");
        hub.snapshot(&worktree, parent, &format!("work of {name}"), &reference).unwrap().commit
    }
}

/// Makes a path what it shall be, whatever it was.
pub fn put(root: &Path, path: &str, kind: &Kind<'_>) {
    let at = root.join(path);
    match fs::symlink_metadata(&at) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(&at).unwrap(),
        Ok(_) if matches!(kind, Kind::Gone | Kind::Link(_)) => fs::remove_file(&at).unwrap(),
        Ok(found) if found.is_symlink() => fs::remove_file(&at).unwrap(),
        Ok(_) | Err(_) => {}
    }
    fs::create_dir_all(at.parent().unwrap()).unwrap();
    match kind {
        Kind::Gone => {}
        Kind::Link(target) => symlink(target, &at).unwrap(),
        Kind::Text(text) => fs::write(&at, text).unwrap(),
        Kind::Runs(text) => {
            fs::write(&at, text).unwrap();
            fs::set_permissions(&at, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
}

/// Every file below a folder with all that could be told of it: kind, mode, bytes.
pub fn everything(root: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            let path = entry.path();
            let about = fs::symlink_metadata(&path).unwrap();
            let bytes = if about.is_dir() {
                folders.push(path.clone());
                Vec::new()
            } else if about.is_symlink() {
                fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()
            } else {
                fs::read(&path).unwrap()
            };
            let path = path.strip_prefix(root).unwrap().to_owned();
            found.insert(path, (about.permissions().mode(), bytes));
        }
    }
    found
}

/// The same without what lies in `.git`.
pub fn files_of(root: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let mut found = everything(root);
    found.retain(|path, _| !path.starts_with(".git"));
    found
}

pub fn text_of(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}
