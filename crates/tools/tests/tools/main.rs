//! The tools as an agent calls them: JSON in, text out, in a real folder with real processes.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod commands;
mod disk;
mod files;
mod paths;
#[cfg(target_os = "linux")]
mod quotas;
#[cfg(target_os = "linux")]
mod sandboxed;
mod secrets;

use equitr_core::chat::ToolOutcome;
use equitr_tools::{Environment, Limits, Output, Place, Quotas, Sandbox, Tool, Worktree};
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// A folder with a worktree in it, and beside it a file that no tool may touch.
struct World {
    folder: TempDir,
    place: Place,
    limits: Limits,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["work", "home", "temp"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        std::fs::write(folder.path().join("secret"), "secret\n").unwrap();
        let at = |name: &str| folder.path().join(name);
        let environment = Environment::new(std::env::vars_os(), &at("home"), &at("temp"));
        let worktree = Worktree::open(&at("work")).unwrap();
        let limits = Limits {
            command_timeout: Duration::from_secs(60),
            command_timeout_max: Duration::from_secs(60),
        };
        let place = Place {
            worktree,
            environment,
            sandbox: Sandbox::off(),
            quotas: Quotas::default(),
            redactor: Arc::default(),
        };
        Self { place, folder, limits }
    }

    /// The same with commands in this sandbox, which has to be there.
    #[cfg(target_os = "linux")]
    fn in_sandbox(mode: equitr_sandbox::Mode) -> Self {
        let mut world = Self::new();
        let launcher = PathBuf::from(env!("CARGO_BIN_EXE_tools-launcher"));
        let path = std::env::var_os("PATH").unwrap();
        let backend = equitr_sandbox::choose(mode, &path, &launcher).unwrap();
        world.place.sandbox = Sandbox::new(backend, launcher);
        world
    }

    /// A path in the worktree.
    fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join("work").join(path)
    }

    fn put(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.at(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn text(&self, path: &str) -> String {
        std::fs::read_to_string(self.at(path)).unwrap()
    }

    fn secret_is_untouched(&self) {
        let secret = std::fs::read_to_string(self.folder.path().join("secret")).unwrap();
        assert_eq!(secret, "secret\n");
    }

    async fn call(&self, name: &str, args: Value) -> Output {
        let args = args.to_string();
        equitr_tools::run(&Tool::ALL, name, &args, &self.place, &self.limits, &|_| {}).await
    }

    async fn done(&self, name: &str, args: Value) -> String {
        let output = self.call(name, args.clone()).await;
        assert_eq!(output.outcome, ToolOutcome::Ok, "{name} {args}: {}", output.content);
        output.content
    }

    async fn refused(&self, name: &str, args: Value) -> String {
        let output = self.call(name, args.clone()).await;
        assert_eq!(output.outcome, ToolOutcome::Error, "{name} {args}: {}", output.content);
        let host = self.folder.path().to_str().unwrap();
        assert!(!output.content.contains(host), "names the host: {}", output.content);
        output.content
    }
}
