//! The walls that bubblewrap builds: its options for a policy.

use crate::{Network, Policy, system};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// Where the launcher is in the sandbox.
pub(crate) const LAUNCHER: &str = "/equitr-sandbox";
/// Where the proxy's socket is in the sandbox.
pub(crate) const PROXY_SOCKET: &str = "/equitr-proxy";
/// Where the launcher finds the file that limits process ids, and nobody after it.
pub(crate) const PIDS: &str = "/equitr-pid-max";

/// What else of `/proc` root may write without any capability.
///
/// Of `/proc/sys` root may write all, the name of the program that is run when something crashes
/// included, and anybody what belongs to their namespaces. Bubblewrap covers `/proc/irq`, `/proc/bus`
/// and `/proc/sysrq-trigger` by itself, and `/proc/sys` only where that is not needed.
const ROOTS_OWN: [&str; 7] = [
    "/proc/acpi",
    "/proc/asound",
    "/proc/driver",
    "/proc/dynamic_debug",
    "/proc/fs",
    "/proc/mtrr",
    "/proc/scsi",
];

/// Options that older versions lack; the last came with 0.8.0.
pub(crate) const NEEDED: [&str; 5] =
    ["--clearenv", "--perms", "--size", "--remount-ro", "--disable-userns"];

/// What of its namespaces, capabilities and session is cut off.
const CUT: [&str; 10] = [
    "--unshare-all",
    "--unshare-user",
    "--disable-userns",
    "--cap-drop",
    "ALL",
    "--die-with-parent",
    "--as-pid-1",
    "--new-session",
    "--clearenv",
    "--ro-bind",
];

/// Bubblewrap's arguments up to the program that it runs, which is not among them.
///
/// With `pids`, the launcher is given the file that limits the number of process ids.
pub(crate) fn arguments(policy: &Policy, launcher: &Path, pids: bool) -> Vec<OsString> {
    let mut options = Options { words: CUT.iter().map(OsString::from).collect() };
    options.words.extend(["/usr".into(), "/usr".into()]);
    roots(&mut options);
    for entry in system::etc() {
        match &entry.link {
            Some(target) => {
                options.add(&["--symlink".as_ref(), target.as_os_str(), entry.path.as_os_str()]);
            }
            None => options.bind("--ro-bind", &entry.path),
        }
    }
    options.add(&["--proc", "/proc"]);
    options.add(&["--ro-bind", "/proc/sys", "/proc/sys"]);
    if rustix::process::geteuid().is_root() {
        for path in ROOTS_OWN {
            options.bind("--ro-bind-try", Path::new(path));
        }
    }
    options.add(&["--dev", "/dev"]);
    options.tmpfs("/tmp", policy.temp_bytes);
    options.tmpfs("/dev/shm", policy.shared_memory_bytes);
    for (option, path) in binds(policy) {
        options.bind(option, &path);
    }
    for path in &policy.masked {
        // Bubblewrap would make an empty file where there is none, and that on the host.
        for place in places(policy, path).iter().filter(|place| place.exists()) {
            options.mask(place);
        }
    }
    if let Network::Proxy { socket } = &policy.network {
        options.add(&["--ro-bind".as_ref(), socket.as_os_str(), PROXY_SOCKET.as_ref()]);
    }
    if pids {
        options.add(&["--bind", "/proc/sys/kernel/pid_max", PIDS]);
    }
    options.add(&["--ro-bind".as_ref(), launcher.as_os_str(), LAUNCHER.as_ref()]);
    // Both are memory that nothing bounds: only what is mounted on them may be written.
    options.add(&["--remount-ro", "/dev", "--remount-ro", "/"]);
    options.add(&["--chdir".as_ref(), policy.worktree.as_os_str(), "--".as_ref()]);
    options.words
}

struct Options {
    words: Vec<OsString>,
}

impl Options {
    fn add<W: AsRef<OsStr>>(&mut self, words: &[W]) {
        self.words.extend(words.iter().map(|word| word.as_ref().to_owned()));
    }

    fn bind(&mut self, option: &str, path: &Path) {
        self.add(&[option.as_ref(), path.as_os_str(), path.as_os_str()]);
    }

    fn tmpfs(&mut self, path: &str, bytes: u64) {
        let bytes = bytes.to_string();
        self.add(&["--perms", "1777", "--size", &bytes, "--tmpfs", path]);
    }

    fn mask(&mut self, path: &Path) {
        let path = path.as_os_str();
        if Path::new(path).is_dir() {
            self.add(&["--perms".as_ref(), "0555".as_ref(), "--tmpfs".as_ref(), path]);
            self.add(&["--remount-ro".as_ref(), path]);
        } else {
            // A device that is bound as such can be opened; as a plain file it could not be read.
            self.add(&["--dev-bind".as_ref(), "/dev/null".as_ref(), path]);
        }
    }
}

/// `/bin` and its like, as they are on the host: links into `/usr`, or folders.
fn roots(options: &mut Options) {
    for root in system::ROOTS.map(Path::new) {
        if let Ok(target) = root.read_link() {
            options.add(&["--symlink".as_ref(), target.as_os_str(), root.as_os_str()]);
        } else if root.is_dir() {
            options.bind("--ro-bind", root);
        }
    }
}

/// What is bound, outer folders first, so that an inner one is not hidden; at one place reading
/// comes last, and so holds.
fn binds(policy: &Policy) -> Vec<(&'static str, PathBuf)> {
    let writable = writable(policy).map(|path| ("--bind", path.clone()));
    let read_only = policy.read_only.iter().map(|path| ("--ro-bind-try", path.clone()));
    let git = policy.git.iter().flat_map(|path| places(policy, path));
    let git = git.map(|path| ("--ro-bind", path));
    let mut binds: Vec<_> = writable.chain(read_only).chain(git).collect();
    binds.sort_by(|a, b| a.1.cmp(&b.1).then(a.0.cmp(b.0)));
    binds.dedup();
    binds
}

fn writable(policy: &Policy) -> impl Iterator<Item = &PathBuf> {
    policy.writable.iter().chain([&policy.worktree])
}

/// Everywhere in the sandbox where what is at `path` on the host can be found: folders are bound
/// under the names they were given by, which may lead through links, or one into another.
fn places(policy: &Policy, path: &Path) -> Vec<PathBuf> {
    let Ok(target) = path.canonicalize() else { return Vec::new() };
    let mut places: Vec<PathBuf> = writable(policy)
        .chain(&policy.read_only)
        .filter_map(|folder| {
            let below = target.strip_prefix(folder.canonicalize().ok()?).ok()?;
            let is_folder_itself = below.as_os_str().is_empty();
            Some(if is_folder_itself { folder.clone() } else { folder.join(below) })
        })
        .collect();
    places.sort();
    places.dedup();
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inner_folders_are_bound_after_outer_ones_and_reading_holds() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        std::fs::create_dir_all(at("a/b/.git")).unwrap();
        let mut policy = Policy::new(at("a/b"));
        policy.git = Some(at("a/b/.git"));
        policy.read_only = vec![at("a"), at("a/b-c"), at("a/b/vendor"), at("w")];
        policy.writable = vec![at("w"), at("a/b/vendor/cache")];
        let told: Vec<String> = binds(&policy)
            .iter()
            .map(|(option, path)| {
                format!("{option} {}", path.strip_prefix(root.path()).unwrap().display())
            })
            .collect();
        assert_eq!(
            told,
            [
                "--ro-bind-try a",
                "--bind a/b",
                "--ro-bind a/b/.git",
                "--ro-bind-try a/b/vendor",
                "--bind a/b/vendor/cache",
                "--ro-bind-try a/b-c",
                "--bind w",
                "--ro-bind-try w",
            ]
        );
    }
}
