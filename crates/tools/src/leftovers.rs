//! Processes that outlived their command, found by a variable in their environment.
//!
//! A process can clear its environment, or be another user's: this tidies up after accidents and
//! holds nothing back.

/// The variable that a run gives to every command's environment, its id the value.
pub const RUN_VARIABLE: &str = "EQUITR_RUN";

/// Kills every process of this user whose environment has exactly `EQUITR_RUN=<marker>`; gives back
/// how many.
///
/// For a run that is taken up again after its engine was killed: its commands may still be writing.
/// Never kills a process without the variable, nor the caller; an empty marker matches none. It
/// waits until they are gone, 2 s at most, so call it where blocking is allowed. On other systems
/// than Linux an environment can't be read and nothing is killed.
pub fn kill_leftovers(marker: &str) -> usize {
    kill_with_variable(RUN_VARIABLE, marker)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn kill_with_variable(_name: &str, _value: &str) -> usize {
    0
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn signal_with_variable(
    _name: &str,
    _value: &str,
    _but: Option<rustix::process::Pid>,
    _signal: rustix::process::Signal,
) {
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn kill_children(_parent: rustix::process::Pid) -> bool {
    false
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn kill_process(_number: i32, _is_still: impl Fn() -> bool) {}

#[cfg(target_os = "linux")]
pub(crate) use linux::{kill_children, kill_process, kill_with_variable, signal_with_variable};

#[cfg(target_os = "linux")]
mod linux {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
    use std::collections::BTreeSet;
    use std::os::fd::OwnedFd;
    use std::os::unix::fs::MetadataExt;
    use std::time::{Duration, Instant};

    /// A killed process is gone in milliseconds; one that is not hangs in the kernel.
    const GONE_WITHIN: Duration = Duration::from_secs(2);

    /// Looks at processes that show no environment: becoming another program takes less than a
    /// millisecond where a processor is free, and some programs never have one.
    const LOOKS_MAX: u32 = 5;
    const LOOK_AGAIN: Duration = Duration::from_millis(1);

    /// Kills every process of this user with `name=value` in its environment, but not the caller.
    pub(crate) fn kill_with_variable(name: &str, value: &str) -> usize {
        if value.is_empty() || value.contains('\0') {
            return 0;
        }
        let entry = format!("{name}={value}");
        let deadline = Instant::now() + GONE_WITHIN;
        let mut killed = BTreeSet::new();
        let mut looks = 0;
        // Again until none is found: one may have forked while the others were being killed.
        loop {
            let (found, unsure) = processes_with(entry.as_bytes());
            if found.is_empty() && (unsure == 0 || looks == LOOKS_MAX) {
                return killed.len();
            }
            if found.is_empty() {
                looks += 1;
                std::thread::sleep(LOOK_AGAIN);
                continue;
            }
            for (pid, process) in &found {
                if pidfd_send_signal(process, Signal::KILL).is_ok() {
                    killed.insert(*pid);
                }
            }
            for (_, process) in &found {
                wait_until_gone(process, deadline);
            }
            if Instant::now() >= deadline {
                return killed.len();
            }
        }
    }

    /// Signals once every process of this user with `name=value` in its environment, except `but` and
    /// the caller.
    pub(crate) fn signal_with_variable(name: &str, value: &str, but: Option<Pid>, signal: Signal) {
        let (found, _) = processes_with(format!("{name}={value}").as_bytes());
        for (pid, process) in found {
            if but.is_none_or(|but| but.as_raw_nonzero().get() != pid) {
                // One that has ended meanwhile needs no signal.
                let _ = pidfd_send_signal(&process, signal);
            }
        }
    }

    /// Kills the children of a process; false if there are none, or the kernel does not tell.
    pub(crate) fn kill_children(parent: Pid) -> bool {
        let open =
            |pid: i32| Some((pid, pidfd_open(Pid::from_raw(pid)?, PidfdFlags::empty()).ok()?));
        let found: Vec<(i32, OwnedFd)> = children(parent).into_iter().filter_map(open).collect();
        // A number may have gone to another process before the handle was taken.
        let still = children(parent);
        let theirs = found.iter().filter(|(pid, _)| still.contains(pid));
        theirs.filter(|(_, child)| pidfd_send_signal(child, Signal::KILL).is_ok()).count() > 0
    }

    /// Kills the process of this number if, its handle taken, it is still the one that is meant.
    pub(crate) fn kill_process(number: i32, is_still: impl Fn() -> bool) {
        let handle = Pid::from_raw(number).map(|pid| pidfd_open(pid, PidfdFlags::empty()));
        if let Some(Ok(process)) = handle
            && is_still()
        {
            // It may have ended meanwhile.
            let _ = pidfd_send_signal(&process, Signal::KILL);
        }
    }

    fn children(parent: Pid) -> Vec<i32> {
        let pid = parent.as_raw_nonzero();
        let listed = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
        listed.unwrap_or_default().split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
    }

    /// The processes, and how many show no environment just now: one that is becoming another
    /// program has none for a moment.
    fn processes_with(entry: &[u8]) -> (Vec<(i32, OwnedFd)>, usize) {
        let Ok(all) = std::fs::read_dir("/proc") else { return (Vec::new(), 0) };
        let own_pid = std::process::id();
        let own_user = rustix::process::geteuid().as_raw();
        let mut found = Vec::new();
        let mut unsure = 0;
        for process in all.flatten() {
            let Some(number) = process.file_name().to_str().and_then(|n| n.parse::<i32>().ok())
            else {
                continue;
            };
            let ours = process.metadata().is_ok_and(|meta| meta.uid() == own_user);
            if !ours || u32::try_from(number) == Ok(own_pid) {
                continue;
            }
            if !has(number, entry) {
                unsure += usize::from(shows_none(number));
                continue;
            }
            let Some(pid) = Pid::from_raw(number) else { continue };
            let Ok(handle) = pidfd_open(pid, PidfdFlags::empty()) else { continue };
            // The number may have gone to another process before the handle was taken.
            if has(number, entry) {
                found.push((number, handle));
            }
        }
        (found, unsure)
    }

    /// Whether a program (the kernel's own threads are none) shows an empty environment.
    fn shows_none(pid: i32) -> bool {
        std::fs::read(format!("/proc/{pid}/environ")).is_ok_and(|environ| environ.is_empty())
            && std::fs::read_link(format!("/proc/{pid}/exe")).is_ok()
    }

    fn has(pid: i32, entry: &[u8]) -> bool {
        std::fs::read(format!("/proc/{pid}/environ"))
            .is_ok_and(|environ| environ.split(|byte| *byte == 0).any(|found| found == entry))
    }

    fn wait_until_gone(process: &OwnedFd, deadline: Instant) {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout =
            Timespec { tv_sec: left.as_secs().cast_signed(), tv_nsec: left.subsec_nanos().into() };
        // Whether it is gone is seen by the next look at all processes.
        let _ = poll(&mut [PollFd::new(process, PollFlags::IN)], Some(&timeout));
    }
}
