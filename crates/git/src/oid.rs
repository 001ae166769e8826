//! The name of an object: a commit or a tree.

use crate::GitError;
use std::fmt;
use std::str::FromStr;

/// The full hexadecimal id of a commit or tree, SHA-1 (40 digits) or SHA-256 (64), in lower case.
///
/// Holding one does not say that the object exists.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Oid(String);

impl Oid {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first twelve digits, for people.
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }

    /// The id that stands for "no object" in the same hash.
    pub(crate) fn zeros(digits: usize) -> Self {
        Self("0".repeat(digits))
    }
}

impl FromStr for Oid {
    type Err = GitError;

    fn from_str(text: &str) -> Result<Self, GitError> {
        let hexadecimal = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if hexadecimal && matches!(text.len(), 40 | 64) {
            Ok(Self(text.to_owned()))
        } else {
            Err(GitError::BadOid { text: text.chars().take(80).collect() })
        }
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_lower_case_ids_are_taken() {
        for good in ["a".repeat(40), "0123456789abcdef".repeat(4)] {
            assert_eq!(good.parse::<Oid>().unwrap().as_str(), good);
        }
        for bad in ["", "HEAD", "-x", &"A".repeat(40), &"a".repeat(39), &"a".repeat(41)] {
            assert!(bad.parse::<Oid>().is_err(), "{bad}");
        }
    }
}
