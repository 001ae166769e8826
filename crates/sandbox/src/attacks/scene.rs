//! The targets of the attacks, and what is to be seen of an attack from outside.

use super::Attack;
use super::attempt::{ATTACK, MARK, REFUSED, SECRET, SETUID_BIT, VICTIM};
use crate::bubblewrap::LAUNCHER;
use crate::{Backend, Error, Policy, wrap};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io;
use std::net::{TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A process that was sent a signal ends within a few milliseconds.
const ENDS_WITHIN: Duration = Duration::from_millis(500);
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// Where commands find programs.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// How an attack went.
pub(super) enum Tried {
    Succeeded,
    /// And what it failed of.
    Failed(String),
    /// Or ended in a way that says nothing.
    DidNotRun(String),
}

/// The targets, made anew for each sandbox.
pub(super) struct Scene {
    launcher: PathBuf,
    /// The user's home, which is out of reach.
    home: PathBuf,
    /// The repository, which may be read.
    hub: PathBuf,
    tasks: PathBuf,
    worktree: PathBuf,
    /// The agent's home, which may be written.
    own_home: PathBuf,
    /// A file outside, for links.
    outside: [PathBuf; 2],
    tcp: TcpListener,
    udp: UdpSocket,
    socket: PathBuf,
    abstract_name: String,
    /// Nobody has to answer at them.
    _listeners: [UnixListener; 2],
    /// Nothing where memory can't be shared.
    shared_memory: Option<PathBuf>,
}

impl Drop for Scene {
    fn drop(&mut self) {
        if let Some(path) = &self.shared_memory {
            // It is ours alone, and small.
            let _ = fs::remove_file(path);
        }
    }
}

impl Scene {
    /// Makes the targets in a new folder.
    pub(super) fn new(folder: &Path, launcher: &Path) -> io::Result<Self> {
        let at = |name: &str| folder.join(name);
        let (home, hub, tasks) = (at("home"), at("hub"), at("tasks"));
        let (worktree, own_home) = (tasks.join("own"), at("own-home"));
        let folders =
            [home.join(".ssh"), hub.join("hooks"), worktree.join("mount"), tasks.join("other")];
        for folder in folders.iter().chain([&own_home]) {
            fs::create_dir_all(folder)?;
        }
        let outside = [at("outside-1"), at("outside-2")];
        fs::write(home.join(".ssh/id_rsa"), SECRET)?;
        fs::write(tasks.join("other/file"), SECRET)?;
        fs::write(worktree.join(".git"), format!("gitdir: {}\n", hub.display()))?;
        for path in &outside {
            fs::write(path, "untouched\n")?;
        }
        let udp = UdpSocket::bind("127.0.0.1:0")?;
        udp.set_nonblocking(true)?;
        let tcp = TcpListener::bind("127.0.0.1:0")?;
        // The port is this scene's alone, and so are names with it.
        let name = format!("equitr-attack-{}-{}", std::process::id(), tcp.local_addr()?.port());
        let socket = at("socket");
        let _listeners = [
            UnixListener::bind(&socket)?,
            UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name)?)?,
        ];
        let shared = Path::new("/dev/shm").join(&name);
        let shared_memory = fs::write(&shared, SECRET).is_ok().then_some(shared);
        let (launcher, abstract_name) = (launcher.to_owned(), name);
        Ok(Self {
            launcher,
            home,
            hub,
            tasks,
            worktree,
            own_home,
            outside,
            tcp,
            udp,
            socket,
            abstract_name,
            _listeners,
            shared_memory,
        })
    }

    /// Runs the attack, in a sandbox if one is given.
    pub(super) fn run(&self, attack: Attack, backend: Option<&Backend>) -> Result<Tried, Error> {
        let targets = |source| Error::Targets { source };
        let words = match self.words(attack, backend.is_some()).map_err(targets)? {
            Ok(words) => words,
            Err(why) => return Ok(Tried::Failed(why)),
        };
        let needs_victim =
            matches!(attack, Attack::ReadEnvironment | Attack::Signal | Attack::Ptrace);
        let mut victim = needs_victim.then(|| self.victim()).transpose().map_err(targets)?;
        let mut all = vec![ATTACK.to_owned(), attack.number().to_string()];
        all.extend(victim.iter().map(|victim| victim.id().to_string()).chain(words));
        let mut command = match backend {
            None => {
                let mut command = Command::new(&self.launcher);
                command.args(&all).current_dir(&self.worktree);
                command
            }
            Some(backend) => self.wrapped(backend, &all)?,
        };
        let tried = self.look(attack, &mut command, victim.as_mut()).map_err(targets)?;
        if let Some(victim) = &mut victim {
            // It may have ended.
            let _ = victim.kill();
            victim.wait().map_err(targets)?;
        }
        Ok(tried)
    }

    /// Runs it to its end, and looks what it did.
    fn look(
        &self,
        attack: Attack,
        command: &mut Command,
        victim: Option<&mut Child>,
    ) -> io::Result<Tried> {
        let output = command.stdin(Stdio::null()).output()?;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).trim().to_owned();
        Ok(match output.status.code() {
            Some(0) if self.had_effect(attack, victim)? => Tried::Succeeded,
            Some(0) => Tried::Failed("it had no effect outside".to_owned()),
            Some(REFUSED) => Tried::Failed(said),
            Some(_) | None => Tried::DidNotRun(format!("{}: {said}", output.status)),
        })
    }

    /// A process with a secret in its environment, which ends when it is dropped.
    fn victim(&self) -> io::Result<Child> {
        Command::new(&self.launcher)
            .args([ATTACK, VICTIM])
            .env("ATTACKED", SECRET.trim_end())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
    }

    fn wrapped(&self, backend: &Backend, words: &[String]) -> Result<Command, Error> {
        let mut policy = Policy::new(&self.worktree);
        policy.git = Some(self.worktree.join(".git"));
        policy.read_only = vec![self.hub.clone()];
        policy.writable = vec![self.own_home.clone()];
        let launcher = match backend {
            Backend::Bubblewrap { .. } => LAUNCHER.to_owned(),
            Backend::Landlock { .. } | Backend::Off => self.launcher.display().to_string(),
        };
        let quoted = |word: &str| format!("'{}'", word.replace('\'', r"'\''"));
        let line: Vec<String> = [launcher.as_str()]
            .into_iter()
            .chain(words.iter().map(String::as_str))
            .map(quoted)
            .collect();
        let line = format!("exec {}", line.join(" "));
        wrap(backend, &policy, &self.environment(), &self.launcher, &line)
    }

    fn environment(&self) -> BTreeMap<OsString, OsString> {
        let home = self.own_home.clone().into_os_string();
        [("PATH".into(), PATH.into()), ("HOME".into(), home)].into()
    }

    /// What the attacking program is told besides a victim, or why there can be no such attack.
    fn words(&self, attack: Attack, is_sandboxed: bool) -> io::Result<Result<Vec<String>, String>> {
        let text = |path: &Path| path.display().to_string();
        let own = |name: &str| text(&self.worktree.join(name));
        Ok(Ok(match attack {
            Attack::WriteHome => vec![text(&self.home.join(".bashrc"))],
            Attack::ReadKey => vec![text(&self.home.join(".ssh/id_rsa"))],
            Attack::ReadEnvironment | Attack::Signal | Attack::Ptrace => Vec::new(),
            Attack::Tcp => vec![self.tcp.local_addr()?.to_string()],
            Attack::Udp => vec![self.udp.local_addr()?.to_string()],
            Attack::AbstractSocket => vec![self.abstract_name.clone()],
            Attack::PathSocket => vec![text(&self.socket)],
            Attack::SymbolicLink => vec![text(&self.outside[0]), own("symbolic")],
            Attack::HardLink => vec![text(&self.outside[1]), own("hard")],
            Attack::OtherTasks => vec![text(&self.tasks), text(&self.tasks.join("other/file"))],
            Attack::ReplaceGit => vec![own(".git"), own(".git-before")],
            Attack::AddHook => vec![text(&self.hub.join("hooks/post-checkout"))],
            Attack::Daemon => vec![own("lock")],
            Attack::LeaveSetUid => vec![own("setuid")],
            Attack::Mount => {
                vec![own("mount"), if is_sandboxed { "all" } else { "one" }.to_owned()]
            }
            Attack::SharedMemory => match &self.shared_memory {
                Some(path) => vec![text(path)],
                None => return Ok(Err("there is no /dev/shm to write to".to_owned())),
            },
            Attack::ReadOwnEnvironment => match self.other_variable() {
                Some(name) => vec![name],
                None => return Ok(Err("the supervisor has no variable of its own".to_owned())),
            },
            Attack::Vsock
            | Attack::Netlink
            | Attack::IoUring
            | Attack::UserNamespace
            | Attack::SetUid
            | Attack::KernelSetting => vec!["-".to_owned()],
        }))
    }

    /// The name of a variable of ours that commands are not given.
    fn other_variable(&self) -> Option<String> {
        let given = self.environment();
        // A shell sets this one by itself.
        let others = std::env::vars_os().filter(|(name, _)| {
            !given.contains_key(name) && name != "PWD" && name != "OLDPWD" && name != "SHLVL"
        });
        others.filter_map(|(name, _)| name.into_string().ok()).find(|name| name != "_")
    }

    /// Whether an attack that was let did any harm out here.
    fn had_effect(&self, attack: Attack, victim: Option<&mut Child>) -> io::Result<bool> {
        let marked = |path: &Path| fs::read_to_string(path).is_ok_and(|text| text == MARK);
        Ok(match attack {
            Attack::WriteHome => marked(&self.home.join(".bashrc")),
            Attack::AddHook => marked(&self.hub.join("hooks/post-checkout")),
            Attack::ReplaceGit => marked(&self.worktree.join(".git")),
            Attack::SymbolicLink => marked(&self.outside[0]),
            Attack::HardLink => marked(&self.outside[1]),
            Attack::LeaveSetUid => {
                self.worktree.join("setuid").metadata()?.permissions().mode() & SETUID_BIT != 0
            }
            Attack::Signal => victim.map_or(Ok(false), has_ended)?,
            Attack::Udp => self.udp.recv(&mut [0; 64]).is_ok(),
            Attack::Daemon => match File::open(self.worktree.join("lock"))?.try_lock() {
                Err(TryLockError::WouldBlock) => true,
                Ok(()) | Err(TryLockError::Error(_)) => false,
            },
            Attack::ReadKey
            | Attack::ReadEnvironment
            | Attack::Ptrace
            | Attack::Tcp
            | Attack::AbstractSocket
            | Attack::PathSocket
            | Attack::Vsock
            | Attack::Netlink
            | Attack::IoUring
            | Attack::UserNamespace
            | Attack::OtherTasks
            | Attack::ReadOwnEnvironment
            | Attack::SharedMemory
            | Attack::SetUid
            | Attack::Mount
            | Attack::KernelSetting => true,
        })
    }
}

fn has_ended(process: &mut Child) -> io::Result<bool> {
    let began = Instant::now();
    while began.elapsed() < ENDS_WITHIN {
        if process.try_wait()?.is_some() {
            return Ok(true);
        }
        std::thread::sleep(LOOK_AGAIN);
    }
    Ok(false)
}
