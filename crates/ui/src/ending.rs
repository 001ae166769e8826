//! The end of a run in words: what it came to, where the result is, what goes on from there.

use crate::held::held_by_task;
use crate::names;
use crate::proof;
use crate::style::{Mark, Style, Tone};
use crate::tally::{Tally, doubts, in_words};
use crate::text::{LINE_COLUMNS, count, listed, one_line, thousands};
use crate::time::duration;
use equitr_core::event::{Delivery, Ending};
use equitr_core::job::Handover;
use equitr_core::spec::Goal;
use equitr_core::state::{RunState, Status, Task};
use equitr_core::units::MicroDollars;

/// Tasks that the end names one by one; the report has the rest.
const TASKS_NAMED: usize = 50;
/// The least that is worth raising a budget to.
const BUDGET_MIN: MicroDollars = MicroDollars(1_000_000);

/// The command that goes on with a run that ended for want of something; none for other endings.
///
/// Out of budget, it names a budget of twice the limit.
pub fn resume_command(state: &RunState) -> Option<String> {
    match state.ending()? {
        Ending::OutOfBudget => {
            let limit = state.ledger.limit.unwrap_or(state.ledger.spent);
            let twice = (limit + limit).max(BUDGET_MIN);
            Some(format!("equitrcoder resume --budget {}", bare_dollars(twice)))
        }
        Ending::ModelUnavailable { .. } | Ending::Broken { .. } => {
            Some("equitrcoder resume".to_owned())
        }
        Ending::Done | Ending::DoneWithOpenWork | Ending::Failed { .. } | Ending::Cancelled => None,
    }
}

/// The git command that takes over a result that lies on a branch of its own.
pub fn takeover_command(state: &RunState) -> Option<String> {
    match state.delivery.as_ref()? {
        Delivery::Moved { .. } => None,
        Delivery::OnBranch { branch, .. } => {
            Some(format!("git -C {} merge {}", quoted(&state.spec.repository), quoted(branch)))
        }
    }
}

/// The command that accepts changes of protected files, where they alone keep a result from the
/// person's branch.
pub(crate) fn accept_command(state: &RunState) -> Option<&'static str> {
    match (&state.delivery, state.handover) {
        (Some(Delivery::OnBranch { .. }), Handover::Aside) => {
            Some("equitrcoder resume --accept-protected")
        }
        _ => None,
    }
}

/// The whole end: heading, summary, what is left open, the result, the cost, what to do next.
pub(crate) fn lines(state: &RunState, ending: &Ending, style: &Style) -> Vec<String> {
    let mut lines = vec![heading(state, ending, style)];
    if !state.tasks.is_empty() {
        let words = in_words(&Tally::of(state));
        lines.push(format!("{}Summary: {words}", style.mark(Mark::Summary)));
        lines.extend(proof::summary(state).map(|words| format!("Requirements: {words}")));
    }
    lines.extend(open_work(state, style));
    lines.extend(result(state, ending, style));
    lines.push(style.paint(Tone::Quiet, &cost(state)));
    if let Some(command) = takeover_command(state) {
        lines.push(format!("hint: take the result over with `{command}`"));
    }
    if let Some(command) = accept_command(state) {
        lines.push(format!("hint: accept its protected files with `{command}`"));
    }
    if let Some(command) = resume_command(state) {
        lines.push(format!("hint: go on with `{command}`"));
    }
    lines
}

/// One line on how the run ended.
pub(crate) fn heading(state: &RunState, ending: &Ending, style: &Style) -> String {
    let what = if state.spec.limits.workers > 1 { "Multi-agent execution" } else { "Execution" };
    let (mark, tone, words) = match ending {
        Ending::Done if state.spec.goal == Goal::Plan => {
            (Mark::Complete, Tone::Good, "Planning completed!".to_owned())
        }
        Ending::Done if state.tasks.is_empty() => {
            (Mark::Complete, Tone::Good, "Nothing to do: every todo is ticked".to_owned())
        }
        Ending::Done => (Mark::Complete, Tone::Good, format!("{what} completed!")),
        Ending::DoneWithOpenWork => {
            (Mark::Incomplete, Tone::Notice, format!("{what} ended with open work"))
        }
        Ending::Failed { reason } => {
            (Mark::Bad, Tone::Bad, format!("{what} failed: {}", said(reason, style)))
        }
        Ending::OutOfBudget => (
            Mark::Incomplete,
            Tone::Notice,
            format!("Out of budget: {}, too little is left for the next model call", spent(state)),
        ),
        Ending::ModelUnavailable { message } => {
            (Mark::Bad, Tone::Bad, format!("The model is unavailable: {}", said(message, style)))
        }
        Ending::Broken { message } => {
            (Mark::Bad, Tone::Bad, format!("The machine failed the run: {}", said(message, style)))
        }
        Ending::Cancelled => (Mark::Bad, Tone::Notice, "Cancelled".to_owned()),
    };
    style.paint(tone, &format!("{}{words}", style.mark(mark)))
}

/// Tasks that were merged, parts of split ones too.
fn merges(state: &RunState) -> usize {
    state.tasks.iter().filter(|task| matches!(task.status, Status::Merged(_))).count()
}

/// A line for each task that failed, is held back, was dropped or is not proven.
pub(crate) fn open_work(state: &RunState, style: &Style) -> Vec<String> {
    let held = held_by_task(state);
    let mut lines: Vec<String> = state
        .tasks
        .iter()
        .filter_map(|task| {
            let by = held.get(&task.id);
            let failed = by.map(|held| held.failed.as_slice()).unwrap_or_default();
            let (mark, why) = match &task.status {
                Status::Failed(reason) => {
                    (Mark::Bad, format!("failed: {}", one_line(reason, LINE_COLUMNS, style)))
                }
                Status::Dropped(reason) => {
                    (Mark::Note, format!("dropped: {}", one_line(reason, LINE_COLUMNS, style)))
                }
                Status::Waiting if !failed.is_empty() => {
                    let failed = listed(failed.iter().map(|&id| names::number(id)), 5);
                    (Mark::Waiting, format!("held back, it needs {failed}"))
                }
                Status::Merged(work) => {
                    let doubts = doubts(work, style);
                    if doubts.is_empty() {
                        return None;
                    }
                    (Mark::Note, doubts.join("; "))
                }
                Status::Waiting
                | Status::Ready
                | Status::Active(_)
                | Status::Escalated
                | Status::Split(_) => return None,
            };
            Some(format!("{}{}: {why}", style.mark(mark), numbered(task, style)))
        })
        .collect();
    let more = lines.len().saturating_sub(TASKS_NAMED);
    if more > 0 {
        lines.truncate(TASKS_NAMED);
        lines.push(format!("{} and {} more", style.mark(Mark::Cut), thousands(more as u64)));
    }
    lines
}

/// Where the result is.
pub(crate) fn result(state: &RunState, ending: &Ending, style: &Style) -> Vec<String> {
    match &state.delivery {
        Some(Delivery::Moved { branch, commit }) => {
            let branch = said(branch, style);
            vec![format!("Result: branch `{branch}` moved to {}", said(commit.short(), style))]
        }
        Some(Delivery::OnBranch { branch, commit, why }) => {
            let (branch, at) = (said(branch, style), said(commit.short(), style));
            let why = said(why, style);
            vec![format!("Result: on branch `{branch}` at {at}; your branch did not move: {why}")]
        }
        None if state.has_merged() && ending.can_resume() => {
            let merged = count(merges(state), "task");
            vec![format!("Result: {merged} merged so far, handed over when the run is through")]
        }
        None if state.has_merged() => {
            let merged = count(merges(state), "task");
            vec![format!("Result: {merged} merged, not handed over")]
        }
        None => match (&state.base, state.spec.goal) {
            (Some(base), Goal::Plan) => {
                vec![format!(
                    "Result: the documents are committed as {}",
                    said(base.short(), style)
                )]
            }
            (Some(_) | None, Goal::Plan | Goal::Project) => Vec::new(),
        },
    }
}

/// Money, calls, tokens and time in one line.
pub(crate) fn cost(state: &RunState) -> String {
    let time = duration(state.now_ms.saturating_sub(state.started_ms));
    format!("Cost: {}, {}, {}, {time}", spent(state), calls(state), tokens(state))
}

/// `142 model calls (3 failed)`
pub(crate) fn calls(state: &RunState) -> String {
    let (replied, failed) = state.calls;
    let all = usize::try_from(replied + failed).unwrap_or(usize::MAX);
    let failed =
        if failed > 0 { format!(" ({} failed)", thousands(failed)) } else { String::new() };
    format!("{}{failed}", count(all, "model call"))
}

/// `$1.23 of $100.00 spent`
pub(crate) fn spent(state: &RunState) -> String {
    match state.ledger.limit {
        Some(limit) => format!("{} of {limit} spent", state.ledger.spent),
        None => format!("{} spent", state.ledger.spent),
    }
}

/// `1,204,000 tokens in (61% cached) and 40,000 out`
pub(crate) fn tokens(state: &RunState) -> String {
    let (input, cached, output) = state.tokens;
    let share = match cached.saturating_mul(100).checked_div(input) {
        Some(percent) if cached > 0 => format!(" ({percent}% cached)"),
        Some(_) | None => String::new(),
    };
    format!("{} tokens in{share} and {} out", thousands(input), thousands(output))
}

fn numbered(task: &Task, style: &Style) -> String {
    format!("{} {}", names::number(task.id), names::title(task, style))
}

fn said(text: &str, style: &Style) -> String {
    one_line(text, LINE_COLUMNS, style)
}

/// `200`, `12.50`: money as an argument.
fn bare_dollars(money: MicroDollars) -> String {
    if money.0.is_multiple_of(1_000_000) {
        return (money.0 / 1_000_000).to_string();
    }
    money.to_string().trim_start_matches('$').to_owned()
}

/// A word for a shell: as it is when that is safe, quoted otherwise.
fn quoted(word: &str) -> String {
    let word = crate::sanitize(word);
    let safe = |c: char| c.is_ascii_alphanumeric() || "/._-+@:,".contains(c);
    if !word.is_empty() && !word.starts_with('-') && word.chars().all(safe) {
        return word;
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_for_a_shell_is_one_word() {
        assert_eq!(quoted("/home/me/shop"), "/home/me/shop");
        assert_eq!(quoted("/home/me/my shop"), "'/home/me/my shop'");
        assert_eq!(quoted("it's; rm -rf ~"), r"'it'\''s; rm -rf ~'");
    }

    #[test]
    fn money_as_an_argument_has_no_sign() {
        assert_eq!(bare_dollars(MicroDollars(200_000_000)), "200");
        assert_eq!(bare_dollars(MicroDollars(1_500_000)), "1.50");
    }
}
