//! The way into a run that is on, for other processes of the same user: a Unix socket in the run's
//! folder, with one request a line in and one answer a line out, both JSON.
//!
//! Nobody else gets in. The folder is this user's alone (0700), and so is the socket (0600); the
//! system is asked whose process is at the other end; and each request has to repeat a token that
//! lies beside the socket. The token is for commands in a sandbox that restricts files and not
//! sockets: they run as the same user, and can't read it.

mod client;
mod server;

pub use client::{is_on, steer};
pub(crate) use server::Control;

use crate::RunDir;
use equitr_core::documents::{DOCUMENT_BYTES_MAX, Documents};
use equitr_core::id::{QuestionId, TaskId};
use equitr_core::input::Command;
use equitr_core::units::MicroDollars;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes of a request: a message of 8 KiB, each byte escaped, and what stands around it.
const LINE_BYTES_MAX: u64 = 64 * 1024;

/// Bytes of a request that begins with the token, and of an answer: three documents, each byte escaped
/// as `\u0000`, and what stands around them.
const LONG_LINE_BYTES_MAX: u64 = LINE_BYTES_MAX + 6 * 3 * DOCUMENT_BYTES_MAX as u64;

/// Bytes of a path that every system takes as a socket's address: 108 on Linux, 104 elsewhere, and
/// the end.
const ADDRESS_BYTES_MAX: usize = 100;

/// What can be asked of a run that is on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Steer {
    /// Let what is under way end and begin nothing new.
    Pause,
    /// Go on after a pause.
    Resume,
    /// Stop the run for good.
    Cancel,
    /// Leave a task undone.
    CancelTask {
        /// Which.
        task: TaskId,
    },
    /// Tell a worker something at its next turn.
    Tell {
        /// Whose task; `None` is everybody whose task is open.
        to: Option<TaskId>,
        /// What.
        text: Arc<str>,
    },
    /// Another budget; `None` is no bound.
    Budget {
        /// In millionths of a dollar.
        budget: Option<MicroDollars>,
    },
    /// Another number of workers at a time.
    Workers {
        /// From 1.
        workers: u32,
    },
    /// An answer to a question of the run's.
    Answer {
        /// Which.
        question: QuestionId,
        /// The answer.
        text: Arc<str>,
    },
    /// One more todo for the plan that is being built.
    Todo {
        /// What it says.
        text: Arc<str>,
    },
    /// The plan as the person's files hold it.
    EditPlan {
        /// All three.
        documents: Documents,
    },
    /// An assumption holds otherwise.
    Flip {
        /// Its number, from 1.
        assumption: u32,
        /// What holds instead.
        text: Arc<str>,
    },
}

impl From<Steer> for Command {
    fn from(steer: Steer) -> Self {
        match steer {
            Steer::Pause => Self::Pause,
            Steer::Resume => Self::Unpause,
            Steer::Cancel => Self::Cancel,
            Steer::CancelTask { task } => Self::CancelTask(task),
            Steer::Tell { to, text } => Self::Tell { to, text },
            Steer::Budget { budget } => Self::SetBudget(budget),
            Steer::Workers { workers } => Self::SetWorkers(workers),
            Steer::Answer { question, text } => Self::Answer(question, Some(text)),
            Steer::Todo { text } => Self::AddTodo(text),
            Steer::EditPlan { documents } => Self::EditPlan(documents),
            Steer::Flip { assumption, text } => Self::Flip(assumption, text),
        }
    }
}

/// What a run says to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It was taken, and that is durable.
    Accepted {
        /// The journal's record of it; none when all is as it was asked to be already.
        record: Option<u64>,
    },
    /// It was not.
    Refused {
        /// Why.
        why: String,
    },
}

/// A line that a client sends.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    /// What lies beside the socket. It comes first in the line: who has it may send a long one.
    token: String,
    steer: Steer,
}

fn socket(dir: &RunDir) -> PathBuf {
    dir.control().join("socket")
}

fn token(dir: &RunDir) -> PathBuf {
    dir.control().join("token")
}

/// Uses a socket's path as an address, however long it is: through its folder, where it is too long.
fn at_address<T>(socket: &Path, act: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    if socket.as_os_str().len() <= ADDRESS_BYTES_MAX {
        return act(socket);
    }
    let (Some(folder), Some(name)) = (socket.parent(), socket.file_name()) else {
        return Err(io::Error::from(io::ErrorKind::InvalidFilename));
    };
    let folder = File::open(folder)?;
    // Linux only; elsewhere the system says that there is no such path.
    act(&Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string()).join(name))
}
