//! How a process dies, and how the next one takes its run up.

use super::super::Bug;
use super::super::audit::{Audit, Breach};
use super::{Process, refusal};
use equitr_core::apply;
use equitr_core::event::Record;
use equitr_core::input::Input;

/// How a pass of the loop ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Death {
    None,
    /// What was decided is lost.
    BeforeTheWrite,
    /// The disk may have it or not.
    BeforeTheSync,
    /// Durable, and nobody acted on it.
    BeforeTheAct,
    /// Jobs are started.
    AfterTheAct,
}

impl Process {
    /// Whether the process dies in this pass, and where.
    pub(super) fn death(&mut self) -> Death {
        if !self.dice.chance(self.world.rates.crash) {
            return Death::None;
        }
        self.dice.one_of([
            Death::BeforeTheWrite,
            Death::BeforeTheSync,
            Death::BeforeTheAct,
            Death::AfterTheAct,
        ])
    }

    /// The process dies and another one takes the run up, unless that dies too.
    pub(super) fn die(&mut self, death: Death) -> Result<(), Breach> {
        self.note(|_| format!("the process dies: {death:?}"));
        self.world.crash();
        self.running.clear();
        let tail_survives = self.dice.chance(500);
        self.world.figures.lost += self.journal.crash(tail_survives);
        self.replay()?;
        self.world.sleep(self.dice.within(0..=60_000));
        // Wall clocks step, forwards and back.
        if self.dice.chance(200) {
            self.clock_ms = self.dice.within(500_000..=1_500_000);
        }
        let mut records = Vec::new();
        if self.bug != Some(Bug::ForgetsToResume) {
            self.input(Input::Resume, &mut records)?;
        }
        let death = self.death();
        self.commit(records, death)
    }

    /// What a new process does first. Every published record is there (I4), every prefix of the
    /// journal folds, and the whole of it to the state that was (I6).
    fn replay(&mut self) -> Result<(), Breach> {
        let records = self.journal.records();
        if (records.len() as u64) < self.published {
            let there = records.len();
            let published = self.published;
            return Err(Breach::new(
                "I4",
                format!("{published} records published, {there} are there"),
            ));
        }
        let written = self.dice.chance(60).then(|| read_again(records)).transpose()?;
        let records = written.as_deref().unwrap_or(records);
        let Some((first, rest)) = records.split_first() else {
            return Err(Breach::new("I4", "the journal is empty"));
        };
        let mut state = apply::open(first).map_err(|refused| refusal(&refused))?;
        let mut audit = Audit::new(&state.spec);
        audit.saw(first, &state, &self.world.git)?;
        for record in rest {
            apply::apply(&mut state, record).map_err(|refused| refusal(&refused))?;
            audit.saw(record, &state, &self.world.git)?;
        }
        // The tail that survived by luck is not folded yet.
        let folded = usize::try_from(self.folded.records).unwrap_or(usize::MAX);
        for record in records.get(folded..).unwrap_or_default() {
            apply::apply(&mut self.folded, record).map_err(|refused| refusal(&refused))?;
        }
        self.published = state.records;
        self.state = state;
        self.audit = audit;
        self.compare("after a crash")?;
        self.audit.check(&self.state, &self.world.git, self.world.billed)
    }
}

fn read_again(records: &[Record]) -> Result<Vec<Record>, Breach> {
    let again = |record: &Record| {
        let text = serde_json::to_string(record)?;
        serde_json::from_str(&text)
    };
    let read: Result<Vec<Record>, serde_json::Error> = records.iter().map(again).collect();
    let read = read.map_err(|error| Breach::new("I6", error.to_string()))?;
    if read == records {
        Ok(read)
    } else {
        Err(Breach::new("I6", "a record is read as another than it was written"))
    }
}
