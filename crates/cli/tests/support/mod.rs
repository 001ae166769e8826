//! The real program on a machine of its own: a temporary folder with a home, a project and nothing
//! of the person's environment but `PATH`. A canary is planted on each, see [`canary`].

// Every test binary uses its part of this.
#![allow(dead_code)]

pub mod canary;

use equitr_core::event::{Event, Record};
use equitr_core::state::RunState;
use equitr_engine::{Home, Loaded, RunDir, read_run};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use tempfile::TempDir;

/// A key that is easily found wherever it should not be.
pub const KEY: &str = "sk-canary-0123456789abcdef";

/// A folder of the machine that is in `PATH`: commands in a sandbox see it.
pub const SHOWN: &str = "shown";

/// A machine with the program on it.
pub struct Machine {
    folder: TempDir,
    environment: Vec<(String, String)>,
}

/// A run of the program that has ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it said.
    pub stderr: String,
}

/// A run of the program that is under way; dropped, it is killed.
pub struct Started {
    child: Child,
    lines: BufReader<ChildStdout>,
    stderr: PathBuf,
}

impl Machine {
    /// A machine where nothing was done yet.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("equitr-test-").tempdir().unwrap();
        fs::create_dir(folder.path().join("person")).unwrap();
        fs::write(folder.path().join(canary::FILE), canary::CANARY).unwrap();
        fs::create_dir(folder.path().join(SHOWN)).unwrap();
        Self { folder, environment: Vec::new() }
    }

    /// The machine with an environment variable more.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A path beneath its folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where the project is, or will be.
    pub fn project(&self) -> PathBuf {
        self.path("project")
    }

    /// Writes `config.yaml`.
    pub fn configure(&self, yaml: &str) {
        fs::create_dir_all(self.path("equitr")).unwrap();
        fs::write(self.path("equitr/config.yaml"), yaml).unwrap();
    }

    /// Writes a script of replies; the model's name that reads it.
    pub fn script(&self, script: &Value) -> String {
        let path = self.path("script.yaml");
        fs::write(&path, script.to_string()).unwrap();
        format!("script:{}", path.display())
    }

    /// The program with these arguments, in the machine's folder.
    pub fn program(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_equitrcoder"));
        command
            .args(args)
            .current_dir(self.folder.path())
            .env_clear()
            .env(
                "PATH",
                format!("{}:{}", std::env::var("PATH").unwrap(), self.path(SHOWN).display()),
            )
            .env("HOME", self.path("person"))
            .env("EQUITR_HOME", self.path("equitr"))
            .env(canary::VARIABLE, canary::CANARY)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }

    /// A `PATH` with the programs that a run needs and without bubblewrap's.
    pub fn path_without_bubblewrap(&self) -> String {
        let folder = self.path("few");
        fs::create_dir(&folder).unwrap();
        for name in ["git", "sh"] {
            let found = std::env::split_paths(&std::env::var_os("PATH").unwrap())
                .map(|folder| folder.join(name))
                .find(|path| path.exists());
            std::os::unix::fs::symlink(found.unwrap(), folder.join(name)).unwrap();
        }
        folder.display().to_string()
    }

    /// Runs the program to its end.
    pub fn run(&self, args: &[&str]) -> Ended {
        let output = self.program(args).output().unwrap();
        let ended = Ended {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        canary::assert_none_in(&ended.stdout);
        canary::assert_none_in(&ended.stderr);
        ended
    }

    /// Starts the program and leaves it running.
    pub fn start(&self, args: &[&str]) -> Started {
        let stderr = self.path("stderr");
        let mut child = self
            .program(args)
            .stdout(Stdio::piped())
            .stderr(fs::File::create(&stderr).unwrap())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Started { child, lines, stderr }
    }

    /// Runs `git` in the project as the person would; its output, trimmed.
    pub fn git(&self, args: &[&str]) -> String {
        let output = Command::new("git")
            .arg("-C")
            .arg(self.project())
            .args(["-c", "user.name=Person", "-c", "user.email=person@example.org"])
            .args(args)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.path("person"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .unwrap();
        assert!(output.status.success(), "git {args:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Makes the project a repository with these files in its first commit.
    pub fn repository(&self, files: &[(&str, &str)]) {
        fs::create_dir(self.project()).unwrap();
        self.git(&["init", "-q", "--initial-branch=main"]);
        for (path, text) in files {
            let path = self.project().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        self.git(&["add", "--all"]);
        self.git(&["commit", "-q", "--allow-empty", "--message=Begin"]);
    }

    /// The tree that the project's branch holds.
    pub fn tree(&self) -> String {
        self.git(&["rev-parse", "HEAD^{tree}"])
    }

    /// A file of the project as it is committed.
    pub fn committed(&self, path: &str) -> String {
        self.git(&["show", &format!("HEAD:{path}")])
    }

    /// The tasks that the commits behind `revision` say they merge, sorted; one merged twice stands
    /// there twice.
    pub fn merged_tasks(&self, revision: &str) -> Vec<String> {
        let format = "--format=%(trailers:key=Equitr-Task,valueonly)";
        let told = self.git(&["log", format, revision]);
        let mut tasks: Vec<String> =
            told.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
        tasks.sort();
        tasks
    }

    /// The runs, oldest first.
    pub fn runs(&self) -> Vec<RunDir> {
        Home::at(self.path("equitr")).runs().unwrap()
    }

    /// The newest run as its journal tells it.
    pub fn loaded(&self) -> Loaded {
        read_run(self.runs().last().unwrap()).unwrap()
    }

    /// The newest run's state.
    pub fn state(&self) -> RunState {
        self.loaded().state
    }

    /// The newest run's events, each with the number of its record.
    pub fn events(&self) -> Vec<(u64, Event)> {
        let records = self.loaded().records;
        let of_record = |record: &Record| {
            let seq = record.seq;
            record.events.iter().map(move |event| (seq, event.clone())).collect::<Vec<_>>()
        };
        records.iter().flat_map(|record| of_record(record)).collect()
    }

    /// The newest run's `status --json`.
    pub fn status(&self) -> Value {
        let ended = self.run(&["status", "--json"]).expect(0);
        serde_json::from_str(&ended.stdout).unwrap()
    }

    /// The files of the machine that hold `text`, however deep, git's loose objects unpacked.
    pub fn files_with(&self, text: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        search(self.folder.path(), text.as_bytes(), &mut found);
        for repository in self.runs().iter().map(RunDir::hub).chain([self.project()]) {
            if repository.exists()
                && objects(&repository).windows(text.len()).any(|w| w == text.as_bytes())
            {
                found.push(repository);
            }
        }
        found
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // What is wrong already is not to be hidden by this.
        if !std::thread::panicking() {
            let found = canary::files_with(&self.path("equitr"));
            assert!(found.is_empty(), "the canary is in {found:?}");
        }
    }
}

fn search(folder: &Path, text: &[u8], found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            search(&path, text, found);
        } else if path.is_file()
            && fs::read(&path).unwrap().windows(text.len()).any(|window| window == text)
        {
            found.push(path);
        }
    }
}

/// All that the commits of a repository hold, and the commits.
fn objects(repository: &Path) -> Vec<u8> {
    let output = Command::new("git")
        .arg("-C")
        .arg(repository)
        .args(["cat-file", "--batch", "--batch-all-objects"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

impl Ended {
    /// The same, when it ended with this exit code.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }
}

impl Started {
    /// The next line that it prints; none after the last one.
    pub fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let bytes = self.lines.read_line(&mut line).unwrap();
        canary::assert_none_in(&line);
        (bytes > 0).then_some(line)
    }

    /// Of a run with `--json`, the events up to the first that is wanted; whether it came.
    pub fn until(&mut self, wanted: impl Fn(&Event) -> bool) -> bool {
        while let Some(line) = self.line() {
            let record: Record = serde_json::from_str(&line).unwrap();
            if record.events.iter().any(&wanted) {
                return true;
            }
        }
        false
    }

    /// Waits, of a run with `--json`, until it tells that this task is merged.
    #[track_caller]
    pub fn until_merged(&mut self, id: u32) {
        let is_merge = |e: &Event| matches!(e, Event::TaskMerged { task, .. } if task.0 == id);
        if !self.until(is_merge) {
            panic!("task {id} was not merged: {}", fs::read_to_string(&self.stderr).unwrap());
        }
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).unwrap();
        kill(Pid::from_raw(id), signal).unwrap();
    }

    /// Waits for its end; what it prints from here on is in `stdout`.
    pub fn wait(mut self) -> Ended {
        let mut stdout = String::new();
        std::io::Read::read_to_string(&mut self.lines, &mut stdout).unwrap();
        let status = self.child.wait().unwrap();
        let stderr = fs::read_to_string(&self.stderr).unwrap();
        canary::assert_none_in(&stdout);
        canary::assert_none_in(&stderr);
        Ended { code: status.code(), stdout, stderr }
    }

    /// Kills it as `kill -9` does and waits until it is gone.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // It may have ended by itself.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// What a worker's command waits at until the test lets it go.
pub struct Gate {
    path: PathBuf,
    /// Open for both ends, so that neither the test nor the command waits for the other to open.
    both_ends: fs::File,
}

impl Gate {
    /// A closed gate.
    pub fn new(machine: &Machine, name: &str) -> Self {
        let path = machine.path(SHOWN).join(name);
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let both_ends = fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
        Self { path, both_ends }
    }

    /// A shell command that ends once the gate is open; without a gate that opens, it fails.
    pub fn wait(&self) -> Value {
        let command = format!("read word < '{}'", self.path.display());
        json!({"run_command": {"command": command, "timeout_s": 30}})
    }

    /// Opens it, for one command.
    pub fn open(&self) {
        (&self.both_ends).write_all(b"go\n").unwrap();
    }
}

/// The folder of the example.
pub fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/todo")
}

/// Arguments that begin the example's run in `project`, with a team and nobody to ask.
pub fn example_args(model: &str) -> Vec<String> {
    let file = |name: &str| example().join(name).display().to_string();
    let args = ["--multi-agent", "--yes", "--repo", "project", "--model", model];
    let mut args: Vec<String> = args.map(str::to_owned).into();
    args.extend(["--prompt-file".to_owned(), file("prompt.txt")]);
    args.extend(["--answers".to_owned(), file("answers.txt")]);
    args
}

/// Arguments that begin a run in `project` with a model, a team, and no questions.
pub fn team_args(model: &str) -> [&str; 8] {
    ["--multi-agent", "--yes", "--repo", "project", "--prompt", "A small project", "--model", model]
}

/// A script whose planner writes `todos` at once and whose supervisor proposes `tasks` at once;
/// `agents` are the others.
pub fn script(todos: u32, tasks: Value, agents: Value) -> Value {
    let lines: Vec<String> = (1..=todos).map(|n| format!("{n}. Do part {n}\n")).collect();
    let document = |document: &str, content: &str| json!({"write_document": {"document": document, "content": content}});
    let plan = json!([{"calls": [
        document("requirements", "# Parts Requirements\n\nSome parts.\n"),
        document("design", "# Parts Design\n\nA file a part.\n"),
        document("todos", &format!("# Todos\n\n## Parts\n{}", lines.concat())),
        {"submit_plan": {}},
    ]}]);
    let mut script = json!({"agents": {
        "planner": plan,
        "supervisor:graph": [{"calls": [{"propose_graph": {"tasks": tasks}}]}],
    }});
    for (agent, turns) in agents.as_object().unwrap() {
        script["agents"][agent] = turns.clone();
    }
    script
}

/// The script with files that tasks may write at the same time.
pub fn sharing(mut script: Value, shared: &[&str]) -> Value {
    script["agents"]["supervisor:graph"][0]["calls"][0]["propose_graph"]["shared"] = json!(shared);
    script
}

/// The task with globs of the files it writes.
pub fn claiming(mut task: Value, files: &[&str]) -> Value {
    task["files"] = json!(files);
    task
}

/// A task for [`script`]: its id, its profile, its todo, what it needs, and its one check.
pub fn task(id: &str, profile: &str, todo: u32, needs: &[&str], check: &str) -> Value {
    json!({"id": id, "title": format!("Part {id}"), "profile": profile, "goal": format!("Make {id}."),
        "todos": [todo], "needs": needs, "checks": [check]})
}

/// The turns of a worker that writes one file and finishes.
pub fn writes(path: &str, content: &str) -> Value {
    json!([
        {"calls": [{"write_file": {"path": path, "content": content}}]},
        {"calls": [{"finish": {"summary": [format!("{path} is there")]}}]},
    ])
}
