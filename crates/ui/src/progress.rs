//! The state as one line of a terminal that is drawn over again and again.

use crate::names;
use crate::sandbox;
use crate::style::{Mark, Style};
use crate::tally::Tally;
use crate::text::{count, fit, listed, one_line};
use crate::time::duration;
use equitr_core::dialogue::Step;
use equitr_core::id::AgentId;
use equitr_core::state::{Phase, RunState, Stage};
use unicode_width::UnicodeWidthStr;

/// Tasks named in one part of the line.
const TASKS_NAMED: usize = 3;
/// Fewer columns than this say nothing of an activity.
const ACTIVITY_COLUMNS_MIN: usize = 12;

/// One line that fits `style.width`, without a line end: how far the run is, who is at work, what
/// is checked or merged, what it waits for, money and time, and `activity` where it still fits.
///
/// `now_ms` moves the clock between two records; `activity` is foreign text, such as the tool call
/// of an agent.
pub fn status_line(state: &RunState, now_ms: u64, activity: &str, style: &Style) -> String {
    let now_ms = now_ms.max(state.now_ms);
    let (between, width) = (style.mark(Mark::Between), style.width);
    let mut line = String::new();
    for part in parts(state, now_ms, style) {
        let gap = if line.is_empty() { "" } else { between };
        // Parts come by weight: one that does not fit makes room for the next.
        if line.width() + gap.width() + part.width() <= width {
            line.push_str(gap);
            line.push_str(&part);
        } else if line.is_empty() {
            line = fit(&part, width, style);
        }
    }
    let room = width.saturating_sub(line.width() + between.width());
    let activity = one_line(activity, room, style);
    if !activity.is_empty() && (room >= ACTIVITY_COLUMNS_MIN) {
        line.push_str(between);
        line.push_str(&activity);
    }
    line
}

/// What the line says, the weightiest first.
fn parts(state: &RunState, now_ms: u64, style: &Style) -> Vec<String> {
    let mut parts = vec![phase(state)];
    parts.extend(sandbox::live(&state.spec.policy).map(str::to_owned));
    parts.extend(waits(state, now_ms, style));
    if let Phase::Working = state.phase {
        parts.extend(under_way(state));
    }
    parts.push(match state.ledger.limit {
        Some(limit) => format!("{}/{limit}", state.ledger.spent),
        None => state.ledger.spent.to_string(),
    });
    parts.push(duration(now_ms.saturating_sub(state.started_ms) / 1_000 * 1_000));
    parts
}

fn phase(state: &RunState) -> String {
    match &state.phase {
        Phase::Planning => "planning".to_owned(),
        Phase::Review => "review".to_owned(),
        Phase::Publishing => "committing the documents".to_owned(),
        Phase::Graphing => "making the task graph".to_owned(),
        Phase::Working if state.is_delivering() => "handing over the result".to_owned(),
        Phase::Working => {
            let tally = Tally::of(state);
            format!("{}/{} merged", tally.merged(), count(tally.total, "task"))
        }
        Phase::Ended(_) => "ended".to_owned(),
    }
}

/// What the run waits for: the person, a provider, money, or the end of what is under way.
pub(crate) fn waits(state: &RunState, now_ms: u64, style: &Style) -> Vec<String> {
    let mut waits = Vec::new();
    if state.ending().is_some() {
        return waits;
    }
    if state.halting.is_some() {
        waits.push("stopping".to_owned());
    }
    if state.paused.is_some() {
        waits.push("paused".to_owned());
    }
    if !state.questions.is_empty() {
        waits.push("waits for your answer".to_owned());
    } else if state.phase == Phase::Review {
        waits.push("waits for your approval".to_owned());
    } else if state.phase == Phase::Planning {
        let listens = |d: &equitr_core::dialogue::Dialogue| d.step == Step::Listening;
        if state.plan.dialogue.as_ref().is_none_or(listens) {
            waits.push("waits for you".to_owned());
        }
    }
    for (provider, &until_ms) in &state.gates {
        let gated = |agent: &AgentId| state.model(*agent).provider == *provider;
        if until_ms > now_ms && state.callers.iter().any(gated) {
            let provider = one_line(provider, 40, style);
            // Whole seconds, rounded up: it is never over before it says so.
            let left = duration((until_ms - now_ms).div_ceil(1_000) * 1_000);
            waits.push(format!("{provider} limits the rate, {left}"));
        }
    }
    if state.halting.is_none() && state.paused.is_none() && waits_for_money(state) {
        waits.push("waits for money".to_owned());
    }
    waits
}

/// Whether an agent could call but for money: core sets money aside as soon as there is enough.
fn waits_for_money(state: &RunState) -> bool {
    state.ledger.limit.is_some()
        && state.callers.iter().any(|&agent| {
            let gate = state.gates.get(&state.model(agent).provider).copied().unwrap_or(0);
            match state.dialogue(agent).map(|d| d.step) {
                Some(Step::NeedsCall { not_before_ms, .. }) => {
                    not_before_ms.max(gate) <= state.now_ms
                }
                Some(Step::Calling { .. } | Step::Acting | Step::Listening | Step::Closed)
                | None => false,
            }
        })
}

fn under_way(state: &RunState) -> Vec<String> {
    let mut at_work = 0_usize;
    let mut checked = Vec::new();
    let mut merged = Vec::new();
    for &id in &state.active {
        let Some(attempt) = state.task(id).and_then(|task| task.attempt()) else { continue };
        match attempt.stage {
            Stage::Working => at_work += 1,
            Stage::Verifying | Stage::Reviewing => checked.push(id),
            Stage::Queued => {}
            Stage::Integrating | Stage::Landing { .. } => merged.push(id),
        }
    }
    let mut parts = Vec::new();
    if at_work > 0 {
        parts.push(format!("{} at work", count(at_work, "worker")));
    }
    let tasks = |ids: &[_]| listed(ids.iter().map(|&id| names::number(id)), TASKS_NAMED);
    if !checked.is_empty() {
        parts.push(format!("checking {}", tasks(&checked)));
    }
    if !merged.is_empty() {
        parts.push(format!("merging {}", tasks(&merged)));
    }
    if !state.escalated.is_empty() {
        let escalated: Vec<_> = state.escalated.iter().copied().collect();
        parts.push(format!("supervisor decides on {}", tasks(&escalated)));
    }
    parts
}
