//! Files that must stay as they are: those of acceptance checks, by the names of their contents; and
//! those that a task's own checks name, which are told of.

use equitr_core::acceptance::{FOLDER, Lock};
use equitr_core::id::Commit;
use equitr_git::{GitError, Hub, Oid};
use std::sync::Arc;

/// Files that checks name: what is beyond is a list, and no way a person calls tests.
const NAMED_MAX: usize = 50;

/// The files of acceptance checks in a commit.
pub(super) fn found(hub: &Hub, commit: &Oid) -> Result<Vec<Lock>, GitError> {
    let found = hub.contents(commit, FOLDER.trim_end_matches('/'))?;
    let lock =
        |(path, oid): (String, Oid)| Lock { path: path.into(), hash: Commit(oid.as_str().into()) };
    Ok(found.into_iter().map(lock).collect())
}

/// The files that are not in a commit as they were recorded.
pub(super) fn broken(hub: &Hub, commit: &Oid, locks: &[Lock]) -> Result<Vec<String>, GitError> {
    if locks.is_empty() {
        return Ok(Vec::new());
    }
    let found = found(hub, commit)?;
    let broken = locks.iter().filter(|lock| !found.contains(lock));
    Ok(broken.map(|lock| lock.path.to_string()).collect())
}

/// The words of checks that could be files of the project.
pub(super) fn named(checks: &[Arc<str>]) -> Vec<String> {
    let words = checks
        .iter()
        .flat_map(|check| check.split(|c: char| c.is_whitespace() || "'\"`;&|()<>=,".contains(c)));
    let file = |word: &&str| {
        let word = word.trim_start_matches("./");
        (word.contains('/') || word.contains('.')) && !word.starts_with(['/', '-', '.'])
    };
    let mut named: Vec<String> =
        words.filter(file).map(|word| word.trim_start_matches("./").to_owned()).collect();
    named.sort();
    named.dedup();
    named.truncate(NAMED_MAX);
    named
}

/// Of these files and folders, what was there before and is not as it was.
pub(super) fn edited(
    hub: &Hub,
    (base, work): (&Oid, &Oid),
    named: &[String],
) -> Result<Vec<Arc<str>>, GitError> {
    let mut edited: Vec<Arc<str>> = Vec::new();
    for name in named.iter().filter(|name| !name.starts_with(FOLDER)) {
        let before = hub.contents(base, name)?;
        if before.is_empty() {
            continue;
        }
        let after = hub.contents(work, name)?;
        let changed = before.iter().filter(|(path, oid)| after.get(*path) != Some(oid));
        edited.extend(changed.map(|(path, _)| Arc::from(path.as_str())).take(NAMED_MAX));
    }
    edited.sort();
    edited.dedup();
    Ok(edited)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_that_a_check_names_are_found_among_its_words() {
        let checks = ["sh ./tests/run.sh && test -s 'out.txt'".into(), "pytest tests/ -q".into()];
        assert_eq!(named(&checks), ["out.txt", "tests/", "tests/run.sh"]);
        assert_eq!(named(&["cat /etc/passwd; true".into()]), Vec::<String>::new());
    }
}
