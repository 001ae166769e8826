//! How much memory and how many processes a command has, looked at while it runs.
//!
//! What bounds it is killing: the kernel's limits of a process bound its address space, of which
//! Java, Go and browsers reserve far more than they use, and not those of the whole command.

use crate::leftovers::kill_process;
use crate::processes::{REST_FACTOR, Row, Table, processor_time, since};
use crate::quotas::{Excess, Quotas};
use crate::spawner::Bond;
use rustix::fs::{stat, statvfs};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::time::sleep;

/// Most commands have ended by then, and cost nothing.
const FIRST_LOOK: Duration = Duration::from_millis(50);
/// A processor fills a few hundred MB of memory in this time.
const REST_MAX: Duration = Duration::from_millis(250);
/// Even when looking is dear, or many commands run.
const DEAR_REST_MAX: Duration = Duration::from_secs(1);
/// More open files than an honest command has; what is open beyond is not looked at.
const OPEN_FILES_MAX: usize = 100_000;
/// Until a bomb that goes on while it is killed has no time left to do so.
const KILLS_MAX: u32 = 10;
/// What a file of a file system in memory takes beside its content, at least.
const INODE_BYTES: u64 = 1024;

/// How many commands are watched just now: together they share what looking may cost.
static WATCHED: AtomicU32 = AtomicU32::new(0);

/// The processes of one command, watched.
#[derive(Debug)]
pub(crate) struct Usage {
    leader: i32,
    name: String,
    bond: Bond,
    quotas: Quotas,
    /// Its processes at the last look and when they began: they stay its own, whatever they leave.
    known: BTreeMap<i32, u64>,
}

/// What a look found.
enum Found {
    /// A quota is passed.
    Excess(Excess),
    /// None is, and how long it can rest.
    Within { rest: Duration },
}

impl Usage {
    /// Of the command whose first process this is, and which bears the name.
    pub(crate) fn new(leader: i32, name: &str, bond: Bond, quotas: Quotas) -> Self {
        WATCHED.fetch_add(1, Ordering::Relaxed);
        Self { leader, name: name.to_owned(), bond, quotas, known: BTreeMap::new() }
    }

    /// Ends when a quota is passed; else never. Needs a tokio runtime with its time driver.
    pub(crate) async fn exceeded(mut self) -> (Self, Excess) {
        let mut rest = FIRST_LOOK;
        loop {
            sleep(rest).await;
            let look = move || {
                let found = self.look(rest);
                (self, found)
            };
            match tokio::task::spawn_blocking(look).await {
                Ok((watch, Found::Excess(excess))) => return (watch, excess),
                Ok((watch, Found::Within { rest: next })) => (self, rest) = (watch, next),
                // The runtime ends, and the command with it.
                Err(_) => return std::future::pending().await,
            }
        }
    }

    /// Kills all that is known of the command, where others would find only what does not hide.
    pub(crate) async fn kill(mut self) {
        match self.bond {
            Bond::Namespace => {}
            Bond::Mark => {
                // If the runtime ends, the command is killed by its group.
                let _ = tokio::task::spawn_blocking(move || self.kill_known()).await;
            }
        }
    }

    fn look(&mut self, rested: Duration) -> Found {
        let table = Table::recent(self.bond);
        let began = processor_time();
        let Quotas { processes, memory_bytes, .. } = self.quotas;
        let ours = self.ours(&table);
        let rows: Vec<(i32, &Row)> =
            ours.iter().filter_map(|p| Some((*p, table.row(*p)?))).collect();
        let count = rows.iter().map(|(_, row)| row.threads).sum();
        let unmapped = self.in_sandbox(&table) + memory_files(&ours);
        let at_most = unmapped + rows.iter().map(|(_, row)| resident(row)).sum::<u64>();
        let mut excess = None;
        if count > processes {
            excess = Some(Excess::Processes { count, count_max: processes });
        } else if at_most > memory_bytes {
            let bytes = held(&rows, unmapped);
            let is_too_much = bytes > memory_bytes;
            excess = is_too_much.then_some(Excess::Memory { bytes, bytes_max: memory_bytes });
        }
        if let Some(excess) = excess {
            return Found::Excess(excess);
        }
        let is_near = count > processes / 2 || at_most > memory_bytes / 2;
        let rest = if is_near { FIRST_LOOK } else { (rested * 3 / 2).min(REST_MAX) };
        let took = processor_time().saturating_sub(began);
        let all = took.saturating_mul(WATCHED.load(Ordering::Relaxed).max(1));
        Found::Within { rest: rest.max(all.saturating_mul(REST_FACTOR).min(DEAR_REST_MAX)) }
    }

    /// The command's processes.
    fn ours(&mut self, table: &Arc<Table>) -> BTreeSet<i32> {
        let is_there = |(pid, began): (&i32, &u64)| {
            table.row(*pid).is_some_and(|row| row.since == *began).then_some(*pid)
        };
        let mut first: Vec<i32> = self.known.iter().filter_map(is_there).collect();
        first.push(self.leader);
        match self.bond {
            // All in the namespace come from the leader's child, and nowhere else can they go.
            Bond::Namespace => {}
            Bond::Mark => first.extend(table.marked(self.leader, &self.name)),
        }
        let ours = table.with_descendants(first);
        self.known = ours.iter().filter_map(|pid| Some((*pid, table.row(*pid)?.since))).collect();
        ours
    }

    fn kill_known(&mut self) {
        for _ in 0..KILLS_MAX {
            let table = Table::new(self.bond);
            self.ours(&table);
            let alive = |pid: &i32| table.row(*pid).is_some_and(|row| !row.has_ended);
            let alive: Vec<(&i32, &u64)> =
                self.known.iter().filter(|(pid, _)| alive(pid)).collect();
            if alive.is_empty() {
                return;
            }
            for (pid, began) in alive {
                kill_process(*pid, || since(*pid) == Some(*began));
            }
        }
    }

    /// What the sandbox's own file systems in memory hold.
    fn in_sandbox(&self, table: &Table) -> u64 {
        match (self.bond, table.child(self.leader)) {
            (Bond::Namespace, Some(inside)) => {
                ["/tmp", "/dev/shm"].map(|folder| in_memory(inside, folder)).iter().sum()
            }
            (Bond::Namespace, None) | (Bond::Mark, _) => 0,
        }
    }
}

impl Drop for Usage {
    fn drop(&mut self) {
        WATCHED.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What a folder that is memory holds, as a process sees it; nothing for one that is the host's.
fn in_memory(pid: i32, folder: &str) -> u64 {
    let inside = format!("/proc/{pid}/root{folder}");
    let (Ok(its), Ok(space)) = (stat(&inside), statvfs(&inside)) else { return 0 };
    // So it is as long as the sandbox is being set up.
    if stat(folder).is_ok_and(|host| host.st_dev == its.st_dev) {
        return 0;
    }
    let blocks = space.f_blocks.saturating_sub(space.f_bfree).saturating_mul(space.f_frsize);
    let inodes = space.f_files.saturating_sub(space.f_ffree).saturating_mul(INODE_BYTES);
    blocks.saturating_add(inodes)
}

/// What the files without a name hold that are memory (memfd_create(2)): mapped by nobody, they
/// show nowhere else.
fn memory_files(pids: &BTreeSet<i32>) -> u64 {
    let folders = pids.iter().filter_map(|pid| std::fs::read_dir(format!("/proc/{pid}/fd")).ok());
    let mut seen = BTreeSet::new();
    let mut bytes = 0_u64;
    for open in folders.flatten().flatten().take(OPEN_FILES_MAX) {
        let path = open.path();
        let is_memory = std::fs::read_link(&path)
            .is_ok_and(|to| to.as_os_str().as_encoded_bytes().starts_with(b"/memfd:"));
        if let Some(file) = is_memory.then(|| stat(&path).ok()).flatten()
            && seen.insert((file.st_dev, file.st_ino))
        {
            // Blocks are of 512 bytes.
            let allocated = u64::try_from(file.st_blocks).unwrap_or(0).saturating_mul(512);
            bytes = bytes.saturating_add(allocated);
        }
    }
    bytes
}

/// A process's resident memory; what it shares and what files hold is in it as well.
fn resident(row: &Row) -> u64 {
    row.pages.saturating_mul(rustix::param::page_size() as u64)
}

/// The memory that the processes hold, what they share counted once; `unmapped` of it may be mapped
/// by them as well, so that the larger of both is what is certain.
fn held(rows: &[(i32, &Row)], unmapped: u64) -> u64 {
    let (mut own, mut shared) = (0_u64, 0_u64);
    for (pid, row) in rows {
        let (anonymous, shmem) =
            proportional(*pid).or_else(|| undivided(*pid)).unwrap_or_else(|| (resident(row), 0));
        own = own.saturating_add(anonymous);
        shared = shared.saturating_add(shmem);
    }
    own.saturating_add(shared.max(unmapped))
}

/// Its anonymous and its shared memory; of pages that several map, its part.
fn proportional(pid: i32) -> Option<(u64, u64)> {
    fields(&format!("/proc/{pid}/smaps_rollup"), ["Pss_Anon:", "Pss_Shmem:"])
}

/// The same for kernels older than 5.4, with such pages in full.
fn undivided(pid: i32) -> Option<(u64, u64)> {
    fields(&format!("/proc/{pid}/status"), ["RssAnon:", "RssShmem:"])
}

fn fields(path: &str, names: [&str; 2]) -> Option<(u64, u64)> {
    let text = std::fs::read_to_string(path).ok()?;
    let bytes = |name: &str| {
        let value = text.lines().find_map(|line| line.strip_prefix(name))?;
        let kib: u64 = value.trim().strip_suffix(" kB")?.parse().ok()?;
        Some(kib.saturating_mul(1024))
    };
    Some((bytes(names[0])?, bytes(names[1])?))
}
