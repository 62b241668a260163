//! What waits for the writing thread, bounded by bytes and by batches.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::ingest::Rows;
use super::{StoreError, Stored};

/// The most bytes of rows that wait or are being written. A batch that alone is larger is taken when
/// nothing else waits.
pub const WAITING_BYTES_MAX: usize = 64 << 20;

/// The most batches that wait: a sender beyond that is told to come back.
const WAITING_BATCHES_MAX: usize = 1_024;

/// Records that wait, from which on no further senders are waited for: the transaction is worth it.
const WORTH_A_TRANSACTION: usize = 64;

/// Called once with what became of a batch, from the writer's thread.
pub(super) type Acknowledge = Box<dyn FnOnce(Result<Stored, StoreError>) + Send>;

/// Rows, and who is told when they are stored.
pub(super) struct Waiting {
    pub(super) rows: Rows,
    pub(super) acknowledge: Acknowledge,
}

/// The queue is full: the sender should wait and send again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the store is busy")]
pub struct QueueFull;

/// Why a batch was not taken; it is given back.
pub(super) enum NotTaken {
    Full,
    Closed(Waiting),
}

/// What the writing thread was given.
pub(super) enum Taken {
    Batches(Vec<Waiting>),
    /// Nothing came in the time.
    Nothing,
    /// Nothing will come any more.
    Closed,
}

#[derive(Default)]
struct State {
    batches: VecDeque<Waiting>,
    /// Of those that wait and of those that are being written.
    bytes: usize,
    /// How many batches the taker waits for; 0 while it does not wait.
    awaited: usize,
    closed: bool,
}

impl State {
    fn has_room(&self, bytes: usize) -> bool {
        self.bytes == 0
            || (self.batches.len() < WAITING_BATCHES_MAX
                && self.bytes.saturating_add(bytes) <= WAITING_BYTES_MAX)
    }
}

/// The queue between those who hand over and the one thread that writes.
#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    arrived: Condvar,
    room: Condvar,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (batches, bytes) = self.depth();
        f.debug_struct("Queue").field("batches", &batches).field("bytes", &bytes).finish()
    }
}

impl Queue {
    /// Nothing that is done under the lock can panic half-way.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a batch if there is room.
    pub(super) fn offer(&self, waiting: Waiting) -> Result<(), NotTaken> {
        let mut state = self.state();
        if state.closed {
            return Err(NotTaken::Closed(waiting));
        }
        if !state.has_room(waiting.rows.bytes) {
            return Err(NotTaken::Full);
        }
        self.push(&mut state, waiting);
        Ok(())
    }

    /// Takes a batch when there is room; false when the queue is closed.
    pub(super) fn wait_and_offer(&self, waiting: Waiting) -> bool {
        let mut state = self.state();
        while !state.closed && !state.has_room(waiting.rows.bytes) {
            state = self.room.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if !state.closed {
            self.push(&mut state, waiting);
        }
        !state.closed
    }

    fn push(&self, state: &mut State, waiting: Waiting) {
        state.bytes = state.bytes.saturating_add(waiting.rows.bytes);
        state.batches.push_back(waiting);
        // To wake a thread for nothing costs more than a row.
        if (1..=state.batches.len()).contains(&state.awaited) {
            self.arrived.notify_one();
        }
    }

    /// Returns the batches that wait, with at least one and about `records_max` records; waits for the
    /// first of them as long as `patience`, and for small ones until there are `together.0` of them, or
    /// as long as `together.1`: what a transaction costs is shared.
    pub(super) fn take(
        &self,
        records_max: usize,
        patience: Duration,
        together: (usize, Duration),
    ) -> Taken {
        let mut state = self.wait(self.state(), 1, patience);
        if state.batches.is_empty() {
            return if state.closed { Taken::Closed } else { Taken::Nothing };
        }
        let waiting: usize = state.batches.iter().map(|batch| batch.rows.rows.len()).sum();
        if waiting < WORTH_A_TRANSACTION {
            state = self.wait(state, together.0, together.1);
        }
        let mut records = 0;
        let mut batches = Vec::new();
        while records < records_max
            && let Some(batch) = state.batches.pop_front()
        {
            records += batch.rows.rows.len();
            batches.push(batch);
        }
        Taken::Batches(batches)
    }

    /// Waits until so many batches are there, none will come, or the time is over.
    fn wait<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        number: usize,
        patience: Duration,
    ) -> MutexGuard<'a, State> {
        if state.batches.len() >= number {
            return state;
        }
        let until = Instant::now() + patience;
        state.awaited = number;
        while state.batches.len() < number && !state.closed {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            (state, _) =
                self.arrived.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner);
        }
        state.awaited = 0;
        state
    }

    /// Makes room: rows of so many bytes are written, or failed.
    pub(super) fn release(&self, bytes: usize) {
        let mut state = self.state();
        state.bytes = state.bytes.saturating_sub(bytes);
        drop(state);
        self.room.notify_all();
    }

    /// Takes nothing more; what waits is still given out.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.arrived.notify_all();
        self.room.notify_all();
    }

    /// Drops what waits: whoever waits for an answer learns that there will be none.
    pub(super) fn abandon(&self) {
        self.close();
        drop(std::mem::take(&mut self.state().batches));
    }

    /// Returns how many batches wait, and the bytes that wait or are being written.
    pub(super) fn depth(&self) -> (usize, usize) {
        let state = self.state();
        (state.batches.len(), state.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Record;

    const LONG: Duration = Duration::from_mins(1);

    fn batch(records: usize) -> Waiting {
        let records = (0..records).map(|_| Record::Event(Box::default(), Vec::new())).collect();
        Waiting { rows: Rows::of(records).unwrap(), acknowledge: Box::new(|_| ()) }
    }

    fn offer(queue: &Queue, records: usize) {
        assert!(queue.offer(batch(records)).is_ok());
    }

    fn taken(queue: &Queue, together: (usize, Duration)) -> usize {
        match queue.take(8_192, Duration::ZERO, together) {
            Taken::Batches(batches) => batches.len(),
            _ => 0,
        }
    }

    #[test]
    fn small_batches_of_senders_that_come_together_are_taken_together() {
        let queue = Queue::default();
        offer(&queue, 1);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                offer(&queue, 1);
                offer(&queue, 1);
            });
            assert_eq!(taken(&queue, (3, LONG)), 3);
        });
    }

    #[test]
    fn whoever_does_not_come_is_not_waited_for_long_and_a_large_batch_waits_for_nobody() {
        let queue = Queue::default();
        assert_eq!(taken(&queue, (2, LONG)), 0);
        offer(&queue, 1);
        assert_eq!(taken(&queue, (2, Duration::from_millis(1))), 1);
        offer(&queue, WORTH_A_TRANSACTION);
        assert_eq!(taken(&queue, (2, LONG)), 1);
        offer(&queue, 1);
        queue.close();
        assert_eq!(taken(&queue, (2, LONG)), 1);
    }
}
