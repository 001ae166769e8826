//! Makes of a policy and a command line the process to be started.

use crate::{Backend, Error, Network, Policy};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The process that runs `sh -c line` in the sandbox, with exactly these variables.
///
/// The caller gives it its pipes and its process group, and starts it. `launcher` is the program
/// whose `main` calls [`launch_if_asked`](crate::launch_if_asked), as an absolute path; a user who
/// may not read it can't use it. Variables that the caller sets on the result are those of the outer
/// process and do not get to the command.
///
/// The exit code is the command's own; 126 with a line `equitr-sandbox: …` on standard error when
/// the sandbox could not be set up, in which case nothing ran. A command that a signal killed ends
/// as 128 plus the signal's number with bubblewrap, and by the signal with Landlock.
///
/// What kills what:
/// - Killing the process that was started kills everything in the sandbox, daemons too, because all
///   of it is in a process namespace of its own (bubblewrap). SIGTERM does so at once: the command
///   is in a session of its own and gets no warning.
/// - So does the end of the *thread* that started it; start it from one that lives as long as the
///   command.
/// - When the command ends, what it left behind is killed before bubblewrap itself ends.
/// - With Landlock there is one process group as without a sandbox, and what leaves it lives on.
///
/// Fails when the policy can't be had in this sandbox, before anything is started.
pub fn wrap(
    backend: &Backend,
    policy: &Policy,
    environment: &BTreeMap<OsString, OsString>,
    launcher: &Path,
    line: &str,
) -> Result<Command, Error> {
    check(policy, environment, launcher, line)?;
    match backend {
        Backend::Off => Ok(plain(policy, environment, line)),
        #[cfg(target_os = "linux")]
        Backend::Bubblewrap { program, .. } => {
            writable_home(policy, environment, &["/tmp"])?;
            Ok(linux::bubblewrap(program, policy, environment, launcher, line))
        }
        #[cfg(target_os = "linux")]
        Backend::Landlock { .. } => {
            if policy.network != Network::None {
                return Err(Error::NetworkNeedsBubblewrap);
            }
            writable_home(policy, environment, &[])?;
            Ok(linux::landlock(policy, environment, launcher, line))
        }
        #[cfg(not(target_os = "linux"))]
        Backend::Bubblewrap { .. } | Backend::Landlock { .. } => {
            Err(Error::NotLinux { system: std::env::consts::OS })
        }
    }
}

/// Without a sandbox.
fn plain(policy: &Policy, environment: &BTreeMap<OsString, OsString>, line: &str) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", line]).current_dir(&policy.worktree).env_clear().envs(environment);
    shell
}

fn check(
    policy: &Policy,
    environment: &BTreeMap<OsString, OsString>,
    launcher: &Path,
    line: &str,
) -> Result<(), Error> {
    let socket = match &policy.network {
        Network::Proxy { socket } => Some(socket),
        Network::None | Network::Loopback => None,
    };
    let needed: Vec<&Path> = [policy.worktree.as_path(), launcher]
        .into_iter()
        .chain(policy.git.as_deref())
        .chain(policy.writable.iter().map(PathBuf::as_path))
        .chain(socket.map(PathBuf::as_path))
        .collect();
    let optional = policy.read_only.iter().chain(&policy.masked).map(PathBuf::as_path);
    for path in needed.iter().copied().chain(optional) {
        if !path.is_absolute() {
            return Err(Error::NotAbsolute { path: path.to_owned() });
        }
        if has_zero(path.as_os_str()) {
            return Err(Error::ZeroByte { what: "a path" });
        }
    }
    let shared = policy.writable.iter().chain([&policy.worktree]).find(|path| is_systems(path));
    let all = policy.read_only.iter().find(|path| path.parent().is_none());
    if let Some(path) = shared.or(all) {
        return Err(Error::TooWide { path: path.clone() });
    }
    if let Some(path) = needed.iter().find(|path| path.symlink_metadata().is_err()) {
        return Err(Error::Missing { path: path.to_path_buf() });
    }
    if line.contains('\0') {
        return Err(Error::ZeroByte { what: "the command line" });
    }
    if environment.iter().any(|(name, value)| has_zero(name) || has_zero(value)) {
        return Err(Error::ZeroByte { what: "a variable" });
    }
    Ok(())
}

/// Whether it is the root, or a folder that the walls are built on.
fn is_systems(path: &Path) -> bool {
    const FOLDERS: [&str; 10] =
        ["/", "/usr", "/etc", "/proc", "/dev", "/sys", "/bin", "/sbin", "/lib", "/lib64"];
    // By its parts: `/usr/.` and `//usr` are `/usr`.
    FOLDERS.iter().any(|folder| path.components().eq(Path::new(folder).components()))
}

fn has_zero(word: &OsStr) -> bool {
    word.as_encoded_bytes().contains(&0)
}

/// That `HOME` and `TMPDIR` are where a command can write, so that a mistake in a policy is found
/// before a hundred builds fail in a hundred ways.
#[cfg(target_os = "linux")]
fn writable_home(
    policy: &Policy,
    environment: &BTreeMap<OsString, OsString>,
    besides: &[&str],
) -> Result<(), Error> {
    for variable in ["HOME", "TMPDIR"] {
        let Some(path) = environment.get(OsStr::new(variable)).map(Path::new) else { continue };
        let mut folders = policy.writable.iter().chain([&policy.worktree]);
        let writable = folders.any(|folder| path.starts_with(folder))
            || besides.iter().any(|folder| path.starts_with(folder));
        if !writable {
            return Err(Error::NotWritable { variable, path: path.to_owned() });
        }
    }
    Ok(())
}

#[cfg(target_os = "linux")]
mod linux {
    use super::{BTreeMap, Command, Network, OsString, Path, Policy};
    use crate::bubblewrap::{LAUNCHER, arguments};
    use crate::orders::{Orders, Sockets, Walls};

    pub(super) fn bubblewrap(
        program: &Path,
        policy: &Policy,
        environment: &BTreeMap<OsString, OsString>,
        launcher: &Path,
        line: &str,
    ) -> Command {
        let pids = rustix::process::geteuid().is_root() && crate::limits::holds_root();
        let orders = Orders {
            walls: Walls::Bubblewrap { pids },
            sockets: match policy.network {
                Network::None => Sockets::Unix,
                Network::Loopback => Sockets::Internet,
                Network::Proxy { .. } => Sockets::Bridged,
            },
            ..orders(policy, environment, line)
        };
        let mut bwrap = Command::new(program);
        // What is set for the supervisor, `LD_PRELOAD` or a key, is not meant for it.
        bwrap.env_clear().args(arguments(policy, launcher, pids)).arg(LAUNCHER);
        bwrap.args(orders.arguments());
        bwrap
    }

    pub(super) fn landlock(
        policy: &Policy,
        environment: &BTreeMap<OsString, OsString>,
        launcher: &Path,
        line: &str,
    ) -> Command {
        let mut orders = orders(policy, environment, line);
        orders.read_only.push(launcher.to_owned());
        let mut command = Command::new(launcher);
        command.env_clear().current_dir(&policy.worktree).args(orders.arguments());
        command
    }

    fn orders(policy: &Policy, environment: &BTreeMap<OsString, OsString>, line: &str) -> Orders {
        let mut writable = policy.writable.clone();
        writable.push(policy.worktree.clone());
        Orders {
            walls: Walls::Landlock,
            sockets: Sockets::Unix,
            limits: policy.limits,
            writable,
            read_only: policy.read_only.clone(),
            environment: environment.clone(),
            line: line.into(),
        }
    }
}
