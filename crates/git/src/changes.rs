//! What a reviewer has to know of the difference between two commits: every path, and at each what
//! could escape them in a diff.

use crate::blobs::each_blob;
use crate::change::{Change, Entry, LINK, RUNS, SUBMODULE, changes};
use crate::name::is_gits_own;
use crate::oddity::{is_binary, looks_binary, odd_lines};
use crate::{GitError, Hub, Oid};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Paths that are listed; [`Changes::total`] counts all. More than anybody looks at, and what
/// needs a person is known of no path beyond.
pub const CHANGES_MAX: usize = 100_000;

/// From this size on a binary is told: nobody can review it, and it stays in the history.
const LARGE_BINARY_BYTES: u64 = 1 << 20;

/// Larger files are not looked into; a worker's are smaller.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// All that is looked into for one answer: about a second's work.
const ALL_BYTES_MAX: u64 = 512 << 20;

/// Odd lines of deleted files that are remembered, for files that moved.
const MOVED_LINES_MAX: usize = 10_000;

/// The paths that differ between two commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// The first [`CHANGES_MAX`] of them, in git's order. A rename is one deleted and one added.
    pub listed: Vec<Changed>,
    /// How many there are in all. When it is more than are listed, what the others are is unknown:
    /// a rule about paths must not take them for harmless.
    pub total: usize,
}

/// A path that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Relative to the top; its bytes as they are, which need not be UTF-8.
    pub path: PathBuf,
    /// What became of it.
    pub kind: ChangeKind,
    /// What a reviewer has to know besides; empty for most.
    pub flags: Vec<Flag>,
}

/// What became of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// Its content, its executable bit or its type is another.
    Modified,
    /// It is gone.
    Deleted,
}

/// What could escape a reviewer. Each is told of what is new, not of what was like that before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flag {
    /// It is a symbolic link, or points somewhere else than before.
    Link {
        /// Where it points; its bytes as they are.
        target: PathBuf,
        /// Whether that is, or could be, outside of the tree or in its `.git`.
        leads_out: bool,
    },
    /// It is a submodule (or another commit of one): a repository that git would fetch from
    /// wherever `.gitmodules` says.
    Submodule,
    /// It may be run now, and might not before.
    Executable,
    /// It is a binary file of more than 1 MiB.
    LargeBinary {
        /// Its size.
        bytes: u64,
    },
    /// An added line has a character that is not shown, or turns the text around it.
    HiddenCharacter {
        /// The first such line, from 1 on.
        line: usize,
        /// The character.
        character: char,
    },
    /// An added line is one by which git marks a conflict.
    ConflictMarker {
        /// The first such line, from 1 on.
        line: usize,
    },
    /// It was not looked into: it is above 16 MiB, or came after 512 MiB of others.
    NotLookedInto,
}

impl fmt::Display for Flag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Flag::Link { target, leads_out } => {
                let out = if *leads_out { ", which is outside" } else { "" };
                write!(f, "a link to {:?}{out}", target.display().to_string())
            }
            Flag::Submodule => f.write_str("a submodule"),
            Flag::Executable => f.write_str("may be run now"),
            Flag::LargeBinary { bytes } => write!(f, "a binary of {bytes} bytes"),
            Flag::HiddenCharacter { line, character } => {
                write!(f, "hidden character U+{:04X} in line {line}", u32::from(*character))
            }
            Flag::ConflictMarker { line } => write!(f, "a conflict marker in line {line}"),
            Flag::NotLookedInto => f.write_str("too large to be looked into"),
        }
    }
}

impl Hub {
    /// The paths that differ between a commit or tree and a later one; everything is new when
    /// there is no base.
    ///
    /// Nothing that a commit holds changes what is told: no attributes, filters or drivers hold,
    /// and names and contents are taken as bytes. At most 512 MiB are looked into.
    pub fn changes(&self, base: Option<&Oid>, result: &Oid) -> Result<Changes, GitError> {
        let base = base.map_or(self.format.empty_tree(), Oid::as_str);
        let options = ["-r", "-z", "--raw", "--no-renames", "--no-abbrev"];
        let plain = ["--ignore-submodules=none", "--no-ext-diff", "--no-textconv"];
        let call = self.call("diff-tree").args(options).args(plain);
        let mut found = changes("diff-tree", &call.args([base, result.as_str()]).output()?)?;
        let total = found.len();
        found.truncate(CHANGES_MAX);
        let mut listed: Vec<Changed> = found.iter().map(changed).collect();
        let odd = self.look_into(&found, &mut listed)?;
        self.tell_odd_lines(&odd, &found, &mut listed)?;
        Ok(Changes { listed, total })
    }

    /// Looks into all new contents. Flags what can be told of one alone; gives the places of those
    /// with odd lines, which may have been there before.
    fn look_into(&self, found: &[Change], listed: &mut [Changed]) -> Result<Vec<usize>, GitError> {
        let (mut places, mut oids) = (Vec::new(), Vec::new());
        for (place, change) in found.iter().enumerate() {
            if let Some(new) = new_content(change) {
                places.push(place);
                oids.push(&new.oid);
            }
        }
        let (mut odd, mut seen) = (Vec::new(), 0);
        each_blob(self.call("cat-file"), &oids, (FILE_BYTES_MAX, ALL_BYTES_MAX), |at, blob| {
            seen = at + 1;
            let place = places[at];
            let changed = &mut listed[place];
            if found[place].new.as_ref().is_some_and(|new| new.mode == LINK) {
                let target = OsStr::from_bytes(blob.content);
                let leads_out = !blob.is_whole() || leads_out(&changed.path, target);
                changed.flags.push(Flag::Link { target: target.into(), leads_out });
                return;
            }
            let binary = match blob.is_whole() {
                true => is_binary(blob.content),
                false => looks_binary(blob.content),
            };
            if binary && blob.bytes > LARGE_BINARY_BYTES {
                changed.flags.push(Flag::LargeBinary { bytes: blob.bytes });
            }
            if !blob.is_whole() {
                changed.flags.push(Flag::NotLookedInto);
            } else if !binary && odd_lines(blob.content).next().is_some() {
                odd.push(place);
            }
        })?;
        for place in places.into_iter().skip(seen) {
            listed[place].flags.push(Flag::NotLookedInto);
        }
        Ok(odd)
    }

    /// Flags the odd lines that a file did not have before, nor, for a new file, any deleted one.
    fn tell_odd_lines(
        &self,
        odd: &[usize],
        found: &[Change],
        listed: &mut [Changed],
    ) -> Result<(), GitError> {
        let moved = if odd.iter().any(|place| found[*place].old.is_none()) {
            self.odd_lines_of_deleted(found)?
        } else {
            BTreeSet::new()
        };
        // Each file's old content, if any, and then its new one.
        let (mut wanted, mut oids) = (Vec::new(), Vec::new());
        for place in odd {
            if let Some(old) = found[*place].old.as_ref().filter(|old| old.mode != SUBMODULE) {
                wanted.push((*place, false));
                oids.push(&old.oid);
            }
            if let Some(new) = &found[*place].new {
                wanted.push((*place, true));
                oids.push(&new.oid);
            }
        }
        let (mut before, mut seen) = (BTreeSet::new(), 0);
        let limits = (FILE_BYTES_MAX, ALL_BYTES_MAX);
        each_blob(self.call("cat-file"), &oids, limits, |at, blob| {
            seen = at + 1;
            let (place, new) = wanted[at];
            if !new {
                before = odd_lines(blob.content).map(|(_, line, _)| line.to_vec()).collect();
                return;
            }
            let known = if found[place].old.is_some() { &before } else { &moved };
            let flags = &mut listed[place].flags;
            let (mut hidden, mut marker) = (None, None);
            for (line, text, oddity) in odd_lines(blob.content) {
                if known.contains(text) {
                    continue;
                }
                let character = oddity.hidden;
                hidden = hidden.or(character.map(|c| Flag::HiddenCharacter { line, character: c }));
                marker = marker.or(oddity.marker.then_some(Flag::ConflictMarker { line }));
            }
            flags.extend(hidden.into_iter().chain(marker));
            before.clear();
        })?;
        let unseen: BTreeSet<usize> = wanted.iter().skip(seen).map(|(place, _)| *place).collect();
        for place in unseen {
            listed[place].flags.push(Flag::NotLookedInto);
        }
        Ok(())
    }

    fn odd_lines_of_deleted(&self, found: &[Change]) -> Result<BTreeSet<Vec<u8>>, GitError> {
        let gone = found.iter().filter(|change| change.new.is_none());
        let gone = gone.filter_map(|change| change.old.as_ref());
        let oids: Vec<&Oid> = gone.filter(|old| is_file(old)).map(|old| &old.oid).collect();
        let mut lines = BTreeSet::new();
        let limits = (FILE_BYTES_MAX, ALL_BYTES_MAX);
        each_blob(self.call("cat-file"), &oids, limits, |_, blob| {
            for (_, line, _) in odd_lines(blob.content) {
                if lines.len() < MOVED_LINES_MAX {
                    lines.insert(line.to_vec());
                }
            }
        })?;
        Ok(lines)
    }
}

/// What can be told of a change without looking into its content.
fn changed(change: &Change) -> Changed {
    let kind = match (&change.old, &change.new) {
        (None, _) => ChangeKind::Added,
        (Some(_), Some(_)) => ChangeKind::Modified,
        (Some(_), None) => ChangeKind::Deleted,
    };
    let is = |entry: &Option<Entry>, mode| entry.as_ref().is_some_and(|entry| entry.mode == mode);
    let mut flags = Vec::new();
    if is(&change.new, SUBMODULE) {
        flags.push(Flag::Submodule);
    }
    if is(&change.new, RUNS) && !is(&change.old, RUNS) {
        flags.push(Flag::Executable);
    }
    Changed { path: change.path.clone(), kind, flags }
}

/// What is new at a path and has a content: not the same bytes as before, nor a submodule.
fn new_content(change: &Change) -> Option<&Entry> {
    let new = change.new.as_ref()?;
    let was_link = |old: &Entry| (old.mode == LINK) == (new.mode == LINK);
    let same = change.old.as_ref().is_some_and(|old| old.oid == new.oid && was_link(old));
    (new.mode != SUBMODULE && !same).then_some(new)
}

fn is_file(entry: &Entry) -> bool {
    entry.mode != SUBMODULE && entry.mode != LINK
}

/// Whether a link at a path points out of the tree, or could: `..` after a name goes wherever that
/// name is a link to.
fn leads_out(path: &Path, target: &OsStr) -> bool {
    let mut depth = path.components().count().saturating_sub(1);
    let mut named = false;
    let target = target.as_bytes();
    if target.is_empty() || target.starts_with(b"/") {
        return true;
    }
    for part in target.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." if named || depth == 0 => return true,
            b".." => depth -= 1,
            name if is_gits_own(name) => return true,
            _ => named = true,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mrg_05_a_link_that_leads_out_or_could_is_told_from_one_that_does_not() {
        for (path, target) in [
            ("l", "/etc/passwd"),
            ("l", ".."),
            ("l", "../x"),
            ("a/b/l", "../../../x"),
            ("a/l", "b/../../../x"),
            ("a/l", "b/.."),
            ("l", ".git/hooks"),
            ("a/l", "../.GIT/config"),
            ("l", ""),
        ] {
            assert!(leads_out(Path::new(path), OsStr::new(target)), "{path} {target}");
        }
        for (path, target) in
            [("l", "x"), ("a/l", "../x"), ("a/b/l", ".././../x//y"), ("a/l", ".."), ("l", "...")]
        {
            assert!(!leads_out(Path::new(path), OsStr::new(target)), "{path} {target}");
        }
    }

    #[test]
    fn a_flag_says_what_it_is_in_a_line_of_its_own() {
        let link = Flag::Link { target: "/a\nb".into(), leads_out: true };
        assert_eq!(link.to_string(), "a link to \"/a\\nb\", which is outside");
        let hidden = Flag::HiddenCharacter { line: 3, character: '\u{202e}' };
        assert_eq!(hidden.to_string(), "hidden character U+202E in line 3");
    }
}
