//! The journal: one row a record in SQLite, each with a hash over itself and the one before.
//!
//! WAL and `synchronous=FULL`: a committed transaction survives a power cut, and other processes
//! can read while the run writes.

use crate::EngineError;
use crate::home::RunDir;
use equitr_core::apply;
use equitr_core::event::{FORMAT, Record};
use equitr_core::state::RunState;
use rusqlite::{Connection, ErrorCode, OpenFlags, params};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Marks the file as ours: "EQTR".
const APPLICATION_ID: i32 = 0x4551_5452;

/// A record and its place in time, shared by everybody who looks at it.
pub type SharedRecord = Arc<Record>;

/// A journal that is being written; one writer at a time, by the repository's lock.
#[derive(Debug)]
pub struct Journal {
    connection: Connection,
    path: PathBuf,
    last: [u8; 32],
}

/// A run as its journal tells it.
#[derive(Debug)]
pub struct Loaded {
    /// Its folder.
    pub dir: RunDir,
    /// Its state after the last record.
    pub state: RunState,
    /// All records.
    pub records: Vec<SharedRecord>,
    last: [u8; 32],
}

impl Journal {
    /// Makes the journal of a new run.
    ///
    /// # Errors
    /// When the file can't be made, or is there already.
    pub fn create(dir: &RunDir) -> Result<Self, EngineError> {
        let path = dir.journal();
        let failed = failed("make", &path);
        let connection = Connection::open_with_flags(
            &path,
            OpenFlags::SQLITE_OPEN_READ_WRITE
                | OpenFlags::SQLITE_OPEN_CREATE
                | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )
        .and_then(|connection| {
            prepare(&connection)?;
            connection.execute_batch(&format!(
                "PRAGMA application_id = {APPLICATION_ID};
                 PRAGMA user_version = {FORMAT};
                 CREATE TABLE record (
                   seq INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL,
                   body TEXT NOT NULL, hash BLOB NOT NULL) STRICT;"
            ))?;
            Ok(connection)
        })
        .map_err(failed)?;
        Ok(Self { connection, path, last: [0; 32] })
    }

    /// Goes on with the journal of a run that was read.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn go_on(loaded: &Loaded) -> Result<Self, EngineError> {
        let path = loaded.dir.journal();
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&path, flags)
            .and_then(|connection| {
                prepare(&connection)?;
                // What is written from here on may be more than an older program knows.
                connection.pragma_update(None, "user_version", FORMAT)?;
                Ok(connection)
            })
            .map_err(failed("open", &path))?;
        Ok(Self { connection, path, last: loaded.last })
    }

    /// Makes records durable, all or none.
    ///
    /// # Errors
    /// When they are not; nothing more may be written then, as nobody knows what the disk holds.
    pub fn append<'a>(
        &mut self,
        records: impl IntoIterator<Item = &'a Record>,
    ) -> Result<(), EngineError> {
        let write = || -> rusqlite::Result<[u8; 32]> {
            let mut last = self.last;
            let transaction = self.connection.unchecked_transaction()?;
            {
                let mut insert = transaction.prepare_cached(
                    "INSERT INTO record (seq, at_ms, body, hash) VALUES (?,?,?,?)",
                )?;
                for record in records {
                    let body = serde_json::to_string(&record.events)
                        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
                    last = chain(&last, record.seq, record.at_ms, &body);
                    insert.execute(params![
                        record.seq.cast_signed(),
                        record.at_ms.cast_signed(),
                        body,
                        last
                    ])?;
                }
            }
            transaction.commit()?;
            Ok(last)
        };
        self.last = write().map_err(failed("write", &self.path))?;
        Ok(())
    }
}

/// Reads a run: every record, checked, and the state it leads to. Another process may be writing.
///
/// # Errors
/// [`EngineError::NoSuchRun`], [`EngineError::Newer`] and [`EngineError::Damaged`], whose record is
/// the first that is not as it was written.
pub fn read_run(dir: &RunDir) -> Result<Loaded, EngineError> {
    let path = dir.journal();
    if !path.is_file() {
        return Err(EngineError::NoSuchRun { run: dir.id().to_owned() });
    }
    let damaged =
        |seq, why: &str| EngineError::Damaged { path: path.clone(), seq, why: why.to_owned() };
    let failed = failed("read", &path);
    let read = |source: rusqlite::Error| match source.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => damaged(0, "the file is no database"),
        Some(ErrorCode::DatabaseCorrupt) => damaged(0, "the database is not whole"),
        _ => failed(source),
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&path, flags).map_err(read)?;
    let pragma = |name: &str| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0));
    let application: i32 = pragma("application_id").map_err(read)?;
    if application != APPLICATION_ID {
        return Err(damaged(0, "it is no journal of a run"));
    }
    let found: u32 = pragma("user_version").map_err(read)?.try_into().unwrap_or(u32::MAX);
    if found > FORMAT {
        return Err(EngineError::Newer { found, known: FORMAT });
    }
    let mut statement = connection
        .prepare("SELECT seq, at_ms, body, hash FROM record ORDER BY seq")
        .map_err(read)?;
    let mut rows = statement.query([]).map_err(read)?;
    let mut records: Vec<SharedRecord> = Vec::new();
    let mut state = None;
    let mut last = [0; 32];
    while let Some(row) =
        rows.next().map_err(|_| damaged(records.len() as u64, "it can't be read"))?
    {
        let seq = records.len() as u64;
        let fields = || -> rusqlite::Result<(i64, i64, &str, &[u8])> {
            Ok((row.get(0)?, row.get(1)?, row.get_ref(2)?.as_str()?, row.get_ref(3)?.as_blob()?))
        };
        let (number, at_ms, body, hash) =
            fields().map_err(|_| damaged(seq, "its fields are not what was written"))?;
        if number != seq.cast_signed() {
            return Err(damaged(seq, "it is missing"));
        }
        last = chain(&last, seq, at_ms.cast_unsigned(), body);
        if hash != last {
            return Err(damaged(seq, "its checksum differs"));
        }
        let events =
            serde_json::from_str(body).map_err(|error| damaged(seq, &error.to_string()))?;
        let record = Record { seq, at_ms: at_ms.cast_unsigned(), events };
        let followed = match &mut state {
            None => apply::open(&record).map(|opened| state = Some(opened)),
            Some(state) => apply::apply(state, &record),
        };
        followed.map_err(|refused| damaged(seq, refused.why))?;
        records.push(Arc::new(record));
    }
    match state {
        Some(state) => Ok(Loaded { dir: dir.clone(), state, records, last }),
        None => Err(EngineError::NoSuchRun { run: dir.id().to_owned() }),
    }
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000;",
    )
}

fn chain(last: &[u8; 32], seq: u64, at_ms: u64, body: &str) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(last);
    hasher.update(&seq.to_le_bytes());
    hasher.update(&at_ms.to_le_bytes());
    hasher.update(body.as_bytes());
    hasher.finalize().into()
}

fn failed(what: &'static str, path: &Path) -> impl Fn(rusqlite::Error) -> EngineError {
    let path = path.to_owned();
    move |source| EngineError::Journal { what, path: path.clone(), source }
}
