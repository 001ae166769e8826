//! Jobs: each takes what it needs and gives an outcome; nothing here holds state of the run.

mod call_model;
mod checks;
mod commit;
mod contracts;
mod deliver;
mod foresee;
mod integrate;
mod land;
mod locks;
mod prepare;
mod prove;
mod publish;
mod recheck;
mod run_tool;
mod told;
mod verify;

use told::{describe, who};

use crate::progress::Activity;
use crate::run_loop::Message;
use crate::{EngineError, Parts, RunDir};
use equitr_core::event::{Event, Record};
use equitr_core::id::Commit;
use equitr_core::input::Outcome;
use equitr_core::job::{JobId, Place, Work};
use equitr_core::policy::{Network, Policy};
use equitr_core::state::{RunState, Status};
use equitr_git::{GitError, Hub, Mark, Oid};
use equitr_sandbox::Backend;
use equitr_sandbox::proxy::{Hosts, Proxy, Ways};
use equitr_tools::{Environment, Sandbox, Tool};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;

/// The branch that all work is merged to; checked out nowhere.
const INTEGRATION: &str = "refs/heads/integration";

/// Claims whose checks run at a time: they use the machine to the full by themselves. A merge's run
/// beside them, since all that is verified waits for it.
const CHECKS_AT_A_TIME: usize = 4;
/// Commands of workers at a time; most of them wait for something.
const COMMANDS_AT_A_TIME: usize = 32;
/// Told of a worktree that is not there any more, or no folder.
const DAMAGED: &str = "the worktree was deleted or damaged";
/// Git commands at a time: more than the processors only makes each of them late.
const GIT_AT_A_TIME: usize = 4;

/// Starts jobs and sees to it that each reports back.
pub(crate) struct Jobs {
    context: Arc<Context>,
    sender: Sender<Message>,
}

/// What jobs share.
pub(crate) struct Context {
    dir: RunDir,
    repository: PathBuf,
    parts: Parts,
    activity: Arc<Activity>,
    environment: Environment,
    allowed: Vec<Tool>,
    commit_prefix: Arc<str>,
    checks: Semaphore,
    commands: Semaphore,
    git: Semaphore,
    /// When it was last looked ahead.
    last_look: Mutex<Option<foresee::Look>>,
    /// Folders in use: a job that was aborted in the middle of a git command still holds its own.
    places: Mutex<BTreeMap<PathBuf, Arc<tokio::sync::Mutex<()>>>>,
    policy: Policy,
    /// What commands run in.
    sandbox: Sandbox,
    /// Their way out, as long as the run is under way.
    _proxy: Option<Proxy>,
}

impl Jobs {
    pub fn new(
        dir: RunDir,
        state: &RunState,
        parts: Parts,
        sender: Sender<Message>,
        activity: Arc<Activity>,
    ) -> Result<Self, EngineError> {
        let (sandbox, proxy) = sandbox(&dir, &state.spec.policy, &parts.sandbox)?;
        let environment = Environment::new(std::env::vars_os(), dir.root(), dir.root())
            .with(equitr_tools::RUN_VARIABLE, dir.id());
        let context = Context {
            repository: PathBuf::from(&*state.spec.repository),
            allowed: state.spec.tools.iter().filter_map(|tool| Tool::named(&tool.name)).collect(),
            commit_prefix: state.spec.commit_prefix.clone(),
            dir,
            parts,
            activity,
            environment,
            checks: Semaphore::new(CHECKS_AT_A_TIME),
            commands: Semaphore::new(COMMANDS_AT_A_TIME),
            git: Semaphore::new(GIT_AT_A_TIME),
            last_look: Mutex::default(),
            places: Mutex::default(),
            policy: state.spec.policy.clone(),
            sandbox,
            _proxy: proxy,
        };
        Ok(Self { context: Arc::new(context), sender })
    }

    /// Starts a job; its outcome comes to the loop as a message, unless it is aborted before.
    pub fn start(
        &self,
        state: &RunState,
        job: JobId,
        work: Work,
        runtime: &Runtime,
    ) -> AbortHandle {
        let context = Arc::clone(&self.context);
        let sender = self.sender.clone();
        let who = who(job);
        if let Some(who) = who {
            self.context.activity.set(who, describe(state, job, &work));
        }
        let started = async move {
            let mut outcome = carry_out(&context, job, work).await;
            if let Some(who) = who {
                context.activity.clear(who);
            }
            // Here, where jobs run side by side, and not in the one thread of the loop.
            crate::redact::outcome(&context.parts.redactor, &mut outcome);
            outcome
        };
        let handle = runtime.spawn(started);
        let abort = handle.abort_handle();
        // A job that breaks down must not leave the run waiting for it.
        runtime.spawn(async move {
            match handle.await {
                Ok(outcome) => _ = sender.send(Message::Done(job, outcome)),
                Err(error) if error.is_cancelled() => {}
                Err(_) => {
                    let broken = Outcome::Failed("a job of ours broke down".into());
                    _ = sender.send(Message::Done(job, broken));
                }
            }
        });
        abort
    }

    /// Keeps what lies in the worktrees of tasks that were dropped or failed, before they are removed;
    /// whether that succeeded.
    pub fn keep_unmerged(&self, state: &RunState) -> bool {
        let unmerged = state.tasks.iter().filter(|task| {
            matches!(task.status, Status::Dropped(_) | Status::Failed(_)) && task.attempts > 0
        });
        let places: Vec<Place> = unmerged
            .map(|task| Place {
                key: task.key.clone(),
                attempt: task.attempts + 1,
                worker: task.worker.clone(),
            })
            .collect();
        prepare::keep(&self.context, &places).is_ok()
    }

    /// Tidies up after what was recorded: a merged task's worktree is not needed any more.
    pub fn heard(&self, state: &RunState, record: &Record, runtime: &Runtime) {
        for event in &record.events {
            if let Event::TaskMerged { task, .. } = event
                && let Some(task) = state.task(*task)
            {
                let context = Arc::clone(&self.context);
                let path = context.dir.worktree(&task.key);
                runtime.spawn(async move {
                    let _ = context.git(path.clone(), move |hub| hub.remove_worktree(&path)).await;
                });
            }
        }
    }
}

async fn carry_out(context: &Arc<Context>, job: JobId, work: Work) -> Outcome {
    match work {
        Work::Call(request) => {
            let JobId::Call { agent, .. } = job else {
                return Outcome::Failed("a call has no caller".into());
            };
            call_model::call_model(context, agent, request).await
        }
        Work::Tool { place, call, left_ms, repeated, contracts } => {
            let Some(who) = who(job) else {
                return Outcome::Failed("a tool call has no caller".into());
            };
            let call = run_tool::Called { call, left_ms, repeated, contracts };
            run_tool::run_tool(context, who, &place, call).await
        }
        Work::Prepare { place, start, keep } => {
            ended(prepare::prepare(context, place, start, keep).await)
        }
        Work::Verify {
            place,
            base,
            start,
            subject,
            closed,
            locks,
            contracts,
            checks,
            check_ms,
            diff_bytes,
        } => {
            let from = verify::From { base, start, closed, locks, contracts, diff_bytes };
            ended(verify::verify(context, place, from, subject, &checks, check_ms).await)
        }
        Work::Integrate {
            place,
            commit,
            subject,
            files,
            locks,
            contracts,
            own,
            checks,
            check_ms,
        } => {
            let with = integrate::With { files, locks, contracts, own };
            ended(
                integrate::integrate(context, place, commit, subject, with, &checks, check_ms)
                    .await,
            )
        }
        Work::Prove { key, at, paths, locks, checks, check_ms } => {
            let files = prove::Files { paths, locks };
            // No work is judged here, and no worker could mend it.
            match ended(prove::prove(context, key, at, files, &checks, check_ms).await) {
                Outcome::Refused(message) => Outcome::Failed(message),
                outcome => outcome,
            }
        }
        Work::Land { from, to } => ended(land::land(context, from, to).await),
        Work::Publish(documents) => ended(publish::publish(context, documents).await),
        Work::Foresee { sides, head } => foresee::foresee(context, sides, head).await,
        Work::Deliver { from, to, handover, taken, protected } => {
            ended(deliver::deliver(context, (from, to), handover, taken, protected).await)
        }
        Work::Commit { from, files, subject } => {
            let JobId::Commit(nth) = job else {
                return Outcome::Failed("a commit has no number".into());
            };
            ended(commit::commit_files(context, nth, from, files, &subject).await)
        }
        Work::Recheck { commit, contracts, checks, check_ms } => {
            ended(recheck::recheck(context, commit, &contracts, &checks, check_ms).await)
        }
    }
}

/// The sandbox with what this run's commands need: the hub to be read, and the proxy to the hosts
/// that its policy names.
fn sandbox(
    dir: &RunDir,
    policy: &Policy,
    chosen: &Sandbox,
) -> Result<(Sandbox, Option<Proxy>), EngineError> {
    let mut sandbox = chosen.clone();
    sandbox.read_only.push(dir.hub());
    let names = match (&policy.network, &chosen.backend) {
        (Network::None, _) | (Network::Hosts(_), Backend::Off) => return Ok((sandbox, None)),
        (Network::Hosts(names), Backend::Bubblewrap { .. } | Backend::Landlock { .. }) => names,
    };
    let failed = |source| EngineError::Proxy { source };
    let socket = dir.proxy_socket();
    // Left by a process that was killed; the repository's lock says that it is gone.
    _ = std::fs::remove_file(&socket);
    let hosts = Hosts::read(names).map_err(failed)?;
    let proxy = Proxy::start(&socket, hosts, Ways::system(), Box::new(|_| {})).map_err(failed)?;
    sandbox.network = equitr_sandbox::Network::Proxy { socket };
    Ok((sandbox, Some(proxy)))
}

/// Why a job has no outcome of its own.
pub(crate) enum Trouble {
    /// The worker has to mend it.
    Refused(String),
    /// The machine failed.
    Failed(String),
}

fn ended(result: Result<Outcome, Trouble>) -> Outcome {
    match result {
        Ok(outcome) => outcome,
        Err(Trouble::Refused(message)) => Outcome::Refused(message.into()),
        Err(Trouble::Failed(message)) => Outcome::Failed(message.into()),
    }
}

impl From<GitError> for Trouble {
    fn from(error: GitError) -> Self {
        match error {
            GitError::NestedRepository { .. }
            | GitError::FileTooLarge { .. }
            | GitError::Unkeepable { .. } => Self::Refused(error.to_string()),
            // Only a worker's own commands can have done that; the next attempt gets a new one.
            GitError::NotAWorktree { .. } => Self::Refused(DAMAGED.to_owned()),
            other => Self::Failed(told(&other)),
        }
    }
}

impl From<equitr_tools::Error> for Trouble {
    fn from(error: equitr_tools::Error) -> Self {
        Self::Failed(told(&error))
    }
}

/// An error with all that caused it, on one line.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

impl Context {
    /// Runs git calls about one folder, one at a time for that folder, away from the async threads.
    async fn git<T: Send + 'static>(
        &self,
        folder: PathBuf,
        act: impl FnOnce(&Hub) -> Result<T, GitError> + Send + 'static,
    ) -> Result<T, Trouble> {
        self.git_within(Some(&self.git), folder, act).await
    }

    /// The same for a merge, which waits for no permit: there is one at a time, and all that is
    /// verified waits for it.
    async fn git_at_once<T: Send + 'static>(
        &self,
        folder: PathBuf,
        act: impl FnOnce(&Hub) -> Result<T, GitError> + Send + 'static,
    ) -> Result<T, Trouble> {
        self.git_within(None, folder, act).await
    }

    async fn git_within<T: Send + 'static>(
        &self,
        permits: Option<&Semaphore>,
        folder: PathBuf,
        act: impl FnOnce(&Hub) -> Result<T, GitError> + Send + 'static,
    ) -> Result<T, Trouble> {
        let place = self.place(&folder);
        let held = place.lock_owned().await;
        let _permit = match permits {
            Some(permits) => permits.acquire().await.ok(),
            None => None,
        };
        let (hub, mark) = (self.dir.hub(), self.mark());
        let done = tokio::task::spawn_blocking(move || {
            let _held = held;
            act(&Hub::open(&hub)?.marked(mark))
        });
        match done.await {
            Ok(result) => Ok(result?),
            Err(_) => Err(Trouble::Failed("a git job of ours broke down".to_owned())),
        }
    }

    fn place(&self, folder: &Path) -> Arc<tokio::sync::Mutex<()>> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.entry(folder.to_owned()).or_default().clone()
    }

    /// Where commands for `who` run: the folder, with a private home and temp folder.
    fn command_place(&self, folder: &Path, who: &str) -> Result<equitr_tools::Place, Trouble> {
        let home = self.dir.command_home(who);
        let temp = self.dir.command_temp(who);
        for folder in [&home, &temp] {
            std::fs::create_dir_all(folder).map_err(|error| {
                Trouble::Failed(format!("can't make {}: {error}", folder.display()))
            })?;
        }
        let worktree = equitr_tools::Worktree::open(folder)
            .map_err(|error| Trouble::Refused(format!("{DAMAGED}: {error}")))?
            .allowing_secret_files(&self.policy.secret_files_allowed)?;
        Ok(equitr_tools::Place {
            worktree,
            environment: self
                .environment
                .clone()
                .with("HOME", &home.to_string_lossy())
                .with("TMPDIR", &temp.to_string_lossy()),
            sandbox: self.sandbox.clone(),
            quotas: equitr_tools::Quotas {
                disk_bytes: self.policy.disk_bytes,
                memory_bytes: self.policy.memory_bytes,
                processes: u64::from(self.policy.processes),
            },
            redactor: Arc::clone(&self.parts.redactor),
        })
    }

    /// By what the hub's git processes are found, like commands, when they outlive us.
    fn mark(&self) -> Mark {
        Mark::new(equitr_tools::RUN_VARIABLE, self.run_id())
    }

    fn run_id(&self) -> &str {
        self.dir.id()
    }
}

fn oid(commit: &Commit) -> Result<Oid, Trouble> {
    commit.0.parse().map_err(Trouble::from)
}

fn commit(oid: &Oid) -> Commit {
    Commit(oid.as_str().into())
}

/// Where work in progress of an attempt is kept.
fn wip_ref(key: &str, attempt: u32) -> String {
    format!("refs/equitr/wip/{key}/{attempt}")
}
