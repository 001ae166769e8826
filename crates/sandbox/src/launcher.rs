//! The program once more, inside the sandbox: it sets what bubblewrap can't, then becomes the shell.

use crate::orders::{EXEC, Orders, Sockets, Walls};
use crate::{attacks, bridge, fence, filter, limits};
use rustix::process::{Signal, WaitOptions, set_parent_process_death_signal, wait};
use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities, set_no_new_privs};
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Exit code of a command that can't be run; shells use it so.
const CANT_RUN: i32 = 126;

/// What shells add to a signal's number for the exit code of what it killed.
const SIGNALLED: i32 = 128;

const SHELL: &str = "/bin/sh";

/// The first descriptor that is not standard input, output or error.
const FIRST_OTHER: i32 = 3;

/// Becomes the command, when these arguments of the program ask for it; else gives back at once.
///
/// The first thing that `main` calls, with `std::env::args_os()`, before any thread is started.
/// If anything can't be set up, says so on standard error and exits with 126.
pub fn launch_if_asked(args: impl IntoIterator<Item = OsString>) {
    let mut args = args.into_iter().skip(1);
    let Some(asked) = args.next() else { return };
    if asked == EXEC {
        let words: Vec<OsString> = args.collect();
        eprintln!("equitr-sandbox: {}", become_command(&words));
        std::process::exit(CANT_RUN);
    } else if asked == attacks::ATTACK {
        let words: Vec<OsString> = args.collect();
        std::process::exit(attacks::attempt(&words));
    }
}

/// Gives back only what went wrong.
fn become_command(words: &[OsString]) -> String {
    let orders = match Orders::read(words) {
        Ok(orders) => orders,
        Err(word) => return format!("`{}` is not understood", word.display()),
    };
    let variables = match set_up(&orders) {
        Ok(variables) => variables,
        Err(failed) => return failed,
    };
    let mut shell = Command::new(SHELL);
    shell.arg("-c").arg(&orders.line).env_clear().envs(&orders.environment).envs(variables);
    let failed = match orders.walls {
        Walls::Landlock => shell.exec(),
        Walls::Bubblewrap { .. } => match run_as_first(&mut shell) {
            Ok(code) => std::process::exit(code),
            Err(error) => error,
        },
    };
    format!("{SHELL}: {failed}")
}

/// Runs the shell as the first process of a namespace, and gives back its exit code.
///
/// When the first process ends, the kernel kills all others, and only then tells its parent. With
/// bubblewrap's own first process the parent is told a moment before, while they still live.
fn run_as_first(shell: &mut Command) -> std::io::Result<i32> {
    let shell = shell.spawn()?;
    loop {
        // Others that lost their parent come to us as well, to be waited for.
        let Some((pid, status)) = wait(WaitOptions::empty())? else { continue };
        if u32::try_from(pid.as_raw_pid()) == Ok(shell.id()) {
            let signalled = || status.terminating_signal().map(|signal| SIGNALLED + signal);
            return Ok(status.exit_status().or_else(signalled).unwrap_or(CANT_RUN));
        }
    }
}

/// Puts all restrictions on this process; gives back the variables that lead to the proxy.
fn set_up(orders: &Orders) -> Result<Vec<(&'static str, String)>, String> {
    let told = |what: &'static str| move |error| format!("{what}: {error}");
    set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(|error| format!("death signal: {error}"))?;
    close_others().map_err(told("open files"))?;
    if orders.walls == (Walls::Bubblewrap { pids: true }) {
        limits::set_pids(orders.limits.processes).map_err(told("process ids"))?;
    }
    let mut limits = orders.limits;
    if orders.walls == Walls::Landlock {
        let present = limits::users_threads().map_err(told("limits"))?;
        limits.processes = limits.processes.saturating_add(present);
    }
    limits::set(&limits).map_err(told("limits"))?;
    let none = CapabilitySet::empty();
    let capabilities = CapabilitySets { effective: none, permitted: none, inheritable: none };
    set_capabilities(None, capabilities).map_err(|error| format!("capabilities: {error}"))?;
    // From here on, no program that is run gets them back.
    set_no_new_privs(true).map_err(|error| format!("no new privileges: {error}"))?;
    match orders.walls {
        Walls::Landlock => fence::put_up(&orders.writable, &orders.read_only)?,
        Walls::Bubblewrap { pids: true } => fence::seal(&orders.writable)?,
        Walls::Bubblewrap { pids: false } => {}
    }
    filter::install(&orders.sockets)?;
    match orders.sockets {
        Sockets::Unix | Sockets::Internet => Ok(Vec::new()),
        Sockets::Bridged => bridge::start().map_err(told("bridge")),
    }
}

/// Closes what was left open by whoever started us: a file's rights are those of who opened it.
fn close_others() -> std::io::Result<()> {
    let mut open = Vec::new();
    for entry in std::fs::read_dir("/proc/self/fd")? {
        open.extend(entry?.file_name().to_str().and_then(|name| name.parse::<i32>().ok()));
    }
    for descriptor in open.into_iter().filter(|descriptor| *descriptor >= FIRST_OTHER) {
        // The one through which they were listed is closed by now.
        let _ = nix::unistd::close(descriptor);
    }
    Ok(())
}
