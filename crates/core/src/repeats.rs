//! Workers that go in circles: the same tool call, the same result, again and again.
//!
//! Kept with the conversation it is about, and so the same after a resume. What a call gives is
//! part of what makes it the same, so that waiting for something that changes is no circle.

use crate::chat::{ToolCall, ToolOutcome};
use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// Calls that are remembered: a circle is small, and work between two looks at the same thing makes
/// looking again sensible.
const WINDOW: usize = 8;
/// The same call and result so often within the window: the worker is told.
const TOLD_AT: u32 = 3;
/// So often: the attempt is over.
const OVER_AT: u32 = 5;
/// Bytes of a call that are told.
const CALL_BYTES: usize = 200;

/// What is remembered of a conversation's latest calls; bounded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Repeats {
    latest: VecDeque<Seen>,
    /// Turns in a row that brought nothing which was not among the latest calls already.
    stale: usize,
    /// What is to be done about the last turn.
    pub(crate) found: Option<Circle>,
}

/// A call with its result. A number is enough: whoever makes two of them alike on purpose ends
/// their own attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    print: u64,
    told: bool,
}

/// A call that came again with the same result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Circle {
    /// Name and arguments, bounded.
    pub call: Arc<str>,
    /// How often, within the latest calls.
    pub times: u32,
    pub stage: CircleStage,
}

/// How far a circle is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CircleStage {
    /// The worker has to be told.
    Notice,
    /// It was told, and goes on.
    Over,
}

impl Repeats {
    /// Takes in a turn's calls with their results. Calls of one turn that are alike count once:
    /// the model could not know what they give.
    pub(crate) fn turn<'a>(
        &mut self,
        calls: impl IntoIterator<Item = (&'a ToolCall, &'a str, ToolOutcome)>,
    ) {
        self.found = None;
        let mut turn: Vec<(u64, &ToolCall)> = Vec::new();
        for (call, content, outcome) in calls {
            let print = print(call, content, outcome);
            if !turn.iter().any(|&(same, _)| same == print) {
                turn.push((print, call));
            }
        }
        let is_known = |print: u64| self.latest.iter().any(|seen| seen.print == print);
        let is_stale = !turn.is_empty() && turn.iter().all(|&(print, _)| is_known(print));
        self.stale = if is_stale { self.stale + 1 } else { 0 };
        for (print, call) in turn {
            let Some((times, stage)) = self.saw(print) else { continue };
            let over = |found: &Circle| found.stage == CircleStage::Over;
            if !self.found.as_ref().is_some_and(over) {
                self.found = Some(Circle { call: told(call), times, stage });
            }
        }
    }

    /// What was found of the last turn is told now.
    pub(crate) fn noticed(&mut self) {
        self.found = None;
    }

    fn saw(&mut self, print: u64) -> Option<(u32, CircleStage)> {
        #[cfg(feature = "planted")]
        if crate::planted::is(crate::planted::Mistake::UnseenCircles) {
            return None;
        }
        let earlier: Vec<&Seen> = self.latest.iter().filter(|seen| seen.print == print).collect();
        let was_told = earlier.last().is_some_and(|seen| seen.told);
        // The window is the last eight with this one: the oldest of nine does not count.
        let room = self.latest.len().saturating_sub(WINDOW - 1);
        let before = self.latest.iter().skip(room).filter(|seen| seen.print == print).count();
        let times = u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1);
        let stage = if times >= OVER_AT || self.stale >= WINDOW {
            Some(CircleStage::Over)
        } else if times >= TOLD_AT && !was_told {
            Some(CircleStage::Notice)
        } else {
            None
        };
        if self.latest.len() == WINDOW {
            self.latest.pop_front();
        }
        self.latest.push_back(Seen { print, told: was_told || stage.is_some() });
        stage.map(|stage| (times, stage))
    }
}

/// What a worker is told of its circle.
pub(crate) fn notice(circle: &Circle) -> String {
    format!(
        "You called `{}` {} times lately and got the same result each time. It will not change by \
         itself. Do something else: read what the result says, look elsewhere, ask, `finish` or \
         `give_up`. If it comes the same again and again, this attempt ends.",
        circle.call, circle.times
    )
}

fn print(call: &ToolCall, content: &str, outcome: ToolOutcome) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&call.name, &call.args, content, outcome == ToolOutcome::Ok).hash(&mut hasher);
    hasher.finish()
}

fn told(call: &ToolCall) -> Arc<str> {
    let whole = format!("{} {}", call.name, call.args);
    let short = crate::dialogue::cut(&whole, CALL_BYTES);
    if short.len() < whole.len() { format!("{short}…").into() } else { whole.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays turns of single calls, `name:result`; says after each what was found.
    fn play(turns: &[&str]) -> Vec<Option<CircleStage>> {
        let mut repeats = Repeats::default();
        turns
            .iter()
            .map(|turn| {
                let (name, result) = turn.split_once(':').unwrap_or((turn, ""));
                let call = ToolCall { id: "1".into(), name: name.into(), args: "{}".into() };
                repeats.turn([(&call, result, ToolOutcome::Ok)]);
                repeats.found.as_ref().map(|circle| circle.stage)
            })
            .collect()
    }

    const TOLD: Option<CircleStage> = Some(CircleStage::Notice);
    const OVER: Option<CircleStage> = Some(CircleStage::Over);

    #[test]
    fn the_third_time_is_told_and_the_fifth_is_the_end() {
        assert_eq!(play(&["a"; 5]), [None, None, TOLD, None, OVER]);
    }

    #[test]
    fn another_result_is_no_repetition() {
        let polls: Vec<String> = (0..40).map(|n| format!("poll:{n}")).collect();
        let polls: Vec<&str> = polls.iter().map(String::as_str).collect();
        assert!(play(&polls).iter().all(Option::is_none));
    }

    #[test]
    fn a_check_after_every_edit_is_told_once_and_never_the_end() {
        let names: Vec<String> =
            (0..20).flat_map(|n| [format!("edit:{n}"), "check".to_owned()]).collect();
        let found = play(&names.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(found.iter().filter(|found| found.is_some()).count(), 1, "{found:?}");
        assert_eq!(found[5], TOLD);
    }

    #[test]
    fn a_circle_of_several_calls_ends_once_eight_in_a_row_bring_nothing_new() {
        for circle in [&["a", "b"][..], &["a", "b", "c"], &["a", "b", "c", "d"]] {
            let turns: Vec<&str> = circle.iter().copied().cycle().take(circle.len() + 8).collect();
            let found = play(&turns);
            let over = found.iter().position(|found| *found == OVER);
            assert_eq!(over, Some(circle.len() + 7), "{found:?}");
        }
    }

    #[test]
    fn files_that_are_read_again_in_one_turn_are_no_circle() {
        let calls: Vec<ToolCall> = (0..8)
            .map(|n| ToolCall { id: "1".into(), name: "read".into(), args: n.to_string().into() })
            .collect();
        let mut repeats = Repeats::default();
        for _ in 0..2 {
            repeats.turn(calls.iter().map(|call| (call, "text", ToolOutcome::Ok)));
            assert_eq!(repeats.found, None);
        }
    }

    #[test]
    fn what_lies_nine_calls_back_is_forgotten() {
        let mut turns = vec!["a"];
        for n in 0..6 {
            let name: &str = Box::leak(format!("b{n}:{n}").into_boxed_str());
            turns.push(name);
        }
        turns.extend(["a", "c", "a"]);
        // Ten calls: the first is not among the last eight with the third.
        assert_eq!(play(&turns).last(), Some(&None));
    }

    #[test]
    fn calls_of_one_turn_that_are_alike_count_once() {
        let call = ToolCall { id: "1".into(), name: "a".into(), args: "{}".into() };
        let mut repeats = Repeats::default();
        repeats.turn(vec![(&call, "x", ToolOutcome::Ok); 64]);
        assert_eq!(repeats.found, None);
        assert_eq!(repeats.latest.len(), 1);
        for _ in 0..100 {
            repeats.turn(vec![(&call, "x", ToolOutcome::Ok); 64]);
        }
        assert_eq!(repeats.latest.len(), WINDOW);
    }
}
