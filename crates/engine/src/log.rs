//! The journal's write-ahead log as a file: flushing it, and room in it.
//!
//! SQLite as it is built into us flushes by `fsync` (its build has to be told of `fdatasync`), and its
//! log grows with every transaction. Both make the file system write its own journal at each commit.
//! One that has its room beforehand and is flushed by `fdatasync` costs the flush of its pages alone,
//! a third of the time.

use crate::EngineError;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// SQLite moves a log of 1,000 pages into the database and begins it anew; this has room for them.
const ROOM_BYTES: u64 = 1_010 * (4_096 + 24);

/// Transactions before room is made: a run that only asks something never pays for it.
const SMALL: u32 = 24;

/// The log of a journal that is being written.
#[derive(Debug)]
pub(crate) struct Log {
    file: File,
    path: PathBuf,
    flushes: u32,
}

impl Log {
    /// The log of the database at `path`, which is open in WAL mode.
    ///
    /// SQLite's locks are not on this file, so that opening and closing it loses none.
    pub fn open(database: &Path) -> Result<Self, EngineError> {
        let mut path = database.as_os_str().to_owned();
        path.push("-wal");
        let path = PathBuf::from(path);
        let options = OpenOptions::new().create(true).truncate(false).write(true).clone();
        let file = options.open(&path).map_err(failed("open", &path))?;
        if let Some(folder) = path.parent() {
            // The names of both files, which may be new.
            let flushed = File::open(folder).and_then(|folder| folder.sync_all());
            flushed.map_err(failed("flush", folder))?;
        }
        Ok(Self { file, path, flushes: 0 })
    }

    /// Has all that was committed on the disk.
    pub fn flush(&mut self) -> Result<(), EngineError> {
        self.flushes = self.flushes.saturating_add(1);
        if self.flushes == SMALL {
            self.make_room().map_err(failed("write", &self.path))?;
        }
        self.file.sync_data().map_err(failed("flush", &self.path))
    }

    /// Zeros behind the end: no frame of SQLite's, whose checksums they fail.
    fn make_room(&mut self) -> io::Result<()> {
        let end = self.file.seek(SeekFrom::End(0))?;
        let missing = usize::try_from(ROOM_BYTES.saturating_sub(end)).unwrap_or(0);
        self.file.write_all(&vec![0; missing])
    }
}

fn failed(what: &'static str, path: &Path) -> impl Fn(io::Error) -> EngineError {
    let path = path.to_owned();
    move |source| EngineError::Io { what, path: path.clone(), source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;

    #[test]
    fn room_in_the_log_is_no_part_of_the_database_and_every_flushed_commit_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.db");
        let connection = Connection::open(&path).unwrap();
        let setup = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; CREATE TABLE t (n);";
        connection.execute_batch(setup).unwrap();
        let mut log = Log::open(&path).unwrap();
        for n in 0..SMALL + 10 {
            connection.execute("INSERT INTO t VALUES (?)", [n]).unwrap();
            log.flush().unwrap();
        }
        assert_eq!(std::fs::metadata(&log.path).unwrap().len(), ROOM_BYTES);

        // What a power cut leaves: the two files as they are now, without the shared memory.
        let copy = folder.path().join("copy.db");
        std::fs::copy(&path, &copy).unwrap();
        std::fs::copy(&log.path, folder.path().join("copy.db-wal")).unwrap();
        let survivor = Connection::open(&copy).unwrap();
        let count = |c: &Connection| {
            c.query_row("SELECT count(*) FROM t", [], |row| row.get::<_, u32>(0)).unwrap()
        };
        assert_eq!((count(&connection), count(&survivor)), (SMALL + 10, SMALL + 10));
        survivor.execute("INSERT INTO t VALUES (0)", []).unwrap();
        assert_eq!(count(&survivor), SMALL + 11);
    }
}
