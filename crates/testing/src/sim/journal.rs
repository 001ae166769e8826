//! A journal on a disk that may lose what was not synced.

use equitr_core::event::Record;

/// Records in their order; a crash loses all or nothing of the transaction that is not synced.
#[derive(Debug, Default)]
pub(super) struct Journal {
    records: Vec<Record>,
    durable: usize,
}

impl Journal {
    /// Writes a transaction; nothing of it is safe yet.
    pub fn write(&mut self, transaction: Vec<Record>) {
        self.records.extend(transaction);
    }

    /// Makes everything written safe and gives back what was not safe before.
    pub fn sync(&mut self) -> &[Record] {
        let before = self.durable;
        self.durable = self.records.len();
        &self.records[before..]
    }

    /// Loses the tail, unless the disk happened to take the whole of it; how many records are lost.
    pub fn crash(&mut self, tail_survives: bool) -> u64 {
        let before = self.records.len();
        if tail_survives {
            self.durable = before;
        }
        self.records.truncate(self.durable);
        (before - self.records.len()) as u64
    }

    /// What a new process reads.
    pub fn records(&self) -> &[Record] {
        &self.records
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use equitr_core::event::Event;

    fn record(seq: u64) -> Record {
        Record { seq, at_ms: 0, events: vec![Event::PlanApproved] }
    }

    #[test]
    fn a_crash_loses_the_transaction_that_is_not_synced_and_nothing_else() {
        let mut journal = Journal::default();
        journal.write(vec![record(0)]);
        assert_eq!(journal.sync(), [record(0)]);
        journal.write(vec![record(1), record(2)]);
        assert_eq!(journal.crash(false), 2);
        assert_eq!(journal.records(), [record(0)]);
        journal.write(vec![record(1)]);
        assert_eq!(journal.crash(true), 0);
        assert_eq!(journal.records().len(), 2);
    }
}
