//! Why a command can't be run in a sandbox, one variant for each thing a caller would do about it.

use std::path::PathBuf;

/// Why there is no sandbox, or a policy can't be had in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No mode has this name.
    #[error("`{mode}` is no sandbox mode; there are auto, bubblewrap, landlock and off")]
    UnknownMode {
        /// The name as it was given.
        mode: String,
    },
    /// Commands are sandboxed on Linux only, and nowhere run without being told to.
    #[error("commands can't be sandboxed on {system}, so none is run")]
    NotLinux {
        /// The operating system, as Rust names it.
        system: &'static str,
    },
    /// No absolute folder of the `PATH` has a `bwrap`.
    #[error("the `bwrap` command of bubblewrap was not found")]
    NoBubblewrap,
    /// The installed bubblewrap is from before 0.8.0.
    #[error("`{program}` ({version}) has no option `{lacks}`; bubblewrap 0.8.0 or newer is needed")]
    OldBubblewrap {
        /// The program.
        program: PathBuf,
        /// What `bwrap --version` prints.
        version: String,
        /// The first option that it lacks.
        lacks: &'static str,
    },
    /// A trivial command did not run in the sandbox.
    #[error("a trial command could not be sandboxed by {by}: {said}")]
    TrialFailed {
        /// Which sandbox was tried.
        by: &'static str,
        /// What was said on standard error, or how the trial ended.
        said: String,
    },
    /// The kernel has no Landlock, or it is turned off.
    #[error("the kernel has no Landlock")]
    NoLandlock,
    /// The kernel's Landlock can't stop files from being cut short.
    #[error("the kernel's Landlock has ABI {abi}; ABI {needed} or newer (Linux 6.2) is needed")]
    OldLandlock {
        /// What the kernel has.
        abi: u32,
        /// The oldest that would do.
        needed: u32,
    },
    /// Neither bubblewrap nor Landlock can be used.
    #[error("there is no sandbox: {bubblewrap}; {landlock}")]
    Neither {
        /// Why not bubblewrap.
        bubblewrap: Box<Error>,
        /// Why not Landlock.
        landlock: Box<Error>,
    },
    /// A path of the policy is relative.
    #[error("`{path}` is not an absolute path")]
    NotAbsolute {
        /// The path.
        path: PathBuf,
    },
    /// A path of the policy that has to be there is not.
    #[error("`{path}` does not exist")]
    Missing {
        /// The path.
        path: PathBuf,
    },
    /// A path of the policy is the root or one of the system's own folders.
    #[error("`{path}` is the system's, not to be opened to commands")]
    TooWide {
        /// The path.
        path: PathBuf,
    },
    /// `HOME` or `TMPDIR` names a folder that a command could not write to.
    #[error("`{variable}` is `{path}`, which a command in the sandbox can't write to")]
    NotWritable {
        /// The variable.
        variable: &'static str,
        /// Its value.
        path: PathBuf,
    },
    /// Landlock has no network of its own to put a proxy or a loopback into.
    #[error("only bubblewrap gives a command a network of its own")]
    NetworkNeedsBubblewrap,
    /// The command line, a variable or a path holds a zero byte.
    #[error("{what} holds a zero byte")]
    ZeroByte {
        /// What holds it.
        what: &'static str,
    },
    /// The name of an allowed host is not one.
    #[error("`{name}` is neither a host, nor `*.` and a domain, nor `registries`")]
    BadHost {
        /// The name as it was given.
        name: String,
    },
    /// A target of the attacks could not be made, or one of their processes not be started.
    #[error("the attacks can't be tried")]
    Targets {
        /// What the system said.
        source: std::io::Error,
    },
    /// The proxy's socket could not be made.
    #[error("the proxy can't listen on `{path}`")]
    Listen {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl Error {
    /// What a person can do about it, where there is something.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoBubblewrap => Some("install it, such as with `apt-get install bubblewrap`"),
            Self::OldBubblewrap { .. } => Some("install bubblewrap 0.8.0 or newer"),
            Self::TrialFailed { said, .. } => hint_of(said),
            Self::NoLandlock => Some("boot with `lsm=landlock,…`, or use bubblewrap"),
            Self::OldLandlock { .. } => Some("use bubblewrap, or a newer kernel"),
            Self::Neither { bubblewrap, .. } => bubblewrap.hint(),
            Self::NotLinux { .. } => Some("use Linux (on Windows: WSL2)"),
            Self::NetworkNeedsBubblewrap => Some("use bubblewrap, or no network"),
            Self::UnknownMode { .. }
            | Self::NotAbsolute { .. }
            | Self::Missing { .. }
            | Self::TooWide { .. }
            | Self::NotWritable { .. }
            | Self::ZeroByte { .. }
            | Self::BadHost { .. }
            | Self::Targets { .. }
            | Self::Listen { .. } => None,
        }
    }
}

/// What helps, by bubblewrap's own words.
fn hint_of(said: &str) -> Option<&'static str> {
    const HINTS: [(&str, &str); 6] = [
        ("setuid", "make `bwrap` a program without special rights: `chmod u-s`"),
        (
            "Resource temporarily unavailable",
            "the user's or the machine's limit on processes is reached",
        ),
        (
            "mount proc",
            "this is a container that forbids a fresh /proc; run it with more rights (Docker: \
             `--security-opt systempaths=unconfined`)",
        ),
        (
            "uid map",
            "user namespaces are restricted; on Ubuntu: `sysctl \
             kernel.apparmor_restrict_unprivileged_userns=0`, or an AppArmor profile for bwrap",
        ),
        (
            "loopback",
            "user namespaces are restricted; on Ubuntu: `sysctl \
             kernel.apparmor_restrict_unprivileged_userns=0`, or an AppArmor profile for bwrap",
        ),
        (
            "namespace",
            "allow user namespaces: `sysctl kernel.unprivileged_userns_clone=1` (Debian), \
             `sysctl user.max_user_namespaces=10000`, or in a container a seccomp profile that \
             permits them",
        ),
    ];
    HINTS.iter().find(|(words, _)| said.contains(words)).map(|(_, hint)| *hint)
}
