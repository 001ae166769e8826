//! What holds for the views of every run.

use crate::screen::{STYLES, SYMBOLS, flow, flow_from, folded};
use crate::shop;
use equitr_ui::line::Lines;
use equitr_ui::show::show;

#[test]
fn a_flow_that_is_taken_up_anywhere_goes_on_as_if_it_had_been_there_all_along() {
    for play in [shop::whole_run(), shop::open_work()] {
        let all = folded(&play);
        let mut lines = Lines::new();
        let pieces: Vec<String> =
            all.iter().map(|(record, state)| lines.record(state, record, &SYMBOLS)).collect();
        for first in 1..all.len() {
            let told = flow_from(&play, first, &SYMBOLS);
            let expected = pieces[first..].concat();
            // Only the empty line before the first block has nothing to set it off from.
            assert_eq!(told.trim_start(), expected.trim_start(), "from record {first}");
        }
    }
}

#[test]
fn the_journal_shows_an_entry_for_every_event() {
    for play in [shop::whole_run(), shop::open_work()] {
        for (record, state) in folded(&play) {
            let text = show(&record, &state, &SYMBOLS);
            let stamp = format!("{:>5} 2026-11-22 ", record.seq);
            let entries = text.lines().filter(|line| line.starts_with(&stamp)).count();
            assert_eq!(entries, record.events.len(), "{text}");
        }
    }
}

#[test]
fn no_flow_has_two_empty_lines_or_a_blank_at_a_lines_end() {
    for play in [shop::whole_run(), shop::open_work()] {
        for style in STYLES {
            let told = flow(&play, &style);
            assert!(!told.contains("\n\n\n") && !told.contains(" \n"), "{told}");
        }
    }
}
