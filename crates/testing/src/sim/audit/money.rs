//! The books of the money (I3).

use super::{Breach, holds};
use equitr_core::dialogue::Step;
use equitr_core::event::Event;
use equitr_core::id::{AgentId, TaskId};
use equitr_core::state::RunState;
use equitr_core::units::MicroDollars;
use std::collections::BTreeMap;

/// What is set aside and spent, by whom, in micro-dollars.
#[derive(Debug)]
pub(super) struct Money {
    /// What may be spent: the limit, or what was committed already when a lower one was set.
    bound: Option<u64>,
    held: BTreeMap<AgentId, u64>,
    by_task: BTreeMap<TaskId, u64>,
    by_others: u64,
}

impl Money {
    pub fn new(budget: Option<MicroDollars>) -> Self {
        Self {
            bound: budget.map(|limit| limit.0),
            held: BTreeMap::new(),
            by_task: BTreeMap::new(),
            by_others: 0,
        }
    }

    pub fn saw(&mut self, event: &Event) {
        match event {
            Event::CallReserved { agent, amount, .. } => {
                self.charge_held(*agent);
                self.held.insert(*agent, amount.0);
            }
            Event::CallReplied { agent, cost, .. } | Event::CallFailed { agent, cost, .. } => {
                self.held.remove(agent);
                self.charge(*agent, cost.0);
            }
            // Nobody will learn what the calls under way cost.
            Event::RunResumed | Event::RunEnded { .. } => {
                let agents: Vec<AgentId> = self.held.keys().copied().collect();
                agents.into_iter().for_each(|agent| self.charge_held(agent));
            }
            Event::BudgetSet { budget } => {
                self.bound = budget.map(|limit| limit.0.max(self.spent() + self.held()));
            }
            _ => {}
        }
    }

    /// Charges in full what is held for conversations that were closed in the record.
    pub fn settle(&mut self, state: &RunState) -> Result<(), Breach> {
        let closed: Vec<AgentId> = self
            .held
            .keys()
            .copied()
            .filter(|&agent| {
                !state.dialogue(agent).is_some_and(|d| matches!(d.step, Step::Calling { .. }))
            })
            .collect();
        closed.into_iter().for_each(|agent| self.charge_held(agent));
        let (spent, held) = (self.spent(), self.held());
        let ledger = &state.ledger;
        holds((ledger.spent.0, ledger.held.0) == (spent, held), "I3", || {
            format!(
                "the ledger says {} spent and {} held, the books {spent} and {held}",
                ledger.spent.0, ledger.held.0
            )
        })?;
        match self.bound {
            Some(bound) => holds(spent + held <= bound, "I3", || {
                format!("{spent} spent and {held} held pass {bound}")
            }),
            None => Ok(()),
        }
    }

    pub fn check(&self, state: &RunState, billed: u64) -> Result<(), Breach> {
        let known = self.spent() + self.held();
        holds(billed <= known, "I3", || format!("billed {billed} > {known} spent and held"))?;
        for task in &state.tasks {
            let spent = self.by_task.get(&task.id).copied().unwrap_or(0);
            holds(task.spent.0 == spent, "I3", || {
                format!("task {} says {} spent, the books {spent}", task.id, task.spent.0)
            })?;
        }
        Ok(())
    }

    fn spent(&self) -> u64 {
        self.by_others + self.by_task.values().sum::<u64>()
    }

    fn held(&self) -> u64 {
        self.held.values().sum()
    }

    fn charge_held(&mut self, agent: AgentId) {
        if let Some(held) = self.held.remove(&agent) {
            self.charge(agent, held);
        }
    }

    fn charge(&mut self, agent: AgentId, cost: u64) {
        match agent {
            AgentId::Worker(task, _) => *self.by_task.entry(task).or_default() += cost,
            AgentId::Planner | AgentId::Supervisor(_) => self.by_others += cost,
        }
    }
}
