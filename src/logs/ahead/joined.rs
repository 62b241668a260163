//! What was seen in the pieces of a file, joined into its parts.

use std::ops::Range;

use super::Seen;
use crate::logs::Parts;

/// How many parts there are at most: memory has a bound, so the rest becomes one.
const PARTS_MAX: usize = 100_000;

/// The parts so far.
#[derive(Debug)]
pub(super) struct Joined {
    parts: Parts,
    /// Where the line begins that goes on into the next piece.
    line: u64,
    /// Where the part begins whose last line goes on into the next piece.
    open: Option<u64>,
    /// How many lines end after the last part, or after the start.
    lines: u64,
    /// Whether the rest was not searched.
    ended: bool,
    /// The place where the range ends.
    end: u64,
}

impl Joined {
    /// Begins with lines of this range.
    pub(super) fn new(range: Range<u64>) -> Self {
        let Range { start, end } = range;
        Self { parts: Parts::none(), line: start, open: None, lines: 0, ended: false, end }
    }

    /// Says whether more pieces are wanted.
    pub(super) fn goes_on(&self) -> bool {
        !self.ended
    }

    /// Adds the piece that follows the one before.
    pub(super) fn add(&mut self, seen: &Seen) {
        if self.ended {
            return;
        }
        if seen.failed || self.parts.parts().len() >= PARTS_MAX {
            // What cannot be read here is read, or fails, where it is judged.
            self.ended = true;
            return;
        }
        // Lines of the piece that are in a part or were counted.
        let mut told = 0;
        if let Some(start) = self.open {
            let Some(end) = seen.first_end else { return };
            self.read(start, end);
            self.open = None;
            told = 1;
        }
        for stretch in &seen.found {
            let start = stretch.start.unwrap_or(self.line);
            if stretch.end.is_some_and(|_| stretch.lines_to_end <= told) {
                // It is in the line with which the last part ended.
                continue;
            }
            self.lines += stretch.lines_before.saturating_sub(told);
            // Without a start the line is the one that the part before ended with.
            let start =
                if stretch.lines_before < told { start.max(self.last_end()) } else { start };
            if let Some(end) = stretch.end {
                self.read(start, end);
                told = stretch.lines_to_end;
            } else {
                self.open = Some(start);
                told = seen.lines;
            }
        }
        if self.open.is_none() {
            self.lines += seen.lines - told;
        }
        self.line = seen.last_end.unwrap_or(self.line);
    }

    /// Returns the parts; what comes after the last line break, or was not searched, is one.
    pub(super) fn into_parts(mut self) -> Parts {
        let start = self.open.unwrap_or(self.line);
        if start < self.end {
            self.read(start, self.end);
        }
        self.parts.pass_over(self.lines);
        self.parts
    }

    fn last_end(&self) -> u64 {
        self.parts.parts().last().map_or(0, |part| part.bytes.end)
    }

    fn read(&mut self, start: u64, end: u64) {
        self.parts.pass_over(std::mem::take(&mut self.lines));
        self.parts.read(start..end);
    }
}
