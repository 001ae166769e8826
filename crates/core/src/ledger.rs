//! The run's money: what may be spent, what is, and what is set aside for calls under way.

use crate::units::MicroDollars;

/// Spent and held together never pass the limit, but for what a provider bills above its own price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ledger {
    /// What the run may cost; `None` is no bound.
    pub limit: Option<MicroDollars>,
    /// Settled.
    pub spent: MicroDollars,
    /// Set aside for calls under way.
    pub held: MicroDollars,
    /// What calls cost beyond what was set aside for them.
    pub overrun: MicroDollars,
}

impl Ledger {
    /// What a new call may cost; `None` is no bound.
    pub fn left(&self) -> Option<MicroDollars> {
        #[cfg(feature = "planted")]
        if crate::planted::is(crate::planted::Mistake::UncountedHolds) {
            return self.limit.map(|limit| limit - self.spent);
        }
        self.limit.map(|limit| limit - self.spent - self.held)
    }

    /// Sets `amount` aside; `None` when it is not left.
    #[must_use]
    pub fn hold(self, amount: MicroDollars) -> Option<Self> {
        match self.left() {
            Some(left) if left < amount => None,
            _ => Some(Self { held: self.held + amount, ..self }),
        }
    }

    /// Releases `hold` and books `cost`.
    pub fn settle(&mut self, hold: MicroDollars, cost: MicroDollars) {
        self.held = self.held - hold;
        self.spent += cost;
        self.overrun += cost - hold;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_that_is_held_cannot_be_held_again() {
        let ledger = Ledger { limit: Some(MicroDollars(100)), ..Ledger::default() };
        let mut ledger = ledger.hold(MicroDollars(60)).unwrap();
        assert_eq!(ledger.hold(MicroDollars(41)), None);
        ledger.settle(MicroDollars(60), MicroDollars(10));
        assert_eq!(ledger.left(), Some(MicroDollars(90)));
        assert_eq!(ledger.overrun, MicroDollars(0));
    }

    #[test]
    fn a_call_that_costs_more_than_was_held_is_an_overrun() {
        let mut ledger = Ledger { limit: Some(MicroDollars(100)), ..Ledger::default() }
            .hold(MicroDollars(10))
            .unwrap();
        ledger.settle(MicroDollars(10), MicroDollars(15));
        assert_eq!((ledger.spent, ledger.overrun), (MicroDollars(15), MicroDollars(5)));
    }
}
