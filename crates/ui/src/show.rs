//! The journal, readable: an entry for each event, none left out, its content bounded.

mod acceptance;
mod checks;
mod claims;
mod close;

use checks::{checked, failed};

use crate::names;
use crate::plan_change;
use crate::sandbox;
use crate::style::{Mark, Style, Tone};
use crate::text::{LINE_COLUMNS, count, head, listed, one_line};
use crate::time::{duration, utc_seconds};
use close::{delivered, ended};
use equitr_core::chat::{CallFault, Message, Reply, Stop, ToolOutcome};
use equitr_core::event::{AnsweredBy, Event, Record, Start};
use equitr_core::graph::PlannedTask;
use equitr_core::id::{AgentId, TaskId};
use equitr_core::prompt::failure_line;
use equitr_core::review::Reviewed;
use equitr_core::spec::{Goal, Origin, RunSpec};
use equitr_core::state::RunState;

/// Lines of a text within an entry.
const CONTENT_LINES: usize = 12;
/// Lines of an agent's opening: who it is and what about; the rest is made from the state.
const OPENING_LINES: usize = 3;
/// Lines of a check's output within an entry.
const OUTPUT_LINES: usize = 8;
/// Tasks of a graph within an entry.
const TASKS_LISTED: usize = 200;

/// A record as people read it: an entry for each event, with the record's number and its time in
/// UTC on the first line, and bounded content below, indented. With line ends.
///
/// `state` is the state after the record: names of tasks and tools are from there.
pub fn show(record: &Record, state: &RunState, style: &Style) -> String {
    let mut text = String::new();
    for event in &record.events {
        let (said, content) = entry(event, state, style);
        let stamp = format!("{:>5} {}", record.seq, utc_seconds(record.at_ms));
        text.push_str(&style.paint(Tone::Quiet, &stamp));
        text.push_str(&format!("  {said}\n"));
        for line in content {
            text.push_str(&line);
            text.push('\n');
        }
    }
    text
}

/// What an event says in one line, and the lines below it.
fn entry(event: &Event, state: &RunState, style: &Style) -> (String, Vec<String>) {
    let words = |text: &str| one_line(text, LINE_COLUMNS, style);
    let agent = |id: AgentId| called(state, id, style);
    let body = |text: &str| head(text, CONTENT_LINES, INDENT, style);
    let opened = |text: &str| head(text, OPENING_LINES, INDENT, style);
    let bare = |said: String| (said, Vec::new());
    match event {
        Event::RunStarted { spec } => started(spec, style),
        Event::RunResumed => bare("run taken up by a new process".to_owned()),
        Event::RunReopened => bare("run reopened".to_owned()),
        Event::RunEnded { ending } => bare(format!("run ended: {}", ended(ending, style))),
        Event::RunHalted { ending } => {
            bare(format!("no new call starts any more: {}", ended(ending, style)))
        }
        Event::BudgetSet { budget: Some(budget) } => bare(format!("budget set to {budget}")),
        Event::BudgetSet { budget: None } => bare("budget set to no limit".to_owned()),
        Event::WorkersSet { workers } => bare(format!("workers at a time set to {workers}")),
        Event::SandboxSet { .. } => {
            bare(format!("from now on, {}", sandbox::words(&state.spec.policy, style)))
        }
        Event::ProtectedAccepted => bare("person accepts changes of protected files".to_owned()),
        Event::RunPaused => bare("paused by the person".to_owned()),
        Event::RunUnpaused => bare("pause over".to_owned()),
        Event::PersonSaid { text } => ("person said:".to_owned(), body(text)),
        Event::PlanCleared => bare("conversation cleared".to_owned()),
        Event::PlanningClosed => bare("planning closed: the documents are due".to_owned()),
        Event::QuestionAsked { id, by, call: _, text, default } => {
            let mut lines = body(text);
            lines.push(format!("{INDENT}default: {}", words(default)));
            (format!("{} asks the person, question {id}:", agent(*by)), lines)
        }
        Event::QuestionAnswered { id, text, by } => {
            let by = match by {
                AnsweredBy::Person => "by the person",
                AnsweredBy::Default => "with its default",
            };
            (format!("question {id} answered {by}:"), body(text))
        }
        Event::DocumentWritten { kind, text } => {
            (format!("planner wrote {}:", kind.path()), body(text))
        }
        Event::PlanProposed => bare("plan proposed".to_owned()),
        Event::RevisionAsked { text } => ("person wants the plan changed:".to_owned(), body(text)),
        Event::DocumentsEdited { documents } => {
            let bytes = |text: &str| count(text.len(), "byte");
            bare(format!(
                "person edited the documents: requirements {}, design {}, todos {}",
                bytes(&documents.requirements),
                bytes(&documents.design),
                bytes(&documents.todos)
            ))
        }
        Event::PlanApproved => bare("plan approved".to_owned()),
        Event::RequirementsMarked { .. } => acceptance::entry(event, style),
        Event::DocumentsPublished { base, note } => {
            let note = note.as_ref().map(|note| format!(": {}", words(note))).unwrap_or_default();
            bare(format!("documents committed as {}{note}", words(base.short())))
        }
        Event::ConsultOpened { id, matter, opening } => {
            (format!("supervisor matter {id} opened: {}", claims::about(matter)), opened(opening))
        }
        Event::ConsultClosed { id } => bare(format!("supervisor matter {id} closed")),
        Event::GraphAccepted { tasks, shared, contracts } => {
            let mut lines = planned(tasks, style);
            if !shared.is_empty() {
                lines.push(format!("{INDENT}shared files: {}", words(&shared.join(", "))));
            }
            for contract in contracts {
                let (path, owner) = (words(&contract.path), names::number(contract.owner));
                let consumers = contract.consumers.iter().map(|id| names::number(*id));
                let consumers = listed(consumers, 10);
                lines.push(format!("{INDENT}contract {path}: {owner} for {consumers}"));
            }
            (format!("graph accepted: {}", count(tasks.len(), "task")), lines)
        }
        Event::AttemptStarted { task, attempt, start, opening } => {
            let from = match start {
                Start::Fresh => "fresh",
                Start::Kept { .. } => "with what the attempt before left",
                Start::Merged { .. } => "on the merged tree",
            };
            (format!("{} started, {from}", of(state, *task, *attempt, style)), opened(opening))
        }
        Event::WorktreePrepared { task, attempt, base } => bare(format!(
            "{} worktree stands at {}",
            of(state, *task, *attempt, style),
            words(base.short())
        )),
        Event::CallReserved { agent: id, amount, max_tokens } => bare(format!(
            "{} calls its model: {amount} set aside, {} at the most",
            agent(*id),
            count(*max_tokens as usize, "token")
        )),
        Event::CallReplied { agent: id, reply, cost, took_ms } => {
            let usage = format!(
                "{} in, {} out",
                count(usize::try_from(reply.usage.input_tokens).unwrap_or(usize::MAX), "token"),
                reply.usage.output_tokens
            );
            let said = format!(
                "{} replied after {}: {usage}, {cost}{}",
                agent(*id),
                duration(*took_ms),
                stopped(reply.stop)
            );
            (said, replied(reply, style))
        }
        Event::CallFailed { agent: id, fault, message, cost, took_ms, retry_at_ms } => {
            let said = format!(
                "{} call failed after {}: {}, {cost}{}",
                agent(*id),
                duration(*took_ms),
                fault_words(*fault),
                pause(*retry_at_ms, state)
            );
            (said, body(message))
        }
        Event::ToolFinished { agent: id, call, content, outcome, took_ms } => {
            let outcome = match outcome {
                ToolOutcome::Ok => "ok",
                ToolOutcome::Error => "error",
            };
            let tool = tool(state, *id, *call, style);
            (format!("{} {tool}: {outcome}, {}", agent(*id), duration(*took_ms)), body(content))
        }
        Event::AgentNudged { agent: id, text } => (format!("{} was told:", agent(*id)), body(text)),
        Event::SupervisorAnswered { task, question, answer } => {
            let mut lines = body(question);
            lines.extend(body(answer));
            (format!("supervisor answered {}:", names::worker(state, *task, style)), lines)
        }
        Event::CircleNoticed { task, attempt, text }
        | Event::WorkerWarned { task, attempt, text, .. } => {
            (format!("{} was told:", agent(AgentId::Worker(*task, *attempt))), body(text))
        }
        Event::MessageSent { from, to, text, .. } => {
            let from = names::sender(state, *from, style);
            let to = to.map_or("all".to_owned(), |to| names::worker(state, to, style));
            (format!("{from} {} {to}:", style.mark(Mark::To)), body(text))
        }
        Event::WorkClaimed { task, attempt, summary } => {
            let lines = summary.iter().map(|line| format!("{INDENT}- {}", words(line))).collect();
            (format!("{} claims to be done:", of(state, *task, *attempt, style)), lines)
        }
        Event::WorkVerified { task, attempt, commit, checks } => (
            format!("{} verified at {}", of(state, *task, *attempt, style), words(commit.short())),
            checked(checks, style),
        ),
        Event::WorkReviewed { task, attempt, verdict } => {
            let of = of(state, *task, *attempt, style);
            match verdict {
                Reviewed::Clean => bare(format!("{of} reviewed: nothing has to change")),
                Reviewed::Missing(why) => (format!("{of} not reviewed:"), body(why)),
                Reviewed::Findings(findings) => {
                    let lines = findings.iter().map(|line| format!("{INDENT}- {}", words(line)));
                    (format!("{of} reviewed, has to change:"), lines.collect())
                }
            }
        }
        Event::MergeStarted { task, attempt } => {
            bare(format!("{} is being merged", of(state, *task, *attempt, style)))
        }
        Event::MergeVerified { task, attempt, commit, onto, checks } => {
            let (commit, onto) = (words(commit.short()), words(onto.short()));
            let of = of(state, *task, *attempt, style);
            (format!("{of} merge {commit} onto {onto} verified"), checked(checks, style))
        }
        Event::MergeOvertaken { task, attempt } => {
            bare(format!("{} merge overtaken, made again", of(state, *task, *attempt, style)))
        }
        Event::TaskMerged { task, attempt, commit } => bare(format!(
            "{} merged as {}",
            of(state, *task, *attempt, style),
            words(commit.short())
        )),
        Event::AttemptFailed { task, attempt, reason } => {
            let of = of(state, *task, *attempt, style);
            (
                format!("{of} came to nothing: {}", words(&failure_line(reason))),
                failed(reason, style),
            )
        }
        Event::AdviceGiven { task, advice, reassigned } => {
            let to = reassigned
                .as_ref()
                .map(|(profile, worker)| format!(" by {} ({})", words(worker), words(profile)));
            let number = names::number(*task);
            (format!("{number} is tried again{}:", to.unwrap_or_default()), body(advice))
        }
        Event::TaskSplit { task, into } => {
            let parts = count(into.len(), "task");
            (format!("{} is split into {parts}", names::number(*task)), planned(into, style))
        }
        Event::TaskDropped { task, reason } => {
            (format!("{} is dropped:", names::number(*task)), body(reason))
        }
        Event::TaskFailed { task, reason } => {
            (format!("{} failed for good:", names::number(*task)), body(reason))
        }
        Event::TaskReopened { task, because } => {
            (format!("{} is opened again:", names::number(*task)), body(because))
        }
        Event::ChecksWritten { .. }
        | Event::CheckOmitted { .. }
        | Event::AcceptanceWritten { .. }
        | Event::ChecksProved { .. }
        | Event::ChecksEdited { .. } => acceptance::entry(event, style),
        Event::ClaimGranted { .. }
        | Event::WorkCompared { .. }
        | Event::ConflictForeseen { .. }
        | Event::ConflictPassed { .. } => bare(claims::words(event, style)),
        Event::ContractChanged { contract, version, by, reason, note, .. } => {
            let mut lines = body(reason);
            if !note.is_empty() {
                lines.push(format!("{INDENT}supervisor: {}", words(note)));
            }
            let by = names::number(*by);
            (format!("contract {} is version {version} now, by {by}:", words(contract)), lines)
        }
        Event::ContractRechecked { contract, version, task, checks, .. } => (
            format!(
                "{} checked again on {} version {version}:",
                names::number(*task),
                words(contract)
            ),
            checked(checks, style),
        ),
        Event::FilesCommitted { subject, commit, .. } => {
            bare(format!("{} committed as {}", words(subject), words(commit.short())))
        }
        Event::ProtectedTouched { touched } => bare(format!(
            "result changes {}: {}",
            count(usize::try_from(touched.total).unwrap_or(usize::MAX), "protected file"),
            words(&touched.words())
        )),
        Event::DeliveryAsked { id, text, default } => {
            let mut lines = body(text);
            lines.push(format!("{INDENT}default: {}", words(default)));
            (format!("run asks the person, question {id}:"), lines)
        }
        Event::PlanChanged { change, .. } => {
            ("the person changed the plan:".to_owned(), plan_change::lines(change, style))
        }
        Event::TasksAdded { tasks } => {
            (format!("{} added", count(tasks.len(), "task")), planned(tasks, style))
        }
        Event::ProjectDelivered { delivery } => bare(delivered(delivery, style)),
    }
}

/// Below an entry's first line.
const INDENT: &str = "        ";

fn started(spec: &RunSpec, style: &Style) -> (String, Vec<String>) {
    let words = |text: &str| one_line(text, LINE_COLUMNS, style);
    let goal = match spec.goal {
        Goal::Plan => "to the documents",
        Goal::Project => "to the finished project",
    };
    let origin = match &spec.origin {
        Origin::Conversation { .. } => "from a conversation",
        Origin::Documents(_) => "from approved documents",
    };
    let said = format!("run started in {}, {origin} {goal}", words(&spec.repository));
    let limits = &spec.limits;
    let budget = limits.budget.map_or("no limit".to_owned(), |budget| budget.to_string());
    let models = &spec.models;
    let lines = vec![
        format!("{INDENT}version {}", words(&spec.version)),
        format!(
            "{INDENT}workers {}, tries {}, turns {}, attempt {}, check {}, budget {budget}",
            limits.workers,
            limits.tries,
            limits.turns,
            duration(limits.attempt_ms),
            duration(limits.check_ms)
        ),
        format!(
            "{INDENT}models: planner {}, supervisor {}, worker {}",
            words(&models.planner.name),
            words(&models.supervisor.name),
            words(&models.worker.name)
        ),
        format!(
            "{INDENT}{}; {}",
            sandbox::words(&spec.policy, style),
            sandbox::protected(&spec.policy)
        ),
    ];
    (said, lines)
}

/// `Task 2 (backend_worker_1#3)`
fn of(state: &RunState, task: TaskId, attempt: u32, style: &Style) -> String {
    format!("{} ({}#{attempt})", names::number(task), names::worker(state, task, style))
}

/// `planner`, `supervisor 4`, `backend_worker_1#3`
fn called(state: &RunState, agent: AgentId, style: &Style) -> String {
    match agent {
        AgentId::Planner => "planner".to_owned(),
        AgentId::Supervisor(id) => format!("supervisor {id}"),
        AgentId::Worker(task, attempt) => {
            format!("{}#{attempt}", names::worker(state, task, style))
        }
    }
}

/// The name of the tool that the agent's last reply called at this place, or the place.
fn tool(state: &RunState, agent: AgentId, call: u32, style: &Style) -> String {
    let last = state.dialogue(agent).and_then(|dialogue| {
        dialogue.messages.iter().rev().find_map(|message| match message {
            Message::Assistant(reply) => Some(reply),
            Message::User { .. } | Message::Tool(_) => None,
        })
    });
    match last.and_then(|reply| reply.calls.get(call as usize)) {
        Some(call) => format!("tool {}", one_line(&call.name, 60, style)),
        None => format!("tool call {call}"),
    }
}

fn stopped(stop: Stop) -> &'static str {
    match stop {
        Stop::EndTurn | Stop::ToolCalls => "",
        Stop::Length => ", cut off at its length limit",
        Stop::Refused => ", refused",
    }
}

fn replied(reply: &Reply, style: &Style) -> Vec<String> {
    let mut lines = head(&reply.text, CONTENT_LINES, INDENT, style);
    let calls = reply.calls.iter().take(CONTENT_LINES).map(|call| {
        let (name, args) = (one_line(&call.name, 60, style), one_line(&call.args, 160, style));
        format!("{INDENT}{} {name} {args}", style.mark(Mark::To))
    });
    lines.extend(calls);
    let more = reply.calls.len().saturating_sub(CONTENT_LINES);
    if more > 0 {
        lines.push(format!("{INDENT}and {} more", count(more, "call")));
    }
    lines
}

fn fault_words(fault: CallFault) -> &'static str {
    match fault {
        CallFault::RateLimited => "rate limited",
        CallFault::Transient => "passing trouble",
        CallFault::TooLarge => "too large for the model",
        CallFault::OutOfQuota => "no money or quota left at the provider",
        CallFault::KeyRefused => "key refused",
        CallFault::BadRequest => "request refused",
    }
}

fn pause(retry_at_ms: u64, state: &RunState) -> String {
    if retry_at_ms <= state.now_ms {
        return String::new();
    }
    format!(", not again before {}", utc_seconds(retry_at_ms))
}

fn planned(tasks: &[PlannedTask], style: &Style) -> Vec<String> {
    let mut lines: Vec<String> = tasks
        .iter()
        .take(TASKS_LISTED)
        .map(|task| {
            let title = one_line(&task.title, 100, style);
            let worker = one_line(&task.worker, 60, style);
            let todos = listed(task.todos.iter().map(u32::to_string), 20);
            let needs = listed(task.needs.iter().map(ToString::to_string), 20);
            let needs = if needs.is_empty() { needs } else { format!(", needs {needs}") };
            format!("{INDENT}{}. {title} ({worker}): todos {todos}{needs}", task.id)
        })
        .collect();
    if tasks.len() > TASKS_LISTED {
        lines.push(format!("{INDENT}and {} more", count(tasks.len() - TASKS_LISTED, "task")));
    }
    lines
}
