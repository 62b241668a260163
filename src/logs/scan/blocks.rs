//! An input in blocks of whole lines, as far as it is to be read.

use std::io::{self, Read};

use memchr::{memchr, memrchr};

use crate::logs::LINE_BYTES_MAX;

/// What is read and searched at a time, in bytes: large for the kernel, small for the cache.
pub(super) const BLOCK_BYTES: usize = 256 << 10;

/// Reads an input in blocks of whole lines.
#[derive(Debug)]
pub(super) struct Blocks<R> {
    input: R,
    /// The place in the input up to which it was read.
    read_to: u64,
    /// The place up to which it may be read now.
    end: u64,
    buffer: Vec<u8>,
    /// The bytes given last: `..start`; the line begun after them: `start..filled`.
    start: usize,
    filled: usize,
    skipping: bool,
    /// The lines longer than [`LINE_BYTES_MAX`].
    pub(super) cut: u64,
}

impl<R: Read> Blocks<R> {
    /// Begins where the input stands, which counts as its start.
    pub(super) fn new(input: R, end: u64) -> Self {
        let buffer = vec![0; BLOCK_BYTES];
        Self { input, read_to: 0, end, buffer, start: 0, filled: 0, skipping: false, cut: 0 }
    }

    pub(super) fn input(&mut self) -> &mut R {
        &mut self.input
    }

    /// Returns the place up to which the input was read.
    pub(super) fn read_to(&self) -> u64 {
        self.read_to
    }

    /// Returns the place after the last block.
    pub(super) fn place(&self) -> u64 {
        self.read_to - (self.filled - self.start) as u64
    }

    /// Forgets what was read; the input stands at `place` now, where a line begins.
    pub(super) fn begin_at(&mut self, place: u64) {
        (self.start, self.filled, self.skipping, self.read_to) = (0, 0, false, place);
    }

    /// Reads on, to `end` and no further.
    pub(super) fn go_on_to(&mut self, end: u64) {
        self.end = end;
    }

    /// Returns the next block, `None` after the last; only an end or a cut leaves out the line break.
    pub(super) fn next(&mut self) -> io::Result<Option<&[u8]>> {
        loop {
            self.make_room();
            if self.filled == LINE_BYTES_MAX {
                self.cut += 1;
                self.skipping = true;
                self.start = self.filled;
                break;
            }
            let unread = self.filled;
            let left = usize::try_from(self.end - self.read_to).unwrap_or(usize::MAX);
            let room_end = self.buffer.len().min(unread.saturating_add(left));
            let room = self.buffer.get_mut(unread..room_end).unwrap_or_default();
            match self.input.read(room) {
                Ok(0) => {
                    self.start = self.filled;
                    break;
                }
                Ok(length) => {
                    self.filled += length;
                    self.read_to += length as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            let read = self.buffer.get(unread..self.filled).unwrap_or_default();
            if self.skipping {
                let end = memchr(b'\n', read);
                self.start = end.map_or(self.filled, |end| unread + end + 1);
                self.skipping = end.is_none();
            } else if let Some(end) = memrchr(b'\n', read) {
                self.start = unread + end + 1;
                break;
            }
        }
        Ok(self.buffer.get(..self.start).filter(|block| !block.is_empty()))
    }

    /// Moves the begun line to the front and makes the buffer longer when that line fills it.
    fn make_room(&mut self) {
        let full = self.start == 0 && self.filled == self.buffer.len();
        let begun = self.buffer.get(self.start..self.filled).unwrap_or_default();
        // The hole that truncation leaves can be longer than any line: its zeros are not kept.
        let zeros = begun.iter().take_while(|byte| full && **byte == 0).count();
        self.buffer.copy_within(self.start + zeros..self.filled, 0);
        self.filled -= self.start + zeros;
        self.start = 0;
        if self.filled == self.buffer.len() {
            self.buffer.resize((self.buffer.len() * 2).min(LINE_BYTES_MAX), 0);
        }
    }
}
