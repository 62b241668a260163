//! Which part of a source comes next, and which number its first line has.

use std::collections::VecDeque;
use std::ops::Range;

use crate::logs::{Part, Parts};

/// What to do at the end of a part.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Read on, at most to `end`, until the last record is whole.
    Beyond { end: u64 },
    /// Read this, after `line` lines.
    Part { part: Range<u64>, line: u64 },
    /// Nothing: the source has so many lines.
    End { lines: u64 },
}

/// The parts that are left of a source.
#[derive(Debug)]
pub(super) struct Course {
    parts: VecDeque<Part>,
    lines_after: u64,
    /// How many lines there are up to the end of the last part.
    lines: u64,
    beyond: bool,
    end: u64,
}

impl Course {
    /// All of it, in one part that is begun already.
    pub(super) fn all() -> Self {
        let (parts, lines_after) = (VecDeque::new(), 0);
        Self { parts, lines_after, lines: 0, beyond: false, end: u64::MAX }
    }

    /// These parts, of which none is begun.
    pub(super) fn of(parts: Parts) -> Self {
        let lines_after = parts.lines_after();
        let parts = parts.into_parts().into();
        Self { parts, lines_after, lines: 0, beyond: false, end: 0 }
    }

    /// Returns where the part that is begun ends.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Says whether what is read now is no part, but what follows a part's last record.
    pub(super) fn is_beyond(&self) -> bool {
        self.beyond
    }

    /// Takes how many lines were read or passed over so far, and whether the next may go on with the
    /// last record.
    pub(super) fn next(&mut self, lines: u64, is_open: bool) -> Next {
        if !self.beyond {
            self.lines = lines;
            let more = !self.parts.is_empty() || self.lines_after > 0;
            if is_open && more {
                self.beyond = true;
                let end = self.parts.front().map_or(u64::MAX, |part| part.bytes.start);
                return Next::Beyond { end };
            }
        }
        self.beyond = false;
        match self.parts.pop_front() {
            Some(part) => Next::Part { part: part.bytes, line: self.lines + part.lines_before },
            None => Next::End { lines: self.lines + self.lines_after },
        }
    }
}
