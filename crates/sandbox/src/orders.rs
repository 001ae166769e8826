//! What [`wrap`](crate::wrap) tells the launcher, as arguments of a process.
//!
//! Words of the form `name=value`, then `--` and the command line. The environment goes this way
//! too, so that no variable meant for the command (`LD_PRELOAD` above all) acts on the launcher or
//! on bubblewrap.

use crate::Limits;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

/// The first argument of a launcher.
pub(crate) const EXEC: &str = "__sandbox-exec";

/// What the launcher adds to bubblewrap's walls, or stands in for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Walls {
    /// They stand; process ids are limited by the file at [`PIDS`] if `pids` says so.
    Bubblewrap { pids: bool },
    /// The launcher has to put up Landlock's.
    Landlock,
}

/// Which sockets may be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sockets {
    /// Unix ones.
    Unix,
    /// Internet ones as well.
    Internet,
    /// Internet ones as well, with a bridge to the proxy's socket.
    Bridged,
}

/// What the launcher has to set up, and the command to become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Orders {
    pub(crate) walls: Walls,
    pub(crate) sockets: Sockets,
    pub(crate) limits: Limits,
    /// What may be written, `.git` aside.
    pub(crate) writable: Vec<PathBuf>,
    /// What may be read, the system's own folders aside; for Landlock.
    pub(crate) read_only: Vec<PathBuf>,
    pub(crate) environment: BTreeMap<OsString, OsString>,
    /// For `sh -c`.
    pub(crate) line: OsString,
}

const WALLS: [(&str, Walls); 3] = [
    ("bubblewrap", Walls::Bubblewrap { pids: false }),
    ("bubblewrap-pids", Walls::Bubblewrap { pids: true }),
    ("landlock", Walls::Landlock),
];

const SOCKETS: [(&str, Sockets); 3] =
    [("unix", Sockets::Unix), ("internet", Sockets::Internet), ("bridged", Sockets::Bridged)];

impl Orders {
    /// The launcher's arguments, [`EXEC`] first.
    pub(crate) fn arguments(&self) -> Vec<OsString> {
        let mut words: Vec<OsString> = vec![EXEC.into()];
        let mut push = |name: &str, value: &OsStr| {
            let mut word = OsString::from(name);
            word.push("=");
            word.push(value);
            words.push(word);
        };
        let walls = WALLS.iter().find(|(_, walls)| *walls == self.walls);
        let sockets = SOCKETS.iter().find(|(_, sockets)| *sockets == self.sockets);
        push("walls", walls.map_or("", |(name, _)| name).as_ref());
        push("sockets", sockets.map_or("", |(name, _)| name).as_ref());
        push("processes", self.limits.processes.to_string().as_ref());
        push("open-files", self.limits.open_files.to_string().as_ref());
        push("file-bytes", self.limits.file_bytes.to_string().as_ref());
        if let Some(bytes) = self.limits.memory_bytes {
            push("memory-bytes", bytes.to_string().as_ref());
        }
        for path in &self.writable {
            push("write", path.as_ref());
        }
        for path in &self.read_only {
            push("read", path.as_ref());
        }
        for (name, value) in &self.environment {
            let mut pair = name.clone();
            pair.push("=");
            pair.push(value);
            push("env", &pair);
        }
        words.push("--".into());
        words.push(self.line.clone());
        words
    }

    /// The orders in the launcher's arguments behind [`EXEC`], or the word that is wrong.
    ///
    /// What is missing is wrong too: no order has a default that would be a weaker sandbox.
    pub(crate) fn read(words: &[OsString]) -> Result<Self, OsString> {
        let (mut walls, mut sockets) = (None, None);
        let (mut processes, mut open_files, mut file_bytes) = (None, None, None);
        let mut memory_bytes = None;
        let (mut writable, mut read_only) = (Vec::new(), Vec::new());
        let mut environment = BTreeMap::new();
        let mut words = words.iter();
        for word in words.by_ref().take_while(|word| *word != "--") {
            let (name, value) = split(word).ok_or_else(|| word.clone())?;
            let number = || value.to_str().and_then(|value| value.parse::<u64>().ok());
            let known = match name.to_str() {
                Some("walls") => set(&mut walls, named(&WALLS, &value)),
                Some("sockets") => set(&mut sockets, named(&SOCKETS, &value)),
                Some("processes") => set(&mut processes, number()),
                Some("open-files") => set(&mut open_files, number()),
                Some("file-bytes") => set(&mut file_bytes, number()),
                Some("memory-bytes") => set(&mut memory_bytes, number()),
                Some("write") => {
                    writable.push(PathBuf::from(&value));
                    true
                }
                Some("read") => {
                    read_only.push(PathBuf::from(&value));
                    true
                }
                Some("env") => match split(&value) {
                    Some((name, value)) => environment.insert(name, value).is_none(),
                    None => false,
                },
                Some(_) | None => false,
            };
            if !known {
                return Err(word.clone());
            }
        }
        let missing = |name: &str| OsString::from(name);
        let line = words.next().ok_or_else(|| missing("--"))?.clone();
        if let Some(word) = words.next() {
            return Err(word.clone());
        }
        Ok(Self {
            walls: walls.ok_or_else(|| missing("walls"))?,
            sockets: sockets.ok_or_else(|| missing("sockets"))?,
            limits: Limits {
                processes: processes.ok_or_else(|| missing("processes"))?,
                open_files: open_files.ok_or_else(|| missing("open-files"))?,
                file_bytes: file_bytes.ok_or_else(|| missing("file-bytes"))?,
                memory_bytes,
            },
            writable,
            read_only,
            environment,
            line,
        })
    }
}

/// Puts a value that could be read into its place, and says whether it could.
fn set<T>(place: &mut Option<T>, value: Option<T>) -> bool {
    let known = value.is_some();
    *place = value;
    known
}

fn named<T: Clone>(table: &[(&str, T)], value: &OsStr) -> Option<T> {
    table.iter().find(|(name, _)| *name == value).map(|(_, meant)| meant.clone())
}

/// What stands before and behind the first `=`.
fn split(word: &OsStr) -> Option<(OsString, OsString)> {
    let bytes = word.as_bytes();
    let at = bytes.iter().position(|byte| *byte == b'=')?;
    let (name, value) = (bytes[..at].to_vec(), bytes[at + 1..].to_vec());
    Some((OsString::from_vec(name), OsString::from_vec(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn orders() -> Orders {
        Orders {
            walls: Walls::Bubblewrap { pids: true },
            sockets: Sockets::Bridged,
            limits: Limits { memory_bytes: Some(7), ..Limits::default() },
            writable: vec!["/a=b".into(), "/--".into()],
            read_only: vec![OsString::from_vec(vec![b'/', 0xff]).into()],
            environment: [("A".into(), "x=y\n--".into()), ("B".into(), "".into())].into(),
            line: "-- walls=landlock".into(),
        }
    }

    #[test]
    fn orders_are_read_as_they_were_given() {
        let arguments = orders().arguments();
        assert_eq!(arguments[0], EXEC);
        assert_eq!(Orders::read(&arguments[1..]), Ok(orders()));
    }

    #[test]
    fn orders_with_a_word_more_or_less_are_refused() {
        let arguments = orders().arguments();
        for left_out in 1..arguments.len() {
            let name = arguments[left_out].to_str().unwrap_or_default();
            let optional = ["memory-bytes=", "write=", "read=", "env=", "/"];
            if optional.iter().any(|word| name.starts_with(word)) || name.is_empty() {
                continue;
            }
            let mut fewer = arguments[1..].to_vec();
            fewer.remove(left_out - 1);
            assert!(Orders::read(&fewer).is_err(), "without {name}");
        }
        for word in ["nonsense", "walls=none", "sockets=", "processes=many", "env=A", "more=1"] {
            let mut more = arguments[1..].to_vec();
            more.insert(0, word.into());
            assert_eq!(Orders::read(&more), Err(word.into()));
        }
        let mut behind = arguments[1..].to_vec();
        behind.push("more".into());
        assert_eq!(Orders::read(&behind), Err("more".into()));
    }
}
