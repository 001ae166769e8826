//! The engine's process, simulated: it takes inputs, commits what they lead to, then acts.

mod death;

use super::audit::{Audit, Breach};
use super::dice::Dice;
use super::git::Git;
use super::journal::Journal;
use super::models::{Mood, Players};
use super::setup::{Role, Setup, stream};
use super::world::{Arrival, Start, World};
use super::{Bug, person};
use death::Death;
use equitr_core::apply;
use equitr_core::event::{Delivery, Event, Record};
use equitr_core::input::{Command, Input, Outcome};
use equitr_core::job::{self, JobId, Work};
use equitr_core::state::RunState;
use equitr_core::units::Price;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Inputs of one pass of the loop.
const BATCH_MAX: u64 = 4;

/// Records after which the state is compared with the one that the journal folds to.
const COMPARE_EVERY: u64 = 16;

/// Inputs that a run may still take once nothing goes wrong any more: a task's whole way takes
/// about ten, and there are 30 tasks of a few tries each at the most; an attempt of a stubborn
/// worker takes up to 40.
const CALM_INPUTS_MAX: u64 = 6_000;

/// A process, and its successors.
pub(super) struct Process {
    pub world: World,
    players: Players,
    person: Dice,
    afterthoughts: Dice,
    dice: Dice,
    bug: Option<Bug>,
    journal: Journal,
    /// Records that were published: nobody may have to unlearn them.
    published: u64,
    state: RunState,
    /// Folded from what is durable.
    folded: RunState,
    audit: Audit,
    running: BTreeMap<JobId, Start>,
    /// The wall clock is ahead of the world's by this; it may step when a process starts.
    clock_ms: u64,
    wild_passes: u64,
    stubborn: Option<Role>,
    passes: u64,
    pub step: u64,
    calm_since: Option<u64>,
    /// What happened, a line each, when somebody wants to read it.
    pub trace: Option<Vec<String>>,
}

impl Process {
    pub fn new(seed: u64, setup: Setup, bug: Option<Bug>, traced: bool) -> Result<Self, Breach> {
        let Setup { spec, rates, wild_passes, stubborn, changed } = setup;
        let clock_ms = 1_000_000;
        let audit = Audit::new(&spec);
        let (state, first) =
            equitr_core::start(Arc::new(spec), clock_ms).map_err(|refused| refusal(&refused))?;
        let folded = apply::open(&first).map_err(|refused| refusal(&refused))?;
        let mut process = Self {
            world: World::new(Dice::new(seed, stream::WORLD), rates, changed, bug),
            players: Players { dice: Dice::new(seed, stream::MODELS), messages: 0 },
            person: Dice::new(seed, stream::PERSON),
            afterthoughts: Dice::new(seed, stream::AFTERTHOUGHTS),
            dice: Dice::new(seed, stream::PROCESS),
            bug,
            journal: Journal::default(),
            published: 0,
            state,
            folded,
            audit,
            running: BTreeMap::new(),
            clock_ms,
            wild_passes,
            stubborn,
            passes: 0,
            step: 0,
            calm_since: None,
            trace: traced.then(Vec::new),
        };
        process.audit.saw(&first, &process.state, &process.world.git)?;
        process.note(|_| format!("{:?}", first.events));
        // A run exists from its first record on: without it there is nothing to take up.
        process.journal.write(vec![first]);
        process.journal.sync();
        process.published = 1;
        process.reconcile()?;
        Ok(process)
    }

    /// Runs until the run is over for good.
    pub fn run(&mut self) -> Result<(), Breach> {
        while !self.is_over() || self.is_taken_up()? {
            self.passes += 1;
            if self.calm_since.is_none() && self.passes > self.wild_passes {
                self.note(|_| "the world calms down".to_owned());
                self.world.calm();
                self.calm_since = Some(self.step);
            }
            let mut records = Vec::new();
            let wake_ms = match self.bug {
                Some(Bug::NeverWakes) => None,
                _ => job::wake_at(&self.state).map(|at| at.saturating_sub(self.clock_ms)),
            };
            let first = self.world.next(wake_ms);
            self.take(first, &mut records)?;
            for _ in 0..self.dice.below(BATCH_MAX) {
                let Some(more) = self.world.arrived(200) else { break };
                self.take(more, &mut records)?;
            }
            let death = self.death();
            self.commit(records, death)?;
            if let Some(since) = self.calm_since
                && self.step - since > CALM_INPUTS_MAX
            {
                return Err(self.stuck("the run does not end"));
            }
        }
        self.end()
    }

    fn is_over(&self) -> bool {
        // Nothing helps a run with a stubborn model; a pause is all it has to come to.
        let paused = self.calm_since.is_some() && self.stubborn.is_some();
        self.state.ending().is_some_and(|ending| paused || !ending.can_resume())
    }

    /// Whether the person comes back to a run that is over.
    fn is_taken_up(&mut self) -> Result<bool, Breach> {
        let mut records = Vec::new();
        for command in person::afterwards(&mut self.afterthoughts, &self.state) {
            self.input(Input::Command(command), &mut records)?;
        }
        if records.is_empty() {
            return Ok(false);
        }
        self.commit(records, Death::None)?;
        Ok(!self.is_over())
    }

    fn take(&mut self, arrival: Arrival, records: &mut Vec<Record>) -> Result<(), Breach> {
        match arrival {
            Arrival::Woken => self.input(Input::Tick, records),
            Arrival::Done(start, job, outcome) => self.done(start, job, outcome, records),
            Arrival::Person => {
                let commands = self.commands(records.is_empty())?;
                self.world.person_looks_again();
                commands.into_iter().try_for_each(|c| self.input(Input::Command(c), records))
            }
        }
    }

    fn commands(&mut self, fresh: bool) -> Result<Vec<Command>, Breach> {
        let due = person::helpful(&self.state);
        let asleep = self.bug != Some(Bug::NeverWakes) && job::wake_at(&self.state).is_some();
        // Before anything else of a pass: what is wanted was started by the pass before.
        let idle = fresh && self.world.is_idle() && !asleep && self.state.ending().is_none();
        if idle && due.is_empty() {
            return Err(self.stuck("nothing is under way, and the person has nothing to do"));
        }
        if self.calm_since.is_some() {
            return Ok(due);
        }
        let (person, messages) = (&mut self.person, &mut self.players.messages);
        let nonsense = self.world.rates.nonsense;
        let mut commands = person::wild(person, &self.state, nonsense, messages);
        commands.extend(person::on_policy(&mut self.afterthoughts));
        Ok(commands)
    }

    /// An outcome: of a call, only the one that answers the request under way may be taken.
    fn done(
        &mut self,
        start: Start,
        job: JobId,
        outcome: Outcome,
        records: &mut Vec<Record>,
    ) -> Result<(), Breach> {
        let current = self.running.get(&job) == Some(&start);
        if current {
            self.running.remove(&job);
        }
        let wanted = job::is_wanted(&self.state, job);
        let broken = matches!(outcome, Outcome::Failed(_));
        let before = records.len();
        self.input(Input::Done(job, outcome), records)?;
        let taken = records
            .get(before..)
            .unwrap_or_default()
            .iter()
            .flat_map(|r| &r.events)
            .any(|event| matches!(event, Event::CallReplied { .. } | Event::CallFailed { .. }));
        if taken && !current {
            return Err(Breach::new(
                "F1",
                format!("{job:?} is answered by a call that was given up"),
            ));
        }
        if wanted && broken && self.state.ending().is_none() {
            return Err(Breach::new(
                "F2",
                format!("the machine failed {job:?}, and the run goes on"),
            ));
        }
        Ok(())
    }

    fn input(&mut self, input: Input, records: &mut Vec<Record>) -> Result<(), Breach> {
        self.step += 1;
        self.world.figures.steps += 1;
        let at_ms = self.world.now_ms + self.clock_ms;
        self.note(|_| format!("at {at_ms}: {}", short(&input)));
        let reaction = equitr_core::step(&mut self.state, at_ms, input.clone())
            .map_err(|refused| refusal(&refused))?;
        if let Some(why) = &reaction.objection {
            self.note(|_| format!("  objects: {why}"));
        }
        if let Some(record) = reaction.record {
            for event in &record.events {
                self.note(|_| format!("  {}", short(event)));
            }
            Audit::led_to(&input, &record)?;
            self.audit.saw(&record, &self.state, &self.world.git)?;
            records.push(record);
        }
        Ok(())
    }

    /// Durable first, then told and acted on; or the process dies somewhere on the way.
    fn commit(&mut self, records: Vec<Record>, death: Death) -> Result<(), Breach> {
        if self.bug == Some(Bug::ActsBeforeDurable) {
            self.published += records.len() as u64;
            self.reconcile()?;
        }
        if death == Death::BeforeTheWrite {
            return self.die(death);
        }
        let written = records.len() as u64;
        self.journal.write(records);
        if death == Death::BeforeTheSync {
            return self.die(death);
        }
        for record in self.journal.sync() {
            apply::apply(&mut self.folded, record).map_err(|refused| refusal(&refused))?;
        }
        if self.bug != Some(Bug::ActsBeforeDurable) {
            self.published += written;
        }
        self.world.figures.records += written;
        if self.folded.records % COMPARE_EVERY < written {
            self.compare("as it goes on")?;
        }
        if death == Death::BeforeTheAct {
            return self.die(death);
        }
        self.audit.check(&self.state, &self.world.git, self.world.billed)?;
        self.reconcile()?;
        if death == Death::AfterTheAct { self.die(death) } else { Ok(()) }
    }

    /// Starts what is wanted and not running, stops what is running and not wanted.
    fn reconcile(&mut self) -> Result<(), Breach> {
        let wanted = job::jobs(&self.state);
        if self.bug != Some(Bug::ForgetsToStop) {
            let world = &mut self.world;
            self.running.retain(|job, start| {
                let keep = wanted.contains(job);
                if !keep {
                    world.abort(*start);
                }
                keep
            });
        }
        for job in wanted {
            if self.running.contains_key(&job) {
                continue;
            }
            let Some(work) = job::work(&self.state, job) else {
                return Err(Breach::new("W2", format!("{job:?} is wanted and has no work")));
            };
            let start = self.start(job, work)?;
            if self.running.insert(job, start).is_some() {
                return Err(Breach::new("W2", format!("{job:?} is wanted twice")));
            }
        }
        Ok(())
    }

    fn start(&mut self, job: JobId, work: Work) -> Result<Start, Breach> {
        let caller = match job {
            JobId::Call { agent, .. } => Some(agent),
            JobId::Publish
            | JobId::Prepare(..)
            | JobId::Tool { .. }
            | JobId::Verify(..)
            | JobId::Integrate(..)
            | JobId::Land(..)
            | JobId::Deliver(_)
            | JobId::Foresee(_)
            | JobId::Commit(_)
            | JobId::Recheck(_)
            | JobId::Prove { .. } => None,
        };
        if let (Some(agent), Work::Call(request)) = (caller, &work) {
            self.audit.request(agent, request)?;
        }
        self.audit.starts(job)?;
        self.note(|_| format!("  starts {job:?}"));
        let mood = match self.calm_since {
            None => Mood::Wild { silly: self.world.rates.silly },
            Some(_) if self.stubborn.is_some() && caller.map(Role::of) == self.stubborn => {
                Mood::Stubborn
            }
            Some(_) => Mood::Helpful,
        };
        let price = caller.map_or(Price::FREE, |agent| self.state.model(agent).price);
        let (players, state) = (&mut self.players, &self.state);
        let reply = || caller.map(|agent| players.reply(state, agent, mood)).unwrap_or_default();
        self.world.start(job, work, price, reply)
    }

    fn compare(&mut self, when: &str) -> Result<(), Breach> {
        self.folded.now_ms = self.state.now_ms;
        if self.folded == self.state {
            return Ok(());
        }
        Err(Breach::new("I6", format!("{when}, the journal folds to another state")))
    }

    fn end(&mut self) -> Result<(), Breach> {
        self.audit.check(&self.state, &self.world.git, self.world.billed)?;
        self.compare("at the end")?;
        if !job::jobs(&self.state).is_empty() || job::wake_at(&self.state).is_some() {
            return Err(Breach::new("I9", "the run is over and wants something"));
        }
        let Git { delivered, aside, .. } = &self.world.git;
        if let Some(delivery) = &self.state.delivery
            && self.state.head.as_ref()
                != match delivery {
                    Delivery::Moved { .. } => delivered.as_ref(),
                    Delivery::OnBranch { .. } => aside.as_ref(),
                }
        {
            return Err(Breach::new("E1", format!("{delivery:?} is not where the branch stands")));
        }
        if let Some(ending) = self.state.ending() {
            self.world.figures.ended(ending);
        }
        self.world.figures.merges += self.world.git.merges.len() as u64;
        self.world.figures.tasks += self.state.tasks.len() as u64;
        Ok(())
    }

    fn stuck(&self, what: &str) -> Breach {
        let state = &self.state;
        let tasks: Vec<String> =
            state.tasks.iter().map(|t| short(&(t.id.0, &t.status)).to_string()).collect();
        let (phase, callers) = (&state.phase, &state.callers);
        Breach::new(
            "I9",
            format!(
                "{what}: {phase:?}, wanted {:?}, callers {callers:?}, halting {:?}, {tasks:?}",
                job::jobs(state),
                state.halting
            ),
        )
    }

    fn note(&mut self, line: impl FnOnce(&RunState) -> String) {
        if let Some(trace) = &mut self.trace {
            let line = line(&self.state);
            trace.push(format!("{:>5}  {line}", self.step));
        }
    }
}

fn refusal(refused: &apply::Refused) -> Breach {
    Breach::new("R1", refused.to_string())
}

/// Something in one bounded line.
fn short(thing: &impl std::fmt::Debug) -> String {
    let text = format!("{thing:?}");
    equitr_core::dialogue::cut(&text, 240).to_owned()
}
