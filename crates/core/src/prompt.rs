//! What agents are told: system prompts from files, openings built from the state, all bounded.
//!
//! Every opening begins with a line `agent: NAME`, by which scripts, test servers and people who
//! read a provider's log know who speaks.

mod failure;
mod plan;

pub(crate) use failure::tell_failure;
pub use failure::{failure_line, is_red};
pub use plan::plan_change_opening;
pub(crate) use plan::{plan_letter, sections_changed};

use crate::contracts;
use crate::dialogue::cut;
use crate::documents::{DocumentKind, Documents, relevant_sections};
use crate::event::{CheckResult, Failure, Matter, MessageKind, Sender, Verdict};
use crate::id::TaskId;
use crate::intent;
use crate::policy::Touched;
use crate::review;
use crate::spec::{Person, RunSpec};
use crate::state::{Letter, RunState, Task};
use std::fmt::Write;
use std::sync::Arc;

/// The planner's system prompt.
pub const PLANNER: &str = include_str!("prompts/planner.md");
/// The supervisor's system prompt.
pub const SUPERVISOR: &str = include_str!("prompts/supervisor.md");
const REVIEWER: &str = include_str!("prompts/reviewer.md");
const ACCEPTANCE: &str = include_str!("prompts/acceptance.md");
const WORKER: &str = include_str!("prompts/worker.md");

/// Said to the planner when the person has nothing more to say.
pub const CLOSED: &str =
    "The person has said enough. Write the three documents now and submit the plan.";
/// The result of submitting a plan.
pub const SHOWN: &str = "The documents are shown to the person.";

/// The answer that lets protected paths come to the person's branch.
pub(crate) const YES: &str = "yes";
/// The other one, and what is taken when nobody answers.
pub(crate) const NO: &str = "no";

/// A worker's share of each document: with its task and tools, a first prompt of about 2,500 tokens.
const SECTION_BYTES: usize = 1_600;
/// `AGENTS.md`: longer ones are read in the worktree.
const GUIDE_BYTES: usize = 4_000;
/// The repository's map in the planner's and supervisor's opening.
const MAP_BYTES: usize = 12_000;
/// The map in every worker's prompt: the names to look for; they can list the rest.
const WORKER_MAP_BYTES: usize = 1_500;
/// A document in the supervisor's opening.
pub(crate) const DOCUMENT_BYTES: usize = 24_000;
/// Other tasks that a worker is told of.
const OTHERS_MAX: usize = 12;
/// Answers that the supervisor is reminded of.
const ANSWERS_TOLD: usize = 20;
/// Letters that an opening repeats.
const LETTERS_MAX: usize = 20;

/// The planner's first message.
pub fn planner_opening(spec: &RunSpec, wish: &str) -> Arc<str> {
    let mut text = format!("agent: planner\n\nThe person wants:\n\n{wish}\n");
    if spec.map.is_empty() {
        text.push_str("\nThe repository is new and empty.\n");
    } else {
        _ = write!(text, "\nThe repository holds:\n\n{}\n", bounded(&spec.map, MAP_BYTES));
    }
    if let Some(earlier) = &spec.earlier {
        text.push_str(
            "\nIt was planned before, and what is ticked is built. Plan the change and not the whole \
             again: keep what stays word for word, with its numbers and ticks; give new todos new \
             numbers; change the words of a ticked todo only where what is built has to change, and \
             leave out what is not wanted any more. The documents hold now:\n",
        );
        for kind in DocumentKind::ALL {
            let document = bounded(earlier.present.get(kind), DOCUMENT_BYTES);
            _ = write!(text, "\n<<< {}\n{document}\n>>>\n", kind.path());
        }
    }
    guide(&mut text, spec);
    text.into()
}

/// What a todo said when it was built by an earlier run, if it says something else now.
fn built_before(state: &RunState, number: u32, text: &str) -> Option<String> {
    let built = &state.spec.earlier.as_ref()?.built;
    let known = crate::todos::parse(&built.todos).ok()?;
    let was = known.into_iter().find(|todo| todo.number == number && todo.done)?;
    (*was.text != *text).then(|| format!("(built before as: {})", was.text))
}

/// What the planner is told when the person wants changes.
pub fn revision(words: &str) -> String {
    format!(
        "The person wants the documents changed:\n\n{words}\n\nRewrite what changes and submit the plan again."
    )
}

/// What the planner is told when the person changed the documents.
pub fn edited(documents: &Documents) -> String {
    let mut text = "The person changed the documents. They hold now:\n".to_owned();
    for kind in DocumentKind::ALL {
        _ = write!(text, "\n<<< {}\n{}\n>>>\n", kind.path(), documents.get(kind));
    }
    text
}

/// The system prompt of every worker of a run: rules, and what the project is.
pub fn worker_system(state: &RunState) -> Arc<str> {
    let documents = &state.plan.documents;
    let mut text = format!("{WORKER}\n# The project: {}\n\n", documents.title());
    text.push_str(first_section(&documents.requirements));
    text.push_str(
        "\nThe whole of it is in docs/requirements.md, docs/design.md and docs/todos.md.\n",
    );
    if !state.spec.map.is_empty() {
        let map = bounded(&state.spec.map, WORKER_MAP_BYTES);
        _ = write!(text, "\nThe repository held before this run:\n\n{map}\n");
    }
    guide(&mut text, &state.spec);
    text.into()
}

/// A worker's first message.
pub fn worker_opening(state: &RunState, task: &Task) -> Arc<str> {
    let profile = state.spec.profiles.get(&task.profile);
    let mut text = format!(
        "agent: {}#{}\n\n# Task {}: {}\n\n{}\n",
        task.worker,
        task.attempts + 1,
        task.id,
        task.title,
        task.goal
    );
    if let Some(profile) = profile {
        _ = write!(text, "\nYour part: {}\n", profile.prompt.trim());
    }
    text.push_str("\nTodos:\n");
    let mut about = format!("{} {}", task.title, task.goal);
    for todo in state.plan.todos.iter().filter(|t| task.todos.contains(&t.number)) {
        _ = writeln!(text, "{}. {}", todo.number, todo.text);
        if let Some(before) = built_before(state, todo.number, &todo.text) {
            _ = writeln!(text, "   {before}");
        }
        _ = write!(about, " {}", todo.text);
    }
    list(&mut text, "\nYou write", &task.files);
    list(&mut text, "\nYou may write besides", &task.claimed);
    list(&mut text, "\nSeveral tasks may write", &state.shared);
    list(&mut text, "\nChecks, run from the project's root", &task.checks);
    if let Some(found) = state.acceptance.tasks.get(&task.id) {
        list(
            &mut text,
            "\nAcceptance checks, run with them; you can't change their files",
            &found.commands(),
        );
    }
    contracts::told::of_task(&mut text, state, task);
    others(&mut text, state, task);
    for kind in [DocumentKind::Requirements, DocumentKind::Design] {
        let part = relevant_sections(state.plan.documents.get(kind), &about, SECTION_BYTES);
        if !part.is_empty() {
            _ = write!(text, "\nFrom {}:\n\n{}", kind.path(), part);
        }
    }
    if !task.mail.is_empty() {
        let from = task.mail.len().saturating_sub(LETTERS_MAX);
        #[cfg(feature = "planted")]
        let from = match crate::planted::is(crate::planted::Mistake::LostMail) {
            true => task.mail.len(),
            false => from,
        };
        _ = write!(text, "\n{}\n", letters(state, &task.mail[from..]));
    }
    if let Some((number, failure)) = task.failures.last() {
        _ = write!(text, "\nAttempt {number} at this task came to nothing.\n");
        tell_failure(&mut text, failure);
        text.push_str(&intent::both_sides(state, task, failure));
        text.push_str(match task.start {
            crate::event::Start::Fresh => "\nYour worktree is fresh.\n",
            crate::event::Start::Kept { .. } => "\nYour worktree holds what that attempt left.\n",
            crate::event::Start::Merged { .. } => {
                "\nYour worktree holds that attempt's work merged into the others', with conflict \
                 markers where they collide. Keep what both sides intend.\n"
            }
        });
    }
    if let Some(because) = &task.reopened {
        _ = write!(
            text,
            "\nThis task was settled before and is opened again: {because}\nWhat was merged of it is in \
             the project; change what that asks for and leave the rest.\n"
        );
    }
    if let Some(advice) = &task.advice {
        _ = write!(text, "\nThe supervisor's advice: {advice}\n");
    }
    text.into()
}

/// Messages as a worker reads them.
pub fn letters(state: &RunState, letters: &[Letter]) -> String {
    let mut text = String::new();
    for letter in letters {
        let from = match letter.from {
            Sender::Supervisor => "the supervisor",
            Sender::Person => "the person",
            Sender::Run => "the run",
            Sender::Worker(task) => state.task(task).map_or("a worker", |t| &t.worker),
        };
        let kind = match letter.kind {
            MessageKind::Fact => "Message",
            MessageKind::Question => "Question",
            MessageKind::Contract => "Contract notice",
        };
        let gap = if text.is_empty() { "" } else { "\n" };
        _ = write!(text, "{gap}{kind} from {from}:\n<<<\n{}\n>>>", letter.text);
    }
    text
}

/// The supervisor's first message about the graph.
pub fn graph_opening(state: &RunState) -> Arc<str> {
    let mut text = "agent: supervisor:graph\n\nMake the task graph with `propose_graph`: every \
                    open todo in exactly one task.\n\nWorker profiles:\n"
        .to_owned();
    for (name, profile) in &state.spec.profiles {
        _ = writeln!(text, "- {name}: {}", profile.role);
    }
    _ = writeln!(text, "\nWorkers at a time: {}", state.spec.limits.workers);
    list(&mut text, "\nChecks that run for every task", &state.spec.checks);
    for kind in DocumentKind::ALL {
        let document = bounded(state.plan.documents.get(kind), DOCUMENT_BYTES);
        _ = write!(text, "\n<<< {}\n{document}\n>>>\n", kind.path());
    }
    if !state.spec.map.is_empty() {
        let map = bounded(&state.spec.map, MAP_BYTES);
        _ = write!(text, "\nThe repository held before:\n\n{map}\n");
    }
    guide(&mut text, &state.spec);
    text.into()
}

/// The supervisor's first message about a worker's question.
pub fn question_opening(state: &RunState, task: &Task, nth: u32, question: &str) -> Arc<str> {
    let mut text = format!(
        "agent: supervisor:question:{}#{nth}\n\nThe worker {} asks while it does task {} \
         ({}):\n\n<<<\n{question}\n>>>\n",
        task.worker, task.worker, task.id, task.title
    );
    _ = write!(text, "\nIts goal: {}\n", task.goal);
    intent::overview(&mut text, state);
    let given = state.answers.given();
    if !given.is_empty() {
        text.push_str("\nYour answers so far; keep to them:\n");
        for answered in &given[given.len().saturating_sub(ANSWERS_TOLD)..] {
            let (question, answer) = (cut(&answered.question, 200), cut(&answered.answer, 400));
            _ = writeln!(text, "- {question}\n  {answer}");
        }
    }
    let about = format!("{} {question}", task.title);
    for kind in [DocumentKind::Requirements, DocumentKind::Design] {
        let part = relevant_sections(state.plan.documents.get(kind), &about, DOCUMENT_BYTES / 4);
        if !part.is_empty() {
            _ = write!(text, "\nFrom {}:\n\n{part}", kind.path());
        }
    }
    text.into()
}

/// The system prompt of a matter.
pub(crate) fn system(matter: &Matter) -> &'static str {
    match matter {
        Matter::Review { .. } => REVIEWER,
        Matter::Acceptance { .. } => ACCEPTANCE,
        Matter::Graph
        | Matter::Question { .. }
        | Matter::Escalation { .. }
        | Matter::Claim { .. }
        | Matter::ContractChange { .. }
        | Matter::PlanChange { .. } => SUPERVISOR,
    }
}

/// A reviewer's first message.
pub fn review_opening(
    state: &RunState,
    task: &Task,
    attempt: u32,
    summary: &[Arc<str>],
    checks: &[CheckResult],
    diff: &str,
) -> Arc<str> {
    let mut text = format!(
        "agent: reviewer:{}#{attempt}\n\nReview {}'s work on task {} ({}).\n\nIts goal: {}\n",
        task.worker, task.worker, task.id, task.title, task.goal
    );
    let mut about = format!("{} {}", task.title, task.goal);
    text.push_str("\nTodos:\n");
    for todo in state.plan.todos.iter().filter(|t| task.todos.contains(&t.number)) {
        _ = writeln!(text, "{}. {}", todo.number, todo.text);
        _ = write!(about, " {}", todo.text);
    }
    contracts::told::of_work(&mut text, state, task);
    list(&mut text, "\nThe worker says", summary);
    text.push_str("\nChecks that were run:\n");
    for check in checks {
        let how = match &check.verdict {
            Verdict::Passed => "passed",
            Verdict::CantRun { .. } => "could not run here",
            Verdict::Failed { .. } | Verdict::TimedOut => "red",
        };
        _ = writeln!(text, "- `{}`: {how}", check.command);
    }
    if let Some((number, Failure::Review { findings })) = task.failures.last() {
        _ = writeln!(text, "\nFound in attempt {number}; see that it is mended:");
        findings.iter().for_each(|finding| _ = writeln!(text, "- {finding}"));
    }
    for kind in [DocumentKind::Requirements, DocumentKind::Design] {
        let part = relevant_sections(state.plan.documents.get(kind), &about, DOCUMENT_BYTES / 4);
        if !part.is_empty() {
            _ = write!(text, "\nFrom {}:\n\n{part}", kind.path());
        }
    }
    guide(&mut text, &state.spec);
    let (shown, rest) = (bounded(diff, review::DIFF_BYTES), "; what is left out lies in the tree");
    let rest = if shown.len() < diff.len() { rest } else { "" };
    _ = write!(text, "\nThe change{rest}:\n<<<\n{shown}\n>>>\n");
    text.into()
}

/// The supervisor's first message about a task whose tries are spent.
pub fn escalation_opening(state: &RunState, task: &Task, nth: u32) -> Arc<str> {
    let mut text = format!(
        "agent: supervisor:escalation:{}#{nth}\n\nTask {} ({}) has come to nothing in {} attempts \
         by {}{}. Decide what becomes of it.\n\nIts goal: {}\n",
        task.worker,
        task.id,
        task.title,
        task.attempts,
        task.worker,
        match task.conflicts_in_a_row {
            0 | 1 => "",
            _ => ", and collided with merged work at each of its last merges",
        },
        task.goal
    );
    let numbers: Vec<String> = task.todos.iter().map(ToString::to_string).collect();
    _ = write!(text, "\nIts todos: {}\n", numbers.join(", "));
    list(&mut text, "\nIts checks", &task.checks);
    if let Some(found) = state.acceptance.tasks.get(&task.id) {
        list(&mut text, "\nIts acceptance checks, which nobody can change", &found.commands());
    }
    for (number, failure) in task.failures.iter().rev().take(3).rev() {
        _ = write!(text, "\nAttempt {number}:\n");
        tell_failure(&mut text, failure);
        text.push_str(&intent::both_sides(state, task, failure));
    }
    intent::overview(&mut text, state);
    text.push_str("\nWorker profiles:\n");
    for (name, profile) in &state.spec.profiles {
        _ = writeln!(text, "- {name}: {}", profile.role);
    }
    text.into()
}

/// What the person is asked when the result changes protected paths.
pub(crate) fn delivery_question(touched: &Touched) -> Arc<str> {
    let mut text =
        "The result changes files that run or decide something without being asked:\n".to_owned();
    touched.paths.iter().for_each(|path| _ = writeln!(text, "- {path}"));
    if touched.unnamed() > 0 {
        _ = writeln!(text, "- and {} more", touched.unnamed());
    }
    text.push_str(
        "May it come to your branch? Without a yes, it stays on one of its own. (yes/no)",
    );
    text.into()
}

/// Why a result that changes protected paths lies on a branch of its own.
pub(crate) fn aside(touched: &Touched, person: &Person) -> Arc<str> {
    let who = match person {
        Person::Present { .. } => "you did not say yes",
        Person::Absent { .. } => "nobody was there to say yes",
    };
    format!("{who} to its changes of protected files: {}", touched.words()).into()
}

fn others(text: &mut String, state: &RunState, task: &Task) {
    let near: Vec<&Task> = task
        .needs
        .iter()
        .chain(&task.dependents)
        .filter_map(|&id: &TaskId| state.task(id))
        .chain(state.tasks.iter())
        .filter(|other| other.id != task.id)
        .collect();
    let mut told = std::collections::BTreeSet::new();
    for other in near {
        if told.len() < OTHERS_MAX && told.insert(other.id) {
            if told.len() == 1 {
                text.push_str("\nOther tasks:\n");
            }
            _ = writeln!(text, "- {}", intent::task_line(other));
        }
    }
    let left = state.tasks.len() - 1 - told.len();
    if left > 0 {
        _ = writeln!(text, "- … and {left} more");
    }
}

pub(crate) fn list(text: &mut String, heading: &str, items: &[Arc<str>]) {
    if !items.is_empty() {
        _ = writeln!(text, "{heading}:");
        items.iter().for_each(|item| _ = writeln!(text, "- `{item}`"));
    }
}

fn guide(text: &mut String, spec: &RunSpec) {
    if !spec.guide.is_empty() {
        _ = write!(
            text,
            "\nAGENTS.md of the repository:\n\n{}\n",
            bounded(&spec.guide, GUIDE_BYTES)
        );
    }
}

/// The text up to the second heading of level 2, at most `SECTION_BYTES`.
fn first_section(document: &str) -> &str {
    let second = document.match_indices("\n## ").nth(1).map_or(document.len(), |(at, _)| at + 1);
    cut(&document[..second], SECTION_BYTES)
}

/// The beginning of `text`, and how much was left out.
fn bounded(text: &str, bytes_max: usize) -> String {
    let head = cut(text, bytes_max);
    if head.len() == text.len() {
        return text.to_owned();
    }
    format!("{head}\n[… {} bytes left out …]", text.len() - head.len())
}
