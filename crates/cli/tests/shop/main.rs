//! `equitrcoder demo` builds the shop: what comes of it, what is printed, and that no kill changes it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod kills;
mod result;
mod small;
mod transcript;
mod without_python;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use tempfile::TempDir;

/// A folder with a demo in it.
struct Demo {
    folder: TempDir,
}

/// The demo, run once to its end for all tests, and what it printed.
static UNDISTURBED: LazyLock<(Demo, String)> = LazyLock::new(|| {
    let demo = Demo::new();
    let output = demo.command(&["demo", "--color", "always", "--keep", "shop"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (demo, String::from_utf8(output.stdout).unwrap())
});

impl Demo {
    fn new() -> Self {
        Self { folder: tempfile::Builder::new().prefix("equitr-shop-").tempdir().unwrap() }
    }

    /// The program, with the folder for all that it writes.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_equitrcoder"));
        command
            .args(args)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.folder.path())
            .env("TMPDIR", self.folder.path())
            .env("LANG", "C.UTF-8");
        command
    }

    /// Where the project lands.
    fn project(&self) -> PathBuf {
        self.folder.path().join("shop")
    }

    /// The folder of the demo's runs; none before it is made.
    fn home(&self) -> Option<PathBuf> {
        let entries = self.folder.path().read_dir().unwrap().flatten();
        let mut homes = entries.map(|entry| entry.path().join("home")).filter(|home| home.is_dir());
        homes.next()
    }

    /// What `git` says in the project, trimmed.
    fn git(&self, args: &[&str]) -> String {
        let git = Command::new("git").arg("-C").arg(self.project()).args(args).output().unwrap();
        assert!(git.status.success(), "git {args:?}: {git:?}");
        String::from_utf8(git.stdout).unwrap().trim().to_owned()
    }
}

/// The files of this repository's example.
fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/ecommerce")
}
