//! A worktree in a temporary folder, and commands in it.

use equitr_sandbox::{Backend, Mode, Policy, choose, wrap};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// The program that is supervisor and launcher in these tests.
pub fn launcher() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_sandbox-trial"))
}

/// The sandbox of this mode; these tests need it to work.
pub fn backend(mode: Mode) -> Backend {
    let path = std::env::var_os("PATH").unwrap_or_default();
    choose(mode, &path, launcher())
        .unwrap_or_else(|error| panic!("{error}; hint: {:?}", error.hint()))
}

/// Both of them.
pub fn backends() -> [Backend; 2] {
    [backend(Mode::Bubblewrap), backend(Mode::Landlock)]
}

/// A folder with a worktree, a repository beside it, and a file that is out of reach.
pub struct Place {
    folder: TempDir,
}

impl Place {
    pub fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(place.worktree()).unwrap();
        fs::create_dir(place.at("hub")).unwrap();
        fs::create_dir(place.at("home")).unwrap();
        fs::write(place.at("hub/object"), "object\n").unwrap();
        fs::write(place.at("secret"), "secret\n").unwrap();
        let git = format!("gitdir: {}\n", place.at("hub").display());
        fs::write(place.worktree().join(".git"), git).unwrap();
        place
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    pub fn worktree(&self) -> PathBuf {
        self.at("worktree")
    }

    /// The worktree and `home` to be written, `.git` and `hub` to be read.
    pub fn policy(&self) -> Policy {
        let mut policy = Policy::new(self.worktree());
        policy.git = Some(self.worktree().join(".git"));
        policy.read_only = vec![self.at("hub")];
        policy.writable = vec![self.at("home")];
        policy
    }
}

/// Makes a program, by another process: one that we had open for writing ourselves could for a moment
/// be held open by whatever another test starts, and then can't be run.
pub fn make_program(path: &Path, bytes: &[u8]) {
    let mut maker = Command::new("sh")
        .args(["-c", "cat > \"$0\" && chmod 755 \"$0\""])
        .arg(path)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    maker.stdin.take().unwrap().write_all(bytes).unwrap();
    assert!(maker.wait().unwrap().success());
}

/// What a command said and how it ended.
#[derive(Debug)]
pub struct Output {
    /// None when it ended by a signal.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// The variables of these tests' commands.
pub fn variables() -> BTreeMap<OsString, OsString> {
    [("PATH".into(), "/usr/bin:/bin".into())].into()
}

/// The process of a line, with pipes.
pub fn command(backend: &Backend, policy: &Policy, line: &str) -> Command {
    let mut command = wrap(backend, policy, &variables(), launcher(), line).unwrap();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub fn run(backend: &Backend, policy: &Policy, line: &str) -> Output {
    output(&mut command(backend, policy, line))
}

pub fn output(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Output {
        code: output.status.code(),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
    }
}

/// The trial program with these arguments.
pub fn trial<A: AsRef<OsStr>>(arguments: &[A]) -> Command {
    let mut command = Command::new(launcher());
    command.args(arguments);
    command
}
