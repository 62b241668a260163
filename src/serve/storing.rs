//! Says once that what is received cannot be stored, and once that it can again.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::store::StoreError;

/// Tells whoever watches the process; silent by default.
pub struct Teller(Box<dyn Fn(&str) + Send + Sync>);

impl Teller {
    /// Calls `tell` with each sentence, from any thread.
    pub fn new(tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Box::new(tell))
    }
}

impl Default for Teller {
    fn default() -> Self {
        Self::new(|_| {})
    }
}

impl fmt::Debug for Teller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Teller")
    }
}

/// Whether the last batch was stored.
#[derive(Debug)]
pub(super) struct Storing {
    fails: AtomicBool,
    teller: Teller,
}

impl Storing {
    pub(super) fn new(teller: Teller) -> Self {
        Self { fails: AtomicBool::new(false), teller }
    }

    /// Notes that a batch is on disk.
    pub(super) fn succeeded(&self) {
        // Read first: the common case writes to no shared line of memory.
        if self.fails.load(Ordering::Relaxed) && self.fails.swap(false, Ordering::Relaxed) {
            (self.teller.0)("what is received is stored again");
        }
    }

    /// Notes that a batch could not be stored; its sender is told as well, each time.
    pub(super) fn failed(&self, error: &StoreError) {
        if self.fails.swap(true, Ordering::Relaxed) {
            return;
        }
        let why = error.in_full();
        (self.teller.0)(&format!("what is received is refused until it can be stored: {why}"));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn each_turn_is_told_once() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&told);
        let teller = Teller::new(move |text| heard.lock().unwrap().push(text.to_owned()));
        let storing = Storing::new(teller);
        let error = StoreError::Newer { path: "s".to_owned(), found: 9, known: 3 };
        storing.succeeded();
        storing.failed(&error);
        storing.failed(&error);
        storing.succeeded();
        storing.succeeded();
        storing.failed(&error);
        let told = told.lock().unwrap();
        let told: Vec<&str> = told.iter().map(|text| text.split(':').next().unwrap()).collect();
        let fails = "what is received is refused until it can be stored";
        assert_eq!(told, [fails, "what is received is stored again", fails]);
    }
}
