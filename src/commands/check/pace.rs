//! When a sign of a request is looked for: soon at first, then ever more rarely; and how exact that is.

use std::time::{Duration, Instant};

/// From the first look to the second; each pause is twice as long as the one before.
const PAUSE_MIN: Duration = Duration::from_millis(10);

/// The longest from one look to the next.
const PAUSE_MAX: Duration = Duration::from_millis(200);

/// The looks at one sign.
#[derive(Debug)]
pub(super) struct Pace {
    sent: Instant,
    end: Instant,
    pause: Duration,
    /// When the look before began, since the request was sent; it saw nothing.
    before: Duration,
    /// When this one did.
    now: Duration,
}

/// When a sign was first seen, since the request was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Delay {
    /// At the end of the look that saw it.
    pub(super) after: Duration,
    /// It was there so much earlier at most.
    pub(super) within: Duration,
}

impl Pace {
    /// Begins the first look; `sent` is when the request was, `end` when looking ends.
    pub(super) fn new(sent: Instant, end: Instant) -> Self {
        let now = sent.elapsed();
        Self { sent, end, pause: PAUSE_MIN, before: Duration::ZERO, now }
    }

    /// Returns how much time is left for a look.
    pub(super) fn left(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    /// Says when what this look has found was there.
    pub(super) fn seen(&self) -> Delay {
        let after = self.sent.elapsed();
        Delay { after, within: after.saturating_sub(self.before) }
    }

    /// Waits for the next look, and begins it; false where there is no time for one.
    pub(super) async fn again(&mut self) -> bool {
        if Instant::now() + self.pause >= self.end {
            return false;
        }
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 2).min(PAUSE_MAX);
        self.before = std::mem::replace(&mut self.now, self.sent.elapsed());
        true
    }
}

impl Delay {
    /// Draws how exact it is: `to within 20ms`.
    pub(super) fn exactness(self) -> String {
        format!("to within {}ms", self.within.as_millis().max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_look_finds_was_not_there_for_the_look_before() {
        let sent = Instant::now();
        let mut pace = Pace::new(sent, sent);
        let first = pace.seen();
        assert_eq!(first.within, first.after, "it may have been there from the start");
        (pace.before, pace.now) = (pace.now, pace.now * 2);
        let second = pace.seen();
        assert_eq!(second.after.checked_sub(second.within).unwrap(), pace.before);
        let exact = Delay { after: Duration::from_millis(63), within: Duration::from_millis(20) };
        assert_eq!(exact.exactness(), "to within 20ms");
    }

    #[tokio::test]
    async fn pauses_grow_and_end_before_the_deadline() {
        let sent = Instant::now();
        let mut pace = Pace::new(sent, sent + Duration::from_hours(1));
        assert!(pace.again().await);
        assert_eq!(pace.pause, PAUSE_MIN * 2);
        pace.end = Instant::now();
        assert!(!pace.again().await, "there is no time for another look");
    }
}
