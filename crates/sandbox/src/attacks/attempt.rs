//! The attacking programs, run by the launcher inside or outside of a sandbox.
//!
//! Whether an attack had its effect is looked at from outside where that can be told; here it is
//! whether it was let.

use super::Attack;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::sys::ptrace;
use nix::sys::signal::{Signal, kill};
use nix::sys::socket::{AddressFamily, SockFlag, SockProtocol, SockType, socket};
use nix::unistd::{Pid, setsid};
use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::os::unix::net::{SocketAddr, UnixStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs};

/// The first argument of an attack; its number and what it needs come behind it.
pub(crate) const ATTACK: &str = "__sandbox-attack";

/// The attack's number of a process that is only there to be attacked.
pub(super) const VICTIM: &str = "victim";
/// The attack's number of the program that is left behind.
pub(super) const LEFT_BEHIND: &str = "left-behind";

/// Long enough to be found alive, short enough to trouble nobody.
const LEFT_BEHIND_LIVES: Duration = Duration::from_secs(3);

/// A program has its rights some microseconds after its start.
const BECOMES_ROOT_WITHIN: Duration = Duration::from_millis(100);
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// What is written where nothing may be.
pub(super) const MARK: &str = "attacked\n";
/// What is in files that nobody may read.
pub(super) const SECRET: &str = "the secret\n";

/// In the rights of a file that is run as its owner.
pub(super) const SETUID_BIT: u32 = 0o4000;

/// Programs that are set to run as root on most systems.
const SETUID: [&str; 6] =
    ["/usr/bin/su", "/bin/su", "/usr/bin/passwd", "/usr/bin/chsh", "/usr/bin/mount", "/bin/mount"];

/// Names a program of which the kernel says at a crash what to run.
const SETTING: &str = "/proc/sys/kernel/core_pattern";

/// The exit code of an attempt that was not let.
pub(super) const REFUSED: i32 = 1;

/// Makes the attempt that the words behind [`ATTACK`] ask for; gives back the exit code, 0 if it was
/// let, and says on standard output what it failed of.
pub(crate) fn attempt(words: &[OsString]) -> i32 {
    let words: Vec<&str> = words.iter().filter_map(|word| word.to_str()).collect();
    match tried(&words) {
        Ok(()) => 0,
        Err(error) => {
            println!("{error}");
            REFUSED
        }
    }
}

fn tried(words: &[&str]) -> io::Result<()> {
    match words {
        [VICTIM] => io::stdin().read_to_end(&mut Vec::new()).map(drop),
        [LEFT_BEHIND, lock] => stay(Path::new(lock)),
        [number, rest @ ..] => {
            let attack = Attack::all().find(|attack| attack.number().to_string() == *number);
            attack.map_or_else(|| Err(unasked()), |attack| attack_with(attack, rest))
        }
        [] => Err(unasked()),
    }
}

fn unasked() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "no such attack")
}

fn attack_with(attack: Attack, words: &[&str]) -> io::Result<()> {
    let word = |index: usize| words.get(index).copied().ok_or_else(unasked);
    let first = word(0)?;
    match attack {
        Attack::WriteHome | Attack::AddHook => fs::write(first, MARK),
        Attack::ReadKey | Attack::SharedMemory => is_secret(fs::read(first)?),
        Attack::ReadEnvironment => is_secret(fs::read(format!("/proc/{}/environ", pid(first)?))?),
        Attack::Signal => Ok(kill(pid(first)?, Signal::SIGTERM)?),
        Attack::Ptrace => Ok(ptrace::seize(pid(first)?, ptrace::Options::empty())?),
        Attack::Tcp => TcpStream::connect(first).map(drop),
        Attack::Udp => UdpSocket::bind("127.0.0.1:0")?.send_to(MARK.as_bytes(), first).map(drop),
        Attack::AbstractSocket => {
            UnixStream::connect_addr(&SocketAddr::from_abstract_name(first)?).map(drop)
        }
        Attack::PathSocket => UnixStream::connect(first).map(drop),
        Attack::Vsock => open_socket(AddressFamily::Vsock, SockType::Stream, None),
        Attack::Netlink => {
            let route = Some(SockProtocol::NetlinkRoute);
            open_socket(AddressFamily::Netlink, SockType::Raw, route)
        }
        Attack::IoUring => io_uring::IoUring::new(2).map(drop),
        Attack::UserNamespace => Ok(unshare(CloneFlags::CLONE_NEWUSER)?),
        Attack::SymbolicLink => {
            symlink(first, word(1)?)?;
            fs::write(word(1)?, MARK)
        }
        Attack::HardLink => {
            fs::hard_link(first, word(1)?)?;
            fs::write(word(1)?, MARK)
        }
        Attack::OtherTasks => {
            let tasks = fs::read_dir(first)?.flatten().count();
            if tasks < 2 {
                return Err(io::Error::other("only the own worktree is there"));
            }
            is_secret(fs::read(word(1)?)?)
        }
        Attack::ReplaceGit => {
            fs::rename(first, word(1)?)?;
            fs::write(first, MARK)
        }
        Attack::ReadOwnEnvironment => find_variable(first),
        Attack::SetUid => run_setuid(),
        Attack::Daemon => leave_behind(first),
        Attack::LeaveSetUid => make_setuid(Path::new(first)),
        Attack::Mount => mount_somewhere(first, word(1)?),
        Attack::KernelSetting => {
            let present = fs::read(SETTING)?;
            // To the value that it has: the attack must not change the machine it is tried on.
            fs::OpenOptions::new().write(true).open(SETTING)?.write_all(&present)
        }
    }
}

fn pid(word: &str) -> io::Result<Pid> {
    word.parse().map(Pid::from_raw).map_err(|_| unasked())
}

fn is_secret(bytes: Vec<u8>) -> io::Result<()> {
    let found = String::from_utf8_lossy(&bytes).contains(SECRET.trim_end());
    if found { Ok(()) } else { Err(io::Error::other("it was read, and no secret was in it")) }
}

fn open_socket(
    family: AddressFamily,
    kind: SockType,
    protocol: Option<SockProtocol>,
) -> io::Result<()> {
    Ok(socket(family, kind, SockFlag::empty(), protocol).map(drop)?)
}

/// Looks for a variable of this name in every environment that can be read.
fn find_variable(name: &str) -> io::Result<()> {
    if env::var_os(name).is_some() {
        return Ok(());
    }
    let entry = format!("{name}=");
    let holds = |process: fs::DirEntry| {
        let environment = fs::read(process.path().join("environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|pair| pair.starts_with(entry.as_bytes()))
    };
    if fs::read_dir("/proc")?.flatten().any(holds) {
        return Ok(());
    }
    Err(io::Error::other("no environment holds it"))
}

/// Makes a program that runs as its owner, in one step or in two.
fn make_setuid(path: &Path) -> io::Result<()> {
    let rights = 0o755 | SETUID_BIT;
    let mut options = fs::OpenOptions::new();
    if options.write(true).create_new(true).mode(rights).open(path).is_ok() {
        return Ok(());
    }
    fs::write(path, MARK)?;
    fs::set_permissions(path, fs::Permissions::from_mode(rights))
}

/// Starts a program that is set to run as root, and looks whether it does.
fn run_setuid() -> io::Result<()> {
    if nix::unistd::geteuid().is_root() {
        return Err(io::Error::other("root has nothing to gain by it"));
    }
    let program = SETUID
        .iter()
        .find(|program| Path::new(program).exists())
        .ok_or_else(|| io::Error::other("there is no such program"))?;
    let mut child = Command::new(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    // It is itself a moment after it has been started.
    let began = Instant::now();
    let mut acts_as_root = false;
    while !acts_as_root && began.elapsed() < BECOMES_ROOT_WITHIN {
        std::thread::sleep(LOOK_AGAIN);
        let status = fs::read_to_string(format!("/proc/{}/status", child.id()))?;
        let users = status.lines().find_map(|line| line.strip_prefix("Uid:")).unwrap_or_default();
        // The real user, then the one it acts as.
        acts_as_root = users.split_whitespace().nth(1) == Some("0");
    }
    // It may have ended.
    let _ = child.kill();
    child.wait()?;
    if acts_as_root {
        return Ok(());
    }
    Err(io::Error::other(format!("{program} does not act as root")))
}

/// Leaves a program behind that holds a lock on a file.
fn leave_behind(lock: &str) -> io::Result<()> {
    let mut child = Command::new(env::current_exe()?)
        .args([ATTACK, LEFT_BEHIND, lock])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    // It says so when it holds the lock.
    let mut said = [0];
    child.stdout.take().ok_or_else(unasked)?.read_exact(&mut said)
}

fn stay(lock: &Path) -> io::Result<()> {
    // Whoever leads a group already has one of its own.
    let _ = setsid();
    let file = fs::File::create(lock)?;
    file.lock()?;
    io::stdout().write_all(b"1")?;
    io::stdout().flush()?;
    std::thread::sleep(LEFT_BEHIND_LIVES);
    Ok(())
}

/// Mounts memory on a folder; with `all`, tries to make the root writable first.
fn mount_somewhere(folder: &str, all: &str) -> io::Result<()> {
    let none: Option<&str> = None;
    let anew = MsFlags::MS_REMOUNT | MsFlags::MS_BIND;
    let remounted = all == "all" && mount(none, "/", none, anew, none).is_ok();
    let mounted = mount(Some("none"), folder, Some("tmpfs"), MsFlags::empty(), none);
    if mounted.is_ok() {
        umount2(folder, MntFlags::MNT_DETACH)?;
    }
    match mounted {
        Err(error) if !remounted => Err(io::Error::from(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}
