//! The thread that starts all processes, and the processes of one command.
//!
//! A sandbox tells the kernel to kill it when its parent ends, and the kernel takes the thread that
//! started it for the parent. Threads of a pool come and go; this one stays as long as the program.

use crate::leftovers::{kill_children, kill_with_variable, signal_with_variable};
use crate::quotas::Quotas;
use crate::usage::Usage;
use rustix::process::{Pid, Signal, kill_process_group};
use std::io;
use std::os::unix::process::CommandExt;
use std::sync::LazyLock;
use std::sync::mpsc::{Sender, channel};
use tokio::process::Child;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// Names the one command, as the value of a variable that what it starts inherits.
pub(crate) const COMMAND_VARIABLE: &str = "EQUITR_COMMAND";

type Work = Box<dyn FnOnce() + Send>;

static SPAWNER: LazyLock<Result<Sender<Work>, io::ErrorKind>> = LazyLock::new(|| {
    let (sender, receiver) = channel::<Work>();
    let serve = move || receiver.into_iter().for_each(|work| work());
    let thread = std::thread::Builder::new().name("spawner".to_owned()).spawn(serve);
    thread.map(|_| sender).map_err(|error| error.kind())
});

/// Starts the process as the leader of a group of its own, which bears the name.
///
/// Dropping the future, or what it gives, kills the group. Needs a tokio runtime with its I/O driver.
pub(crate) async fn start(
    mut command: std::process::Command,
    name: String,
    bond: Bond,
) -> io::Result<(Child, Group)> {
    let runtime = Handle::current();
    let (sender, receiver) = oneshot::channel();
    let work = move || {
        let _in_runtime = runtime.enter();
        command.process_group(0);
        let started = tokio::process::Command::from(command).spawn().map(|child| {
            let leader = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
            (child, Group { leader, name, bond })
        });
        // If nobody waits for it any more, it is dropped here, and with it the group is killed.
        drop(sender.send(started));
    };
    let ended = || io::Error::other("the thread that starts processes has ended");
    let spawner = SPAWNER.as_ref().map_err(|kind| io::Error::from(*kind))?;
    spawner.send(Box::new(work)).map_err(|_| ended())?;
    receiver.await.map_err(|_| ended())?
}

/// How the processes of a command hang together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bond {
    /// By their process group, and by a variable in their environment.
    Mark,
    /// By a process namespace whose first process is the leader's child: when that ends, the kernel
    /// ends all in it, and only then tells the leader, which then ends as well.
    Namespace,
}

/// The processes of a command; dropping it kills them.
pub(crate) struct Group {
    leader: Option<Pid>,
    name: String,
    bond: Bond,
}

impl Group {
    /// A watch over what its processes use; nothing when it has ended already.
    pub(crate) fn usage(&self, quotas: Quotas) -> Option<Usage> {
        let leader = self.leader?.as_raw_nonzero().get();
        Some(Usage::new(leader, &self.name, self.bond, quotas))
    }

    /// Asks the command to end.
    pub(crate) async fn ask(&self) {
        match self.bond {
            Bond::Mark => self.signal(Signal::TERM),
            Bond::Namespace => {
                // The leader would not hand a signal on.
                let (leader, name) = (self.leader, self.name.clone());
                let ask =
                    move || signal_with_variable(COMMAND_VARIABLE, &name, leader, Signal::TERM);
                // What does not hear it is killed a little later.
                let _ = tokio::task::spawn_blocking(ask).await;
            }
        }
    }

    /// Kills the command; that its leader has ended says that it is done.
    pub(crate) fn kill(&self) {
        let killed = match (self.bond, self.leader) {
            (Bond::Namespace, Some(leader)) => kill_children(leader),
            (Bond::Namespace, None) | (Bond::Mark, _) => false,
        };
        if !killed {
            self.signal(Signal::KILL);
        }
    }

    /// Kills what is left when the leader has ended by itself or by [`kill`](Self::kill).
    pub(crate) async fn end(mut self) {
        match self.bond {
            Bond::Namespace => self.leader = None,
            Bond::Mark => self.end_all().await,
        }
    }

    /// Kills what is left when the leader has not ended although it was killed.
    pub(crate) async fn end_all(&mut self) {
        self.signal(Signal::KILL);
        let name = self.name.clone();
        let swept =
            tokio::task::spawn_blocking(move || kill_with_variable(COMMAND_VARIABLE, &name));
        if swept.await.is_ok() {
            self.leader = None;
        }
    }

    fn signal(&self, signal: Signal) {
        if let Some(leader) = self.leader {
            // There is nobody left to tell, which is well.
            let _ = kill_process_group(leader, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if self.leader.is_some() {
            self.kill();
            self.signal(Signal::KILL);
            if self.bond == Bond::Mark {
                kill_with_variable(COMMAND_VARIABLE, &self.name);
            }
        }
    }
}
