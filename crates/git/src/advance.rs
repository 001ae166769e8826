//! Moving the person's branch forward to a commit of the hub.
//!
//! Nothing is remembered between calls. Every step either leaves what was there or what shall be
//! there, in an order in which the branch moves last; a call after a kill finds files that are the
//! one or the other, and goes on.

use crate::change::{Change, Side, changes};
use crate::command::Call;
use crate::error::io_error;
use crate::index_lock::{IndexLock, remove_stale};
use crate::removal::remove;
use crate::setting::{Setting, is_on, without_programs};
use crate::stage::{Modes, Stage};
use crate::{Checkout, GitError, Hub, Oid, Operation};
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Paths in the way that are named; the number says how many more there are.
const PATHS_MAX: usize = 20;

/// Names tried for a branch to leave the result on: the wished one, then with `-2`, `-3` …
const NAMES_MAX: u32 = 20;

/// What became of the person's branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Advance {
    /// It holds the commit, and so do index and files (also when it held it before).
    Moved,
    /// Nothing of what is checked out was touched; the commit is on a branch of its own.
    LeftOnBranch {
        /// The branch, without `refs/heads/`.
        branch: String,
        /// Why the checked-out branch was not moved.
        why: LeftBecause,
    },
}

/// Why a checked-out branch could not be moved forward.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeftBecause {
    /// No branch is checked out.
    Detached,
    /// The branch is not where the work began.
    BranchMoved {
        /// The branch.
        branch: String,
        /// Where it is; `None` when it has no commit.
        now: Option<Oid>,
    },
    /// The result does not stand on where the work began.
    NotAFastForward,
    /// Something that is not committed is where a changed file has to go.
    InTheWay {
        /// The first of them, sorted; at most 20.
        paths: Vec<String>,
        /// How many there are in all.
        total: usize,
    },
    /// The person is in the middle of something.
    InProgress(Operation),
    /// Only a part of the files is checked out; which, only the person's git knows.
    SparseCheckout,
    /// A submodule changed, which is a repository of its own.
    SubmoduleChanged {
        /// Where it is.
        path: String,
    },
    /// Another git is at work (or was killed and left its lock).
    IndexLocked,
}

impl fmt::Display for LeftBecause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LeftBecause::Detached => f.write_str("no branch is checked out"),
            LeftBecause::BranchMoved { branch, now: Some(now) } => {
                write!(f, "branch `{branch}` has moved to {}", now.short())
            }
            LeftBecause::BranchMoved { branch, now: None } => {
                write!(f, "branch `{branch}` has no commits any more")
            }
            LeftBecause::NotAFastForward => f.write_str("the result is no fast-forward"),
            LeftBecause::InTheWay { paths, total } => {
                write!(f, "uncommitted changes are in the way: `{}`", paths.join("`, `"))?;
                match total - paths.len() {
                    0 => Ok(()),
                    more => write!(f, " and {more} more"),
                }
            }
            LeftBecause::InProgress(operation) => write!(f, "a {operation} is in progress"),
            LeftBecause::SparseCheckout => f.write_str("the checkout is a sparse one"),
            LeftBecause::SubmoduleChanged { path } => write!(f, "submodule `{path}` changed"),
            LeftBecause::IndexLocked => f.write_str("another git holds the lock `index.lock`"),
        }
    }
}

/// One move of a branch, with what all of its steps need to know.
struct Move<'a> {
    checkout: &'a Checkout,
    branch: &'a str,
    from: Option<&'a Oid>,
    to: &'a Oid,
    settings: &'a [Setting],
    taken: &'a [Taken<'a>],
    lock: IndexLock,
}

/// A file that the person changed, and whose text was taken over: while the checkout holds exactly
/// that, nothing is lost when it is replaced.
#[derive(Debug, Clone, Copy)]
pub struct Taken<'a> {
    /// From the top of the repository, with `/`.
    pub path: &'a str,
    /// All of it.
    pub bytes: &'a [u8],
}

impl Checkout {
    /// Moves the checked-out branch forward from exactly `from` (`None`: no commits yet) to `to`,
    /// a commit of the hub, with index and files.
    ///
    /// That is done only when nothing of the person's is lost by it: the branch is at `from`, `to`
    /// stands on it, and no uncommitted change, staged or not, and no untracked or ignored file is
    /// at a path that changes; other uncommitted changes stay. Otherwise the commit is left on
    /// `fallback_branch`, or a name made of it when that one holds other commits or is checked
    /// out. A branch that holds `to` already is left as it is and gives [`Advance::Moved`].
    ///
    /// After a kill in the middle the files may be partly new and a lock of ours may be left; the
    /// same call then completes the move. One call at a time.
    pub fn advance(
        &self,
        hub: &Hub,
        from: Option<&Oid>,
        to: &Oid,
        fallback_branch: &str,
    ) -> Result<Advance, GitError> {
        self.advance_over(hub, from, to, fallback_branch, &[])
    }

    /// The same over uncommitted changes that were taken over: a changed file that holds exactly what
    /// `taken` says of it is not in the way. When the move fails, it is as the person left it.
    pub fn advance_over(
        &self,
        hub: &Hub,
        from: Option<&Oid>,
        to: &Oid,
        fallback_branch: &str,
        taken: &[Taken<'_>],
    ) -> Result<Advance, GitError> {
        let settings = self.settings()?;
        self.fetch(hub, to, &settings)?;
        let why = match self.move_head((from, to), &settings, taken)? {
            None => return Ok(Advance::Moved),
            Some(why) => why,
        };
        let branch = self.leave_on_branch(to, fallback_branch, &settings)?;
        Ok(Advance::LeftOnBranch { branch, why })
    }

    /// Leaves a commit of the hub on `fallback_branch`, or a name made of it when that one holds other
    /// commits or is checked out; which. Nothing else of the person's is touched.
    pub fn set_aside(
        &self,
        hub: &Hub,
        commit: &Oid,
        fallback_branch: &str,
    ) -> Result<String, GitError> {
        let settings = self.settings()?;
        self.fetch(hub, commit, &settings)?;
        self.leave_on_branch(commit, fallback_branch, &settings)
    }

    /// Has the commit and all it needs in this repository; no reference is made or moved.
    fn fetch(&self, hub: &Hub, commit: &Oid, settings: &[Setting]) -> Result<(), GitError> {
        let quiet = ["-q", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance"];
        let plain = ["--no-recurse-submodules", "--no-show-forced-updates", "--no-prune", "--"];
        // A URL that the person's settings put in front of every path is not put in front of it.
        let itself = hub.dir().to_string_lossy();
        let call = without_programs(self.call("fetch"), settings);
        let call = call.setting(&format!("url.{itself}.insteadOf"), &itself);
        let call = call.args(quiet).args(plain).arg(hub.dir()).arg(commit.as_str());
        call.output()?;
        Ok(())
    }

    fn move_head(
        &self,
        (from, to): (Option<&Oid>, &Oid),
        settings: &[Setting],
        taken: &[Taken<'_>],
    ) -> Result<Option<LeftBecause>, GitError> {
        let head = self.head()?;
        let Some(branch) = head.branch else { return Ok(Some(LeftBecause::Detached)) };
        if let Some(now) = &head.commit
            && self.is_ancestor(to, now)?
        {
            remove_stale(&self.git_dir)?;
            remove(&self.stage_dir())?;
            return Ok(None);
        }
        if head.commit.as_ref() != from {
            return Ok(Some(LeftBecause::BranchMoved { branch, now: head.commit }));
        }
        if let Some(from) = from
            && !self.is_ancestor(from, to)?
        {
            return Ok(Some(LeftBecause::NotAFastForward));
        }
        if let Some(operation) = self.operation() {
            return Ok(Some(LeftBecause::InProgress(operation)));
        }
        if is_on(settings, "core.sparsecheckout") == Some(true) {
            return Ok(Some(LeftBecause::SparseCheckout));
        }
        let Some(lock) = IndexLock::take(&self.git_dir)? else {
            return Ok(Some(LeftBecause::IndexLocked));
        };
        Move { checkout: self, branch: &branch, from, to, settings, taken, lock }.carry_out()
    }

    /// Where both versions of the files are kept during a move; guarded by the lock on the index.
    fn stage_dir(&self) -> PathBuf {
        self.git_dir.join("equitr-advance")
    }

    fn is_ancestor(&self, old: &Oid, new: &Oid) -> Result<bool, GitError> {
        let arguments = ["--is-ancestor", old.as_str(), new.as_str()];
        self.call("merge-base").args(arguments).yes()
    }

    /// Keeps a commit on a branch that is not checked out and loses nothing by it.
    fn leave_on_branch(
        &self,
        commit: &Oid,
        wished: &str,
        settings: &[Setting],
    ) -> Result<String, GitError> {
        let current = self.head()?.branch;
        for number in 1..=NAMES_MAX {
            let name = if number == 1 { wished.to_owned() } else { format!("{wished}-{number}") };
            if current.as_deref() != Some(&name) && self.keep_on(commit, &name, settings)? {
                return Ok(name);
            }
        }
        Err(GitError::NoFreeBranch { name: wished.to_owned() })
    }

    fn keep_on(&self, commit: &Oid, name: &str, settings: &[Setting]) -> Result<bool, GitError> {
        let reference = format!("refs/heads/{name}");
        let format = "--format=%(refname)%00%(objectname)%00%(worktreepath)%00";
        let answer = self.call("for-each-ref").args([format, &reference]).text()?;
        let found = answer.lines().find_map(|line| {
            let mut parts = line.split('\0');
            let same = parts.next() == Some(&reference);
            same.then(|| (parts.next().unwrap_or_default(), parts.next().unwrap_or_default()))
        });
        let old = match found {
            None => self.format.zeros(),
            Some((oid, _)) if oid == commit.as_str() => return Ok(true),
            Some((oid, "")) => {
                let old: Oid = oid.parse()?;
                if !self.is_ancestor(&old, commit)? {
                    return Ok(false);
                }
                old
            }
            Some(_) => return Ok(false),
        };
        self.update_ref_call(&reference, commit, &old, settings).output()?;
        Ok(true)
    }

    fn update_ref_call(&self, reference: &str, new: &Oid, old: &Oid, settings: &[Setting]) -> Call {
        let call = without_programs(self.call("update-ref"), settings);
        let call = call.args(["-m", "equitrcoder: delivered", "--no-deref"]);
        call.args(["--", reference, new.as_str(), old.as_str()])
    }
}

impl Move<'_> {
    /// Looks whether anything is in the way, and only then changes files, index and branch.
    fn carry_out(&self) -> Result<Option<LeftBecause>, GitError> {
        let changed = self.changes()?;
        if let Some(change) = changed.iter().find(|change| change.is_of_submodule()) {
            let path = change.path.to_string_lossy().into_owned();
            return Ok(Some(LeftBecause::SubmoduleChanged { path }));
        }
        let staged = self.staged_in_the_way(&changed)?;
        if !staged.is_empty() {
            return Ok(Some(in_the_way(staged)));
        }
        let modes = match is_on(self.settings, "core.filemode") {
            Some(false) => Modes::Ignored,
            Some(true) | None => Modes::Kept,
        };
        let stage =
            Stage { dir: self.checkout.stage_dir(), root: self.checkout.root.clone(), modes };
        stage.clear()?;
        fs::create_dir(&stage.dir).map_err(io_error("make", &stage.dir))?;
        let outcome = self.with_stage(&stage, &changed);
        stage.clear()?;
        outcome
    }

    fn with_stage(
        &self,
        stage: &Stage,
        changed: &[Change],
    ) -> Result<Option<LeftBecause>, GitError> {
        self.write_side(stage, changed, Side::Old)?;
        self.write_side(stage, changed, Side::New)?;
        for taken in self.taken {
            if changed.iter().any(|c| c.path == Path::new(taken.path) && c.has(Side::Old)) {
                stage.take_over(taken.path, taken.bytes)?;
            }
        }
        let unsaved = stage.in_the_way(changed)?;
        if !unsaved.is_empty() {
            return Ok(Some(in_the_way(unsaved)));
        }
        let (index, before) = (self.checkout.git_dir.join("index"), stage.dir.join("index.before"));
        let next = stage.dir.join("index");
        if index.exists() {
            // Other names of the same file: git replaces an index and never writes into one.
            for name in [&before, &next] {
                fs::hard_link(&index, name).map_err(io_error("make", name))?;
            }
        }
        let empty = self.checkout.format.empty_tree();
        let trees = [self.from.map_or(empty, Oid::as_str), self.to.as_str()];
        let call = self.call("read-tree", &next).args(["-i", "-m"]).args(trees);
        call.holding(&self.lock.file)?.output()?;
        let Err(error) = self.put(stage, changed, &next, &index) else { return Ok(None) };
        let now = self.checkout.head()?.commit;
        if now.as_ref() == Some(self.to) {
            return Ok(None);
        }
        stage.place(changed, Side::Old)?;
        if before.exists() {
            fs::rename(&before, &index).map_err(io_error("replace", &index))?;
        } else {
            remove(&index)?;
        }
        if now.as_ref() == self.from {
            return Err(error);
        }
        Ok(Some(LeftBecause::BranchMoved { branch: self.branch.to_owned(), now }))
    }

    /// The files, the index, and last the branch, if it is still where it was.
    fn put(
        &self,
        stage: &Stage,
        changed: &[Change],
        next: &Path,
        index: &Path,
    ) -> Result<(), GitError> {
        stage.place(changed, Side::New)?;
        // Tells the index the files' times, so that the person's git need not read them all. It
        // answers 1 when some file has changes, which is none of our business.
        let call = self.call("update-index", next).args(["-q", "--refresh"]);
        call.holding(&self.lock.file)?.answer()?;
        fs::rename(next, index).map_err(io_error("replace", index))?;
        let zeros = self.checkout.format.zeros();
        let old = self.from.unwrap_or(&zeros);
        let reference = format!("refs/heads/{}", self.branch);
        let call = self.checkout.update_ref_call(&reference, self.to, old, self.settings);
        call.holding(&self.lock.file)?.output()?;
        Ok(())
    }

    /// A call that may write files: with an index of its own, and nobody's filters.
    fn call(&self, verb: &'static str, index: &Path) -> Call {
        let call = self.checkout.files_call(verb).env("GIT_INDEX_FILE", index);
        without_programs(call, self.settings)
    }

    fn changes(&self) -> Result<Vec<Change>, GitError> {
        let from = self.from.map_or(self.checkout.format.empty_tree(), Oid::as_str);
        let options = ["-r", "-z", "--raw", "--no-renames", "--no-abbrev"];
        let call = self.checkout.call("diff-tree").args(options).arg("--ignore-submodules=none");
        changes("diff-tree", &call.args([from, self.to.as_str()]).output()?)
    }

    /// The paths at which the index holds something that is in neither of the two commits.
    fn staged_in_the_way(&self, changed: &[Change]) -> Result<Vec<PathBuf>, GitError> {
        let from = self.from.map_or(self.checkout.format.empty_tree(), Oid::as_str);
        let options = ["--cached", "--raw", "-z", "--no-renames", "--no-abbrev"];
        let call = self.checkout.call("diff-index").args(options);
        let answer = call.args(["--ignore-submodules=none", from]).output()?;
        let by_path: BTreeMap<&Path, &Change> =
            changed.iter().map(|change| (change.path.as_path(), change)).collect();
        let mut in_the_way = Vec::new();
        for staged in changes("diff-index", &answer)? {
            let path = staged.path.as_path();
            let free = match by_path.get(path) {
                Some(change) => staged.new == change.new && !staged.unmerged,
                None => !staged.unmerged && !is_beside(path, &by_path),
            };
            if !free {
                in_the_way.push(staged.path);
            }
        }
        Ok(in_the_way)
    }

    /// Writes one side's version of every changed file, as it would be in the checkout.
    fn write_side(&self, stage: &Stage, changed: &[Change], side: Side) -> Result<(), GitError> {
        let tree = match side {
            Side::Old => self.from,
            Side::New => Some(self.to),
        };
        let folder = stage.side(side);
        fs::create_dir(&folder).map_err(io_error("make", &folder))?;
        let (Some(tree), index) = (tree, stage.dir.join("index.side")) else { return Ok(()) };
        let call = self.call("read-tree", &index).arg(tree.as_str());
        call.holding(&self.lock.file)?.output()?;
        let mut paths = Vec::new();
        for change in changed.iter().filter(|change| change.has(side)) {
            paths.extend_from_slice(change.path.as_os_str().as_bytes());
            paths.push(0);
        }
        let mut prefix = std::ffi::OsString::from("--prefix=");
        prefix.push(&folder);
        prefix.push("/");
        let call = self.call("checkout-index", &index).args(["-q", "-z", "--stdin"]);
        call.arg(prefix).input(paths).output()?;
        remove(&index)
    }
}

/// Whether a path that does not change itself is above or below one that does.
fn is_beside(path: &Path, changed: &BTreeMap<&Path, &Change>) -> bool {
    let above = path.ancestors().skip(1).any(|above| changed.contains_key(above));
    let mut following = changed.range(path..).map(|(other, _)| other);
    above || following.next().is_some_and(|other| other.starts_with(path))
}

fn in_the_way(paths: Vec<PathBuf>) -> LeftBecause {
    let total = paths.len();
    let named = paths.iter().take(PATHS_MAX).map(|path| path.to_string_lossy().into_owned());
    LeftBecause::InTheWay { paths: named.collect(), total }
}
