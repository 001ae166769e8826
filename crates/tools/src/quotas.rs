//! How much one command may take of the machine, and which of these bounds it passed.

use crate::bounded::size;

const GIB: u64 = 1024 * 1024 * 1024;

/// How much one command may take before it is killed, with all that it started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quotas {
    /// What its worktree, `HOME` and `TMPDIR` may hold together, in bytes; 2 GiB.
    pub disk_bytes: u64,
    /// The memory that its processes may hold together, in bytes; 4 GiB. What is read from files
    /// and can be read again does not count, what is written to the sandbox's `/tmp` and `/dev/shm`
    /// does. Linux only: elsewhere nothing tells it.
    pub memory_bytes: u64,
    /// The processes and threads that it may have at once, the few of the sandbox among them; 512.
    /// Linux only.
    pub processes: u64,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            // More than a build of most projects leaves, and little for many tasks on a disk.
            disk_bytes: 2 * GIB,
            // A large program's linker or a browser's tests stay below, and a usual machine of
            // 16 GiB lives through one command that goes wild.
            memory_bytes: 4 * GIB,
            // A parallel build of 16 jobs stays below 200, a fork bomb does not.
            processes: 512,
        }
    }
}

/// A quota that a command passed, and by how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excess {
    /// Its folders held too much.
    Disk {
        /// What they held, in bytes; `u64::MAX` for more files than are counted.
        bytes: u64,
        /// What they may hold, in bytes.
        bytes_max: u64,
    },
    /// Its processes held too much memory.
    Memory {
        /// What they held, in bytes.
        bytes: u64,
        /// What they may hold, in bytes.
        bytes_max: u64,
    },
    /// It had too many processes.
    Processes {
        /// How many there were, threads among them.
        count: u64,
        /// How many there may be.
        count_max: u64,
    },
}

impl Excess {
    /// In words, with the setting that raises the quota.
    pub(crate) fn told(&self) -> String {
        let (held, allowed, setting) = match *self {
            Self::Disk { bytes, bytes_max } => {
                let held = match bytes {
                    u64::MAX => "more than a million files".to_owned(),
                    bytes => size(bytes),
                };
                let held = format!("the worktree and its home hold {held}");
                (held, size(bytes_max), "orchestrator.disk_mib")
            }
            Self::Memory { bytes, bytes_max } => {
                let held = format!("the command held {} of memory", size(bytes));
                (held, size(bytes_max), "orchestrator.memory_mib")
            }
            Self::Processes { count, count_max } => {
                let held = format!("the command had {count} processes and threads at once");
                (held, count_max.to_string(), "orchestrator.processes")
            }
        };
        format!("stopped: {held}, at most {allowed} are allowed by `{setting}`")
    }
}
