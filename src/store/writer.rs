//! The one thread that writes: batches in, one transaction for all that are waiting, answers out.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::{Record, StoreError, Stored, ingest, schema};

/// Batches that may wait; a sender beyond that is told to come back.
const QUEUE_BATCHES: usize = 256;

/// Records that go into one transaction at most: it bounds how long the first batch waits.
const TRANSACTION_RECORDS: usize = 8_192;

/// Called once with what became of a batch, from the writer's thread.
type Acknowledge = Box<dyn FnOnce(Result<Stored, StoreError>) + Send>;

struct Batch {
    records: Vec<Record>,
    acknowledge: Acknowledge,
}

/// The queue is full: the sender should wait and send again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the store is busy")]
pub struct QueueFull;

/// The sending side of the writer's thread.
#[derive(Debug)]
pub struct Writer {
    queue: Option<SyncSender<Batch>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Opens the file, making it when it is missing, and starts the thread.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = schema::open_for_writing(path)?;
        let (queue, batches) = sync_channel(QUEUE_BATCHES);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || write_all(&connection, &batches))
            .map_err(|error| StoreError::Open {
                path: path.display().to_string(),
                source: error.into(),
            })?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Hands over a batch; `acknowledge` is called when it is committed, or when it failed as a whole.
    ///
    /// Never blocks. On `QueueFull` nothing was taken and `acknowledge` is not called.
    pub fn submit(
        &self,
        records: Vec<Record>,
        acknowledge: impl FnOnce(Result<Stored, StoreError>) + Send + 'static,
    ) -> Result<(), QueueFull> {
        let batch = Batch { records, acknowledge: Box::new(acknowledge) };
        let Some(queue) = &self.queue else {
            (batch.acknowledge)(Err(StoreError::Closed));
            return Ok(());
        };
        match queue.try_send(batch) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(_)) => Err(QueueFull),
            Err(TrySendError::Disconnected(batch)) => {
                (batch.acknowledge)(Err(StoreError::Closed));
                Ok(())
            }
        }
    }

    /// Hands over a batch and waits until it is committed; waits for room in the queue too.
    pub fn write(&self, records: Vec<Record>) -> Result<Stored, StoreError> {
        let (answer, answered) = sync_channel(1);
        let acknowledge = Box::new(move |outcome| drop(answer.send(outcome)));
        let queue = self.queue.as_ref().ok_or(StoreError::Closed)?;
        queue.send(Batch { records, acknowledge }).map_err(|_| StoreError::Closed)?;
        answered.recv().unwrap_or(Err(StoreError::Closed))
    }
}

/// Waits until everything that was handed over is committed.
impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            // A panic there was already told to every batch that it lost.
            drop(thread.join());
        }
    }
}

fn write_all(connection: &Connection, batches: &Receiver<Batch>) {
    while let Ok(first) = batches.recv() {
        let mut waiting = vec![first];
        let mut records = waiting.iter().map(|batch| batch.records.len()).sum::<usize>();
        while records < TRANSACTION_RECORDS {
            let Ok(next) = batches.try_recv() else { break };
            records += next.records.len();
            waiting.push(next);
        }
        match commit(connection, &waiting) {
            Ok(stored) => {
                for (batch, stored) in waiting.into_iter().zip(stored) {
                    (batch.acknowledge)(Ok(stored));
                }
            }
            Err(error) => {
                for batch in waiting {
                    (batch.acknowledge)(Err(error.again()));
                }
            }
        }
    }
}

fn commit(connection: &Connection, batches: &[Batch]) -> Result<Vec<Stored>, StoreError> {
    // Immediate: another process that writes is waited for before anything is read.
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    let mut all = Vec::with_capacity(batches.len());
    for batch in batches {
        let mut stored = Stored::default();
        for record in &batch.records {
            stored.count(record.kind(), ingest::store(&transaction, record)?);
        }
        all.push(stored);
    }
    transaction.commit()?;
    Ok(all)
}
