//! The task graph as the supervisor proposes it, and everything that can be wrong with it.

use crate::glob;
use crate::id::TaskId;
use crate::todos::Todo;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A graph may have this many tasks: what a scheduler tick is measured with.
pub const TASKS_MAX: usize = 10_000;

/// One task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposedTask {
    /// Short unique id: a-z, 0-9, - and _, starting with a letter.
    pub id: String,
    /// What people read, such as `User Management Service Implementation`.
    pub title: String,
    /// One of the worker profiles.
    pub profile: String,
    /// What to build and what to leave to others, with the interfaces it shares; the worker sees
    /// this, the todos and the matching parts of the documents.
    pub goal: String,
    /// Numbers of the todos it covers; every open todo belongs to exactly one task.
    pub todos: Vec<u32>,
    /// Ids of the tasks whose merged work it builds on; leave out what it can do without.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Globs of the files it writes; tasks that may run at the same time must not share any.
    #[serde(default)]
    pub files: Vec<String>,
    /// Shell commands, run from the project's root, that exit 0 exactly when the work is right.
    #[serde(default)]
    pub checks: Vec<String>,
    /// Whether a reviewer reads the work before it is merged: for what checks can't judge, such as
    /// money and access.
    #[serde(default)]
    pub review: bool,
    /// Numbers of the assumptions it rests on: `1` for `A1` in the requirements.
    #[serde(default)]
    pub assumptions: Vec<u32>,
}

/// A task of the accepted graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedTask {
    /// Its number.
    pub id: TaskId,
    /// The supervisor's id for it; also names its branch.
    pub key: Arc<str>,
    /// What people read.
    pub title: Arc<str>,
    /// What the worker is told.
    pub goal: Arc<str>,
    /// The worker's profile.
    pub profile: Arc<str>,
    /// The worker's name.
    pub worker: Arc<str>,
    /// The todos it covers.
    pub todos: Vec<u32>,
    /// The tasks it waits for.
    pub needs: Vec<TaskId>,
    /// Globs of the files it writes.
    pub files: Vec<Arc<str>>,
    /// Its own checks, the project's not included.
    pub checks: Vec<Arc<str>>,
    /// Whether its work is reviewed, whatever its profile says.
    #[serde(default)]
    pub review: bool,
    /// Numbers of the assumptions it rests on.
    #[serde(default)]
    pub assumptions: Vec<u32>,
}

/// What a proposal is judged against.
#[derive(Debug, Clone)]
pub struct GraphContext<'a> {
    /// The todos that the tasks have to cover: for a graph the open ones, for a split the task's.
    pub todos: &'a [u32],
    /// All todos of the plan.
    pub known_todos: &'a [Todo],
    /// Names of the profiles.
    pub profiles: &'a BTreeSet<Arc<str>>,
    /// Whether the project has checks of its own, so that a task needs none.
    pub project_has_checks: bool,
    /// Globs of files that tasks may write at the same time.
    pub shared: &'a [Arc<str>],
    /// Ids of tasks that exist already, with their numbers.
    pub existing: &'a BTreeMap<Arc<str>, TaskId>,
}

/// What is wrong with a proposal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum GraphProblem {
    #[error("the graph has no tasks")]
    Empty,
    #[error("{count} tasks; the limit is {TASKS_MAX}")]
    TooMany { count: usize },
    #[error(
        "task id `{id}` is not allowed: ids are 1 to 64 of a-z, 0-9, - and _ and start with a letter"
    )]
    BadId { id: String },
    #[error("task id `{id}` is used twice")]
    DuplicateId { id: String },
    #[error("task `{task}` needs `{need}`, which does not exist{}", hint(.nearest))]
    UnknownNeed { task: String, need: String, nearest: Option<String> },
    #[error("tasks need each other in a circle: {}", .path.join(" → "))]
    Cycle { path: Vec<String> },
    #[error("task `{task}` has the profile `{profile}`, which does not exist; there are: {known}")]
    UnknownProfile { task: String, profile: String, known: String },
    #[error("task `{task}` covers todo {number}, which does not exist")]
    UnknownTodo { task: String, number: u32 },
    #[error("task `{task}` covers todo {number}, which is not open here")]
    ForeignTodo { task: String, number: u32 },
    #[error("todo {number} is covered twice, by `{first}` and `{second}`")]
    TodoTwice { number: u32, first: String, second: String },
    #[error("todo {number} (\"{text}\") is covered by no task")]
    Uncovered { number: u32, text: String },
    #[error("task `{task}` has no check: give at least one command that exits 0 when it is done")]
    NoCheck { task: String },
    #[error("task `{task}` has an empty {field}")]
    Blank { task: String, field: &'static str },
    #[error("`{glob}` is shared, and outside the repository")]
    OutsideShared { glob: String },
    #[error("task `{task}` claims `{glob}`, outside the repository")]
    OutsideClaim { task: String, glob: String },
    #[error(
        "`{first}` and `{second}` may run at the same time and both claim `{glob}`: let one need the other, divide the files, or declare it as `shared`"
    )]
    SharedClaim { first: String, second: String, glob: String },
}

fn hint(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|n| format!("; did you mean `{n}`?")).unwrap_or_default()
}

/// Whether `id` may name a task.
pub fn is_task_key(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id.starts_with(|c: char| c.is_ascii_lowercase())
        && id
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
}

/// All that is wrong with a proposal; empty when it can be accepted.
pub fn problems(tasks: &[ProposedTask], context: &GraphContext<'_>) -> Vec<GraphProblem> {
    if tasks.is_empty() {
        return vec![GraphProblem::Empty];
    }
    if tasks.len() > TASKS_MAX {
        return vec![GraphProblem::TooMany { count: tasks.len() }];
    }
    let mut found = Vec::new();
    let mut places = BTreeMap::new();
    for (place, task) in tasks.iter().enumerate() {
        if !is_task_key(&task.id) {
            found.push(GraphProblem::BadId { id: task.id.clone() });
        } else if context.existing.contains_key(task.id.as_str())
            || places.insert(task.id.as_str(), place).is_some()
        {
            found.push(GraphProblem::DuplicateId { id: task.id.clone() });
        }
        fields(task, context, &mut found);
    }
    coverage(tasks, context, &mut found);
    let outside = context.shared.iter().filter(|glob| is_outside(glob));
    found.extend(outside.map(|glob| GraphProblem::OutsideShared { glob: glob.to_string() }));
    let mut needs: Vec<Vec<usize>> = vec![Vec::new(); tasks.len()];
    for (place, task) in tasks.iter().enumerate() {
        for need in &task.needs {
            match places.get(need.as_str()) {
                Some(&target) => needs[place].push(target),
                None if context.existing.contains_key(need.as_str()) => {}
                None => found.push(GraphProblem::UnknownNeed {
                    task: task.id.clone(),
                    need: need.clone(),
                    nearest: nearest(need, places.keys().copied()),
                }),
            }
        }
    }
    match order(&needs) {
        Err(cycle) => found.push(GraphProblem::Cycle {
            path: cycle.into_iter().map(|place| tasks[place].id.clone()).collect(),
        }),
        Ok(order) => shared_claims(tasks, &needs, &order, context.shared, &mut found),
    }
    found
}

fn fields(task: &ProposedTask, context: &GraphContext<'_>, found: &mut Vec<GraphProblem>) {
    let blank = |field| GraphProblem::Blank { task: task.id.clone(), field };
    if task.title.trim().is_empty() {
        found.push(blank("title"));
    }
    if task.goal.trim().is_empty() {
        found.push(blank("goal"));
    }
    if !context.profiles.contains(task.profile.as_str()) {
        let known: Vec<&str> = context.profiles.iter().map(|p| &**p).collect();
        found.push(GraphProblem::UnknownProfile {
            task: task.id.clone(),
            profile: task.profile.clone(),
            known: known.join(", "),
        });
    }
    if task.checks.iter().any(|c| c.trim().is_empty()) {
        found.push(blank("check"));
    }
    if task.checks.is_empty() && !context.project_has_checks {
        found.push(GraphProblem::NoCheck { task: task.id.clone() });
    }
    for glob in &task.files {
        if is_outside(glob) {
            found.push(GraphProblem::OutsideClaim { task: task.id.clone(), glob: glob.clone() });
        }
    }
}

/// Whether a glob could mean something outside of the repository.
fn is_outside(glob: &str) -> bool {
    glob.starts_with(['/', '~']) || glob.split('/').any(|part| part == "..")
}

fn coverage(tasks: &[ProposedTask], context: &GraphContext<'_>, found: &mut Vec<GraphProblem>) {
    let texts: BTreeMap<u32, &str> =
        context.known_todos.iter().map(|t| (t.number, &*t.text)).collect();
    let wanted: BTreeSet<u32> = context.todos.iter().copied().collect();
    let mut owners: BTreeMap<u32, &str> = BTreeMap::new();
    for task in tasks {
        for &number in &task.todos {
            let id = || task.id.clone();
            if !texts.contains_key(&number) {
                found.push(GraphProblem::UnknownTodo { task: id(), number });
            } else if !wanted.contains(&number) {
                found.push(GraphProblem::ForeignTodo { task: id(), number });
            } else if let Some(first) = owners.insert(number, &task.id) {
                found.push(GraphProblem::TodoTwice {
                    number,
                    first: first.to_owned(),
                    second: id(),
                });
            }
        }
    }
    for number in wanted {
        if !owners.contains_key(&number) {
            let text = texts.get(&number).copied().unwrap_or_default().to_owned();
            found.push(GraphProblem::Uncovered { number, text });
        }
    }
}

fn nearest<'a>(wanted: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    known
        .map(|name| (distance(wanted, name), name))
        .filter(|&(d, _)| d <= 2.max(wanted.len() / 3))
        .min()
        .map(|(_, name)| name.to_owned())
}

/// Levenshtein's distance in bytes.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let changed = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// An order in which every task stands behind what it needs; or a circle, its first task again last.
fn order(needs: &[Vec<usize>]) -> Result<Vec<usize>, Vec<usize>> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; needs.len()];
    let mut order = Vec::with_capacity(needs.len());
    for start in 0..needs.len() {
        // Each entry: a task and how many of its needs were followed; no recursion, as chains can
        // be 10,000 long.
        let mut path: Vec<(usize, usize)> = Vec::new();
        if marks[start] == Mark::New {
            marks[start] = Mark::Open;
            path.push((start, 0));
        }
        while let Some((place, followed)) = path.last_mut() {
            let Some(&need) = needs[*place].get(*followed) else {
                marks[*place] = Mark::Done;
                order.push(*place);
                path.pop();
                continue;
            };
            *followed += 1;
            match marks[need] {
                Mark::Done => {}
                Mark::New => {
                    marks[need] = Mark::Open;
                    path.push((need, 0));
                }
                Mark::Open => {
                    let from = path.iter().position(|&(p, _)| p == need).unwrap_or(0);
                    let mut cycle: Vec<usize> = path[from..].iter().map(|&(p, _)| p).collect();
                    cycle.push(need);
                    return Err(cycle);
                }
            }
        }
    }
    Ok(order)
}

fn shared_claims(
    tasks: &[ProposedTask],
    needs: &[Vec<usize>],
    order: &[usize],
    shared: &[Arc<str>],
    found: &mut Vec<GraphProblem>,
) {
    let claiming: Vec<usize> =
        order.iter().copied().filter(|&place| !tasks[place].files.is_empty()).collect();
    if claiming.len() < 2 {
        return;
    }
    // A bit for each task that must be merged before: 12 MB for the largest graph.
    let words = tasks.len().div_ceil(64);
    let mut before: Vec<Vec<u64>> = vec![Vec::new(); tasks.len()];
    for &place in order {
        let mut all = vec![0_u64; words];
        for &need in &needs[place] {
            all[need / 64] |= 1 << (need % 64);
            all.iter_mut().zip(&before[need]).for_each(|(word, earlier)| *word |= earlier);
        }
        before[place] = all;
    }
    let comes_before = |a: usize, b: usize| before[b][a / 64] >> (a % 64) & 1 == 1;
    for (i, &a) in claiming.iter().enumerate() {
        for &b in &claiming[i + 1..] {
            if comes_before(a, b) || comes_before(b, a) {
                continue;
            }
            let is_shared = |claim: &str| shared.iter().any(|s| glob::contains(s, claim));
            let meet = |x: &str, y: &str| glob::overlap(x, y) && !is_shared(x) && !is_shared(y);
            let both =
                tasks[a].files.iter().find_map(|x| tasks[b].files.iter().find(|y| meet(x, y)));
            if let Some(glob) = both {
                found.push(GraphProblem::SharedClaim {
                    first: tasks[a.min(b)].id.clone(),
                    second: tasks[a.max(b)].id.clone(),
                    glob: glob.clone(),
                });
            }
        }
    }
}

/// The tasks of a sound proposal, numbered from `first` in its order and with workers named.
///
/// A profile that several tasks have numbers its workers (`backend_worker_1`); `taken` are names
/// that exist already.
pub fn accept(
    tasks: &[ProposedTask],
    first: TaskId,
    existing: &BTreeMap<Arc<str>, TaskId>,
    taken: &BTreeSet<Arc<str>>,
) -> Vec<PlannedTask> {
    let id = |place: usize| TaskId(first.0 + u32::try_from(place).unwrap_or(u32::MAX));
    let mut ids = existing.clone();
    ids.extend(tasks.iter().enumerate().map(|(place, t)| (Arc::from(t.id.as_str()), id(place))));
    let mut taken = taken.clone();
    let shared = |profile: &str| tasks.iter().filter(|t| t.profile == profile).count() > 1;
    let texts = |list: &[String]| list.iter().map(|s| Arc::from(s.trim())).collect();
    tasks
        .iter()
        .enumerate()
        .map(|(place, task)| {
            let worker = worker_name(&task.profile, shared(&task.profile), &taken);
            taken.insert(worker.clone());
            let needs: BTreeSet<TaskId> =
                task.needs.iter().filter_map(|need| ids.get(need.as_str()).copied()).collect();
            PlannedTask {
                id: id(place),
                key: task.id.as_str().into(),
                title: task.title.trim().into(),
                goal: task.goal.trim().into(),
                profile: task.profile.as_str().into(),
                worker,
                todos: task.todos.clone(),
                needs: needs.into_iter().collect(),
                files: texts(&task.files),
                checks: texts(&task.checks),
                review: task.review,
                assumptions: task.assumptions.clone(),
            }
        })
        .collect()
}

/// A name for a worker of this profile that is not taken.
pub fn worker_name(profile: &str, numbered: bool, taken: &BTreeSet<Arc<str>>) -> Arc<str> {
    let plain: Arc<str> = format!("{profile}_worker").into();
    if !numbered && !taken.contains(&plain) {
        return plain;
    }
    (1_u32..)
        .map(|n| Arc::from(format!("{plain}_{n}")))
        .find(|name| !taken.contains(name))
        .unwrap_or(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(id: &str, todos: &[u32], needs: &[&str]) -> ProposedTask {
        ProposedTask {
            id: id.into(),
            title: id.to_uppercase(),
            profile: "backend".into(),
            goal: "build it".into(),
            todos: todos.to_vec(),
            needs: needs.iter().map(|&n| n.into()).collect(),
            files: vec![],
            checks: vec!["true".into()],
            review: false,
            assumptions: vec![],
        }
    }

    fn told(tasks: &[ProposedTask], todos: usize) -> Vec<String> {
        let list: String = (1..=todos).map(|n| format!("{n}. todo {n}\n")).collect();
        let known = crate::todos::parse(&list).unwrap_or_default();
        let numbers: Vec<u32> = known.iter().map(|t| t.number).collect();
        let context = GraphContext {
            todos: &numbers,
            known_todos: &known,
            profiles: &BTreeSet::from(["backend".into()]),
            project_has_checks: false,
            shared: &[],
            existing: &BTreeMap::new(),
        };
        problems(tasks, &context).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_sound_graph_has_no_problems() {
        assert_eq!(told(&[task("a", &[1], &[]), task("b", &[2], &["a"])], 2), Vec::<String>::new());
    }

    #[test]
    fn a_circle_is_told_task_by_task() {
        let tasks =
            [task("api", &[1], &["ui"]), task("db", &[2], &["api"]), task("ui", &[3], &["db"])];
        assert_eq!(told(&tasks, 3), ["tasks need each other in a circle: api → ui → db → api"]);
        assert_eq!(
            told(&[task("a", &[1], &["a"])], 1),
            ["tasks need each other in a circle: a → a"]
        );
    }

    #[test]
    fn every_problem_is_told_at_once() {
        let mut bad = task("../x", &[9], &["databse"]);
        bad.profile = "wizard".into();
        bad.checks.clear();
        let tasks = [task("database", &[1], &[]), task("database", &[1], &[]), bad];
        assert_eq!(
            told(&tasks, 2),
            [
                "task id `database` is used twice",
                "task id `../x` is not allowed: ids are 1 to 64 of a-z, 0-9, - and _ and start with a letter",
                "task `../x` has the profile `wizard`, which does not exist; there are: backend",
                "task `../x` has no check: give at least one command that exits 0 when it is done",
                "todo 1 is covered twice, by `database` and `database`",
                "task `../x` covers todo 9, which does not exist",
                "todo 2 (\"todo 2\") is covered by no task",
                "task `../x` needs `databse`, which does not exist; did you mean `database`?",
            ]
        );
    }

    #[test]
    fn unordered_tasks_cannot_claim_the_same_file() {
        let claim = |mut t: ProposedTask, glob: &str| {
            t.files = vec![glob.into()];
            t
        };
        let a = claim(task("a", &[1], &[]), "src/**");
        let b = claim(task("b", &[2], &[]), "src/main.rs");
        let ordered = claim(task("b", &[2], &["a"]), "src/main.rs");
        assert_eq!(
            told(&[a.clone(), b], 2),
            [
                "`a` and `b` may run at the same time and both claim `src/main.rs`: let one need the other, divide the files, or declare it as `shared`"
            ]
        );
        assert_eq!(told(&[a, ordered], 2), Vec::<String>::new());
    }

    #[test]
    fn workers_are_numbered_only_where_a_profile_has_several() {
        let mut ui = task("ui", &[3], &["a"]);
        ui.profile = "frontend".into();
        let tasks = [task("a", &[1], &[]), task("b", &[2], &[]), ui];
        let planned = accept(&tasks, TaskId(1), &BTreeMap::new(), &BTreeSet::new());
        let names: Vec<&str> = planned.iter().map(|t| &*t.worker).collect();
        assert_eq!(names, ["backend_worker_1", "backend_worker_2", "frontend_worker"]);
        assert_eq!(planned[2].needs, [TaskId(1)]);
    }

    #[test]
    fn a_chain_of_ten_thousand_tasks_is_ordered() {
        let needs: Vec<Vec<usize>> =
            (0..10_000).map(|n| if n == 0 { vec![] } else { vec![n - 1] }).collect();
        assert_eq!(order(&needs).map(|o| o.len()), Ok(10_000));
    }
}
