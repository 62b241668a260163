//! Which parts of a source are read: what an index or the order of times leaves of it.

use std::ops::Range;

/// A stretch of whole lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// From where a line begins to where one begins, in bytes; to `u64::MAX` means to the end,
    /// wherever that is by then.
    pub bytes: Range<u64>,
    /// How many lines stand between the part before it, or the start of the source, and this one.
    pub lines_before: u64,
}

/// The parts of a source to read, in order and apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    parts: Vec<Part>,
    /// How many lines were passed over since the last part.
    lines_after: u64,
}

impl Parts {
    /// Nothing, of a source of which nothing is known.
    pub fn none() -> Self {
        Self { parts: Vec::new(), lines_after: 0 }
    }

    /// Everything.
    pub fn all() -> Self {
        Self { parts: vec![Part { bytes: 0..u64::MAX, lines_before: 0 }], lines_after: 0 }
    }

    /// Adds a stretch that has to be read, after all that was added before.
    pub fn read(&mut self, bytes: Range<u64>) {
        match self.parts.last_mut() {
            Some(last) if last.bytes.end == bytes.start => last.bytes.end = bytes.end,
            _ => {
                let lines_before = std::mem::take(&mut self.lines_after);
                self.parts.push(Part { bytes, lines_before });
            }
        }
    }

    /// Adds a stretch that need not be read, of this many lines.
    pub fn pass_over(&mut self, lines: u64) {
        self.lines_after += lines;
    }

    /// Returns the parts.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Returns where the last part ends.
    pub fn end(&self) -> u64 {
        self.parts.last().map_or(0, |part| part.bytes.end)
    }

    /// Returns the parts themselves.
    pub(super) fn into_parts(self) -> Vec<Part> {
        self.parts
    }

    /// Returns how many lines stand after the last part.
    pub fn lines_after(&self) -> u64 {
        self.lines_after
    }

    /// Returns how many of a source's bytes need not be read.
    pub fn passed_over(&self, size: u64) -> u64 {
        let read =
            self.parts.iter().map(|part| part.bytes.end.min(size).saturating_sub(part.bytes.start));
        size.saturating_sub(read.sum())
    }
}
