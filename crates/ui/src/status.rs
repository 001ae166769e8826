//! The state as a page for people and as a JSON value for programs.

use crate::contracts;
use crate::ending;
use crate::held::{Held, held_by_task};
use crate::names;
use crate::progress::waits;
use crate::proof;
use crate::sandbox;
use crate::style::{Mark, Style, Tone};
use crate::tally::{Tally, doubts, in_words, is_proven};
use crate::text::{LINE_COLUMNS, head, listed, one_line, pad, thousands};
use crate::time::utc;
use equitr_core::acceptance::AcceptanceStage;
use equitr_core::event::{Delivery, Ending};
use equitr_core::foresight::collisions_of;
use equitr_core::id::{Asker, TaskId};
use equitr_core::policy::PATHS_NAMED;
use equitr_core::prompt::failure_line;
use equitr_core::state::{Phase, RunState, Stage, Status, Task};
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;

/// Tasks that the page lists; the JSON value has all.
const TASKS_LISTED: usize = 200;

/// The state on a page, with line ends: phase, tasks, what it waits for, questions, money.
pub fn status(state: &RunState, style: &Style) -> String {
    let mut lines = vec![title(state, style), sandbox::line(&state.spec.policy, style)];
    if !state.tasks.is_empty() {
        lines.push(format!("Summary: {}", in_words(&Tally::of(state))));
        lines.extend(proof::summary(state).map(|words| format!("Requirements: {words}")));
        lines.extend(tasks(state, style));
    }
    lines.extend(contracts::status(state, style));
    let waits = waits(state, state.now_ms, style);
    if !waits.is_empty() {
        lines.push(format!("Now: {}", waits.join(", ")));
    }
    if let Some(command) = unpause_command(state) {
        lines.push(format!("Paused: nothing new begins; go on with `{command}`"));
    }
    for (id, question) in &state.questions {
        let who = names::asker(state, question.by, style);
        let mut text = format!(" {}", one_line(&question.text, LINE_COLUMNS, style));
        // Whoever answers that has to see every path, not the first few.
        if question.by == Asker::Delivery {
            let listed = head(&question.text, PATHS_NAMED + 3, "  ", style);
            text = format!("\n{}\n ", listed.join("\n"));
        }
        let default = one_line(&question.default, LINE_COLUMNS, style);
        lines.push(format!("Question {id} by {who}:{text} (default: {default})"));
    }
    if let Some(ending) = state.ending() {
        lines.push(ending::heading(state, ending, style));
        lines.extend(ending::result(state, ending, style));
    }
    lines.push(ending::cost(state));
    if state.ledger.held.0 > 0 {
        lines.push(format!("Set aside for calls under way: {}", state.ledger.held));
    }
    if let Some(command) = ending::takeover_command(state) {
        lines.push(format!("hint: take the result over with `{command}`"));
    }
    if let Some(command) = ending::accept_command(state) {
        lines.push(format!("hint: accept its protected files with `{command}`"));
    }
    if let Some(command) = ending::resume_command(state) {
        lines.push(format!("hint: go on with `{command}`"));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// What ends the person's pause of a run that has not ended.
fn unpause_command(state: &RunState) -> Option<&'static str> {
    (state.paused.is_some() && state.ending().is_none()).then_some("equitrcoder steer resume")
}

fn title(state: &RunState, style: &Style) -> String {
    let title = one_line(state.plan.documents.title(), LINE_COLUMNS, style);
    let repository = one_line(&state.spec.repository, LINE_COLUMNS, style);
    style.paint(Tone::Strong, &format!("{title} in {repository}: {}", phase_word(&state.phase)))
}

fn tasks(state: &RunState, style: &Style) -> Vec<String> {
    let held = held_by_task(state);
    let shown = &state.tasks[..state.tasks.len().min(TASKS_LISTED)];
    let titles: Vec<String> = shown.iter().map(|task| names::title(task, style)).collect();
    let workers: Vec<String> = shown.iter().map(|t| names::worker(state, t.id, style)).collect();
    let widest = |texts: &[String], max: usize| {
        texts.iter().map(|t| t.width()).filter(|&w| w <= max).max().unwrap_or(0)
    };
    let (title_columns, worker_columns) = (widest(&titles, 48), widest(&workers, 28));
    let number_columns = shown.len().to_string().len();
    let mut lines: Vec<String> = shown
        .iter()
        .zip(titles.iter().zip(&workers))
        .map(|(task, (title, worker))| {
            let (mark, tone) = mark(task, held.contains_key(&task.id));
            let line = format!(
                "  {}{:>number_columns$} {}  {}  {}",
                pad(style.mark(mark), if style.emoji { 2 } else { 3 }),
                task.id,
                pad(title, title_columns),
                pad(worker, worker_columns),
                words(state, task, held.get(&task.id), style),
            );
            let cost = if task.spent.0 > 0 { format!(", {}", task.spent) } else { String::new() };
            let line = format!("{line}{cost}");
            tone.map_or_else(|| line.clone(), |tone| style.paint(tone, &line))
        })
        .collect();
    if state.tasks.len() > shown.len() {
        let more = thousands((state.tasks.len() - shown.len()) as u64);
        lines.push(format!("  {} and {more} more", style.mark(Mark::Cut)));
    }
    lines
}

fn mark(task: &Task, held: bool) -> (Mark, Option<Tone>) {
    match &task.status {
        Status::Merged(work) if is_proven(work) => (Mark::Good, Some(Tone::Good)),
        Status::Merged(_) | Status::Dropped(_) => (Mark::Note, Some(Tone::Notice)),
        Status::Active(_) => (Mark::AtWork, None),
        Status::Escalated => (Mark::Note, Some(Tone::Notice)),
        Status::Failed(_) => (Mark::Bad, Some(Tone::Bad)),
        Status::Waiting if held => (Mark::Waiting, Some(Tone::Notice)),
        Status::Waiting | Status::Ready | Status::Split(_) => (Mark::Waiting, Some(Tone::Quiet)),
    }
}

/// Where a task is, in words, with its attempt, and why the one before it came to nothing.
pub(crate) fn words(state: &RunState, task: &Task, held: Option<&Held>, style: &Style) -> String {
    let mut text = match &task.status {
        Status::Waiting => match held {
            Some(held) => {
                let failed = listed(held.failed.iter().map(|&id| names::number(id)), 5);
                format!("held back, it needs {failed}")
            }
            None => {
                let needs = task.needs.iter().filter(|&&need| !is_met(state, need));
                format!("waits for {}", listed(needs.map(|&id| names::number(id)), 5))
            }
        },
        Status::Ready => ready_words(state, task).to_owned(),
        Status::Active(attempt) => match attempt.stage {
            Stage::Working => format!("at work, attempt {}", attempt.number),
            Stage::Verifying => format!("being checked, attempt {}", attempt.number),
            Stage::Reviewing => format!("being reviewed, attempt {}", attempt.number),
            Stage::Queued => "checked, waits for its merge".to_owned(),
            Stage::Integrating | Stage::Landing { .. } => "being merged".to_owned(),
        },
        Status::Escalated => "with the supervisor".to_owned(),
        Status::Merged(work) => {
            let mut text = format!("merged as {}", one_line(work.commit.short(), 40, style));
            for doubt in doubts(work, style) {
                text.push_str(&format!(", {doubt}"));
            }
            text
        }
        Status::Split(_) => {
            let parts = state.tasks.iter().filter(|part| part.part_of == Some(task.id));
            format!("split into {}", listed(parts.map(|part| names::number(part.id)), 5))
        }
        Status::Dropped(reason) => format!("dropped: {}", one_line(reason, 120, style)),
        Status::Failed(reason) => format!("failed: {}", one_line(reason, 120, style)),
    };
    if !task.is_settled() {
        let with = collisions_of(state, task.id).map(|(with, _)| names::number(with));
        let with = listed(with, 5);
        if !with.is_empty() {
            text.push_str(&format!(", will conflict with {with}"));
        }
    }
    if !task.is_settled()
        && let Some((number, failure)) = task.failures.last()
    {
        let why = one_line(&failure_line(failure), 120, style);
        text.push_str(&format!(" (attempt {number}: {why})"));
    }
    text
}

/// What a task that could start waits for.
pub(crate) fn ready_words(state: &RunState, task: &Task) -> &'static str {
    match state.acceptance.tasks.get(&task.id).map(|found| found.stage) {
        Some(AcceptanceStage::Writing) => "its acceptance checks are being written",
        Some(AcceptanceStage::Committing(_) | AcceptanceStage::Proving(_)) => {
            "its acceptance checks are being tried"
        }
        Some(AcceptanceStage::Settled) | None => "ready",
    }
}

/// The state as JSON. Money is in millionths of a dollar, times in milliseconds; `null` is none.
///
/// Texts are as they are: [`crate::json::value_line`] makes them harmless for a terminal.
pub fn status_json(state: &RunState) -> Value {
    let held = held_by_task(state);
    let tasks: Vec<Value> =
        state.tasks.iter().map(|task| task_json(state, task, held.get(&task.id))).collect();
    let questions: Vec<Value> = state
        .questions
        .iter()
        .map(|(id, question)| {
            json!({
                "id": id,
                "by": names::asker(state, question.by, &Style::PLAIN),
                "text": question.text,
                "default": question.default,
                "deadline_ms": question.deadline_ms,
            })
        })
        .collect();
    let tally = Tally::of(state);
    let (input, cached, output) = state.tokens;
    json!({
        "version": state.spec.version,
        "repository": state.spec.repository,
        "title": state.plan.documents.title(),
        "phase": phase_word(&state.phase),
        "paused": unpause_command(state).is_some(),
        "ending": state.ending().map(ending_json),
        "resume_command": ending::resume_command(state),
        "started": utc(state.started_ms),
        "updated": utc(state.now_ms),
        "elapsed_ms": state.now_ms.saturating_sub(state.started_ms),
        "records": state.records,
        "counts": {
            "total": tally.total,
            "proven": tally.proven,
            "unproven": tally.unproven,
            "under_way": tally.under_way,
            "to_come": tally.to_come,
            "failed": tally.failed,
            "held_back": tally.held_back,
            "dropped": tally.dropped,
        },
        "tasks": tasks,
        "contracts": contracts::json(state),
        "waits": waits(state, state.now_ms, &Style::PLAIN),
        "questions": questions,
        "requirements": proof::json(state),
        "assumptions": state.assumptions.iter().map(|assumption| json!({
            "question": assumption.question,
            "answer": assumption.answer,
        })).collect::<Vec<_>>(),
        "budget": {
            "limit": state.ledger.limit,
            "spent": state.ledger.spent,
            "held": state.ledger.held,
            "overrun": state.ledger.overrun,
        },
        "calls": { "replied": state.calls.0, "failed": state.calls.1 },
        "tokens": { "input": input, "cached": cached, "output": output },
        "base": state.base,
        "head": state.head,
        "sandbox": sandbox::json(&state.spec.policy),
        "protected_changes": state.touched.as_ref().map(|touched| json!({
            "paths": touched.paths,
            "total": touched.total,
        })),
        "delivery": state.delivery.as_ref().map(delivery_json),
        "takeover_command": ending::takeover_command(state),
    })
}

fn task_json(state: &RunState, task: &Task, held: Option<&Held>) -> Value {
    let (status, why, commit) = match &task.status {
        Status::Waiting if held.is_some() => ("held_back", None, None),
        Status::Waiting => ("waiting", None, None),
        Status::Ready => ("ready", None, None),
        Status::Active(attempt) => {
            let status = match attempt.stage {
                Stage::Working => "working",
                Stage::Verifying => "verifying",
                Stage::Reviewing => "reviewing",
                Stage::Queued => "queued",
                Stage::Integrating => "integrating",
                Stage::Landing { .. } => "landing",
            };
            (status, None, None)
        }
        Status::Escalated => ("escalated", None, None),
        Status::Merged(work) => {
            let doubts = doubts(work, &Style::PLAIN);
            let why = (!doubts.is_empty()).then(|| doubts.join("; "));
            ("merged", why, Some(work.commit.clone()))
        }
        Status::Split(_) => ("split", None, None),
        Status::Dropped(reason) => ("dropped", Some(reason.to_string()), None),
        Status::Failed(reason) => ("failed", Some(reason.to_string()), None),
    };
    let proven = matches!(&task.status, Status::Merged(work) if is_proven(work));
    let failures: Vec<Value> = task
        .failures
        .iter()
        .map(|(attempt, failure)| json!({ "attempt": attempt, "why": failure_line(failure) }))
        .collect();
    json!({
        "id": task.id,
        "key": task.key,
        "title": task.title,
        "worker": task.worker,
        "profile": task.profile,
        "todos": task.todos,
        "needs": task.needs,
        "part_of": task.part_of,
        "status": status,
        "proven": proven,
        "why": why,
        "held_back_by": held.map(|held| &held.failed),
        "attempts": task.attempts,
        "attempts_max": task.attempts_max,
        "failures": failures,
        "collides_with": collisions_of(state, task.id)
            .map(|(with, paths)| json!({ "task": with, "paths": paths }))
            .collect::<Vec<_>>(),
        "checks_edited": task.edited,
        "commit": commit,
        "spent": task.spent,
    })
}

fn ending_json(ending: &Ending) -> Value {
    let (kind, why) = match ending {
        Ending::Done => ("done", None),
        Ending::DoneWithOpenWork => ("done_with_open_work", None),
        Ending::Failed { reason } => ("failed", Some(reason)),
        Ending::OutOfBudget => ("out_of_budget", None),
        Ending::ModelUnavailable { message } => ("model_unavailable", Some(message)),
        Ending::Broken { message } => ("broken", Some(message)),
        Ending::Cancelled => ("cancelled", None),
    };
    json!({ "kind": kind, "why": why, "can_resume": ending.can_resume() })
}

fn delivery_json(delivery: &Delivery) -> Value {
    match delivery {
        Delivery::Moved { branch, commit } => {
            json!({ "kind": "moved", "branch": branch, "commit": commit, "why": null })
        }
        Delivery::OnBranch { branch, commit, why } => {
            json!({ "kind": "on_branch", "branch": branch, "commit": commit, "why": why })
        }
    }
}

/// The phase in a word, for tables.
pub fn phase_word(phase: &Phase) -> &'static str {
    match phase {
        Phase::Planning => "planning",
        Phase::Review => "review",
        Phase::Publishing => "publishing",
        Phase::Graphing => "graphing",
        Phase::Working => "working",
        Phase::Ended(_) => "ended",
    }
}

fn is_met(state: &RunState, need: TaskId) -> bool {
    state.task(need).is_some_and(|task| match &task.status {
        Status::Merged(_) | Status::Dropped(_) | Status::Split(0) => true,
        Status::Waiting
        | Status::Ready
        | Status::Active(_)
        | Status::Escalated
        | Status::Split(_)
        | Status::Failed(_) => false,
    })
}
