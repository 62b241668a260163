//! Opening the file: its version brought up to ours, its settings, and whether it is sound.

use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use super::StoreError;
use super::ingest::Ids;
use super::migrations::{AS_THE_LATEST, MIGRATIONS, VERSION};

/// Pages that the writer keeps in memory, in KiB (negative: `SQLite`'s way to say so).
const WRITER_CACHE_KIB: i64 = -16_384;

/// Pages that each reader keeps in memory, in KiB.
const READER_CACHE_KIB: i64 = -2_048;

/// The pages of a new file, in bytes; an older file keeps its own. With `SQLite`'s 4,096 an event took
/// half as many writes again.
const PAGE_BYTES: i64 = 8_192;

/// What is left of the write-ahead log's file when it is empty again, in bytes.
const LOG_BYTES_KEPT: i64 = 64 << 20;

/// How many statements stay prepared.
const STATEMENTS: usize = 64;

/// How long a statement waits for another process's lock.
const BUSY: Duration = Duration::from_secs(5);

/// A file that is open for writing, and locked against a second writer.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) connection: Connection,
    /// Held until the connection is closed; the system lets go of it when the process dies.
    pub(super) _lock: Option<File>,
}

/// Opens the file for the one writer; makes the folder and the tables when they are missing.
///
/// Errs for a file that is damaged, as far as a few reads tell, that a newer `obs` wrote, or that
/// another process writes.
pub(super) fn open_for_writing(path: &Path) -> Result<Opened, StoreError> {
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| StoreError::Open {
        path: path.display().to_string(),
        source,
    };
    make_private(path).map_err(|error| failed(error.into()))?;
    let connection = Connection::open(path).map_err(|error| failed(error.into()))?;
    let prepare = || {
        connection.busy_timeout(BUSY)?;
        // Before anything is made beside a file that is no store of ours.
        check_version(&connection, path)?;
        let lock = lock(path)?;
        prepare(&connection, path)?;
        Ok(lock)
    };
    let lock = prepare().map_err(|error| match error {
        StoreError::Sqlite(error) if is_damage(&error) => {
            StoreError::Damaged { path: path.display().to_string(), source: error }
        }
        StoreError::Sqlite(error) => failed(error.into()),
        other => other,
    })?;
    Ok(Opened { connection, _lock: Some(lock) })
}

/// Opens the file for reading only; errs when it does not exist.
pub(super) fn open_for_reading(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| {
        StoreError::Open { path: path.display().to_string(), source: error.into() }
    })?;
    let read = || {
        connection.busy_timeout(BUSY)?;
        connection.pragma_update(None, "cache_size", READER_CACHE_KIB)?;
        let found = check_version(&connection, path)?;
        for (versions, views) in AS_THE_LATEST {
            if versions.contains(&found) {
                connection.execute_batch(views)?;
            }
        }
        Ok(())
    };
    read().map_err(|error| match error {
        StoreError::Sqlite(source) if is_damage(&source) => {
            StoreError::Damaged { path: path.display().to_string(), source }
        }
        other => other,
    })?;
    Ok(connection)
}

/// Says whether the file is no `SQLite` file or does not hold together.
fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// Keeps a second writer out: two would remove by each other's marks. The lock is a file beside the
/// store, because a descriptor of the store itself that is closed gives up `SQLite`'s own locks.
fn lock(path: &Path) -> Result<File, StoreError> {
    let failed = |error: std::io::Error| StoreError::Open {
        path: path.display().to_string(),
        source: error.into(),
    };
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let mut options = OpenOptions::new();
    let file = options.create(true).append(true).mode(0o600).open(name).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(StoreError::InUse { path: path.display().to_string() })
        }
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// Makes the folder and the file for their owner alone: what is stored is not masked.
fn make_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    // SQLite gives the files beside it the same mode.
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    // One that was there already may be open to others, and one of another owner cannot be closed to
    // them.
    let mode = file.metadata()?.permissions().mode();
    if mode & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(mode & 0o700))?;
    }
    Ok(())
}

fn prepare(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    // Says something to an empty file only, and only before the next line writes to it.
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    // WAL lets readers read while we write. NORMAL syncs at checkpoints: a killed process loses
    // nothing that was committed, only a dying machine may.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "cache_size", WRITER_CACHE_KIB)?;
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES_KEPT)?;
    // The writer's thread does it when nobody waits for an answer.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Immediate: of two processes that find no tables, the second must see those of the first.
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    let found = usize::try_from(check_version(&transaction, path)?).unwrap_or(0);
    if found == 0 && transaction.prepare("SELECT 1 FROM sqlite_master")?.exists([])? {
        return Err(StoreError::Foreign { path: path.display().to_string() });
    }
    for migration in MIGRATIONS.iter().skip(found) {
        transaction.execute_batch(migration)?;
    }
    if found < MIGRATIONS.len() {
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    // Reads the last page of each table: the whole of a large file would take minutes.
    Ids::read(&transaction)?;
    Ok(transaction.commit()?)
}

fn check_version(connection: &Connection, path: &Path) -> Result<i64, StoreError> {
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > VERSION {
        return Err(StoreError::Newer { path: path.display().to_string(), found, known: VERSION });
    }
    Ok(found)
}
