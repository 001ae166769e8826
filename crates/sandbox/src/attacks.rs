//! Attacks that a sandbox has to stop, as small programs that are run in it.
//!
//! Each is first run without any sandbox: one that does not succeed there proves nothing when it
//! fails inside. The targets are made for it, in a folder that the caller gives; nothing of the
//! user's own is touched.

mod attempt;
mod scene;

pub(crate) use attempt::{ATTACK, attempt};

use crate::{Backend, Error};
use scene::{Scene, Tried};
use std::fmt;
use std::path::Path;

/// What an agent's command could try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Attack {
    /// Writes to a start-up file in the user's home.
    WriteHome,
    /// Reads a private key in the user's home.
    ReadKey,
    /// Reads another process's environment.
    ReadEnvironment,
    /// Ends another process by a signal.
    Signal,
    /// Takes hold of another process by ptrace.
    Ptrace,
    /// Connects to a TCP service on the host's loopback interface.
    Tcp,
    /// Sends a UDP packet to a service on the host.
    Udp,
    /// Connects to an abstract Unix socket.
    AbstractSocket,
    /// Connects to a Unix socket with a path, as Docker's.
    PathSocket,
    /// Makes a socket to the hypervisor.
    Vsock,
    /// Makes a socket to the kernel's network settings.
    Netlink,
    /// Makes an `io_uring`, which passes by system call filters.
    IoUring,
    /// Makes a user namespace, and with it has capabilities.
    UserNamespace,
    /// Writes through a symbolic link that leads out of the worktree.
    SymbolicLink,
    /// Writes through a hard link to a file outside of the worktree.
    HardLink,
    /// Lists and reads other tasks' worktrees.
    OtherTasks,
    /// Replaces the worktree's `.git`, so that the user's git reads another configuration.
    ReplaceGit,
    /// Adds a hook to the repository.
    AddHook,
    /// Reads a variable of the supervisor's environment, such as a key.
    ReadOwnEnvironment,
    /// Reads what others keep in `/dev/shm`.
    SharedMemory,
    /// Becomes root by a program that is set to do so.
    SetUid,
    /// Leaves a program behind that goes on after the command.
    Daemon,
    /// Mounts, or mounts what is read-only anew.
    Mount,
    /// Writes a setting of the kernel's, as root without any capability may.
    KernelSetting,
    /// Leaves a program in the worktree that acts as its owner, whoever runs it.
    LeaveSetUid,
}

/// An attack's name, as a person reads it; their order is the attacks' numbers, from 1.
const NAMES: [(Attack, &str); 25] = [
    (Attack::WriteHome, "write a start-up file in the user's home"),
    (Attack::ReadKey, "read a private key in the user's home"),
    (Attack::ReadEnvironment, "read another process's environment"),
    (Attack::Signal, "end another process by a signal"),
    (Attack::Ptrace, "take hold of another process by ptrace"),
    (Attack::Tcp, "connect to TCP on the host's loopback"),
    (Attack::Udp, "send UDP to the host"),
    (Attack::AbstractSocket, "connect to an abstract Unix socket"),
    (Attack::PathSocket, "connect to a Unix socket with a path"),
    (Attack::Vsock, "make a socket to the hypervisor"),
    (Attack::Netlink, "make a socket to the network's settings"),
    (Attack::IoUring, "make an io_uring"),
    (Attack::UserNamespace, "make a user namespace"),
    (Attack::SymbolicLink, "write through a symbolic link"),
    (Attack::HardLink, "write through a hard link"),
    (Attack::OtherTasks, "read other tasks' worktrees"),
    (Attack::ReplaceGit, "replace the worktree's `.git`"),
    (Attack::AddHook, "add a hook to the repository"),
    (Attack::ReadOwnEnvironment, "read the supervisor's variables"),
    (Attack::SharedMemory, "read others' shared memory"),
    (Attack::SetUid, "become root by a setuid program"),
    (Attack::Daemon, "leave a program behind"),
    (Attack::Mount, "mount"),
    (Attack::KernelSetting, "write a setting of the kernel"),
    (Attack::LeaveSetUid, "leave a setuid program in the worktree"),
];

impl fmt::Display for Attack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = NAMES.iter().find(|(attack, _)| attack == self);
        f.write_str(name.map_or("", |(_, name)| name))
    }
}

impl Attack {
    /// All of them, in the order of their numbers.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|(attack, _)| *attack)
    }

    /// From 1.
    pub fn number(self) -> usize {
        Self::all().take_while(|attack| *attack != self).count() + 1
    }

    /// Whether this sandbox is known not to stop it; its
    /// [`weaknesses`](Backend::weaknesses) say so.
    pub fn is_known_to_leak(self, backend: &Backend) -> bool {
        match backend {
            Backend::Bubblewrap { .. } => false,
            Backend::Landlock { abi } => match self {
                Self::ReplaceGit | Self::Daemon => true,
                Self::PathSocket => *abi < 9,
                Self::Signal | Self::AbstractSocket => *abi < 6,
                Self::WriteHome
                | Self::ReadKey
                | Self::ReadEnvironment
                | Self::Ptrace
                | Self::Tcp
                | Self::Udp
                | Self::Vsock
                | Self::Netlink
                | Self::IoUring
                | Self::UserNamespace
                | Self::SymbolicLink
                | Self::HardLink
                | Self::OtherTasks
                | Self::AddHook
                | Self::ReadOwnEnvironment
                | Self::SharedMemory
                | Self::SetUid
                | Self::Mount
                | Self::KernelSetting
                | Self::LeaveSetUid => false,
            },
            Backend::Off => true,
        }
    }
}

/// What became of an attack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It succeeds without a sandbox, and not in it.
    Blocked,
    /// It succeeds in the sandbox.
    Leaked,
    /// It does not succeed here without a sandbox either, so its failure in it proves nothing; or it
    /// could not be run in it.
    NotProvable {
        /// What it failed of.
        why: String,
    },
}

/// Runs every attack without a sandbox and in this one, and tells what became of each.
///
/// `folder` is an empty folder of this user's, by its absolute path, for targets; what is in it afterwards is of no use.
/// `launcher` is as for [`wrap`](crate::wrap). It takes some seconds: a program that an attack
/// leaves behind ends by itself after 3 s. Fails when the targets can't be made.
pub fn run_all(
    backend: &Backend,
    launcher: &Path,
    folder: &Path,
) -> Result<Vec<(Attack, Verdict)>, Error> {
    let scene = |name: &str| {
        Scene::new(&folder.join(name), launcher).map_err(|source| Error::Targets { source })
    };
    let (bare, sandboxed) = (scene("bare")?, scene("sandboxed")?);
    let mut verdicts = Vec::new();
    for attack in Attack::all() {
        let verdict = match bare.run(attack, None)? {
            Tried::Failed(why) | Tried::DidNotRun(why) => Verdict::NotProvable { why },
            Tried::Succeeded => match sandboxed.run(attack, Some(backend))? {
                Tried::Succeeded => Verdict::Leaked,
                Tried::Failed(_) => Verdict::Blocked,
                Tried::DidNotRun(why) => Verdict::NotProvable { why },
            },
        };
        verdicts.push((attack, verdict));
    }
    Ok(verdicts)
}
