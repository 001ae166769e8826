//! What differs between two commits.

use crate::command::{items, lossy};
use crate::{GitError, Hub, Oid};

/// A submodule that was taken away is a change like any other.
const ALL: &str = "--ignore-submodules=none";

impl Hub {
    /// The difference of two commits or trees as text, all files shown, no more than about
    /// `bytes_max` of it; what was cut is said at its end.
    ///
    /// Files git would call binary are shown as text, too: a worker's attributes must hide nothing.
    pub fn diff(&self, from: &Oid, to: &Oid, bytes_max: u64) -> Result<String, GitError> {
        let plain = ["--text", "--no-ext-diff", "--no-textconv", "--no-color"];
        let call = self.call("diff-tree").args(["-p", "-r", "-M", ALL]).args(plain);
        let call = call.args([from.as_str(), to.as_str()]);
        let mut answer = call.beginning(bytes_max)?;
        let mut left_out = answer.left_out;
        if left_out > 0 {
            let kept = answer.output.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            left_out += (answer.output.len() - kept) as u64;
            answer.output.truncate(kept);
        }
        let mut text = lossy(&answer.output);
        if left_out > 0 {
            text.push_str(&format!("[… {left_out} bytes left out …]\n"));
        }
        Ok(text)
    }

    /// The paths that differ between two commits or trees, in git's order, each with what became
    /// of it: `A` added, `M` modified, `D` deleted, `T` another type. A rename is `D` and `A`.
    pub fn changed_paths(&self, from: &Oid, to: &Oid) -> Result<Vec<(char, String)>, GitError> {
        let options = ["-r", "-z", "--name-status", "--no-renames", ALL];
        let call = self.call("diff-tree").args(options).args([from.as_str(), to.as_str()]);
        let answer = call.output()?;
        let mut parts = items(&answer);
        let mut changed = Vec::new();
        while let (Some(status), Some(path)) = (parts.next(), parts.next()) {
            changed.push((status.first().map_or('?', |byte| char::from(*byte)), lossy(path)));
        }
        Ok(changed)
    }
}
