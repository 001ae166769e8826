//! All that is outside of a run's process: time, providers that bill, git, checks, tools.
//!
//! A job that the engine starts acts on the world at one moment and ends at a later one. A process
//! that dies in between, or stops the job, leaves the act behind and may never hear of it.

mod deed;

use super::audit::Breach;
use super::dice::Dice;
use super::git::Git;
use super::setup::Rates;
use super::{Bug, Figures};
use deed::Deed;
use equitr_core::chat::Reply;
use equitr_core::id::{AgentId, TaskId};
use equitr_core::input::Outcome;
use equitr_core::job::{JobId, MergeTry, Work};
use equitr_core::units::Price;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A job that was started, by the order of its start.
pub(super) type Start = u64;

/// How long after its act a job may end.
const SLOW_WORD_MS_MAX: u64 = 40_000;

/// How long a command of a dead process may stall and still do what it was told.
const STALL_MS_MAX: u64 = 120_000;

/// What the engine hears of the world.
#[derive(Debug)]
pub(super) enum Arrival {
    /// A job's outcome.
    Done(Start, JobId, Outcome),
    /// The person looks at the run.
    Person,
    /// The time that the engine asked for.
    Woken,
}

enum Happening {
    Acts(Start, Deed),
    Ends(Start, Outcome),
    Person,
}

/// Who still cares for a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// The engine waits for it.
    Awaited,
    /// Nobody waits, but the engine hears of it.
    Late,
    /// It goes on, unheard.
    Unheard,
}

struct UnderWay {
    job: JobId,
    fate: Fate,
    took_ms: u64,
    /// It stalls before it acts, as nobody waits for it.
    stalls: bool,
}

pub(super) struct World {
    pub now_ms: u64,
    pub rates: Rates,
    pub git: Git,
    pub figures: Figures,
    /// What the providers have billed, whether anybody heard of it or not, in micro-dollars.
    pub billed: u64,
    pub dice: Dice,
    bug: Option<Bug>,
    happenings: BTreeMap<(u64, u64), Happening>,
    happened: u64,
    under_way: BTreeMap<Start, UnderWay>,
    starts: u64,
    /// Bytes of the tools of a request as JSON, by their number and first name.
    tool_bytes: BTreeMap<(usize, Arc<str>), usize>,
}

impl World {
    pub fn new(dice: Dice, rates: Rates, changed: Vec<&'static str>, bug: Option<Bug>) -> Self {
        let mut world = Self {
            now_ms: 0,
            rates,
            git: Git::new(changed),
            figures: Figures::default(),
            billed: 0,
            dice,
            bug,
            happenings: BTreeMap::new(),
            happened: 0,
            under_way: BTreeMap::new(),
            starts: 0,
            tool_bytes: BTreeMap::new(),
        };
        world.person_looks_again();
        world
    }

    /// Nothing goes wrong from now on, but for what is on its way already.
    pub fn calm(&mut self) {
        self.rates = Rates::CALM;
    }

    /// Whether anything but the person's next look will happen by itself.
    pub fn is_idle(&self) -> bool {
        self.happenings.values().all(|happening| matches!(happening, Happening::Person))
    }

    pub fn person_looks_again(&mut self) {
        let pause = self.dice.one_of([300, 3_000, 30_000]);
        let in_ms = self.dice.within(pause / 3..=pause);
        self.schedule(in_ms, Happening::Person);
    }

    /// The next arrival; time passes until then.
    pub fn next(&mut self, wake_ms: Option<u64>) -> Arrival {
        loop {
            let first = self.happenings.keys().next().map(|&(at, _)| at);
            if let Some(wake) = wake_ms
                && first.is_none_or(|at| at > wake)
            {
                self.now_ms = self.now_ms.max(wake);
                return Arrival::Woken;
            }
            match self.happen() {
                Some(arrival) => return arrival,
                None if self.happenings.is_empty() => self.person_looks_again(),
                None => {}
            }
        }
    }

    /// What has arrived by now beside; none when the next thing lies ahead.
    pub fn arrived(&mut self, within_ms: u64) -> Option<Arrival> {
        let until = self.now_ms + within_ms;
        while self.happenings.keys().next().is_some_and(|&(at, _)| at <= until) {
            if let Some(arrival) = self.happen() {
                return Some(arrival);
            }
        }
        None
    }

    /// Time passes in which nobody listens.
    pub fn sleep(&mut self, ms: u64) {
        self.now_ms += ms;
    }

    /// Starts a job; `reply` is what the model says, if it is a call that comes to one.
    pub fn start(
        &mut self,
        job: JobId,
        work: Work,
        price: Price,
        reply: impl FnOnce() -> Reply,
    ) -> Result<Start, Breach> {
        self.starts += 1;
        let start = self.starts;
        self.one_attempt_at_a_time(job)?;
        let mut took_ms = match job {
            JobId::Call { .. } => self.dice.within(200..=20_000),
            JobId::Tool { .. } => self.dice.within(10..=2_000),
            JobId::Verify(..) | JobId::Integrate(..) | JobId::Prove { .. } | JobId::Recheck(_) => {
                self.dice.within(100..=30_000)
            }
            JobId::Foresee(_)
            | JobId::Prepare(..)
            | JobId::Land(..)
            | JobId::Publish
            | JobId::Deliver(_)
            | JobId::Commit(_) => self.dice.within(5..=500),
        };
        let failed = self.dice.chance(self.rates.job_failed);
        let deed = if failed {
            Deed::Plain { outcome: Outcome::Failed("the disk is full".into()) }
        } else {
            self.deed(job, work, price, &mut took_ms, reply)?
        };
        let acts_in = self.dice.within(1..=took_ms);
        self.under_way.insert(start, UnderWay { job, fate: Fate::Awaited, took_ms, stalls: false });
        self.schedule(acts_in, Happening::Acts(start, deed));
        Ok(start)
    }

    /// The engine stops a job: it may be too late for that, and its outcome may be on its way.
    pub fn abort(&mut self, start: Start) {
        self.figures.aborted += 1;
        let late = self.dice.chance(self.rates.late);
        let acts = self.dice.chance(500);
        self.leave(start, if late { Some(Fate::Late) } else { acts.then_some(Fate::Unheard) });
    }

    /// The process dies: what runs here dies too, or is just too quick for that; providers go on.
    pub fn crash(&mut self) {
        self.figures.crashes += 1;
        let awaited: Vec<Start> = self.under_way.keys().copied().collect();
        for start in awaited {
            let is_call = self
                .under_way
                .get(&start)
                .is_some_and(|under_way| matches!(under_way.job, JobId::Call { .. }));
            let fate = if is_call && self.dice.chance(self.rates.late) {
                Some(Fate::Late)
            } else {
                self.dice.chance(if is_call { 800 } else { 400 }).then_some(Fate::Unheard)
            };
            self.leave(start, fate);
        }
        if self.dice.chance(200) {
            self.git.worktrees.clear();
        }
    }

    fn leave(&mut self, start: Start, fate: Option<Fate>) {
        match fate {
            Some(fate) => {
                if let Some(under_way) = self.under_way.get_mut(&start) {
                    under_way.fate = fate;
                    under_way.stalls = self.dice.chance(300);
                }
            }
            None => _ = self.under_way.remove(&start),
        }
    }

    fn schedule(&mut self, in_ms: u64, happening: Happening) {
        self.happened += 1;
        self.happenings.insert((self.now_ms + in_ms, self.happened), happening);
    }

    fn happen(&mut self) -> Option<Arrival> {
        let ((at, _), happening) = self.happenings.pop_first()?;
        self.now_ms = self.now_ms.max(at);
        match happening {
            Happening::Person => Some(Arrival::Person),
            Happening::Acts(start, deed) => {
                self.act(start, deed);
                None
            }
            Happening::Ends(start, outcome) => {
                let mut under_way = self.under_way.remove(&start)?;
                let job = under_way.job;
                match under_way.fate {
                    Fate::Unheard => return None,
                    Fate::Late => self.figures.late += 1,
                    Fate::Awaited => {}
                }
                if self.dice.chance(self.rates.twice) {
                    let longest = self.dice.one_of([1_000, 40_000]);
                    let again_in = self.dice.within(0..=longest);
                    self.schedule(again_in, Happening::Ends(start, outcome.clone()));
                    under_way.fate = Fate::Late;
                    self.under_way.insert(start, under_way);
                }
                Some(Arrival::Done(start, job, outcome))
            }
        }
    }

    fn act(&mut self, start: Start, deed: Deed) {
        let Some(under_way) = self.under_way.get_mut(&start) else { return };
        if std::mem::take(&mut under_way.stalls) {
            let in_ms = self.dice.within(1..=STALL_MS_MAX);
            return self.schedule(in_ms, Happening::Acts(start, deed));
        }
        let UnderWay { job, fate, took_ms, .. } = *under_way;
        let outcome = self.carry_out(job, fate, deed);
        // Now and then the word of an act takes its time.
        let longest = if self.dice.chance(100) { SLOW_WORD_MS_MAX } else { took_ms };
        let rest_ms = self.dice.within(1..=longest);
        self.schedule(rest_ms, Happening::Ends(start, outcome));
    }

    fn one_attempt_at_a_time(&self, job: JobId) -> Result<(), Breach> {
        let Some((task, attempt)) = task_of(job) else { return Ok(()) };
        let other =
            self.under_way.values().filter(|other| other.fate == Fate::Awaited).find_map(|other| {
                task_of(other.job).filter(|&(of, number)| of == task && number != attempt)
            });
        match other {
            Some((_, number)) => Err(Breach::new(
                "I11",
                format!("attempts {number} and {attempt} of task {task} run at once"),
            )),
            None => Ok(()),
        }
    }
}

/// The attempt that a job belongs to.
fn task_of(job: JobId) -> Option<(TaskId, u32)> {
    match job {
        JobId::Prepare(task, attempt)
        | JobId::Tool { agent: AgentId::Worker(task, attempt), .. }
        | JobId::Verify(task, attempt)
        | JobId::Integrate(task, attempt)
        | JobId::Land(task, MergeTry { attempt, .. }) => Some((task, attempt)),
        JobId::Publish
        | JobId::Call { .. }
        | JobId::Tool { .. }
        | JobId::Deliver(_)
        | JobId::Foresee(_)
        | JobId::Commit(_)
        | JobId::Recheck(_)
        | JobId::Prove { .. } => None,
    }
}
