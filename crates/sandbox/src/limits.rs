//! How much a command may use, set by the launcher on itself before it becomes the command.

use crate::Limits;
use crate::bubblewrap::PIDS;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;

/// Process ids below it are given once only, so this many may stay unused.
const RESERVED_PIDS: u64 = 300;

/// The kernel takes no more.
const PIDS_MAX: u64 = 4 * 1024 * 1024;

/// Sets the limits of this process and of all that come from it.
///
/// Where the process is already under a lower limit, that one stays.
pub(crate) fn set(limits: &Limits) -> io::Result<()> {
    let mut all = vec![
        (Resource::Nproc, limits.processes),
        (Resource::Nofile, limits.open_files),
        (Resource::Fsize, limits.file_bytes),
        (Resource::Core, 0),
    ];
    all.extend(limits.memory_bytes.map(|bytes| (Resource::As, bytes)));
    for (resource, limit) in all {
        let limit = getrlimit(resource).maximum.map_or(limit, |maximum| maximum.min(limit));
        setrlimit(resource, Rlimit { current: Some(limit), maximum: Some(limit) })?;
    }
    Ok(())
}

/// How many processes and threads this user has just now, of all that can be seen.
///
/// For where they all count: a desktop has more than a command may have.
pub(crate) fn users_threads() -> io::Result<u64> {
    let own = rustix::process::geteuid().as_raw();
    let mut threads = 0;
    for process in std::fs::read_dir("/proc")? {
        // A process may end while it is looked at; its folder's links are one for each thread, and two.
        let Ok(meta) = process?.path().join("task").metadata() else { continue };
        if meta.uid() == own {
            threads += meta.nlink().saturating_sub(2);
        }
    }
    Ok(threads)
}

/// Limits the process ids of this process's namespace, which holds for root as well.
pub(crate) fn set_pids(processes: u64) -> io::Result<()> {
    // Never made: outside of bubblewrap's walls it must not be there.
    let mut file = OpenOptions::new().write(true).open(PIDS)?;
    let pids = processes.saturating_add(RESERVED_PIDS).min(PIDS_MAX);
    file.write_all(pids.to_string().as_bytes())
}

/// Whether the number of root's processes can be limited: the kernel's limit on processes does not
/// hold for root, one on process ids does.
///
/// It takes Linux 6.14, where each process namespace has a limit of its own (before, writing it
/// would change the host's), and Landlock, so that a command can't raise it again.
pub(crate) fn holds_root() -> bool {
    let uname = rustix::system::uname();
    uname.release().to_str().is_ok_and(|release| version(release) >= Some((6, 14)))
        && crate::fence::abi().is_some()
}

/// The first two numbers of a kernel's release.
fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernels_version_is_read_from_its_release() {
        assert_eq!(version("6.18.44-fc-v669"), Some((6, 18)));
        assert_eq!(version("6.14"), Some((6, 14)));
        assert_eq!(version("7.0-rc1"), Some((7, 0)));
        assert_eq!(version("6.8.0-45-generic"), Some((6, 8)));
        assert_eq!(version("unknown"), None);
        assert!(version("6.8.0") < Some((6, 14)) && version("odd") < Some((6, 14)));
    }
}
