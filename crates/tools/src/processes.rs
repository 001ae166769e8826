//! A table of this machine's processes, made by one pass over `/proc` for all commands that run.
//!
//! Where there is no `/proc` it is empty.

use crate::spawner::{Bond, COMMAND_VARIABLE};
use rustix::time::{ClockId, clock_gettime};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The table that was made last, for whoever asks soon after.
static LAST: Mutex<Option<Arc<Table>>> = Mutex::new(None);

/// Making tables takes at most one part in so many of one processor's time, and so does looking at
/// what they lead to.
pub(crate) const REST_FACTOR: u32 = 50;
/// A table serves so long however cheap it was.
const FRESH: Duration = Duration::from_millis(20);
/// Longer, it would be no look at what is there now.
const STALE: Duration = Duration::from_millis(500);
/// The kernel's own threads are this process's children; they never become a program.
const KERNEL_THREADS: i32 = 2;
/// The line of a process is at most 400 bytes long.
const LINE_BYTES: usize = 1024;

/// A process.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    parent: i32,
    group: i32,
    /// Its threads, at least one.
    pub(crate) threads: u64,
    /// When it began, in ticks of the kernel's: with its number it is told from all others.
    pub(crate) since: u64,
    /// Its resident memory in pages, what it shares with others and with files included.
    pub(crate) pages: u64,
    /// Whether it only waits to be collected.
    pub(crate) has_ended: bool,
    mark: Mark,
}

/// Which command's name a process bears in its environment.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Mark {
    Unread,
    None,
    Command(String),
}

/// All processes at a time, by their numbers.
#[derive(Debug)]
pub(crate) struct Table {
    rows: BTreeMap<i32, Row>,
    children: BTreeMap<i32, Vec<i32>>,
    bond: Bond,
    made: Instant,
    /// Processor time.
    took: Duration,
}

impl Table {
    /// The last table if it is young enough, else a new one; with [`Bond::Mark`], one that tells
    /// marks. It blocks for as long as reading takes.
    pub(crate) fn recent(bond: Bond) -> Arc<Self> {
        Self::get(bond, |table| {
            table.bond == bond
                && table.made.elapsed() < (table.took * REST_FACTOR).clamp(FRESH, STALE)
        })
    }

    /// A new table.
    pub(crate) fn new(bond: Bond) -> Arc<Self> {
        Self::get(bond, |_| false)
    }

    fn get(bond: Bond, serves: impl Fn(&Self) -> bool) -> Arc<Self> {
        // Who asks meanwhile waits, and is served by the same table.
        let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some(table) if serves(table) => table.clone(),
            known => {
                let table = Arc::new(Self::read(bond, known.as_deref()));
                *last = Some(table.clone());
                table
            }
        }
    }

    fn read(bond: Bond, known: Option<&Self>) -> Self {
        let (made, began) = (Instant::now(), processor_time());
        let mut rows = BTreeMap::new();
        let mut children: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
        for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
            let pid = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok());
            let Some((pid, mut row)) = pid.and_then(|pid| Some((pid, row(pid)?))) else { continue };
            let known = known.and_then(|known| known.rows.get(&pid));
            if let Some(known) = known.filter(|known| known.since == row.since) {
                row.mark = known.mark.clone();
            }
            if row.parent == KERNEL_THREADS {
                row.mark = Mark::None;
            }
            if bond == Bond::Mark && row.mark == Mark::Unread {
                row.mark = mark(pid);
            }
            children.entry(row.parent).or_default().push(pid);
            rows.insert(pid, row);
        }
        let took = processor_time().saturating_sub(began);
        Self { rows, children, bond, made, took }
    }

    /// The row of a process.
    pub(crate) fn row(&self, pid: i32) -> Option<&Row> {
        self.rows.get(&pid)
    }

    /// Processes that hang on the leader's group or bear the command's name.
    pub(crate) fn marked(&self, leader: i32, name: &str) -> impl Iterator<Item = i32> {
        let is_marked = move |row: &Row| {
            row.group == leader || matches!(&row.mark, Mark::Command(command) if command == name)
        };
        self.rows.iter().filter(move |(_, row)| is_marked(row)).map(|(pid, _)| *pid)
    }

    /// These processes and all that come from them.
    pub(crate) fn with_descendants(&self, mut ahead: Vec<i32>) -> BTreeSet<i32> {
        let mut all = BTreeSet::new();
        while let Some(pid) = ahead.pop() {
            if self.rows.contains_key(&pid) && all.insert(pid) {
                ahead.extend(self.children.get(&pid).into_iter().flatten());
            }
        }
        all
    }

    /// A child of the process, if it has any.
    pub(crate) fn child(&self, parent: i32) -> Option<i32> {
        self.children.get(&parent)?.first().copied()
    }
}

/// Processor time of this thread.
pub(crate) fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let (seconds, nanos) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(seconds.unwrap_or(0), nanos.unwrap_or(0))
}

/// When the process of this number began; nothing if there is none.
pub(crate) fn since(pid: i32) -> Option<u64> {
    row(pid).map(|row| row.since)
}

fn row(pid: i32) -> Option<Row> {
    let mut line = [0; LINE_BYTES];
    let bytes = File::open(format!("/proc/{pid}/stat")).ok()?.read(&mut line).ok()?;
    // Its name comes first, in brackets, and may hold anything.
    let end = line[..bytes].iter().rposition(|byte| *byte == b')')?;
    let words: Vec<&str> =
        std::str::from_utf8(&line[end + 1..bytes]).ok()?.split(' ').skip(1).collect();
    let number = |at: usize| words.get(at)?.parse::<u64>().ok();
    Some(Row {
        parent: words.get(1)?.parse().ok()?,
        group: words.get(2)?.parse().ok()?,
        threads: number(17)?.max(1),
        since: number(19)?,
        pages: number(21)?,
        has_ended: matches!(*words.first()?, "Z" | "X"),
        mark: Mark::Unread,
    })
}

/// Reads a process's mark; one that becomes another program shows nothing for a moment.
fn mark(pid: i32) -> Mark {
    let Ok(environ) = std::fs::read(format!("/proc/{pid}/environ")) else { return Mark::None };
    if environ.is_empty() {
        return Mark::Unread;
    }
    let value = environ
        .split(|byte| *byte == 0)
        .find_map(|entry| entry.strip_prefix(COMMAND_VARIABLE.as_bytes())?.strip_prefix(b"="));
    let name = value.map(|value| String::from_utf8_lossy(value).into_owned());
    name.map_or(Mark::None, Mark::Command)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn this_process_and_its_child_are_in_the_table() {
        let mut child = std::process::Command::new("sleep").arg("1000").spawn().unwrap();
        let (own, its) = (std::process::id().cast_signed(), child.id().cast_signed());
        let table = Table::new(Bond::Namespace);
        let all = table.with_descendants(vec![own]);
        assert!(all.contains(&own) && all.contains(&its), "{all:?}");
        assert_eq!(table.with_descendants(vec![its]), [its].into());
        let row = table.row(own).unwrap();
        assert!(row.threads > 1 && row.pages > 100 && since(own) == Some(row.since), "{row:?}");
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(Table::new(Bond::Namespace).row(its).is_none());
    }
}
