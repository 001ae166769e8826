//! When jobs may start, and when time alone brings something about.

use crate::dialogue::Step;
use crate::id::AgentId;
use crate::state::RunState;

/// When time alone would bring something about, in milliseconds since 1970; nothing while a call
/// that waits could start anyway, or while the run is paused.
pub fn wake_at(state: &RunState) -> Option<u64> {
    if state.ending().is_some() || state.paused.is_some() {
        return None;
    }
    let callers = state.callers.iter().filter_map(|&agent| {
        state.halting.is_none().then(|| call_not_before(state, agent)).flatten()
    });
    let questions = state.questions.values().filter_map(|question| question.deadline_ms);
    callers.chain(questions).filter(|&at| at > state.now_ms).min()
}

/// When this agent's next call may start at the earliest.
pub(crate) fn call_not_before(state: &RunState, agent: AgentId) -> Option<u64> {
    let Step::NeedsCall { not_before_ms, .. } = state.dialogue(agent)?.step else { return None };
    let gate = state.gates.get(&state.model(agent).provider).copied().unwrap_or(0);
    Some(not_before_ms.max(gate))
}
