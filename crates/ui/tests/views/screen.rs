//! What views show of a played run.

use crate::play::Play;
use equitr_core::apply;
use equitr_core::event::Record;
use equitr_core::state::RunState;
use equitr_ui::Style;
use equitr_ui::line::Lines;

pub const PLAIN: Style = Style::PLAIN;
pub const SYMBOLS: Style = Style { color: false, emoji: true, width: 80 };
pub const COLORS: Style = Style { color: true, emoji: true, width: 80 };
pub const STYLES: [Style; 3] = [PLAIN, SYMBOLS, COLORS];

/// Every record with the state after it.
pub fn folded(play: &Play) -> Vec<(Record, RunState)> {
    let mut state = apply::open(&play.journal[0]).unwrap();
    let mut all = vec![(play.journal[0].clone(), state.clone())];
    for record in &play.journal[1..] {
        apply::apply(&mut state, record).unwrap();
        all.push((record.clone(), state.clone()));
    }
    all
}

/// The whole flow of a run.
pub fn flow(play: &Play, style: &Style) -> String {
    flow_from(play, 0, style)
}

/// The flow of a run from its record `first` on.
pub fn flow_from(play: &Play, first: usize, style: &Style) -> String {
    let all = folded(play);
    let mut lines = match first.checked_sub(1) {
        None => Lines::new(),
        Some(before) => Lines::from(&all[before].1),
    };
    all[first..].iter().map(|(record, state)| lines.record(state, record, style)).collect()
}

/// The whole journal of a run, readable.
pub fn journal(play: &Play, style: &Style) -> String {
    folded(play).iter().map(|(record, state)| equitr_ui::show::show(record, state, style)).collect()
}
