//! Readers that stay open between questions.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::{Reader, StoreError};

/// How many stay open; each holds a page cache of at most 2 MiB and its prepared statements.
const IDLE_MAX: usize = 4;

/// Readers of one file, opened as they are needed.
#[derive(Debug)]
pub struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Reader>>,
}

impl Readers {
    /// Opens nothing yet.
    pub fn new(path: PathBuf) -> Self {
        Self { path, idle: Mutex::new(Vec::new()) }
    }

    /// Asks with a reader that nobody else uses meanwhile. Any number of threads may ask at once.
    pub fn ask<T>(
        &self,
        question: impl FnOnce(&Reader) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        // A thread that panicked was not in the middle of a change: it only pushes and pops.
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = idle().pop();
        let reader = kept.map_or_else(|| Reader::open(&self.path), Ok)?;
        let answer = question(&reader);
        // One that failed may have met a damaged page: the next question begins with a new one.
        if answer.is_ok() {
            let mut idle = idle();
            if idle.len() < IDLE_MAX {
                idle.push(reader);
            }
        }
        answer
    }
}
