//! What a commit holds below a folder, by the names of the contents.

use crate::command::{items, lossy};
use crate::{GitError, Hub, Oid};
use std::collections::BTreeMap;

impl Hub {
    /// The plain files below `folder` (without a slash at its end) in a commit, each with the name of
    /// its content; links and submodules are none of them.
    pub fn contents(&self, commit: &Oid, folder: &str) -> Result<BTreeMap<String, Oid>, GitError> {
        let options = ["-r", "-z", "--full-tree", commit.as_str(), "--", folder];
        let answer = self.call("ls-tree").args(options).output()?;
        let mut found = BTreeMap::new();
        for item in items(&answer).map(lossy) {
            let garbled =
                || GitError::Garbled { verb: "ls-tree", answer: crate::command::cut(&item) };
            let (what, path) = item.split_once('\t').ok_or_else(garbled)?;
            let mut words = what.split(' ');
            let mode = words.next().ok_or_else(garbled)?;
            let oid = words.nth(1).ok_or_else(garbled)?;
            if matches!(mode, "100644" | "100755") {
                found.insert(path.to_owned(), oid.parse()?);
            }
        }
        Ok(found)
    }
}
