//! Workers that make the same call again and get the same: told at the third, stopped at the fifth.

use super::{Breach, holds};
use equitr_core::chat::{ToolCall, ToolOutcome};
use equitr_core::event::Event;
use equitr_core::id::AgentId;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The latest turns of workers, as far as they are one call each.
#[derive(Debug, Default)]
pub(super) struct Circles(BTreeMap<AgentId, Turns>);

#[derive(Debug, Default)]
struct Turns {
    calls: Vec<ToolCall>,
    results: BTreeMap<u32, (Arc<str>, ToolOutcome)>,
    last: Option<Deed>,
    /// All deeds of the latest turn.
    latest: Vec<Deed>,
    alike: u32,
    told: bool,
    /// What it was told of, whenever.
    known: Vec<Deed>,
}

/// A call, whatever its id, and what it gave.
#[derive(Debug, Clone, PartialEq)]
struct Deed {
    name: Arc<str>,
    args: Arc<str>,
    content: Arc<str>,
    outcome: ToolOutcome,
}

impl Circles {
    pub fn saw(&mut self, event: &Event) -> Result<(), Breach> {
        match event {
            Event::CallReplied { agent: agent @ AgentId::Worker(..), reply, .. } => {
                let turns = self.0.entry(*agent).or_default();
                turns.calls = reply.calls.clone();
                turns.results.clear();
            }
            Event::ToolFinished {
                agent: agent @ AgentId::Worker(..),
                call,
                content,
                outcome,
                ..
            } => {
                let turns = self.0.entry(*agent).or_default();
                turns.results.insert(*call, (content.clone(), *outcome));
                turns.end();
            }
            Event::CircleNoticed { task, attempt, text } => {
                let turns = self.0.entry(AgentId::Worker(*task, *attempt)).or_default();
                turns.told = true;
                let is_meant = |deed: &&Deed| text.contains(&format!("`{} ", deed.name));
                turns.known.extend(turns.latest.iter().filter(is_meant).cloned());
            }
            Event::CallReserved { agent, .. } => {
                let Some(turns) = self.0.get(agent) else { return Ok(()) };
                let Turns { alike, told, .. } = turns;
                holds(*alike < 5 && (*alike < 3 || *told), "S2", || {
                    format!("{agent:?} did the same {alike} times in a row; told: {told}")
                })?;
            }
            _ => {}
        }
        Ok(())
    }
}

impl Turns {
    /// When all results are there: whether the turn is the one before once more.
    fn end(&mut self) {
        if self.results.len() < self.calls.len() {
            return;
        }
        let deed = |(call, (content, outcome)): (&ToolCall, &(Arc<str>, ToolOutcome))| Deed {
            name: call.name.clone(),
            args: call.args.clone(),
            content: content.clone(),
            outcome: *outcome,
        };
        self.latest = self.calls.iter().zip(self.results.values()).map(deed).collect();
        let now = match self.latest.as_slice() {
            [deed] => Some(deed.clone()),
            _ => None,
        };
        if now.is_some() && now == self.last {
            self.alike += 1;
        } else {
            let told = now.as_ref().is_some_and(|deed| self.known.contains(deed));
            (self.alike, self.told) = (u32::from(now.is_some()), told);
        }
        self.last = now;
    }
}
