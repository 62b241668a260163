//! The one thread that writes: batches in, one transaction for all that are waiting, answers out.

use std::cell::Cell;
use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::ingest::{self, Ids, Inserts, Known, Rows};
use super::queue::{NotTaken, Queue, QueueFull, Taken, Waiting};
use super::retention::{self, Removed, Retention};
use super::schema::{self, Opened};
use super::{Record, StoreError, Stored};
use crate::model::UnixNanos;

/// Records that go into one transaction, at most about: it bounds how long the first batch waits.
const TRANSACTION_RECORDS: usize = 8_192;

/// How long a small batch waits for those of the other senders that are about.
const TOGETHER: Duration = Duration::from_millis(1);

/// Rows of each kind that are removed between two transactions, at least: it bounds how long the next
/// batch waits.
const REMOVED_AT_ONCE: usize = 256;

/// Rows written, in bytes, after which the retention looks again; or a second.
const LOOK_BYTES: usize = 1 << 20;

/// Pages of the write-ahead log (8 KiB each in a new file), after which it is copied into the file.
const LOG_PAGES: u32 = 4_000;

/// After this time without a batch the write-ahead log is copied and synced.
const QUIET: Duration = Duration::from_secs(1);

/// After this time without a batch the retention looks again.
const IDLE: Duration = Duration::from_mins(1);

/// Records, made ready to be written: the costly part, which any thread can do.
#[derive(Debug)]
pub struct Batch(Rows);

impl Batch {
    /// Makes the rows; O(bytes), about 3 µs a span.
    pub fn of(records: Vec<Record>) -> Result<Self, StoreError> {
        Rows::of(records).map(Self)
    }

    /// Says whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.0.rows.is_empty()
    }
}

/// The sending side of the writer's thread.
///
/// What waits is bounded: by [`super::WAITING_BYTES_MAX`] (64 MiB) of rows and by 1,024 batches.
#[derive(Debug)]
pub struct Writer {
    queue: Arc<Queue>,
    removed: Arc<Removed>,
    failing: Arc<Mutex<Option<String>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Opens the file, making it when it is missing, and starts the thread.
    ///
    /// Errs as well when the file is damaged, of a newer version, or written by another process.
    pub fn open(path: &Path, retention: Retention) -> Result<Self, StoreError> {
        let opened = schema::open_for_writing(path)?;
        Self::over(opened, retention).map_err(|error| match error {
            StoreError::Sqlite(source) => {
                StoreError::Open { path: path.display().to_string(), source: source.into() }
            }
            other => other,
        })
    }

    /// Starts the thread over a file that is open.
    pub(super) fn over(opened: Opened, retention: Retention) -> Result<Self, StoreError> {
        let queue = Arc::new(Queue::default());
        let removed = Arc::new(Removed::default());
        let failing = Arc::new(Mutex::new(None));
        let ids = Ids::read(&opened.connection)?;
        let work = Work {
            known: Known::new(ids),
            opened,
            queue: Arc::clone(&queue),
            retention,
            removed: Arc::clone(&removed),
            failing: Arc::clone(&failing),
            senders: 1,
        };
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || work.run())
            .map_err(|_| StoreError::Closed)?;
        Ok(Self { queue, removed, failing, thread: Some(thread) })
    }

    /// Hands over a batch; `acknowledge` is called when it is committed, or when it failed as a whole.
    ///
    /// Never blocks. On `QueueFull` nothing was taken and `acknowledge` is not called.
    pub fn submit(
        &self,
        batch: Batch,
        acknowledge: impl FnOnce(Result<Stored, StoreError>) + Send + 'static,
    ) -> Result<(), QueueFull> {
        match self.queue.offer(Waiting { rows: batch.0, acknowledge: Box::new(acknowledge) }) {
            Ok(()) => Ok(()),
            Err(NotTaken::Full) => Err(QueueFull),
            Err(NotTaken::Closed(waiting)) => {
                (waiting.acknowledge)(Err(StoreError::Closed));
                Ok(())
            }
        }
    }

    /// Hands over a batch and waits until it is committed; waits for room in the queue too.
    pub fn write(&self, records: Vec<Record>) -> Result<Stored, StoreError> {
        let (answer, answered) = sync_channel(1);
        let acknowledge = Box::new(move |outcome| drop(answer.send(outcome)));
        if !self.queue.wait_and_offer(Waiting { rows: Rows::of(records)?, acknowledge }) {
            return Err(StoreError::Closed);
        }
        answered.recv().unwrap_or(Err(StoreError::Closed))
    }

    /// Returns how many batches wait, and how many bytes of rows wait or are being written.
    pub fn waiting(&self) -> (usize, usize) {
        self.queue.depth()
    }

    /// Returns what the retention has removed.
    pub fn removed(&self) -> &Removed {
        &self.removed
    }

    /// Returns why the last transaction failed; `None` when it did not.
    pub fn failing(&self) -> Option<String> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Waits until everything that was handed over is committed.
impl Drop for Writer {
    fn drop(&mut self) {
        self.queue.close();
        if let Some(thread) = self.thread.take() {
            // A panic there was already told to every batch that it lost.
            drop(thread.join());
        }
    }
}

thread_local! {
    /// How many pages this thread's write-ahead log has.
    static WAL_PAGES: Cell<u32> = const { Cell::new(0) };
}

/// What the writing thread works on.
struct Work {
    // Before `opened`: its statements close with the connection.
    known: Known,
    opened: Opened,
    queue: Arc<Queue>,
    retention: Retention,
    removed: Arc<Removed>,
    failing: Arc<Mutex<Option<String>>>,
    /// How many senders are about: the batches of the last transaction and those that came during it.
    senders: usize,
}

/// However the thread ends, nobody waits for it in vain.
impl Drop for Work {
    fn drop(&mut self) {
        self.queue.abandon();
    }
}

impl Work {
    fn run(mut self) {
        self.opened.connection.wal_hook(Some(|_, pages| {
            WAL_PAGES.set(u32::try_from(pages).unwrap_or(0));
            Ok(())
        }));
        let mut more = self.remove(REMOVED_AT_ONCE);
        let (mut looked, mut bytes) = (Instant::now(), 0_usize);
        loop {
            let patience = match WAL_PAGES.get() {
                _ if more => Duration::ZERO,
                0 => IDLE,
                _ => QUIET,
            };
            match self.queue.take(TRANSACTION_RECORDS, patience, (self.senders, TOGETHER)) {
                Taken::Batches(batches) => {
                    bytes += batches.iter().map(|batch| batch.rows.bytes).sum::<usize>();
                    let records: usize = batches.iter().map(|batch| batch.rows.rows.len()).sum();
                    self.commit(batches);
                    if WAL_PAGES.get() >= LOG_PAGES {
                        self.checkpoint();
                    }
                    // To look costs as much as a small batch.
                    if more || bytes >= LOOK_BYTES || looked.elapsed() >= QUIET {
                        // More goes than comes, so that it ends.
                        more = self.remove(REMOVED_AT_ONCE.max(2 * records));
                        (looked, bytes) = (Instant::now(), 0);
                    }
                }
                Taken::Nothing => {
                    if !more {
                        self.checkpoint();
                    }
                    more = self.remove(REMOVED_AT_ONCE);
                }
                Taken::Closed => return,
            }
        }
    }

    /// Copies the write-ahead log into the file; what readers still need stays in it.
    fn checkpoint(&self) {
        // A full disk: what is in the log stays there, and the next commit tells the senders.
        let done = self
            .opened
            .connection
            .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get::<_, i64>(0));
        if done.is_ok() {
            WAL_PAGES.set(0);
        }
    }

    /// Removes what is too old or too much; says whether there may be more of it.
    fn remove(&mut self, rows_max: usize) -> bool {
        let connection = &self.opened.connection;
        let now = now();
        let step = retention::step(
            connection,
            &mut self.known,
            self.retention,
            now,
            rows_max,
            &self.removed,
        );
        // What cannot be removed now is tried again after the next batch, or in a minute.
        step.unwrap_or_else(|_| {
            self.known.forget();
            false
        })
    }

    /// Stores the batches in one transaction; when it fails, each in its own, so that one that
    /// cannot be stored takes no other with it.
    fn commit(&mut self, batches: Vec<Waiting>) {
        let outcome = self.store(&batches);
        // Before anybody is answered: who sends one after another counts once.
        self.senders = batches.len() + self.queue.depth().0;
        match outcome {
            Ok(stored) => {
                // That nothing could be stored says little of what has rows.
                if batches.iter().any(|batch| !batch.rows.rows.is_empty()) {
                    self.note(None);
                }
                for (batch, stored) in batches.into_iter().zip(stored) {
                    self.tell(batch, Ok(stored));
                }
            }
            Err(error) if batches.len() == 1 || matches!(error, StoreError::Full) => {
                self.note(Some(&error));
                for batch in batches {
                    self.tell(batch, Err(error.again()));
                }
            }
            Err(_) => {
                for batch in batches {
                    let stored = self.store(std::slice::from_ref(&batch));
                    let stored = stored.map(|mut stored| stored.pop().unwrap_or_default());
                    self.note(stored.as_ref().err());
                    self.tell(batch, stored);
                }
            }
        }
    }

    /// Notes how the last transaction went, before anybody is told.
    fn note(&self, failed: Option<&StoreError>) {
        let words = failed.map(|error| {
            let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
            format!("{error}{}", cause.unwrap_or_default())
        });
        *self.failing.lock().unwrap_or_else(PoisonError::into_inner) = words;
    }

    fn tell(&self, batch: Waiting, outcome: Result<Stored, StoreError>) {
        let Waiting { rows, acknowledge } = batch;
        acknowledge(outcome);
        let bytes = rows.bytes;
        drop(rows);
        self.queue.release(bytes);
    }

    fn store(&mut self, batches: &[Waiting]) -> Result<Vec<Stored>, StoreError> {
        let stored = store_all(&self.opened.connection, &mut self.known, batches);
        if stored.is_err() {
            // Rows that were made and rolled back.
            self.known.forget();
        }
        stored
    }
}

fn store_all(
    connection: &Connection,
    known: &mut Known,
    batches: &[Waiting],
) -> Result<Vec<Stored>, StoreError> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    let mut all = Vec::with_capacity(batches.len());
    let mut inserts = Inserts::new(&transaction);
    for batch in batches {
        let mut stored = Stored::default();
        for row in &batch.rows.rows {
            stored.count(row.kind(), ingest::store(&mut inserts, known, row)?);
        }
        all.push(stored);
    }
    drop(inserts);
    retention::mark(&transaction, known, now())?;
    transaction.commit()?;
    Ok(all)
}

fn now() -> UnixNanos {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    UnixNanos(i64::try_from(now.as_nanos()).unwrap_or(i64::MAX))
}
