//! What a change of the documents means for a plan that is being built, or was built: which todos
//! are kept, changed, new and dropped, why, and what becomes of the tasks that cover them.
//!
//! Todos are told apart by their numbers and changed by their words; a tick is no change. A
//! requirement or an assumption that changes does so for the todos that cite it. What changes in the
//! design, or in requirements that nothing cites, reopens nothing: workers are told of it.

use crate::decide::document_problems;
use crate::documents::{
    ASSUMPTIONS, DocumentKind, Documents, listed_assumptions, one_line, sections, with_assumptions,
};
use crate::id::TaskId;
use crate::requirements::{self, ContentHash, RequirementId};
use crate::state::{RunState, Stage, Status, Task};
use crate::todos::{self, Todo};
use crate::units::MicroDollars;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A todo whose meaning changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedTodo {
    /// Its number.
    pub number: u32,
    /// What changed about it, in words for workers and people.
    pub why: Arc<str>,
}

/// A todo that came or went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedTodo {
    /// Its number.
    pub number: u32,
    /// What it says.
    pub text: Arc<str>,
}

/// What differs between two states of a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanChange {
    /// Todos that mean something else now, by number.
    pub changed: Vec<ChangedTodo>,
    /// Todos that were not there, by number.
    pub new: Vec<NamedTodo>,
    /// Todos that are not there any more, by number.
    pub dropped: Vec<NamedTodo>,
    /// Assumptions that hold otherwise now: number, from 1, and what is taken instead.
    pub flipped: Vec<(u32, Arc<str>)>,
    /// Sections of requirements and design that differ, as `docs/design.md: Users`.
    pub sections: Vec<Arc<str>>,
    /// The tasks that this concerns, and what changed for each.
    pub affected: Vec<(TaskId, Arc<str>)>,
}

impl PlanChange {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.changed.is_empty()
            && self.new.is_empty()
            && self.dropped.is_empty()
            && self.flipped.is_empty()
            && self.sections.is_empty()
    }
}

/// What becomes of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskFate {
    /// Nothing of it changes.
    Kept,
    /// Its worker is told at its next call.
    Told,
    /// It has not begun; it will read what is true then.
    Reads,
    /// It was settled and is opened again.
    Reopened,
    /// All its todos are gone: it is left undone.
    Dropped,
    /// All its todos are gone, and its work is in the project already.
    Stays,
}

/// What becomes of one task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskChange {
    /// Which.
    pub task: TaskId,
    /// What becomes of it.
    pub fate: TaskFate,
    /// What changed for it; empty for one that is kept.
    pub because: Arc<str>,
    /// What its model calls cost so far.
    pub spent: MicroDollars,
}

/// A change of the plan of a run: what differs, and what that means for its tasks.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanDiff {
    /// The documents as they will stand.
    pub documents: Documents,
    /// Numbers of the todos that stay as they are.
    pub kept: Vec<u32>,
    /// What differs.
    pub change: PlanChange,
    /// Every task but split ones, in order.
    pub tasks: Vec<TaskChange>,
}

impl PlanDiff {
    /// The tasks with this fate.
    pub fn with(&self, fate: TaskFate) -> impl Iterator<Item = &TaskChange> {
        self.tasks.iter().filter(move |task| task.fate == fate)
    }
}

/// What differs between two sets of documents; no task is looked at.
pub fn compare(before: &Documents, now: &Documents) -> PlanChange {
    let (old, new) = (by_number(&before.todos), by_number(&now.todos));
    let flipped = flips(before, now);
    let requirements = changed_requirements(&before.requirements, &now.requirements);
    let named = |todo: &&Todo| NamedTodo { number: todo.number, text: todo.text.clone() };
    let mut change = PlanChange {
        new: new
            .values()
            .filter(|todo| !old.contains_key(&todo.number))
            .map(|t| named(&t))
            .collect(),
        dropped: old
            .values()
            .filter(|todo| !new.contains_key(&todo.number))
            .map(|t| named(&t))
            .collect(),
        sections: [DocumentKind::Requirements, DocumentKind::Design]
            .into_iter()
            .flat_map(|kind| changed_sections(kind, before.get(kind), now.get(kind)))
            .collect(),
        ..PlanChange::default()
    };
    for (number, todo) in &new {
        let Some(was) = old.get(number) else { continue };
        if let Some(why) = why_changed(was, todo, &requirements, &flipped) {
            change.changed.push(ChangedTodo { number: *number, why });
        }
    }
    change.flipped = flipped;
    change
}

/// What the documents as the person's files hold them now would change in a run.
///
/// # Errors
/// What is wrong with them, a line each.
pub fn diff(state: &RunState, edited: &Documents) -> Result<PlanDiff, Vec<String>> {
    let problems = document_problems(edited);
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut documents = edited.clone();
    documents.todos = with_added(state, &edited.todos)?;
    documents.requirements = requirements::mark(&edited.requirements, None).into();
    let mut assumptions = state.assumptions.clone();
    let listed = listed_assumptions(&edited.requirements);
    let known = listed_assumptions(&state.plan.seen.requirements);
    for assumption in &mut assumptions {
        let of = |list: &[crate::documents::Assumption]| {
            let same = |a: &&crate::documents::Assumption| {
                one_line(&a.question) == one_line(&assumption.question)
            };
            list.iter().find(same).map(|a| a.answer.clone())
        };
        // The person changed the line; one that they have not seen yet is as the run has it.
        if let Some(answer) = of(&listed)
            && of(&known).is_some_and(|known| one_line(&known) != one_line(&answer))
        {
            assumption.answer = answer;
        }
    }
    if !assumptions.is_empty() {
        documents.requirements = with_assumptions(&documents.requirements, &assumptions).into();
    }
    Ok(of_documents(state, documents))
}

/// The same with one more todo at the end of the list.
pub fn added(state: &RunState, what: &str) -> PlanDiff {
    let mut documents = state.plan.documents.clone();
    let last = by_number(&documents.todos).into_keys().last().unwrap_or(0);
    documents.todos =
        todos::append(&documents.todos, &[(last.saturating_add(1), what.trim())]).into();
    of_documents(state, documents)
}

/// The same with another answer to an assumption, counted from 1; nothing when there is none of that
/// number.
pub fn flipped(state: &RunState, number: u32, answer: &str) -> Option<PlanDiff> {
    let mut assumptions = state.assumptions.clone();
    let found = assumptions.get_mut((number as usize).checked_sub(1)?)?;
    found.answer = one_line(answer).into();
    let mut documents = state.plan.documents.clone();
    documents.requirements = with_assumptions(&documents.requirements, &assumptions).into();
    Some(of_documents(state, documents))
}

/// The todos that are open and that no task covers.
pub fn uncovered(state: &RunState) -> Vec<u32> {
    let covered: BTreeSet<u32> = state.tasks.iter().flat_map(|t| t.todos.iter().copied()).collect();
    let open = state.plan.todos.iter().filter(|todo| !todo.done && !covered.contains(&todo.number));
    open.map(|todo| todo.number).collect()
}

/// The todos of `now` without the ticks of those that mean something else than in `built`, which is
/// how the documents stood when the project was last worked on.
pub fn without_stale_ticks(built: &Documents, now: &Documents) -> String {
    let changed = compare(built, now).changed;
    todos::untick(&now.todos, &changed.iter().map(|todo| todo.number).collect())
}

/// The todos of `now` with the ticks that are true: one that is built and means what it meant is
/// ticked, all else is open. For lists that nobody ticks who knows; see [`without_stale_ticks`].
pub fn with_true_ticks(built: &Documents, now: &Documents) -> String {
    let change = compare(built, now);
    let was = by_number(&built.todos);
    let stale: BTreeSet<u32> = change.changed.iter().map(|todo| todo.number).collect();
    let is_built =
        |number: &u32| was.get(number).is_some_and(|todo| todo.done) && !stale.contains(number);
    let (done, open) = by_number(&now.todos).into_keys().partition(is_built);
    todos::tick(&todos::untick(&now.todos, &open), &done)
}

/// What it means for a run that its plan stands in these documents, from what its own are.
pub fn of_documents(state: &RunState, documents: Documents) -> PlanDiff {
    let mut before = state.plan.documents.clone();
    if !state.assumptions.is_empty() {
        before.requirements = with_assumptions(&before.requirements, &state.assumptions).into();
    }
    let mut change = compare(&before, &documents);
    // A todo that has to be done again is not done.
    let stale = change.changed.iter().map(|todo| todo.number).collect();
    let documents =
        Documents { todos: todos::untick(&documents.todos, &stale).into(), ..documents };
    let away: BTreeSet<u32> = change
        .changed
        .iter()
        .map(|t| t.number)
        .chain(change.dropped.iter().map(|t| t.number))
        .collect();
    let kept = state.plan.todos.iter().map(|t| t.number).filter(|n| !away.contains(n)).collect();
    let is_split = |task: &&Task| matches!(task.status, Status::Split(_));
    let tasks: Vec<TaskChange> = state
        .tasks
        .iter()
        .filter(|task| !is_split(task))
        .map(|task| task_change(state, task, &change))
        .collect();
    change.affected = tasks
        .iter()
        .filter(|task| match task.fate {
            TaskFate::Told | TaskFate::Reads | TaskFate::Reopened | TaskFate::Dropped => true,
            TaskFate::Kept | TaskFate::Stays => false,
        })
        .map(|task| (task.task, task.because.clone()))
        .collect();
    PlanDiff { documents, kept, change, tasks }
}

fn task_change(state: &RunState, task: &Task, change: &PlanChange) -> TaskChange {
    let mut why: Vec<String> = Vec::new();
    for todo in change.changed.iter().filter(|todo| task.todos.contains(&todo.number)) {
        why.push(todo.why.to_string());
    }
    for (number, answer) in &change.flipped {
        if is_based_on(state, task, *number) {
            why.push(format!("assumption A{number} does not hold any more, it is now: {answer}"));
        }
    }
    let is_gone = |number: &&u32| change.dropped.iter().any(|todo| todo.number == **number);
    let gone: Vec<u32> = task.todos.iter().filter(is_gone).copied().collect();
    let gone_all = !gone.is_empty() && gone.len() == task.todos.len();
    let fate = match &task.status {
        Status::Split(_) => TaskFate::Kept,
        #[cfg(feature = "planted")]
        Status::Merged(_)
            if crate::planted::is(crate::planted::Mistake::WholeReopening) && !gone_all =>
        {
            TaskFate::Reopened
        }
        Status::Merged(_) if gone_all => TaskFate::Stays,
        Status::Active(attempt) if gone_all && matches!(attempt.stage, Stage::Landing { .. }) => {
            TaskFate::Stays
        }
        Status::Dropped(_) | Status::Failed(_) if gone_all => TaskFate::Kept,
        Status::Active(_) | Status::Waiting | Status::Ready | Status::Escalated if gone_all => {
            TaskFate::Dropped
        }
        Status::Merged(_) | Status::Dropped(_) | Status::Failed(_) if why.is_empty() => {
            TaskFate::Kept
        }
        Status::Merged(_) | Status::Dropped(_) | Status::Failed(_) => TaskFate::Reopened,
        Status::Active(_) | Status::Waiting | Status::Ready | Status::Escalated
            if why.is_empty() && gone.is_empty() =>
        {
            TaskFate::Kept
        }
        Status::Active(_) => TaskFate::Told,
        Status::Waiting | Status::Ready | Status::Escalated => TaskFate::Reads,
    };
    for number in &gone {
        let todo = change.dropped.iter().find(|todo| todo.number == *number);
        why.push(format!("todo {number} is dropped: {}", todo.map_or("", |todo| &todo.text)));
    }
    let because = match fate {
        TaskFate::Kept => "".into(),
        TaskFate::Told
        | TaskFate::Reads
        | TaskFate::Reopened
        | TaskFate::Dropped
        | TaskFate::Stays => why.join("; ").into(),
    };
    TaskChange { task: task.id, fate, because, spent: task.spent }
}

/// Whether a task says that it rests on an assumption, or one of its workers asked for it.
fn is_based_on(state: &RunState, task: &Task, number: u32) -> bool {
    let asked = (number as usize)
        .checked_sub(1)
        .and_then(|place| state.assumptions.get(place))
        .is_some_and(|assumption| assumption.tasks.contains(&task.id));
    asked || task.assumptions.contains(&number) || cites(&task.goal, number)
}

/// Whether a text names an assumption: `A3`, as a word.
fn cites(text: &str, assumption: u32) -> bool {
    let name = format!("A{assumption}");
    text.split(|c: char| !c.is_alphanumeric()).any(|word| word == name)
}

fn by_number(document: &str) -> BTreeMap<u32, Todo> {
    let todos = todos::parse(document).unwrap_or_default();
    todos.into_iter().map(|todo| (todo.number, todo)).collect()
}

fn why_changed(
    was: &Todo,
    now: &Todo,
    requirements: &BTreeMap<RequirementId, String>,
    flipped: &[(u32, Arc<str>)],
) -> Option<Arc<str>> {
    let number = now.number;
    let mut why = Vec::new();
    if one_line(&was.text) != one_line(&now.text) {
        why.push(format!("todo {number} is now \"{}\", it was \"{}\"", now.text, was.text));
    }
    for id in requirements::cited(&now.text) {
        if let Some(said) = requirements.get(&id) {
            why.push(format!("todo {number} cites requirement {id}, {said}"));
        }
    }
    for (assumption, answer) in flipped {
        if cites(&now.text, *assumption) {
            why.push(format!("todo {number} cites assumption A{assumption}, it is now: {answer}"));
        }
    }
    (!why.is_empty()).then(|| why.join("; ").into())
}

/// The requirements that say something else now, or nothing any more, and how to put that.
fn changed_requirements(before: &str, now: &str) -> BTreeMap<RequirementId, String> {
    let now: BTreeMap<RequirementId, (ContentHash, Arc<str>)> =
        requirements::parse(now).into_iter().map(|r| (r.id, (r.hash, r.text))).collect();
    let mut changed = BTreeMap::new();
    for requirement in requirements::parse(before) {
        match now.get(&requirement.id) {
            Some((hash, _)) if *hash == requirement.hash => {}
            Some((_, text)) => {
                _ = changed.insert(requirement.id, format!("which is now \"{text}\""));
            }
            None => _ = changed.insert(requirement.id, "which is gone".to_owned()),
        }
    }
    changed
}

/// The assumptions that both list, with another answer in the second; by their place.
fn flips(before: &Documents, now: &Documents) -> Vec<(u32, Arc<str>)> {
    let (was, is) =
        (listed_assumptions(&before.requirements), listed_assumptions(&now.requirements));
    let pairs = (1..).zip(was.iter().zip(&is));
    pairs
        .filter(|(_, (was, is))| {
            one_line(&was.question) == one_line(&is.question)
                && one_line(&was.answer) != one_line(&is.answer)
        })
        .map(|(number, (_, is))| (number, is.answer.clone()))
        .collect()
}

fn changed_sections(kind: DocumentKind, before: &str, now: &str) -> Vec<Arc<str>> {
    let read = |document: &str| -> Vec<(String, String)> {
        let of = |section: &&str| !section.starts_with(ASSUMPTIONS);
        let said = |section: &str| {
            let heading = section.lines().next().unwrap_or("").trim_start_matches('#').trim();
            (heading.to_owned(), one_line(section))
        };
        sections(document).into_iter().filter(of).map(said).collect()
    };
    let (was, is) = (read(before), read(now));
    let mut told: Vec<Arc<str>> = Vec::new();
    let differing = is.iter().filter(|part| !was.contains(part));
    for (heading, _) in differing.chain(was.iter().filter(|part| !is.contains(part))) {
        let name: Arc<str> = format!("{}: {heading}", kind.path()).into();
        if !told.contains(&name) {
            told.push(name);
        }
    }
    told
}

/// The person's list with the todos that came to the run and not from their file.
fn with_added(state: &RunState, edited: &str) -> Result<Arc<str>, Vec<String>> {
    let (theirs, known) = (by_number(edited), by_number(&state.plan.seen.todos));
    let mut missing: Vec<(u32, &str)> = Vec::new();
    let mut problems = Vec::new();
    for todo in state.plan.todos.iter().filter(|todo| !known.contains_key(&todo.number)) {
        match theirs.get(&todo.number) {
            None => missing.push((todo.number, &todo.text)),
            Some(same) if one_line(&same.text) == one_line(&todo.text) => {}
            Some(other) => problems.push(format!(
                "todo {} was added to the run while it works (\"{}\"): give \"{}\" another number",
                todo.number, todo.text, other.text
            )),
        }
    }
    match (problems.is_empty(), missing.is_empty()) {
        (false, _) => Err(problems),
        (true, true) => Ok(edited.into()),
        (true, false) => Ok(todos::append(edited, &missing).into()),
    }
}
