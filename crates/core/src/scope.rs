//! What a task must not write, and the words that say so.
//!
//! Others' claims are closed until they are settled: a task that comes later has a claim on a file
//! that two tasks before it could otherwise both write. What a task comes after is merged by the
//! time it starts, and free. Where two claims meet (in order, or where it was granted), both may
//! write, and the merge settles it.

use crate::acceptance;
use crate::chat::ToolCall;
use crate::contracts;
use crate::glob;
use crate::id::TaskId;
use crate::state::{RunState, Task};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Tools that write the file their argument `path` names.
const WRITERS: [&str; 3] = ["write_file", "edit_file", "delete_file"];
/// Tools that change nothing.
const READERS: [&str; 3] = ["read_file", "list_files", "search"];
/// Paths that a refusal names: enough to begin with.
const NAMED_MAX: usize = 10;

/// Files that a task must not write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// Which; see [`glob`](crate::glob).
    pub glob: Arc<str>,
    /// Globs of those that it may write all the same.
    pub except: Arc<[Arc<str>]>,
    /// Whose they are and what can be done, as the worker reads it.
    pub why: Arc<str>,
    /// The task that they belong to, if a task's worker may be asked for them.
    pub owner: Option<TaskId>,
}

impl Closed {
    /// Files that no worker writes, whatever its task claims.
    pub fn to_all(glob: &str, why: &str) -> Self {
        Self { glob: glob.into(), except: Arc::new([]), why: why.into(), owner: None }
    }

    /// Whether it closes this path.
    pub fn bars(&self, path: &str) -> bool {
        glob::covers(&self.glob, path) && !self.except.iter().any(|open| glob::covers(open, path))
    }
}

/// What a task must not write, as things stand.
///
/// Cost: the tasks of the graph and their claims.
pub fn closed(state: &RunState, task: TaskId) -> Vec<Closed> {
    let mut closed = vec![contracts::closed(state)];
    #[cfg(feature = "planted")]
    if crate::planted::is(crate::planted::Mistake::OpenClaims) {
        return closed;
    }
    if acceptance::is_used(state) {
        closed.push(Closed::to_all(acceptance::CLOSED, acceptance::WHY_CLOSED));
    }
    claims(state, task, &mut closed);
    closed
}

fn claims(state: &RunState, task: TaskId, closed: &mut Vec<Closed>) {
    let except = open(state, task);
    let earlier = before(state, task);
    for other in &state.tasks {
        let claims = other.files.len() + other.claimed.len();
        if other.id == task || claims == 0 || other.is_settled() || earlier.contains(&other.id) {
            continue;
        }
        let why: Arc<str> = format!(
            "it belongs to {} (task {}, {}), which is not done. Leave it as it is and tell them what you \
             need by `send_message`, or ask for it with `claim_files`",
            other.worker, other.id, other.title
        )
        .into();
        for glob in other.files.iter().chain(&other.claimed) {
            closed.push(Closed {
                glob: glob.clone(),
                except: except.clone(),
                why: why.clone(),
                owner: Some(other.id),
            });
        }
    }
}

/// Globs of what a task may write whoever else claims it: its own claims and shared files.
pub fn open(state: &RunState, task: TaskId) -> Arc<[Arc<str>]> {
    let own = state.task(task).into_iter().flat_map(|task| task.files.iter().chain(&task.claimed));
    own.chain(&state.shared).cloned().collect()
}

/// The first of `closed` that closes a path.
pub fn barrier<'a>(closed: &'a [Closed], path: &str) -> Option<&'a Closed> {
    closed.iter().find(|closed| closed.bars(path))
}

/// What a worker is told of paths that are closed to it; nothing when none is.
pub fn refusal<'a>(closed: &[Closed], paths: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut lines = Vec::new();
    let mut more = 0;
    for path in paths {
        let Some(barrier) = barrier(closed, path) else { continue };
        if lines.len() < NAMED_MAX {
            lines.push(format!("`{path}` is not yours to write: {}.", barrier.why));
        } else {
            more += 1;
        }
    }
    if more > 0 {
        lines.push(format!("So are {more} more."));
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// The file that a tool call writes, from the project's root; none for other tools, and for a path
/// that the tool will refuse itself. `key` names the worktree, whose whole path a model may give.
pub fn written_path(key: &str, call: &ToolCall) -> Option<String> {
    if !WRITERS.contains(&&*call.name) {
        return None;
    }
    let args: Value = serde_json::from_str(&call.args).ok()?;
    normal(key, args.get("path")?.as_str()?)
}

/// Whether a tool may change files of the worktree.
pub fn may_write(tool: &str) -> bool {
    !READERS.contains(&tool)
}

/// Whether a tool writes the one file that it names, so that it changed nothing when it failed.
pub(crate) fn is_writer(tool: &str) -> bool {
    WRITERS.contains(&tool)
}

/// A path as its tool takes it: from the root, without `.`, `..` and empty names. Symlinks are not
/// known here; the paths of finished work are looked at once more, as they are in git.
pub fn normal(key: &str, path: &str) -> Option<String> {
    let path = match path.starts_with('/') {
        true => path.split_once(&format!("/worktrees/{key}/"))?.1,
        false => path,
    };
    let mut names: Vec<&str> = Vec::new();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." => _ = names.pop()?,
            name => names.push(name),
        }
    }
    (!names.is_empty()).then(|| names.join("/"))
}

/// The open tasks that a path belongs to, as this task sees it.
pub(crate) fn owners(closed: &[Closed], path: &str) -> BTreeSet<TaskId> {
    closed.iter().filter(|closed| closed.bars(path)).filter_map(|closed| closed.owner).collect()
}

/// All that a task comes after, directly or not; of a split one, its parts as well.
pub(crate) fn before(state: &RunState, task: TaskId) -> BTreeSet<TaskId> {
    let mut parts: BTreeMap<TaskId, Vec<TaskId>> = BTreeMap::new();
    for part in &state.tasks {
        if let Some(whole) = part.part_of {
            parts.entry(whole).or_default().push(part.id);
        }
    }
    let mut found = BTreeSet::new();
    let mut open: Vec<TaskId> = needs(state, task);
    while let Some(id) = open.pop() {
        if found.insert(id) {
            open.extend(needs(state, id));
            open.extend(parts.get(&id).into_iter().flatten());
        }
    }
    found
}

/// What a task needs, and what the tasks that it is a part of needed.
fn needs(state: &RunState, task: TaskId) -> Vec<TaskId> {
    let whole = |task: &&Task| task.part_of.and_then(|id| state.task(id));
    let up = std::iter::successors(state.task(task), whole);
    up.flat_map(|task| task.needs.iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_taken_as_the_tools_take_it() {
        for (given, meant) in [
            ("src/a.rs", Some("src/a.rs")),
            ("./src//a.rs", Some("src/a.rs")),
            ("src/../lib/./a", Some("lib/a")),
            ("/home/p/.equitr/runs/r/worktrees/api/src/a", Some("src/a")),
            ("/etc/passwd", None),
            ("../other/a", None),
            (".", None),
        ] {
            assert_eq!(normal("api", given).as_deref(), meant, "{given}");
        }
    }

    #[test]
    fn only_tools_that_write_one_file_say_which() {
        let call = |name: &str, args: &str| ToolCall {
            id: "1".into(),
            name: name.into(),
            args: args.into(),
        };
        let path = |name, args| written_path("k", &call(name, args));
        assert_eq!(path("edit_file", r#"{"path":"./a"}"#).as_deref(), Some("a"));
        assert_eq!(path("delete_file", r#"{"path":"a/b"}"#).as_deref(), Some("a/b"));
        assert_eq!(path("read_file", r#"{"path":"a"}"#), None);
        assert_eq!(path("write_file", "no json"), None);
    }

    #[test]
    fn what_is_closed_to_all_is_closed_to_those_who_claim_it() {
        let closed = [Closed::to_all("docs/contracts/**", "it is the run's")];
        let told = refusal(&closed, ["docs/contracts/api.yaml", "docs/a.md"]).unwrap();
        assert_eq!(told, "`docs/contracts/api.yaml` is not yours to write: it is the run's.");
        assert_eq!(refusal(&closed, ["docs/a.md"]), None);
    }
}
