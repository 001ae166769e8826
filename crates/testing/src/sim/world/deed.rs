//! What a job does to the world at its moment, and what it comes to.

use super::super::audit::Breach;
use super::super::git::{Landing, Merge};
use super::super::provider::{self, Luck};
use super::super::setup::{FREE, SHARED};
use super::{Fate, World, task_of};
use equitr_core::acceptance::Lock;
use equitr_core::chat::{Reply, Request, ToolOutcome};
use equitr_core::event::{CheckResult, Delivery, Looked, Verdict};
use equitr_core::foresight::{Collision, Foreseen, Side};
use equitr_core::id::Commit;
use equitr_core::input::Outcome;
use equitr_core::job::{Handover, JobId, MergeTry, Work};
use equitr_core::policy::Touched;
use equitr_core::scope;
use equitr_core::units::Price;
use std::sync::Arc;

/// How long a call hangs before the adapter gives it up.
const HANG_MS: u64 = 600_000;

/// What a job does at its moment.
pub(super) enum Deed {
    Call { bill: u64, outcome: Outcome },
    Prepare { outcome: Outcome },
    Integrate { checks: Vec<CheckResult>, turn: MergeTurn },
    Land { from: Commit, to: Commit, overtaken: bool },
    Deliver { to: Commit, handover: Handover, touched: Touched },
    Commit { nth: u32, from: Commit, files: Vec<(Arc<str>, Arc<str>)> },
    Plain { outcome: Outcome },
}

/// What becomes of a merge that is tried.
#[derive(Debug, Clone, Copy)]
pub(super) enum MergeTurn {
    Clean,
    Conflict,
    Refused,
    Overtaken,
    /// Clean, but for a worker's change to an acceptance check.
    Tampered,
}

impl World {
    /// What a started job is going to do; a call that hangs takes its time.
    pub(super) fn deed(
        &mut self,
        job: JobId,
        work: Work,
        price: Price,
        took_ms: &mut u64,
        reply: impl FnOnce() -> Reply,
    ) -> Result<Deed, Breach> {
        match work {
            Work::Call(request) => {
                let (outcome, bill) = self.call(&request, price, took_ms, reply);
                Ok(Deed::Call { bill, outcome })
            }
            Work::Prepare { .. } => {
                if self.dice.chance(self.rates.refused) {
                    return Ok(Deed::Plain { outcome: refused() });
                }
                let base = self.git.head();
                Ok(Deed::Prepare { outcome: Outcome::Prepared(base) })
            }
            Work::Tool { call, place, .. } => {
                self.stands(job)?;
                if let Some(path) = scope::written_path(&place.key, &call) {
                    self.git.written.entry(place.key).or_default().insert(path.into());
                }
                let size = usize::try_from(self.dice.one_of([10, 300, 2_000])).unwrap_or(0);
                let outcome = Outcome::ToolRan {
                    content: "x".repeat(size).into(),
                    outcome: self.dice.one_of([
                        ToolOutcome::Ok,
                        ToolOutcome::Ok,
                        ToolOutcome::Error,
                    ]),
                    took_ms: *took_ms,
                };
                Ok(Deed::Plain { outcome })
            }
            Work::Verify { place, closed, checks, .. } => {
                self.stands(job)?;
                let paths = self.changed(&place.key);
                if let Some(told) = scope::refusal(&closed, paths.iter().map(|path| &**path)) {
                    // What a command wrote is put back; what a tool wrote was not closed then.
                    self.git.by_command.remove(&place.key);
                    return Ok(Deed::Plain { outcome: Outcome::Refused(told.into()) });
                }
                if self.dice.chance(self.rates.refused) {
                    return Ok(Deed::Plain { outcome: refused() });
                }
                let commit = self.git.make("work");
                self.git.paths.insert(commit.clone(), paths.clone());
                let checks = self.checks(&checks);
                Ok(Deed::Plain {
                    outcome: Outcome::Verified {
                        commit,
                        paths,
                        edited: Vec::new(),
                        checks,
                        diff: "+part".into(),
                    },
                })
            }
            Work::Integrate { checks, locks, .. } => {
                let tampers = self.git.locked().is_some() && self.dice.chance(self.rates.refused);
                let turn = if tampers {
                    // The real one sees it by the names of contents that it was given.
                    if locks.is_none() { MergeTurn::Tampered } else { MergeTurn::Refused }
                } else if self.dice.chance(self.rates.conflict) {
                    MergeTurn::Conflict
                } else if self.dice.chance(self.rates.refused) {
                    MergeTurn::Refused
                } else if self.dice.chance(self.rates.overtaken) {
                    MergeTurn::Overtaken
                } else {
                    MergeTurn::Clean
                };
                Ok(Deed::Integrate { checks: self.checks(&checks), turn })
            }
            Work::Foresee { sides, .. } => {
                let outcome = Outcome::Foreseen(self.look_ahead(&sides));
                Ok(Deed::Plain { outcome })
            }
            Work::Land { from, to } => {
                let overtaken = self.dice.chance(self.rates.overtaken);
                Ok(Deed::Land { from, to, overtaken })
            }
            Work::Publish(_) => {
                let base = self.git.publish();
                Ok(Deed::Plain { outcome: Outcome::Published { base, note: None } })
            }
            Work::Deliver { to, handover, protected, .. } => {
                let touched = Touched::of(&protected, self.git.changed.iter().copied());
                Ok(Deed::Deliver { to, handover, touched })
            }
            Work::Recheck { checks, .. } => {
                let outcome = Outcome::Rechecked(self.checks(&checks));
                Ok(Deed::Plain { outcome })
            }
            Work::Commit { files, .. } => {
                let nth = match job {
                    JobId::Commit(nth) => nth,
                    _ => return Err(Breach::new("W2", format!("{job:?} is no commit"))),
                };
                Ok(Deed::Commit { nth, from: self.git.head(), files })
            }
            Work::Prove { key, at, paths, locks, checks, .. } => {
                let (found, broken) = self.locks(&paths, &locks);
                let checks = match key {
                    Some(_) => self.base_checks(&checks),
                    None => self.checks(&checks),
                };
                let outcome = Outcome::Proved { at, locks: found, broken, checks };
                Ok(Deed::Plain { outcome })
            }
        }
    }

    /// The files that a task's worktree changes: what tools wrote, and now and then a command.
    fn changed(&mut self, key: &Arc<str>) -> Vec<Arc<str>> {
        if self.rates.red > 0 && self.dice.chance(200) {
            let others: Vec<Arc<str>> = self.git.written.keys().cloned().collect();
            let path = match self.dice.pick(&others) {
                Some(other) => format!("{other}.rs"),
                None => FREE.to_owned(),
            };
            self.git.by_command.insert(key.clone(), path.into());
        }
        let written = self.git.written.get(key).into_iter().flatten();
        written.chain(self.git.by_command.get(key)).cloned().collect()
    }

    /// What a look ahead finds: anything, or that nothing can be looked at.
    fn look_ahead(&mut self, sides: &[Side]) -> Foreseen {
        let news = sides.iter().filter(|side| side.news);
        let looked = news
            .map(|side| Looked {
                task: side.task,
                attempt: side.place.attempt,
                changes: side.changes,
            })
            .collect();
        let mut seen = Foreseen { looked, took_ms: 1, ..Foreseen::default() };
        if self.dice.chance(100) {
            return seen;
        }
        seen.sides = sides.iter().map(|side| side.task).collect();
        let merged: Vec<Arc<str>> = self.git.written.keys().cloned().collect();
        for (place, side) in sides.iter().enumerate() {
            let mut others: Vec<Arc<str>> =
                sides[place + 1..].iter().map(|other| other.place.key.clone()).collect();
            others.extend(self.dice.pick(&merged).cloned());
            for other in others {
                if other != side.place.key && self.dice.chance(300) {
                    let paths = match self.dice.below(3) {
                        0 => vec![SHARED.into()],
                        1 => vec![FREE.into()],
                        _ => vec![FREE.into(), SHARED.into()],
                    };
                    let one = side.place.key.clone();
                    seen.collisions.push(Collision { one, other, paths });
                }
            }
        }
        seen
    }

    /// A worktree has to stand for this very attempt before anything is done in it.
    fn stands(&self, job: JobId) -> Result<(), Breach> {
        let Some((task, attempt)) = task_of(job) else { return Ok(()) };
        match self.git.worktrees.get(&task) {
            Some(&number) if number == attempt => Ok(()),
            found => Err(Breach::new(
                "W1",
                format!("{job:?} starts where the worktree is of attempt {found:?}"),
            )),
        }
    }

    fn checks(&mut self, commands: &[Arc<str>]) -> Vec<CheckResult> {
        let mut verdict = || {
            if !self.dice.chance(self.rates.red) {
                return Verdict::Passed;
            }
            match self.dice.below(4) {
                0 => Verdict::TimedOut,
                1 => Verdict::CantRun { program: "pytest".into() },
                _ => Verdict::Failed { exit: 1 },
            }
        };
        commands
            .iter()
            .map(|command| {
                let verdict = verdict();
                let output = if verdict == Verdict::Passed { "" } else { "1 test failed" };
                CheckResult { command: command.clone(), verdict, output: output.into(), took_ms: 5 }
            })
            .collect()
    }

    /// The contents of files by name, and which are not as they were recorded.
    fn locks(&self, paths: &[Arc<str>], locks: &[Lock]) -> (Vec<Lock>, Vec<Arc<str>>) {
        let name = |path: &Arc<str>| {
            let text = self.git.files.get(path)?;
            Some(Lock { path: path.clone(), hash: Commit(format!("content of {text}").into()) })
        };
        let broken = locks.iter().filter(|lock| name(&lock.path).as_ref() != Some(lock));
        (paths.iter().filter_map(name).collect(), broken.map(|lock| lock.path.clone()).collect())
    }

    /// Acceptance checks before the work: most are red, as they have to be.
    fn base_checks(&mut self, commands: &[Arc<str>]) -> Vec<CheckResult> {
        let mut results = self.checks(commands);
        for result in &mut results {
            result.verdict = match self.dice.below(10) {
                0 => Verdict::CantRun { program: "pytest".into() },
                1 | 2 => Verdict::Passed,
                3 => Verdict::TimedOut,
                _ => Verdict::Failed { exit: 1 },
            };
        }
        results
    }

    fn call(
        &mut self,
        request: &Request,
        price: Price,
        took_ms: &mut u64,
        reply: impl FnOnce() -> Reply,
    ) -> (Outcome, u64) {
        let luck = if self.dice.chance(self.rates.hang) {
            self.figures.hangs += 1;
            *took_ms = HANG_MS;
            Luck::Hangs
        } else if self.dice.chance(self.rates.call_fault) {
            Luck::Bad
        } else {
            Luck::Good
        };
        let input_max = self.input_tokens_max(request);
        provider::answer(&mut self.dice, request, input_max, price, luck, reply, *took_ms)
    }

    /// The most input tokens that a provider can count: one for two bytes, eight for a message.
    fn input_tokens_max(&mut self, request: &Request) -> u64 {
        let first = request.tools.first().map_or_else(|| "".into(), |tool| tool.name.clone());
        let tools = *self.tool_bytes.entry((request.tools.len(), first)).or_insert_with(|| {
            let bytes = |tool: &equitr_core::chat::ToolSpec| {
                tool.name.len() + tool.description.len() + tool.schema.to_string().len()
            };
            request.tools.iter().map(bytes).sum()
        });
        let said = request.messages.iter().map(provider::bytes).sum::<usize>();
        let bytes = request.system.len() + said + tools;
        (bytes / 2) as u64 + 8 * request.messages.len() as u64
    }

    /// Does it, and gives back how the job ends.
    pub(super) fn carry_out(&mut self, job: JobId, fate: Fate, deed: Deed) -> Outcome {
        match deed {
            Deed::Call { bill, outcome } => {
                self.billed += bill;
                outcome
            }
            Deed::Prepare { outcome } => {
                if let JobId::Prepare(task, attempt) = job {
                    // Who works in one folder waits for who was there first.
                    let stands = self.git.worktrees.entry(task).or_insert(attempt);
                    *stands = attempt.max(*stands);
                }
                outcome
            }
            Deed::Integrate { checks, turn } => self.integrate(checks, turn),
            Deed::Land { to, overtaken: true, .. } if !self.git.holds(&to) => {
                landed(self.git.overtake())
            }
            Deed::Land { from, to, .. } => self.land(job, fate, &from, to),
            Deed::Deliver { touched, handover: Handover::Guarded, .. } if touched.total > 0 => {
                Outcome::Protected(touched)
            }
            Deed::Deliver { to, handover: Handover::Aside, .. } => {
                self.git.aside = Some(to.clone());
                let (branch, why) = ("equitr/run".into(), "as it was asked".into());
                Outcome::Delivered(Delivery::OnBranch { branch, commit: to, why })
            }
            Deed::Deliver { to, .. } => {
                self.git.delivered = Some(to.clone());
                Outcome::Delivered(Delivery::Moved { branch: "main".into(), commit: to })
            }
            Deed::Commit { nth, from, files } => {
                let from = match fate {
                    Fate::Awaited => self.git.head(),
                    // Its process asked before it died; only the command goes on.
                    Fate::Late | Fate::Unheard => from,
                };
                self.git
                    .commit_files(nth, &from, files)
                    .map_or(Outcome::Overtaken, Outcome::Committed)
            }
            Deed::Plain { outcome } => outcome,
        }
    }

    fn integrate(&mut self, checks: Vec<CheckResult>, turn: MergeTurn) -> Outcome {
        let onto = self.git.head();
        match turn {
            MergeTurn::Clean => {
                Outcome::Integrated { commit: self.git.make("merge"), onto, checks }
            }
            MergeTurn::Conflict => Outcome::Conflicted {
                paths: vec!["a.rs".into()],
                text: "<<<<<<<".into(),
                onto,
                tree: self.git.make("tree"),
                with: self.git.written.keys().take(2).cloned().collect(),
            },
            MergeTurn::Refused => Outcome::Refused("a repository lies in the worktree".into()),
            MergeTurn::Overtaken => Outcome::Overtaken,
            MergeTurn::Tampered => {
                let commit = self.git.make("merge");
                self.git.tampered.insert(commit.clone());
                Outcome::Integrated { commit, onto, checks }
            }
        }
    }

    fn land(&mut self, job: JobId, fate: Fate, from: &Commit, to: Commit) -> Outcome {
        let JobId::Land(task, MergeTry { attempt, .. }) = job else { return Outcome::Overtaken };
        let merge = Merge { task, attempt, commit: to };
        landed(match fate {
            Fate::Awaited => self.git.land(merge, from, self.bug),
            // Its process asked before it died; only the command goes on.
            Fate::Late | Fate::Unheard => self.git.move_branch(merge, from, self.bug),
        })
    }
}

fn landed(landing: Landing) -> Outcome {
    match landing {
        Landing::Landed => Outcome::Landed,
        Landing::Overtaken => Outcome::Overtaken,
    }
}

fn refused() -> Outcome {
    Outcome::Refused("a repository lies in the worktree".into())
}
