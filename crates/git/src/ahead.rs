//! Looking ahead: whether unfinished work would conflict, and which merges changed the same files.

use crate::command::lossy;
use crate::{GitError, Hub, Oid};
use std::collections::BTreeSet;

/// A merge on a branch that changed certain files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touching {
    /// The value of its trailer; empty when it has none.
    pub trailer: String,
    /// Those of the files that it changed.
    pub paths: Vec<String>,
}

impl Hub {
    /// The files that would conflict if one commit were merged with another, in order; empty when
    /// they go together. Nothing is moved, and no commit is made.
    pub fn collision(&self, one: &Oid, other: &Oid) -> Result<Vec<String>, GitError> {
        let options = ["--write-tree", "-z", "--name-only", "--no-messages"];
        let call = self.call("merge-tree").args(options).args([one.as_str(), other.as_str()]);
        // What it writes is thrown away: it need not be on the disk.
        let answer = call.setting("core.fsync", "none").answer()?;
        // A commit that is missing gives 1 as well, but no tree.
        if !matches!(answer.status, 0 | 1) || answer.output.is_empty() {
            return Err(answer.into_failure("merge-tree", &self.dir));
        }
        if answer.status == 0 {
            return Ok(Vec::new());
        }
        let paths = answer.output.split(|byte| *byte == 0).skip(1);
        let paths: BTreeSet<String> = paths.filter(|path| !path.is_empty()).map(lossy).collect();
        Ok(paths.into_iter().collect())
    }

    /// The merges on the way to `head` that `since` does not have and that changed any of `paths`,
    /// the earliest first, with the value of one of their trailers.
    pub fn touching(
        &self,
        since: &Oid,
        head: &Oid,
        paths: &[String],
        trailer: &str,
    ) -> Result<Vec<Touching>, GitError> {
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        let format = format!("--format=%x01%(trailers:key={trailer},valueonly,separator=%x20)%x02");
        let options = ["--first-parent", "--diff-merges=first-parent", "--reverse", "--no-renames"];
        let call = self.call("log").args(options).args(["-z", "--name-only", &format]);
        // Git leaves out merges whose first parent stands before both; so it begins where they part.
        let base = self.call("merge-base").args([since.as_str(), head.as_str()]).oid()?;
        let range = format!("{base}..{head}");
        let call = call.args([range.as_str(), "--"]).args(paths);
        let answer = lossy(&call.output()?);
        let commit = |text: &str| {
            let (value, paths) = text.split_once('\u{2}')?;
            let names = paths.split('\0').map(|path| path.trim_start_matches('\n'));
            let paths = names.filter(|path| !path.is_empty()).map(str::to_owned).collect();
            Some(Touching { trailer: value.trim().to_owned(), paths })
        };
        Ok(answer.split('\u{1}').filter_map(commit).collect())
    }
}
