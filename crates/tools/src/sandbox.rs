//! What an agent's commands run in, and what they may reach there.

use crate::process;
use crate::secret_files::FOLDERS;
use crate::spawner::Bond;
use equitr_sandbox::{Backend, Limits, Network, Policy};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the whole of a toolchain's folder is not needed for, and what may be in it that nobody
/// should read, such as a registry's token: of these folders, only these parts are shown.
const PARTS: [(&str, &[&str]); 2] = [
    ("CARGO_HOME", &["bin", "registry", "git", "config.toml", "config", "env"]),
    ("GRADLE_USER_HOME", &["caches", "wrapper"]),
];

/// Variables of toolchains that keep what they fetch, and the folder of `HOME` that they get where
/// commands may fetch: the person's own is to be read only.
const FETCHING: [(&str, &str); 3] =
    [("CARGO_HOME", ".cargo"), ("GOPATH", "go"), ("GOMODCACHE", "go/pkg/mod")];

/// Where a program's folder lies in a folder of its own, with what it needs beside it.
const APART: [&str; 2] = ["/opt", "/nix"];

/// Folders of the system that hold too much to be shown for the sake of a program.
const SYSTEM: [&str; 12] = [
    "/etc", "/home", "/opt", "/nix", "/proc", "/root", "/run", "/srv", "/sys", "/tmp", "/var",
    "/dev",
];

/// So much the kernel's limit on processes lies above the quota: a command that passes the quota is
/// killed and told why, one that is quicker than whoever looks is held by the kernel.
const PROCESSES_BEYOND: u64 = 64;

/// The sandbox of commands, and what of the machine they may use in it.
///
/// Besides what is named here, a command has its worktree, its private `HOME` and `TMPDIR`, and to
/// read the system's programs, the toolchains that its environment names and the folders of `PATH`.
#[derive(Debug, Clone)]
pub struct Sandbox {
    /// Which one; [`Backend::Off`] is for a person to choose.
    pub backend: Backend,
    /// The program that becomes the command: its `main` calls
    /// [`equitr_sandbox::launch_if_asked`]. An absolute path.
    pub launcher: PathBuf,
    /// Files and folders to be read besides, such as the repository's objects; absolute paths.
    pub read_only: Vec<PathBuf>,
    /// Which network a command has.
    pub network: Network,
    /// How much the kernel lets a command use; of processes and of what is memory, as little as its
    /// quotas allow.
    pub limits: Limits,
}

impl Sandbox {
    /// None: a command can do whatever the user can. Only a person may ask for it.
    pub fn off() -> Self {
        Self::new(Backend::Off, PathBuf::new())
    }

    /// This one, without network, and with 1 GiB a file, 4,096 open files.
    pub fn new(backend: Backend, launcher: PathBuf) -> Self {
        // As many processes as a command's quota allows.
        let limits = Limits { processes: u64::MAX, ..Limits::default() };
        let network = Network::None;
        Self { backend, launcher, read_only: Vec::new(), network, limits }
    }

    /// How the processes of a command hang together in it.
    pub(crate) fn bond(&self) -> Bond {
        match self.backend {
            Backend::Bubblewrap { .. } => Bond::Namespace,
            Backend::Landlock { .. } | Backend::Off => Bond::Mark,
        }
    }

    /// Which part of the sandbox says that it could not be set up, so that nothing ran.
    pub(crate) fn failed_by(&self, output: &str) -> Option<&'static str> {
        let speakers: &[&str] = match self.backend {
            Backend::Bubblewrap { .. } => &["bwrap", "equitr-sandbox"],
            Backend::Landlock { .. } => &["equitr-sandbox"],
            Backend::Off => &[],
        };
        // Nothing ran, so nothing else was said.
        let first = output.lines().next().unwrap_or_default();
        speakers
            .iter()
            .copied()
            .find(|speaker| first.strip_prefix(speaker).is_some_and(|rest| rest.starts_with(": ")))
    }

    /// Whether files can be made to look empty.
    pub(crate) fn masks(&self) -> bool {
        match self.backend {
            Backend::Bubblewrap { .. } => true,
            Backend::Landlock { .. } | Backend::Off => false,
        }
    }

    /// The process that runs the line there; `marks` are variables by which it is found again.
    ///
    /// The marks are on the outer process as well, so that whoever kills what has them kills all.
    pub(crate) fn wrap(
        &self,
        asked: &process::Command<'_>,
        marks: &[(&str, &OsStr)],
    ) -> Result<Command, equitr_sandbox::Error> {
        let process::Command { line, folder, environment, .. } = *asked;
        let mut variables: BTreeMap<OsString, OsString> =
            environment.vars().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        variables.extend(marks.iter().map(|(name, value)| ((*name).into(), (*value).into())));
        let mut command = match self.backend {
            Backend::Off => plain(line, folder, &variables),
            Backend::Bubblewrap { .. } | Backend::Landlock { .. } => {
                let policy = self.policy(asked, &mut variables);
                equitr_sandbox::wrap(&self.backend, &policy, &variables, &self.launcher, line)?
            }
        };
        command.envs(marks.iter().copied());
        Ok(command)
    }

    fn policy(
        &self,
        asked: &process::Command<'_>,
        variables: &mut BTreeMap<OsString, OsString>,
    ) -> Policy {
        let process::Command { folder, masked, quotas, .. } = *asked;
        let get = |name: &str| variables.get(OsStr::new(name)).map(PathBuf::from);
        let own: Vec<PathBuf> = [get("HOME"), get("TMPDIR")].into_iter().flatten().collect();
        let mut policy = Policy::new(folder);
        policy.git = Some(folder.join(".git")).filter(|git| git.symlink_metadata().is_ok());
        policy.read_only = toolchains(variables, folder, &own);
        policy.read_only.extend(self.read_only.iter().cloned());
        policy.masked = masked.to_vec();
        policy.network = self.network.clone();
        policy.limits = self.limits;
        let processes = quotas.processes.saturating_add(PROCESSES_BEYOND);
        policy.limits.processes = policy.limits.processes.min(processes);
        // Both are memory.
        policy.temp_bytes = policy.temp_bytes.min(quotas.memory_bytes);
        policy.shared_memory_bytes = policy.shared_memory_bytes.min(quotas.memory_bytes);
        match (&self.network, own.first()) {
            (Network::Proxy { .. }, Some(home)) => {
                for (name, below) in FETCHING {
                    variables.insert(name.into(), home.join(below).into());
                }
            }
            (Network::None | Network::Loopback, _) | (Network::Proxy { .. }, None) => {
                variables.insert("CARGO_NET_OFFLINE".into(), "true".into());
            }
        }
        policy.writable = own;
        policy
    }
}

/// Without a sandbox.
fn plain(line: &str, folder: &Path, variables: &BTreeMap<OsString, OsString>) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", line]).current_dir(folder).env_clear().envs(variables);
    shell
}

/// What of the toolchains is shown: the folders that variables name, and those of `PATH`.
///
/// Not the system's own, which are there anyway, and none that holds the worktree or an agent's own
/// folders: with it other tasks' would be shown, or a whole home.
fn toolchains(
    variables: &BTreeMap<OsString, OsString>,
    folder: &Path,
    own: &[PathBuf],
) -> Vec<PathBuf> {
    let mut shown = Vec::new();
    for (name, value) in variables {
        let path = Path::new(value);
        let parts = PARTS.iter().find(|(whole, _)| *whole == name).map(|(_, parts)| *parts);
        match (name.to_str(), parts) {
            (Some("HOME" | "TMPDIR"), _) => {}
            (Some("PATH"), _) => shown.extend(std::env::split_paths(value).map(|p| whole(&p))),
            (_, Some(parts)) => shown.extend(parts.iter().map(|part| path.join(part))),
            (_, None) => shown.push(path.to_owned()),
        }
    }
    shown.retain(|path| {
        let holds_more = |inner: &Path| inner.starts_with(path);
        path.is_absolute()
            && path.exists()
            && !path.starts_with("/usr")
            && !holds_more(folder)
            && !own.iter().any(|inner| holds_more(inner))
            && !SYSTEM.iter().any(|system| path == Path::new(system))
            && !is_a_home(path)
    });
    shown.sort();
    shown.dedup();
    shown
}

/// Whether it is a person's home, as a `GOPATH` may be: the user's own, or one with keys in it.
fn is_a_home(path: &Path) -> bool {
    std::env::home_dir().is_some_and(|home| home.starts_with(path))
        || FOLDERS.iter().any(|keys| path.join(keys).is_dir())
}

/// A folder of `PATH`, or the program's own that it lies in: what programs there can't do without.
fn whole(path: &Path) -> PathBuf {
    // What pyenv, rbenv, asdf, mise and the like put first in `PATH` runs what lies beside it.
    let shims = path.file_name().is_some_and(|name| name == "shims");
    if let Some(above) = path.parent().filter(|above| shims || above.join("pyvenv.cfg").is_file()) {
        return above.to_owned();
    }
    let apart = APART.iter().find_map(|apart| Some((apart, path.strip_prefix(apart).ok()?)));
    match apart.and_then(|(apart, below)| Some((apart, below.components().next()?))) {
        Some((apart, first)) => Path::new(apart).join(first),
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Environment, Quotas};
    use std::time::Duration;

    fn shown(variables: &[(&str, &Path)], folder: &Path) -> Vec<PathBuf> {
        let variables: BTreeMap<OsString, OsString> = variables
            .iter()
            .map(|(name, path)| ((*name).into(), path.as_os_str().to_owned()))
            .collect();
        toolchains(&variables, folder, &[folder.join("home")])
    }

    #[test]
    fn toolchains_are_shown_without_their_tokens() {
        let machine = tempfile::tempdir().unwrap();
        let at = |path: &str| machine.path().join(path);
        for folder in ["cargo/bin", "cargo/registry", "rustup", "tools/bin", "runs/r1/task/home"] {
            std::fs::create_dir_all(at(folder)).unwrap();
        }
        std::fs::write(at("cargo/credentials.toml"), "token").unwrap();
        let path = std::env::join_paths([at("tools/bin"), "/usr/bin".into(), at("gone")]).unwrap();
        let given = shown(
            &[
                ("CARGO_HOME", &at("cargo")),
                ("RUSTUP_HOME", &at("rustup")),
                ("PATH", Path::new(&path)),
                ("RUSTUP_TOOLCHAIN", Path::new("stable")),
                ("HOME", &at("runs/r1/task/home")),
            ],
            &at("runs/r1/task"),
        );
        let expected = ["cargo/bin", "cargo/registry", "rustup", "tools/bin"].map(at);
        assert_eq!(given, expected);
    }

    #[test]
    fn a_folder_that_holds_the_worktree_or_everything_is_not_shown() {
        let machine = tempfile::tempdir().unwrap();
        let task = machine.path().join("runs/r1/task");
        std::fs::create_dir_all(task.join("home")).unwrap();
        for path in [Path::new("/"), Path::new("/etc"), machine.path(), &task, &task.join("home")] {
            assert_eq!(shown(&[("GOPATH", path), ("PATH", path)], &task), [] as [&Path; 0]);
        }
    }

    #[test]
    fn a_home_with_keys_is_not_shown_for_the_sake_of_a_toolchain() {
        let machine = tempfile::tempdir().unwrap();
        let (home, task) = (machine.path().join("home"), machine.path().join("task"));
        std::fs::create_dir_all(home.join("bin")).unwrap();
        std::fs::create_dir(&task).unwrap();
        assert_eq!(shown(&[("GOPATH", &home)], &task), [&*home]);
        std::fs::create_dir(home.join(".ssh")).unwrap();
        assert_eq!(
            shown(&[("GOPATH", &home), ("PATH", &home.join("bin"))], &task),
            [home.join("bin")]
        );
    }

    #[test]
    fn what_is_fetched_goes_into_the_agents_home_and_nothing_is_fetched_without_network() {
        let variables: BTreeMap<OsString, OsString> =
            [("HOME", "/r/home"), ("TMPDIR", "/r/temp"), ("CARGO_HOME", "/u/.cargo")]
                .map(|(name, value)| (name.into(), value.into()))
                .into();
        let mut sandbox = Sandbox::off();
        sandbox.read_only = vec!["/r/hub.git".into()];
        let masked = [PathBuf::from("/r/task/.env")];
        let environment = Environment::new([], Path::new("/r/home"), Path::new("/r/temp"));
        let quotas = Quotas { disk_bytes: 1, memory_bytes: 100 << 20, processes: 2_000 };
        let asked = process::Command {
            line: "true",
            folder: Path::new("/r/task"),
            environment: &environment,
            sandbox: &sandbox.clone(),
            masked: &masked,
            quotas,
            timeout: Duration::from_secs(1),
            redactor: &equitr_core::redact::Redactor::default(),
        };
        let mut alone = variables.clone();
        let policy = sandbox.policy(&asked, &mut alone);
        assert_eq!(alone[OsStr::new("CARGO_NET_OFFLINE")], "true");
        assert_eq!(alone[OsStr::new("CARGO_HOME")], "/u/.cargo");
        assert_eq!(policy.writable, [Path::new("/r/home"), Path::new("/r/temp")]);
        assert_eq!(policy.read_only, [Path::new("/r/hub.git")]);
        assert_eq!(policy.masked, masked);
        assert_eq!((policy.temp_bytes, policy.shared_memory_bytes), (100 << 20, 64 << 20));
        assert_eq!(policy.limits.processes, 2_064);
        sandbox.network = Network::Proxy { socket: "/r/proxy".into() };
        let mut fetching = variables;
        let policy = sandbox.policy(&asked, &mut fetching);
        assert_eq!(policy.network, sandbox.network);
        assert_eq!(fetching.get(OsStr::new("CARGO_NET_OFFLINE")), None);
        assert_eq!(fetching[OsStr::new("CARGO_HOME")], "/r/home/.cargo");
    }

    #[test]
    fn a_program_in_a_folder_of_its_own_is_shown_whole() {
        for (path, expected) in [
            ("/opt/node/bin", "/opt/node"),
            ("/opt/a/b/c", "/opt/a"),
            ("/home/u/.local/bin", "/home/u/.local/bin"),
            ("/home/u/.pyenv/shims", "/home/u/.pyenv"),
        ] {
            assert_eq!(whole(Path::new(path)), Path::new(expected));
        }
    }
}
