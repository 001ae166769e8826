//! Which git is installed.

use crate::GitError;
use crate::command::{Place, git};
use std::fmt;

/// The oldest git that will do: the first with `merge-tree --write-tree`.
pub const NEEDED: Version = Version { major: 2, minor: 38, patch: 0 };

/// A version of the git command; what a distribution adds to it is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// The 2 of 2.47.3.
    pub major: u32,
    /// The 47 of 2.47.3.
    pub minor: u32,
    /// The 3 of 2.47.3; 0 where git says none.
    pub patch: u32,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// The installed git's version; [`GitError::NotFound`] or [`GitError::TooOld`] when we can't work
/// with it.
pub fn version() -> Result<Version, GitError> {
    let answer = git("version", Place::Anywhere).text()?;
    let found = parse(&answer)
        .ok_or_else(|| GitError::Garbled { verb: "version", answer: answer.clone() })?;
    if found < NEEDED {
        return Err(GitError::TooOld { found, needed: NEEDED });
    }
    Ok(found)
}

fn parse(answer: &str) -> Option<Version> {
    let mut numbers = answer.strip_prefix("git version ")?.split(['.', ' ', '-']);
    let major = numbers.next()?.parse().ok()?;
    let minor = numbers.next()?.parse().ok()?;
    let patch = numbers.next().and_then(|number| number.parse().ok()).unwrap_or(0);
    Some(Version { major, minor, patch })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_every_shape_are_read() {
        for (answer, version) in [
            ("git version 2.47.3", "2.47.3"),
            ("git version 2.39.5 (Apple Git-154)", "2.39.5"),
            ("git version 2.40.0.windows.1", "2.40.0"),
            ("git version 2.48.rc1", "2.48.0"),
            ("git version 2.43", "2.43.0"),
        ] {
            assert_eq!(parse(answer).unwrap().to_string(), version);
        }
        assert_eq!(parse("hub version 2"), None);
        assert!(parse("git version 2.37.9").unwrap() < NEEDED);
    }

    #[test]
    fn the_installed_git_is_new_enough() {
        assert!(version().unwrap() >= NEEDED);
    }
}
