//! Beginning a run, taking one up, and the handle to it: commands in, records and activity out.

use crate::home::make_dir;
use crate::journal::{Journal, Loaded, SharedRecord};
use crate::progress::Activity;
use crate::run_loop::{Message, RunLoop};
use crate::{EngineError, Parts, RepositoryLock, RunDir};
use equitr_core::input::{Command, Input};
use equitr_core::spec::RunSpec;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::JoinHandle;

/// A run that is under way in this process.
pub struct RunHandle {
    /// What comes of it, in order; closed when the run has stopped.
    pub news: Receiver<News>,
    /// What is going on between two records.
    pub activity: Arc<Activity>,
    sender: Sender<Message>,
    thread: JoinHandle<Result<Stopped, EngineError>>,
}

/// What a run tells.
#[derive(Debug, Clone)]
pub enum News {
    /// A record that is durable.
    Record(SharedRecord),
    /// A command could not be taken; why.
    Objection(String),
}

/// Why the loop of a run stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// The run has ended; its last record says how.
    Ended,
    /// It was asked to; `resume` goes on.
    Interrupted,
}

/// Begins a run in a folder of its own. Secrets in what it is asked to be are taken out first.
///
/// # Errors
/// When the folder, the journal or the threads can't be made. Nothing was asked of a model then.
pub fn begin(
    dir: &RunDir,
    mut spec: Arc<RunSpec>,
    parts: Parts,
    lock: RepositoryLock,
) -> Result<RunHandle, EngineError> {
    crate::redact::spec(&parts.redactor, Arc::make_mut(&mut spec));
    make_dir(dir.root())?;
    let mut journal = Journal::create(dir)?;
    let (state, record) = equitr_core::start(spec, crate::clock::now_ms())?;
    journal.append([&record])?;
    launch(dir, lock, parts, vec![Message::Input(Input::Tick)], |runner| {
        runner.publish(record);
        (state, journal)
    })
}

/// Takes up a run that was read; `commands` are carried out first, such as a larger budget.
///
/// Commands that outlived the process that ran them, and git processes in the hub, are killed before
/// anything starts.
///
/// # Errors
/// When the journal can't be written or the threads can't be made.
pub fn resume(
    loaded: Loaded,
    parts: Parts,
    lock: RepositoryLock,
    commands: Vec<Command>,
) -> Result<RunHandle, EngineError> {
    let journal = Journal::go_on(&loaded)?;
    equitr_tools::kill_leftovers(loaded.dir.id());
    if let Ok(hub) = equitr_git::Hub::open(&loaded.dir.hub()) {
        _ = hub.remove_stale_locks();
    }
    let mut first = vec![Message::Input(Input::Resume)];
    first.extend(commands.into_iter().map(|command| Message::Input(Input::Command(command))));
    let dir = loaded.dir.clone();
    launch(&dir, lock, parts, first, |_| (loaded.state, journal))
}

fn launch(
    dir: &RunDir,
    lock: RepositoryLock,
    parts: Parts,
    first: Vec<Message>,
    state: impl FnOnce(&Publisher) -> (equitr_core::state::RunState, Journal),
) -> Result<RunHandle, EngineError> {
    let (sender, inbox) = mpsc::channel();
    for message in first {
        _ = sender.send(message);
    }
    let (publish, news) = mpsc::channel();
    let publisher = Publisher { sender: publish };
    let (state, journal) = state(&publisher);
    let activity = Arc::new(Activity::default());
    let runner = RunLoop::new(
        dir.clone(),
        state,
        journal,
        parts,
        (sender.clone(), inbox),
        publisher,
        activity.clone(),
    )?;
    let thread = std::thread::Builder::new()
        .name("run".into())
        .spawn(move || {
            let _lock = lock;
            runner.run()
        })
        .map_err(|source| EngineError::Threads { source })?;
    Ok(RunHandle { news, activity, sender, thread })
}

impl RunHandle {
    /// Asks something of the run; what comes of it is told by `news`.
    pub fn command(&self, command: Command) {
        _ = self.sender.send(Message::Input(Input::Command(command)));
    }

    /// A way to ask for a stop from elsewhere, such as a signal's handler.
    pub fn stopper(&self) -> impl Fn() + Send + Sync + 'static {
        let sender = self.sender.clone();
        move || _ = sender.send(Message::Stop)
    }

    /// Waits until the run has stopped.
    ///
    /// # Errors
    /// When it stopped because the journal could not be written, or by a fault of ours.
    pub fn join(self) -> Result<Stopped, EngineError> {
        drop(self.sender);
        self.thread.join().unwrap_or_else(|_| {
            Err(EngineError::Internal(equitr_core::apply::Refused {
                seq: 0,
                why: "the run's thread broke down",
            }))
        })
    }
}

/// The sending end of a run's news.
pub(crate) struct Publisher {
    sender: Sender<News>,
}

impl Publisher {
    pub fn publish(&self, record: equitr_core::event::Record) {
        _ = self.sender.send(News::Record(Arc::new(record)));
    }

    pub fn object(&self, why: String) {
        _ = self.sender.send(News::Objection(why));
    }
}
