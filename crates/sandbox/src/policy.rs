//! What one command may see, change and use.

use std::path::PathBuf;

/// Bytes in a mebibyte.
const MIB: u64 = 1024 * 1024;

/// What a command may see, change and use; everything that is not named here is out of its reach.
///
/// All paths are absolute. The system's own folders (`/usr`, `/bin`, `/lib*` and the few files of
/// `/etc` that programs can't do without) are always there to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Where the command runs, and may change anything but `git`. It has to belong to the user who
    /// runs the program: nobody in the sandbox may pass over the rights of files, root neither.
    pub worktree: PathBuf,
    /// The worktree's `.git`, a folder or a file that points elsewhere: to be read only. Where it
    /// points to belongs into `read_only`. It must exist, or a command could make one.
    pub git: Option<PathBuf>,
    /// Files and folders to be read, such as toolchains and the repository's objects. One that
    /// does not exist is left out.
    pub read_only: Vec<PathBuf>,
    /// Folders besides the worktree to be written, such as a home that one agent keeps. `HOME` and
    /// `TMPDIR` of a command have to lie in one of these, in the worktree, or (with bubblewrap) in
    /// the private `/tmp`. They have to exist.
    pub writable: Vec<PathBuf>,
    /// Files that look empty, and folders that do: those with secrets. What is written to such a
    /// file vanishes. One that does not exist when the command starts is left out; of a symbolic
    /// link it is the target that looks empty; a hard link to it does not. Bubblewrap only.
    pub masked: Vec<PathBuf>,
    /// How large the private `/tmp` may grow, in bytes; 512 MiB. Bubblewrap only.
    pub temp_bytes: u64,
    /// How large the private `/dev/shm` may grow, in bytes; 64 MiB. Bubblewrap only.
    pub shared_memory_bytes: u64,
    /// Which network it has; none.
    pub network: Network,
    /// How much it may use.
    pub limits: Limits,
}

impl Policy {
    /// The default policy for a command in this worktree, with nothing else to be read or written.
    pub fn new(worktree: impl Into<PathBuf>) -> Self {
        Self {
            worktree: worktree.into(),
            git: None,
            read_only: Vec::new(),
            writable: Vec::new(),
            masked: Vec::new(),
            // A large build's intermediate files; it is memory, so not more than that.
            temp_bytes: 512 * MIB,
            // What Docker gives to a container.
            shared_memory_bytes: 64 * MIB,
            network: Network::None,
            limits: Limits::default(),
        }
    }
}

/// Which network a command has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Network {
    /// None: no socket can be made but Unix ones.
    None,
    /// A loopback interface of its own, on which it can talk to itself. Bubblewrap only.
    Loopback,
    /// Its own loopback interface, and on it a way to the allow-list proxy that listens on this
    /// socket; `http_proxy` and its like are set. Bubblewrap only.
    Proxy {
        /// The socket of a [`Proxy`](crate::proxy::Proxy), on the host.
        socket: PathBuf,
    },
}

/// How much a command may use; a lower limit that the program itself is under stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Processes and threads at once; 512. A parallel build of 16 jobs stays below 200, a fork bomb
    /// doesn't.
    ///
    /// With bubblewrap those of one sandbox are counted; for root, whom the kernel's limit does not
    /// hold, by process ids, and between this many and 300 more fit. With Landlock all
    /// of the user's are counted, and root's are not limited.
    pub processes: u64,
    /// Open files of each process; 4,096. Linkers and file watchers need more than the usual 1,024.
    pub open_files: u64,
    /// The size of each file, in bytes; 1 GiB. No build result of an agent's task is larger.
    pub file_bytes: u64,
    /// The address space of each process, in bytes; not limited, because Java, Go and address
    /// sanitizers reserve far more than they use.
    pub memory_bytes: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { processes: 512, open_files: 4_096, file_bytes: 1024 * MIB, memory_bytes: None }
    }
}
