//! The loop of one run, on a thread of its own.

use crate::clock::now_ms;
use crate::control::{Answer, Control};
use crate::handle::{Publisher, Stopped};
use crate::jobs::Jobs;
use crate::journal::Journal;
use crate::progress::Activity;
use crate::{EngineError, Parts, RunDir, redact};
use equitr_core::event::{Ending, Record};
use equitr_core::input::{Command, Input, Outcome};
use equitr_core::job::{JobId, jobs, wake_at, work};
use equitr_core::redact::Redactor;
use equitr_core::state::RunState;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

/// Inputs of one pass and so of one transaction: bounds how long the first of them waits.
const BATCH: usize = 512;

/// How long jobs that can't be aborted, a git command say, are waited for at the end.
const FAREWELL: Duration = Duration::from_secs(2);

/// What comes to the loop.
pub(crate) enum Message {
    Input(Input),
    Done(JobId, Outcome),
    /// A command from another process, which is told what came of it.
    Steer(Command, oneshot::Sender<Answer>),
    Stop,
}

pub(crate) struct RunLoop {
    dir: RunDir,
    state: RunState,
    journal: Journal,
    inbox: Receiver<Message>,
    publisher: Publisher,
    jobs: Jobs,
    redactor: Arc<Redactor>,
    running: BTreeMap<JobId, AbortHandle>,
    runtime: tokio::runtime::Runtime,
    control: Option<Control>,
}

impl RunLoop {
    pub fn new(
        dir: RunDir,
        state: RunState,
        journal: Journal,
        parts: Parts,
        (sender, inbox): (Sender<Message>, Receiver<Message>),
        publisher: Publisher,
        activity: Arc<Activity>,
    ) -> Result<Self, EngineError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .max_blocking_threads(64)
            .enable_all()
            .build()
            .map_err(|source| EngineError::Threads { source })?;
        let redactor = parts.redactor.clone();
        // A run that can't be steered is better than none.
        let control = match Control::open(&dir, &runtime, sender.clone()) {
            Ok(control) => Some(control),
            Err(error) => {
                publisher.object(format!("this run can't be steered from elsewhere: {error}"));
                None
            }
        };
        let jobs = Jobs::new(dir.clone(), &state, parts, sender, activity)?;
        let running = BTreeMap::new();
        Ok(Self {
            dir,
            state,
            journal,
            inbox,
            publisher,
            jobs,
            redactor,
            running,
            runtime,
            control,
        })
    }

    /// Runs until the run has ended or somebody asks for a stop.
    pub fn run(mut self) -> Result<Stopped, EngineError> {
        let stopped = self.turn_over();
        for handle in std::mem::take(&mut self.running).into_values() {
            handle.abort();
        }
        // What was asked too late is answered by that.
        drop(self.inbox);
        if let Some(control) = self.control {
            control.close(&self.runtime);
        }
        self.runtime.shutdown_timeout(FAREWELL);
        if matches!(stopped, Ok(Stopped::Ended))
            && matches!(self.state.ending(), Some(Ending::Done | Ending::DoneWithOpenWork))
            && self.jobs.keep_unmerged(&self.state)
        {
            remove_scratch(&self.dir);
        }
        stopped
    }

    fn turn_over(&mut self) -> Result<Stopped, EngineError> {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            self.gather(&mut batch);
            let mut records: Vec<Record> = Vec::new();
            let mut objections = Vec::new();
            let mut answers = Vec::new();
            let mut stop = false;
            for message in batch.drain(..) {
                let mut asker = None;
                let input = match message {
                    Message::Steer(mut command, answer) => {
                        redact::command(&self.redactor, &mut command);
                        asker = Some(answer);
                        Input::Command(command)
                    }
                    Message::Input(Input::Command(mut command)) => {
                        redact::command(&self.redactor, &mut command);
                        Input::Command(command)
                    }
                    Message::Input(input) => input,
                    Message::Done(job, outcome) => {
                        self.running.remove(&job);
                        Input::Done(job, outcome)
                    }
                    Message::Stop => {
                        stop = true;
                        break;
                    }
                };
                let reaction = equitr_core::step(&mut self.state, now_ms(), input)?;
                if let Some(asker) = asker {
                    let record = reaction.record.as_ref().map(|record| record.seq);
                    answers.push((
                        asker,
                        match reaction.objection {
                            Some(why) => Answer::Refused { why },
                            None => Answer::Accepted { record },
                        },
                    ));
                } else {
                    objections.extend(reaction.objection);
                }
                records.extend(reaction.record);
            }
            self.commit(records, objections)?;
            for (asker, answer) in answers {
                // Who has gone away does not need it.
                _ = asker.send(answer);
            }
            if stop {
                return Ok(Stopped::Interrupted);
            }
            self.reconcile();
            if self.state.ending().is_some() {
                return Ok(Stopped::Ended);
            }
        }
    }

    /// Waits for a message or for the time at which something is due, then takes all that is there.
    fn gather(&mut self, batch: &mut Vec<Message>) {
        let first = match wake_at(&self.state) {
            None => self.inbox.recv().unwrap_or(Message::Stop),
            Some(at) => {
                let pause = Duration::from_millis(at.saturating_sub(now_ms()));
                match self.inbox.recv_timeout(pause) {
                    Ok(message) => message,
                    Err(RecvTimeoutError::Timeout) => Message::Input(Input::Tick),
                    Err(RecvTimeoutError::Disconnected) => Message::Stop,
                }
            }
        };
        batch.push(first);
        batch.extend(self.inbox.try_iter().take(BATCH - 1));
    }

    /// Facts before acts: durable first, then told.
    fn commit(&mut self, records: Vec<Record>, objections: Vec<String>) -> Result<(), EngineError> {
        if !records.is_empty() {
            self.journal.append(&records)?;
        }
        for record in records {
            self.jobs.heard(&self.state, &record, &self.runtime);
            self.publisher.publish(record);
        }
        objections.into_iter().for_each(|why| self.publisher.object(why));
        Ok(())
    }

    /// Starts what is wanted and not running, stops what is running and not wanted.
    fn reconcile(&mut self) {
        let wanted = jobs(&self.state);
        if self.running.len() != wanted.len()
            || !wanted.iter().all(|job| self.running.contains_key(job))
        {
            let set: BTreeSet<JobId> = wanted.iter().copied().collect();
            self.running.retain(|job, handle| {
                let keep = set.contains(job);
                if !keep {
                    handle.abort();
                }
                keep
            });
        }
        for job in wanted {
            if self.running.contains_key(&job) {
                continue;
            }
            if let Some(work) = work(&self.state, job) {
                let handle = self.jobs.start(&self.state, job, work, &self.runtime);
                self.running.insert(job, handle);
            }
        }
    }
}

/// What a finished run needs no more: everything of it is in the hub and the journal.
fn remove_scratch(dir: &RunDir) {
    for folder in ["worktrees", "merge", "recheck", "proofs", "homes", "tmp"] {
        // Workers' commands may have closed folders, or put thousands into each other.
        _ = equitr_git::remove_folder(&dir.root().join(folder));
    }
}
