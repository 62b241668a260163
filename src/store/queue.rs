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
        self.arrived.notify_one();
    }

    /// Returns the batches that wait, with at least one and about `records_max` records; waits for the
    /// first of them.
    pub(super) fn take(&self, records_max: usize, patience: Duration) -> Taken {
        let until = Instant::now() + patience;
        let mut state = self.state();
        while state.batches.is_empty() {
            if state.closed {
                return Taken::Closed;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Taken::Nothing;
            }
            (state, _) =
                self.arrived.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner);
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
