//! Contracts: the interfaces that tasks share, as files under `docs/contracts/` with an owner and
//! consumers. The run commits them before any attempt starts; workers can't write them, only
//! propose a change, which the supervisor accepts as a new version or refuses.

mod diff;
mod document;
mod schema;
pub(crate) mod told;

pub use document::{Kind, judge};

use crate::id::{Commit, TaskId};
use crate::scope::Closed;
use crate::state::RunState;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// Where contracts lie.
pub const FOLDER: &str = "docs/contracts/";

/// What stands for a task's id in a contract's check.
pub(crate) const TASK: &str = "{task}";

/// A graph's contracts: more interfaces than this are no design.
const CONTRACTS_MAX: usize = 200;
/// One contract; a longer one is several.
const CONTRACT_BYTES_MAX: usize = 64 * 1024;
/// A path, which people read and commands take.
const PATH_BYTES_MAX: usize = 160;

/// One contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposedContract {
    /// The file, under `docs/contracts/`, such as `docs/contracts/users.openapi.yaml`.
    pub path: String,
    /// Its whole text. `.json` and `.yaml` have to parse; OpenAPI documents and JSON Schemas
    /// (`.schema.json`, or with a `$schema`) are checked.
    pub content: String,
    /// Id of the task that offers what it describes.
    pub owner: String,
    /// Ids of the tasks that rely on it.
    pub consumers: Vec<String>,
    /// Shell command, run from the project's root for the owner and each consumer, that exits 0 when
    /// what that task built agrees with the contract; `{task}` in it is the task's id. It has to
    /// pass whatever the other tasks have built so far.
    #[serde(default)]
    pub check: Option<String>,
}

/// A contract of the accepted graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedContract {
    /// The file.
    pub path: Arc<str>,
    /// Its whole text.
    pub text: Arc<str>,
    /// The task that offers what it describes.
    pub owner: TaskId,
    /// The tasks that rely on it, the owner not among them.
    pub consumers: Vec<TaskId>,
    /// The command that tells whether what a task built agrees with it.
    pub check: Option<Arc<str>>,
}

/// All contracts of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contracts {
    /// In the order in which they were proposed.
    pub list: Vec<Contract>,
    /// Merged tasks that are to be checked again, the next one first.
    pub rechecks: VecDeque<Recheck>,
    /// How many of those there were; numbers them.
    pub rechecks_asked: u32,
    /// Changes that each task's workers proposed.
    pub proposals: BTreeMap<TaskId, u32>,
}

/// A contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contract {
    /// The file.
    pub path: Arc<str>,
    /// What it is.
    pub kind: Kind,
    /// Its newest version, from 1.
    pub version: u32,
    /// That version's whole text.
    pub text: Arc<str>,
    /// The task that offers what it describes.
    pub owner: TaskId,
    /// The tasks that rely on it.
    pub consumers: Vec<TaskId>,
    /// The command that tells whether what a task built agrees with it.
    pub check: Option<Arc<str>>,
    /// The commit that holds the newest version; none while that is due.
    pub commit: Option<Commit>,
    /// How it came to the newest version, the earliest change first.
    pub changes: Vec<Change>,
}

/// A change that the supervisor accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The version it led to.
    pub version: u32,
    /// The task whose worker proposed it.
    pub by: TaskId,
    /// Why, in the worker's words.
    pub reason: Arc<str>,
    /// What the supervisor said to it; may be empty.
    pub note: Arc<str>,
    /// The text before it.
    pub before: Arc<str>,
}

/// A merged task that is to be checked again, since a contract of it changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recheck {
    /// The run's how many-th, from 1.
    pub nth: u32,
    /// The contract's path.
    pub contract: Arc<str>,
    /// The version that it has now.
    pub version: u32,
    /// The task.
    pub task: TaskId,
    /// Where: the integration branch with that version.
    pub commit: Commit,
}

/// A contract as jobs need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContractFile {
    /// The file.
    pub path: Arc<str>,
    /// What it has to hold.
    pub text: Arc<str>,
    /// Which version that is.
    pub version: u32,
    /// Texts it had before, which worktrees may still hold.
    pub earlier: Vec<Arc<str>>,
}

/// What is wrong with proposed contracts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum ContractProblem {
    #[error("{count} contracts; the limit is {CONTRACTS_MAX}")]
    TooMany { count: usize },
    #[error(
        "contract path `{path}` is not allowed: it is a file under {FOLDER} of letters, digits, `-`, `_` and `.`"
    )]
    BadPath { path: String },
    #[error("contract `{path}` is there twice, or as a file and as a folder")]
    Twice { path: String },
    #[error("contract `{path}` is empty")]
    Empty { path: String },
    #[error("contract `{path}` has {bytes} bytes, and {CONTRACT_BYTES_MAX} is the most")]
    TooLong { path: String, bytes: usize },
    #[error("contract `{path}` names the task `{task}`, which does not exist")]
    UnknownTask { path: String, task: String },
    #[error("nobody but its owner relies on contract `{path}`: name its consumers or leave it out")]
    Unused { path: String },
    #[error("contract `{path}` has an empty check")]
    BlankCheck { path: String },
    #[error("contract `{path}` ({}): {problem}", .kind.words())]
    Unsound { path: String, kind: Kind, problem: String },
}

/// All that is wrong with contracts over tasks of these ids.
pub fn problems(contracts: &[ProposedContract], tasks: &BTreeSet<&str>) -> Vec<ContractProblem> {
    let mut found = Vec::new();
    if contracts.len() > CONTRACTS_MAX {
        return vec![ContractProblem::TooMany { count: contracts.len() }];
    }
    let mut paths: Vec<String> = Vec::new();
    for contract in contracts {
        let path = || contract.path.clone();
        if !is_path(&contract.path) {
            found.push(ContractProblem::BadPath { path: path() });
        }
        // Some file systems take `A` for `a`.
        let lower = contract.path.to_ascii_lowercase();
        if paths.iter().any(|other| collide(other, &lower)) {
            found.push(ContractProblem::Twice { path: path() });
        }
        paths.push(lower);
        for task in std::iter::once(&contract.owner).chain(&contract.consumers) {
            if !tasks.contains(task.as_str()) {
                found.push(ContractProblem::UnknownTask { path: path(), task: task.clone() });
            }
        }
        if contract.consumers.iter().all(|task| *task == contract.owner) {
            found.push(ContractProblem::Unused { path: path() });
        }
        if contract.check.as_ref().is_some_and(|check| check.trim().is_empty()) {
            found.push(ContractProblem::BlankCheck { path: path() });
        }
        text_problems(&contract.path, &contract.content, &mut found);
    }
    found
}

/// All that is wrong with a contract's text.
pub fn text_problems(path: &str, text: &str, found: &mut Vec<ContractProblem>) {
    if text.trim().is_empty() {
        return found.push(ContractProblem::Empty { path: path.to_owned() });
    }
    if text.len() > CONTRACT_BYTES_MAX {
        let bytes = text.len();
        return found.push(ContractProblem::TooLong { path: path.to_owned(), bytes });
    }
    let (kind, problems) = judge(path, text);
    let unsound = |problem| ContractProblem::Unsound { path: path.to_owned(), kind, problem };
    found.extend(problems.into_iter().map(unsound));
}

fn is_path(path: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    path.len() <= PATH_BYTES_MAX
        && path.strip_prefix(FOLDER).is_some_and(|rest| rest.split('/').all(plain))
}

fn collide(a: &str, b: &str) -> bool {
    let within = |a: &str, b: &str| b.strip_prefix(a).is_some_and(|rest| rest.starts_with('/'));
    a == b || within(a, b) || within(b, a)
}

/// The contracts of a sound proposal; `tasks` has the number of each id.
pub fn accept(
    contracts: &[ProposedContract],
    tasks: &BTreeMap<Arc<str>, TaskId>,
) -> Vec<PlannedContract> {
    let id = |key: &String| tasks.get(key.as_str()).copied();
    contracts
        .iter()
        .filter_map(|contract| {
            let owner = id(&contract.owner)?;
            let consumers: BTreeSet<TaskId> = contract.consumers.iter().filter_map(id).collect();
            Some(PlannedContract {
                path: contract.path.as_str().into(),
                text: as_file(&contract.content),
                owner,
                consumers: consumers.into_iter().filter(|&task| task != owner).collect(),
                check: contract.check.as_ref().map(|check| check.trim().into()),
            })
        })
        .collect()
}

/// A text as a file holds it: with one line end at its end.
pub(crate) fn as_file(text: &str) -> Arc<str> {
    format!("{}\n", text.trim_end()).into()
}

impl Contract {
    /// Whether a task offers it or relies on it.
    pub fn concerns(&self, task: TaskId) -> bool {
        self.owner == task || self.consumers.contains(&task)
    }

    /// The tasks that it concerns, the owner first.
    pub fn tasks(&self) -> impl Iterator<Item = TaskId> {
        std::iter::once(self.owner).chain(self.consumers.iter().copied())
    }

    fn file(&self) -> ContractFile {
        let earlier = self.changes.iter().map(|change| change.before.clone());
        ContractFile {
            path: self.path.clone(),
            text: self.text.clone(),
            version: self.version,
            earlier: earlier.filter(|text| *text != self.text).collect(),
        }
    }
}

impl Contracts {
    /// The contract at a path.
    pub fn get(&self, path: &str) -> Option<&Contract> {
        self.list.iter().find(|contract| &*contract.path == path)
    }

    /// All of them, as jobs need them.
    pub(crate) fn files(&self) -> Vec<ContractFile> {
        self.list.iter().map(Contract::file).collect()
    }

    /// Those with a version beyond the first, as jobs need them.
    pub(crate) fn changed_files(&self) -> Vec<ContractFile> {
        self.list.iter().filter(|contract| contract.version > 1).map(Contract::file).collect()
    }

    /// Those that a task offers or relies on.
    pub fn of(&self, task: TaskId) -> impl Iterator<Item = &Contract> {
        self.list.iter().filter(move |contract| contract.concerns(task))
    }
}

/// What no worker may write, whatever its task claims. The folder is closed in runs without
/// contracts as well: what stands there binds somebody.
pub(crate) fn closed(state: &RunState) -> Closed {
    let why = match state.contracts.list.is_empty() {
        true => "contracts are the supervisor's; ask with `ask_supervisor` for what has to change",
        false => {
            "contracts are the supervisor's; ask for another version with `propose_contract_change`"
        }
    };
    Closed::to_all(&format!("{FOLDER}**"), why)
}

/// The recheck that is to be done now.
pub(crate) fn recheck_wanted(state: &RunState) -> Option<&Recheck> {
    state.contracts.rechecks.front().filter(|_| state.ending().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contract(path: &str, content: &str) -> ProposedContract {
        ProposedContract {
            path: path.into(),
            content: content.into(),
            owner: "api".into(),
            consumers: vec!["ui".into()],
            check: None,
        }
    }

    fn told(contracts: &[ProposedContract]) -> Vec<String> {
        let tasks = BTreeSet::from(["api", "ui"]);
        problems(contracts, &tasks).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_problem_of_contracts_is_told_at_once() {
        let mut lonely = contract("docs/contracts/a.md", "a");
        lonely.consumers = vec!["api".into()];
        lonely.check = Some(" ".into());
        let mut foreign = contract("docs/contracts/b.md", " \n");
        foreign.consumers = vec!["db".into()];
        let wrong = [
            lonely,
            foreign,
            contract("docs/contracts/A.md", "a"),
            contract("docs/contracts/a.md/b", "a"),
            contract("docs/contracts/../x", "a"),
            contract("src/x.md", "a"),
            contract("docs/contracts/c.json", "{"),
            contract("docs/contracts/d.schema.json", r#"{"type":"text"}"#),
        ];
        let path = "is not allowed: it is a file under docs/contracts/ of letters, digits, `-`, `_` and `.`";
        assert_eq!(
            told(&wrong),
            [
                "nobody but its owner relies on contract `docs/contracts/a.md`: name its consumers or leave it out",
                "contract `docs/contracts/a.md` has an empty check",
                "contract `docs/contracts/b.md` names the task `db`, which does not exist",
                "contract `docs/contracts/b.md` is empty",
                "contract `docs/contracts/A.md` is there twice, or as a file and as a folder",
                "contract `docs/contracts/a.md/b` is there twice, or as a file and as a folder",
                &format!("contract path `docs/contracts/../x` {path}"),
                &format!("contract path `src/x.md` {path}"),
                "contract `docs/contracts/c.json` (data): it is no JSON: EOF while parsing an object at line 1 column 1",
                "contract `docs/contracts/d.schema.json` (JSON Schema): #/type: `text` is no type",
            ]
        );
    }

    #[test]
    fn sound_contracts_have_no_problems_and_their_owner_is_no_consumer() {
        let mut sound = contract("docs/contracts/v1/users.md", "GET /users  \n\n");
        sound.consumers.push("api".into());
        assert_eq!(told(std::slice::from_ref(&sound)), Vec::<String>::new());
        let tasks = BTreeMap::from([("api".into(), TaskId(1)), ("ui".into(), TaskId(2))]);
        let planned = accept(&[sound], &tasks);
        assert_eq!(planned[0].consumers, [TaskId(2)]);
        assert_eq!(&*planned[0].text, "GET /users\n");
    }
}
