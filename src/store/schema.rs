//! The tables, and opening the file that holds them.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::StoreError;

/// What made each version out of the one before; the number of those applied is in `SQLite`'s
/// `user_version`. A published one never changes.
const MIGRATIONS: &[&str] = &[TABLES, METRICS_AND_ITEMS];

/// The version that this program writes.
const VERSION: i64 = 2;
const _: () = assert!(MIGRATIONS.len() == 2, "as many migrations as versions");

/// How long a statement waits for another process's lock.
const BUSY: Duration = Duration::from_secs(5);

/// `*_ns` are nanoseconds since the Unix epoch; ids are lower-case hex text, so that `sqlite3` shows
/// what people paste; `*_key` are ids as `model::id_key` writes them; `body` is the model value as JSON.
const TABLES: &str = "
CREATE TABLE spans (
  trace_id TEXT NOT NULL, span_id TEXT NOT NULL, kind TEXT NOT NULL,
  parent_id TEXT, service TEXT NOT NULL, name TEXT NOT NULL,
  start_ns INTEGER NOT NULL, end_ns INTEGER, is_error INTEGER NOT NULL, body TEXT NOT NULL);
CREATE UNIQUE INDEX spans_by_id ON spans (trace_id, span_id, kind);
CREATE INDEX spans_by_start ON spans (start_ns);
CREATE TABLE logs (
  id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, time_ns INTEGER NOT NULL,
  level INTEGER, service TEXT, request_key TEXT, trace_key TEXT, body TEXT NOT NULL);
CREATE INDEX logs_by_time ON logs (time_ns);
CREATE INDEX logs_by_request ON logs (request_key) WHERE request_key IS NOT NULL;
CREATE INDEX logs_by_trace ON logs (trace_key) WHERE trace_key IS NOT NULL;
CREATE TABLE issues (
  id INTEGER PRIMARY KEY, fingerprint BLOB NOT NULL UNIQUE, short_id TEXT NOT NULL UNIQUE,
  service TEXT NOT NULL);
CREATE TABLE events (
  event_id TEXT PRIMARY KEY, issue INTEGER NOT NULL REFERENCES issues (id), time_ns INTEGER NOT NULL,
  level INTEGER, request_key TEXT, trace_key TEXT, user TEXT NOT NULL, body TEXT NOT NULL,
  raw BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX events_by_issue ON events (issue, time_ns);
CREATE INDEX events_by_time ON events (time_ns);
CREATE INDEX events_by_request ON events (request_key) WHERE request_key IS NOT NULL;
CREATE INDEX events_by_trace ON events (trace_key) WHERE trace_key IS NOT NULL;
";

/// Measurements, and what else envelopes hold.
const METRICS_AND_ITEMS: &str = "
CREATE TABLE metrics (
  id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, time_ns INTEGER NOT NULL, name TEXT NOT NULL,
  service TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX metrics_by_time ON metrics (time_ns);
CREATE INDEX metrics_by_name ON metrics (name, time_ns);
CREATE TABLE items (
  id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, received_ns INTEGER NOT NULL,
  kind TEXT NOT NULL, project TEXT NOT NULL, event_id TEXT, header TEXT NOT NULL,
  payload BLOB NOT NULL);
CREATE INDEX items_by_time ON items (received_ns);
CREATE INDEX items_by_event ON items (event_id) WHERE event_id IS NOT NULL;
";

/// Opens the file for the one writer; makes the folder and the tables when they are missing.
pub(super) fn open_for_writing(path: &Path) -> Result<Connection, StoreError> {
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| StoreError::Open {
        path: path.display().to_string(),
        source,
    };
    make_private(path).map_err(|error| failed(error.into()))?;
    let connection = Connection::open(path).map_err(|error| failed(error.into()))?;
    prepare(&connection, path).map_err(|error| match error {
        StoreError::Sqlite(error) => failed(error.into()),
        other => other,
    })?;
    Ok(connection)
}

/// Opens the file for reading only; errs when it does not exist.
pub(super) fn open_for_reading(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| {
        StoreError::Open { path: path.display().to_string(), source: error.into() }
    })?;
    connection.busy_timeout(BUSY)?;
    check_version(&connection, path)?;
    Ok(connection)
}

/// Makes the folder and the file for their owner alone: what is stored is not masked.
fn make_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    // SQLite gives the files beside it the same mode.
    std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path).map(drop)
}

fn prepare(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    connection.busy_timeout(BUSY)?;
    check_version(connection, path)?;
    // WAL lets readers read while we write. NORMAL syncs at checkpoints: a killed process loses
    // nothing that was committed, only a dying machine may.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "cache_size", -16_384)?;
    // Immediate: of two processes that find no tables, the second must see those of the first.
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    let found = usize::try_from(check_version(&transaction, path)?).unwrap_or(0);
    for migration in MIGRATIONS.iter().skip(found) {
        transaction.execute_batch(migration)?;
    }
    if found < MIGRATIONS.len() {
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    Ok(transaction.commit()?)
}

fn check_version(connection: &Connection, path: &Path) -> Result<i64, StoreError> {
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > VERSION {
        return Err(StoreError::Newer { path: path.display().to_string(), found, known: VERSION });
    }
    Ok(found)
}
