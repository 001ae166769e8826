//! A conflict, as a worker is told of it: git's messages, and the parts of files in conflict.

use crate::command::lossy;
use crate::{GitError, Hub, Oid};

/// What a worker reads of all conflicts together; beyond it they look into the files themselves.
const TEXT_BYTES_MAX: usize = 32 << 10;

/// What they read of one file, so that one large conflict leaves room for the others.
const FILE_TEXT_BYTES_MAX: usize = 8 << 10;

/// A file that is larger is not looked into: its conflict is told by git's message alone.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// The files that are looked into; a hundred in conflict say that the work has to be done anew.
const FILES_MAX: usize = 100;

/// Lines shown around a conflict, to find the place by; as many as a diff shows.
const CONTEXT_LINES: usize = 3;

/// What `merge-tree` says of a merge that is not clean.
pub(crate) struct Conflict {
    /// The tree it made nevertheless, with markers in its files.
    tree: Oid,
    /// The files in conflict, as the bytes git names them by.
    pub paths: Vec<Vec<u8>>,
    messages: Vec<String>,
}

impl Conflict {
    /// Reads the rest of the answer: the paths, an empty item, then for each message the number of
    /// its paths, these, its kind and its text.
    pub fn read<'a>(tree: Oid, mut parts: impl Iterator<Item = &'a [u8]>) -> Self {
        let paths = parts.by_ref().take_while(|part| !part.is_empty()).map(<[u8]>::to_vec);
        let paths = paths.collect();
        let mut messages = Vec::new();
        while let Some(count) = parts.next().and_then(|part| lossy(part).parse::<usize>().ok()) {
            let mut rest = parts.by_ref().skip(count);
            let (Some(kind), Some(text)) = (rest.next(), rest.next()) else { break };
            if kind != b"Auto-merging" {
                messages.push(lossy(text).trim().to_owned());
            }
        }
        Self { tree, paths, messages }
    }
}

impl Hub {
    pub(crate) fn conflict_text(
        &self,
        conflict: &Conflict,
        onto: &Oid,
        theirs: &Oid,
    ) -> Result<String, GitError> {
        let mut text = String::new();
        for message in &conflict.messages {
            push(&mut text, &format!("{message}\n"));
        }
        for path in conflict.paths.iter().take(FILES_MAX) {
            if text.len() >= TEXT_BYTES_MAX {
                break;
            }
            // A name that is not UTF-8 is in a message; asking for its file takes exact bytes.
            let Ok(path) = std::str::from_utf8(path) else { continue };
            let found = match self.read(&conflict.tree, path, FILE_BYTES_MAX) {
                Ok(found) => found,
                Err(GitError::TooLarge { .. }) => None,
                Err(error) => return Err(error),
            };
            let parts = found.map(|file| parts_in_conflict(&lossy(&file))).unwrap_or_default();
            if !parts.is_empty() {
                push(&mut text, &format!("\n--- {path}\n{parts}"));
            }
        }
        Ok(text.replace(onto.as_str(), "onto").replace(theirs.as_str(), "theirs"))
    }
}

/// Adds to the text what it has room for, by whole pieces.
fn push(text: &mut String, piece: &str) {
    const LEFT_OUT: &str = "[… more conflicts left out …]\n";
    if text.len() + piece.len() <= TEXT_BYTES_MAX {
        text.push_str(piece);
    } else if !text.ends_with(LEFT_OUT) {
        text.push_str(LEFT_OUT);
    }
}

/// The lines between conflict markers and a few around them, with their numbers where a gap is.
fn parts_in_conflict(file: &str) -> String {
    let lines: Vec<&str> = file.lines().collect();
    let mut parts = String::new();
    let mut shown = 0;
    let mut at = 0;
    while let Some(begin) = find(&lines, at, "<<<<<<< ") {
        let Some(end) = find(&lines, begin, ">>>>>>> ") else { break };
        let from = begin.saturating_sub(CONTEXT_LINES).max(shown);
        let to = (end + 1 + CONTEXT_LINES).min(lines.len());
        if from > shown || shown == 0 {
            parts.push_str(&format!("@@ line {} @@\n", from + 1));
        }
        for (number, line) in lines.iter().enumerate().take(to).skip(from) {
            if parts.len() + line.len() >= FILE_TEXT_BYTES_MAX {
                let left_out = lines.len() - number;
                parts.push_str(&format!("[… {left_out} lines left out …]\n"));
                return parts;
            }
            parts.push_str(line);
            parts.push('\n');
        }
        (shown, at) = (to, end + 1);
    }
    parts
}

fn find(lines: &[&str], from: usize, marker: &str) -> Option<usize> {
    lines.iter().skip(from).position(|line| line.starts_with(marker)).map(|at| at + from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_in_conflict_are_shown_with_a_little_around_them() {
        let mut lines: Vec<String> = (1..=40).map(|n| format!("line {n}")).collect();
        lines.splice(
            9..9,
            ["<<<<<<< a", "ours", "=======", "theirs", ">>>>>>> b"].map(String::from),
        );
        let text = parts_in_conflict(&lines.join("\n"));
        let expected = "@@ line 7 @@\nline 7\nline 8\nline 9\n<<<<<<< a\nours\n=======\ntheirs\n\
                        >>>>>>> b\nline 10\nline 11\nline 12\n";
        assert_eq!(text, expected);
        assert_eq!(parts_in_conflict("no conflict\nat all\n"), "");
    }

    #[test]
    fn two_conflicts_close_together_are_shown_once_each() {
        let conflict = |name: &str| format!("<<<<<<< a\n{name}1\n=======\n{name}2\n>>>>>>> b\n");
        let file = format!("top\n{}middle\n{}end\n", conflict("x"), conflict("y"));
        let text = parts_in_conflict(&file);
        assert_eq!(text, format!("@@ line 1 @@\n{file}"));
    }

    #[test]
    fn a_large_conflict_is_cut_and_says_so() {
        let side = "word word word\n".repeat(2_000);
        let text = parts_in_conflict(&format!("<<<<<<< a\n{side}=======\n{side}>>>>>>> b\n"));
        assert!(text.len() < FILE_TEXT_BYTES_MAX + 100);
        assert!(text.ends_with("lines left out …]\n"), "{}", &text[text.len() - 60..]);
    }
}
