//! A repository that is what its integration branch holds: merges, each with its task and attempt.

use super::Bug;
use equitr_core::id::{Commit, TaskId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A merge on the integration branch, as its trailers tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Merge {
    pub task: TaskId,
    pub attempt: u32,
    pub commit: Commit,
}

/// A commit of the run's own, as its trailers tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Made {
    pub nth: u32,
    pub commit: Commit,
    /// Merges that were there before.
    pub merges: usize,
}

/// The repository.
#[derive(Debug)]
pub(super) struct Git {
    /// Merges on the integration branch, oldest first.
    pub merges: Vec<Merge>,
    /// Commits of the run's own on it, oldest first.
    pub commits: Vec<Made>,
    /// The files those wrote, as they stand.
    pub files: BTreeMap<Arc<str>, Arc<str>>,
    /// Merges that changed files of acceptance checks.
    pub tampered: BTreeSet<Commit>,
    /// Worktrees that stand, with the attempt they were made for.
    pub worktrees: BTreeMap<TaskId, u32>,
    /// Where the person's branch was moved to.
    pub delivered: Option<Commit>,
    /// Where the result lies on a branch of its own.
    pub aside: Option<Commit>,
    /// Paths that the result changes.
    pub changed: Vec<&'static str>,
    /// Files that tools wrote, by the task's id in the graph.
    pub written: BTreeMap<Arc<str>, BTreeSet<Arc<str>>>,
    /// A file that a command of a task wrote.
    pub by_command: BTreeMap<Arc<str>, Arc<str>>,
    /// The files that work changes, by its commit.
    pub paths: BTreeMap<Commit, Vec<Arc<str>>>,
    base: Commit,
    /// The integration branch, oldest first, without its base.
    branch: Vec<Commit>,
    made: u64,
}

/// What a move of the integration branch came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Landing {
    /// It holds the merge.
    Landed,
    /// It stands elsewhere.
    Overtaken,
}

impl Git {
    /// A repository whose documents are not committed yet.
    pub fn new(changed: Vec<&'static str>) -> Self {
        Self {
            merges: Vec::new(),
            commits: Vec::new(),
            files: BTreeMap::new(),
            tampered: BTreeSet::new(),
            worktrees: BTreeMap::new(),
            delivered: None,
            aside: None,
            changed,
            written: BTreeMap::new(),
            by_command: BTreeMap::new(),
            paths: BTreeMap::new(),
            base: Commit("base".into()),
            branch: Vec::new(),
            made: 0,
        }
    }

    /// The commit of the documents: the same however often they are committed.
    pub fn publish(&self) -> Commit {
        self.base.clone()
    }

    /// Where the integration branch stands.
    pub fn head(&self) -> Commit {
        self.branch.last().unwrap_or(&self.base).clone()
    }

    /// A commit that is on no branch yet.
    pub fn make(&mut self, what: &str) -> Commit {
        self.made += 1;
        Commit(format!("{what}-{}", self.made).into())
    }

    /// A file of an acceptance check on the integration branch.
    pub fn locked(&self) -> Option<&Arc<str>> {
        self.files.keys().find(|path| path.starts_with("tests/acceptance/"))
    }

    /// Whether a merge is on the integration branch.
    pub fn holds(&self, merge: &Commit) -> bool {
        self.merges.iter().any(|m| m.commit == *merge)
    }

    /// The landing job: asks whether the merge is there already, and moves the branch if not.
    pub fn land(&mut self, merge: Merge, from: &Commit, bug: Option<Bug>) -> Landing {
        if bug == Some(Bug::LandsWithoutAsking) {
            if self.head() != *from {
                let commit = self.make("merge");
                return self.push(Merge { commit, ..merge });
            }
        } else if self.holds(&merge.commit) {
            return Landing::Landed;
        }
        self.move_branch(merge, from, bug)
    }

    /// The one command that moves the branch; may outlive the process that ran it.
    pub fn move_branch(&mut self, merge: Merge, from: &Commit, bug: Option<Bug>) -> Landing {
        if bug == Some(Bug::MovesWithoutComparing) {
            let kept = self.branch.iter().position(|c| c == from).map_or(0, |at| at + 1);
            self.branch.truncate(kept);
            self.merges.retain(|merge| self.branch.contains(&merge.commit));
        } else if self.head() != *from {
            return Landing::Overtaken;
        }
        self.push(merge)
    }

    /// The commit job: asks whether the commit is there already, and moves the branch if not;
    /// nothing when it stands elsewhere.
    pub fn commit_files(
        &mut self,
        nth: u32,
        from: &Commit,
        files: Vec<(Arc<str>, Arc<str>)>,
    ) -> Option<Commit> {
        if let Some(found) = self.commits.iter().find(|made| made.nth == nth) {
            return Some(found.commit.clone());
        }
        if self.head() != *from {
            return None;
        }
        let commit = self.make("files");
        self.branch.push(commit.clone());
        self.files.extend(files);
        self.commits.push(Made { nth, commit: commit.clone(), merges: self.merges.len() });
        Some(commit)
    }

    /// Somebody else moves the branch.
    pub fn overtake(&mut self) -> Landing {
        let commit = self.make("foreign");
        self.branch.push(commit);
        Landing::Overtaken
    }

    fn push(&mut self, merge: Merge) -> Landing {
        self.branch.push(merge.commit.clone());
        self.merges.push(merge);
        Landing::Landed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merge_lands_once_and_only_where_it_was_made_for() {
        let mut git = Git::new(Vec::new());
        let base = git.publish();
        let merge = |name: &str, task| Merge {
            task: TaskId(task),
            attempt: 1,
            commit: Commit(name.into()),
        };
        assert_eq!(git.land(merge("a", 1), &base, None), Landing::Landed);
        assert_eq!(git.land(merge("a", 1), &base, None), Landing::Landed);
        assert_eq!(git.land(merge("b", 2), &base, None), Landing::Overtaken);
        let head = git.head();
        git.overtake();
        assert_eq!(git.land(merge("b", 2), &head, None), Landing::Overtaken);
        assert_eq!(git.merges, [merge("a", 1)]);
    }
}
