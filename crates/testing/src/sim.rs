//! The simulator: a seeded world in which everything but core is played, and checked at each step.
//!
//! Models, tools, git, the disk, the clock and the person are random but plausible. Processes die at
//! every point of their loop; outcomes come late, twice or never. A seed repeats its run exactly.
//!
//! ```text
//! world ─▶ arrivals ─▶ core::step ─▶ journal ─▶ wanted jobs ─▶ world
//!                          └──────── audit ───────┘
//! ```

mod audit;
mod dice;
mod git;
mod journal;
mod mail;
mod models;
mod person;
mod process;
mod provider;
mod setup;
mod world;

use equitr_core::event::Ending;
use process::Process;
use std::collections::BTreeMap;
use std::ops::Range;

/// A mistake of the engine, planted to prove that the simulator finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// Records are published and acted on before they are durable.
    ActsBeforeDurable,
    /// A merge whose landing is not recorded is made again, without a look at the branch.
    LandsWithoutAsking,
    /// The integration branch is set, not compared and swapped.
    MovesWithoutComparing,
    /// A new process goes on without saying that it is a new one.
    ForgetsToResume,
    /// Nobody looks at the time for which the run wants to be woken.
    NeverWakes,
    /// Jobs that are not wanted any more run on.
    ForgetsToStop,
}

/// What runs came to, added up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Figures {
    /// Runs.
    pub runs: u64,
    /// Inputs.
    pub steps: u64,
    /// Records made durable.
    pub records: u64,
    /// Processes that died.
    pub crashes: u64,
    /// Records that died with them.
    pub lost: u64,
    /// Jobs that were stopped.
    pub aborted: u64,
    /// Outcomes of jobs that nobody waited for any more.
    pub late: u64,
    /// Model calls that hung.
    pub hangs: u64,
    /// Tasks.
    pub tasks: u64,
    /// Merges.
    pub merges: u64,
    /// Runs by how they ended.
    pub endings: BTreeMap<&'static str, u64>,
}

impl Figures {
    /// Adds another's figures.
    pub fn add(&mut self, other: &Self) {
        let Self {
            runs,
            steps,
            records,
            crashes,
            lost,
            aborted,
            late,
            hangs,
            tasks,
            merges,
            endings,
        } = other;
        self.runs += runs;
        self.steps += steps;
        self.records += records;
        self.crashes += crashes;
        self.lost += lost;
        self.aborted += aborted;
        self.late += late;
        self.hangs += hangs;
        self.tasks += tasks;
        self.merges += merges;
        for (ending, count) in endings {
            *self.endings.entry(ending).or_default() += count;
        }
    }

    fn ended(&mut self, ending: &Ending) {
        let name = match ending {
            Ending::Done => "done",
            Ending::DoneWithOpenWork => "done with open work",
            Ending::Failed { .. } => "failed",
            Ending::OutOfBudget => "out of budget",
            Ending::ModelUnavailable { .. } => "model unavailable",
            Ending::Broken { .. } => "broken",
            Ending::Cancelled => "cancelled",
        };
        self.runs += 1;
        *self.endings.entry(name).or_default() += 1;
    }
}

/// An invariant that did not hold, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("SIM seed={seed} step={step}: {invariant} {what}")]
pub struct Violation {
    /// The seed of the run.
    pub seed: u64,
    /// How many inputs the run had taken.
    pub step: u64,
    /// The invariant's id.
    pub invariant: &'static str,
    /// What was seen instead.
    pub what: String,
}

/// One run of a seed, with a planted bug or without.
///
/// # Errors
/// When an invariant does not hold.
pub fn run(seed: u64, bug: Option<Bug>) -> Result<Figures, Violation> {
    play(seed, bug, false).0
}

/// One run of a seed, and what happened in it, a line each.
pub fn traced(seed: u64, bug: Option<Bug>) -> (Result<Figures, Violation>, Vec<String>) {
    play(seed, bug, true)
}

/// Runs of all seeds of the range, on two threads.
///
/// # Errors
/// The violation of the first seed that has one, as far as its thread came to it.
pub fn sweep(seeds: Range<u64>) -> Result<Figures, Violation> {
    let every_second = |from: u64| -> Result<Figures, Violation> {
        let mut figures = Figures::default();
        for seed in seeds.clone().skip(usize::from(from > 0)).step_by(2) {
            figures.add(&run(seed, None)?);
        }
        Ok(figures)
    };
    let (even, odd) = std::thread::scope(|scope| {
        let other = scope.spawn(|| every_second(1));
        let mine = every_second(0);
        let other = other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (mine, other)
    });
    match (even, odd) {
        (Ok(mut all), Ok(other)) => {
            all.add(&other);
            Ok(all)
        }
        (Err(a), Err(b)) => Err(if a.seed < b.seed { a } else { b }),
        (Err(violation), Ok(_)) | (Ok(_), Err(violation)) => Err(violation),
    }
}

fn play(seed: u64, bug: Option<Bug>, trace: bool) -> (Result<Figures, Violation>, Vec<String>) {
    let violation = |step: u64, breach: audit::Breach| Violation {
        seed,
        step,
        invariant: breach.invariant,
        what: breach.what,
    };
    let mut process = match Process::new(seed, setup::setup(seed), bug, trace) {
        Ok(process) => process,
        Err(breach) => return (Err(violation(0, breach)), Vec::new()),
    };
    let result = match process.run() {
        Ok(()) => Ok(std::mem::take(&mut process.world.figures)),
        Err(breach) => Err(violation(process.step, breach)),
    };
    (result, process.trace.unwrap_or_default())
}
