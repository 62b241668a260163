//! What one process of the backend may take at most: connections, bodies, memory, time.
//!
//! The bound of its memory, whatever is sent to it:
//!
//! | what | at most |
//! |---|---|
//! | bodies that are being received, and text that waits for its turn | [`BODIES_BYTES_MAX`] |
//! | bodies that are decompressed and read, [`DECODERS`] at a time | [`DECODERS`] × 64 MiB, and what is read out of them |
//! | batches that wait for the writer | the queue's own bound (`store::Writer`) |
//! | `SQLite`'s pages of the writer and of each question | its page cache, a few MiB each |
//! | connections | [`CONNECTIONS_MAX`] × some 30 KiB (h1), and 64 KiB of head at worst |
//!
//! What does not fit is refused at once, with when to come back, and counted; nothing waits in
//! memory that its sender has not been made to wait for.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

/// The bytes of all bodies that are in memory at a time, as they were sent.
pub(super) const BODIES_BYTES_MAX: usize = 256 << 20;

/// How many bodies are decompressed and read at a time; the others wait for their turn.
pub(super) const DECODERS: usize = 4;

/// The most connections, where the system allows as many open files.
pub(super) const CONNECTIONS_MAX: usize = 16_384;

/// Open files that are not connections: the store, its readers, followed files.
const OTHER_FILES: usize = 256;

/// The unit in which bodies are charged, in bytes.
const UNIT: usize = 1 << 10;

/// What a body is charged when its first byte comes; from there on it doubles.
const FIRST_CHARGE: usize = 16 << 10;

/// How long a sender may take, and how much there may be at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The connections that are served at a time; one more is answered 503 and closed.
    pub connections: usize,
    /// How long a new connection may take to show what it speaks (its first 24 bytes).
    pub opening: Duration,
    /// How long the head of a request may take, and the wait for it on a connection that is kept.
    pub head: Duration,
    /// How long a connection may stand still in both directions.
    pub still: Duration,
    /// How long a body may take between two of its parts.
    pub body_pause: Duration,
    /// How long a body may take as a whole.
    pub body_whole: Duration,
    /// The bytes of all bodies in memory.
    pub bodies: usize,
    /// How long requests that are under way may take when it is time to stop.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: CONNECTIONS_MAX,
            opening: Duration::from_secs(10),
            head: Duration::from_secs(30),
            still: Duration::from_mins(2),
            body_pause: Duration::from_secs(10),
            body_whole: Duration::from_mins(2),
            bodies: BODIES_BYTES_MAX,
            drain: Duration::from_secs(3),
        }
    }
}

impl Limits {
    /// The defaults, with as many connections as there can be open files; raises that limit of the
    /// process as far as the system lets it.
    pub fn of_this_process() -> Self {
        let files = usize::try_from(raise_open_files()).unwrap_or(usize::MAX);
        let connections = files.saturating_sub(OTHER_FILES).clamp(64, CONNECTIONS_MAX);
        Self { connections, ..Self::default() }
    }
}

/// Raises how many files may be open to what the system allows at most; returns how many may.
fn raise_open_files() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let now = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => raised,
        // macOS refuses a limit that is not a number.
        Err(_) => limit,
    };
    now.current.unwrap_or(u64::MAX)
}

/// How many bodies are read at a time, in the whole process: it is the processor and the memory of
/// the process that they share.
static DECODING: Semaphore = Semaphore::const_new(DECODERS);

/// Waits for a turn to decompress and read a body; given back when what is returned is dropped.
pub(super) async fn turn_to_decode() -> Option<SemaphorePermit<'static>> {
    // It is never closed.
    DECODING.acquire().await.ok()
}

/// The memory for bodies, shared by all requests.
#[derive(Debug)]
pub(super) struct Budget(Arc<Semaphore>);

impl Budget {
    /// A budget of so many bytes, to the KiB.
    pub(super) fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new((bytes / UNIT).min(Semaphore::MAX_PERMITS))))
    }

    /// Begins a body that nothing has come of.
    pub(super) fn begin(&self) -> Held {
        Held { bytes: Vec::new(), charged: 0, permit: None, budget: Arc::clone(&self.0) }
    }

    /// Takes bytes that are in memory already; `None` when there is no room for them.
    pub(super) fn hold(&self, bytes: Vec<u8>) -> Option<Bytes> {
        let mut held = self.begin();
        held.charge(bytes.capacity())?;
        held.bytes = bytes;
        Some(held.finish())
    }

    /// Returns how many bytes are free.
    #[cfg(test)]
    pub(super) fn free(&self) -> usize {
        self.0.available_permits() * UNIT
    }
}

/// A body that grows, and its share of the budget; given back when the last of it is dropped.
#[derive(Debug)]
pub(super) struct Held {
    bytes: Vec<u8>,
    charged: usize,
    permit: Option<OwnedSemaphorePermit>,
    budget: Arc<Semaphore>,
}

impl Held {
    /// Appends a part; `None` when the budget is used up.
    pub(super) fn add(&mut self, part: &[u8]) -> Option<()> {
        let length = self.bytes.len() + part.len();
        if length > self.charged {
            let room = length.max(self.charged * 2).max(FIRST_CHARGE);
            self.charge(room)?;
            self.bytes.reserve_exact(room - self.bytes.len());
        }
        self.bytes.extend_from_slice(part);
        Some(())
    }

    /// Returns how much has come.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Returns the whole; its share is held as long as any part of it.
    pub(super) fn finish(self) -> Bytes {
        Bytes::from_owner(self)
    }

    fn charge(&mut self, bytes: usize) -> Option<()> {
        let units = bytes.div_ceil(UNIT) - self.charged.div_ceil(UNIT);
        let units = u32::try_from(units).ok()?;
        let more = Arc::clone(&self.budget).try_acquire_many_owned(units).ok()?;
        match &mut self.permit {
            Some(permit) => permit.merge(more),
            None => self.permit = Some(more),
        }
        self.charged = bytes;
        Some(())
    }
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_charged_while_any_of_it_is_kept() {
        let budget = Budget::new(1 << 20);
        let mut held = budget.begin();
        for _ in 0..10 {
            held.add(&[7; 10_000]).unwrap();
        }
        assert!(budget.free() <= (1 << 20) - 100_000, "{}", budget.free());
        let whole = held.finish();
        let part = whole.slice(5..10);
        drop(whole);
        assert!(budget.free() < 1 << 20);
        assert_eq!(&part[..], [7; 5]);
        drop(part);
        assert_eq!(budget.free(), 1 << 20);
    }

    #[test]
    fn what_does_not_fit_is_refused_and_what_was_held_of_it_comes_back() {
        let budget = Budget::new(64 << 10);
        let mut held = budget.begin();
        held.add(&vec![0; 40_000]).unwrap();
        assert!(held.add(&vec![0; 40_000]).is_none());
        assert!(budget.hold(vec![0; 40_000]).is_none());
        drop(held);
        assert_eq!(budget.free(), 64 << 10);
        assert_eq!(budget.hold(vec![1; 40_000]).unwrap().len(), 40_000);
    }

    #[test]
    fn as_many_connections_are_taken_as_files_can_be_open() {
        let limits = Limits::of_this_process();
        assert!((64..=CONNECTIONS_MAX).contains(&limits.connections), "{limits:?}");
        let open = getrlimit(Resource::Nofile);
        assert!(open.current == open.maximum || cfg!(target_os = "macos"), "{open:?}");
    }
}
