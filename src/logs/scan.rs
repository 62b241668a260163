//! A source read to its end: blocks are searched for the id, lines are bounded only where it stands.

use std::io::{self, Read};
use std::ops::ControlFlow;

use memchr::{memchr, memchr_iter, memmem, memrchr};

use super::assemble::begins_record;
use super::found::{Found, FoundSink};
use super::{Assembler, LINE_BYTES_MAX, LogFilter};

/// What is read and searched at a time, in bytes: large for the kernel, small for the cache.
const BLOCK_BYTES: usize = 256 << 10;

/// What a scan saw.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ScanCount {
    /// The lines of the input, looked at or not.
    pub lines: u64,
    /// The records given.
    pub matched: u64,
    /// The lines that begin as JSON and do not end as it, among those that had to be parsed.
    pub malformed: u64,
    /// The lines that hold the id outside the fields for ids and match otherwise.
    pub elsewhere: u64,
    /// The records given although bounds of time are asked for and neither they nor a line before
    /// them has a time.
    pub untimed: u64,
    /// The lines left out because a level was asked for and they have none, among those parsed.
    pub unlevelled: u64,
    /// The lines longer than [`LINE_BYTES_MAX`] and those beyond the bound of a traceback.
    pub cut: u64,
}

/// Where a scan stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scanned {
    /// The input has nothing more now: what was given should be shown before it is waited for.
    Dry,
    /// The input has ended, or the sink had enough.
    Done,
}

/// A search through one source, from its start to its end.
///
/// Line breaks are `\n` or `\r\n`, the last may be missing. When the filter has literals only lines
/// that hold one are parsed. Memory is bounded by one block and the longest line.
#[derive(Debug)]
pub struct Scan<'a, R> {
    blocks: Blocks<R>,
    search: Search<'a>,
    /// Whether the input had nothing when it was last asked.
    dry: bool,
}

impl<'a, R: Read> Scan<'a, R> {
    /// Begins; `source` goes into the records.
    pub fn new(input: R, source: &'a str, filter: &'a LogFilter) -> Self {
        let literals = ends(filter.literals());
        let finder = |literal| memmem::Finder::new(literal).into_owned();
        let search = Search {
            finders: literals.iter().map(finder).collect(),
            next: vec![None; literals.len()],
            assembler: Assembler::new(source, filter),
            lines: 0,
        };
        Self { blocks: Blocks::new(input), search, dry: false }
    }

    /// Gives matching records to `sink`, in order, until the input has no more for now, or has ended.
    ///
    /// An input has no more for now when it errs with `WouldBlock`; when it does so again the record
    /// held back is given too. Done, with the counts so far, when `sink` says `Break`. Other errors of
    /// the input and those of the sink are returned.
    pub fn go_on(&mut self, sink: &mut FoundSink<'_>) -> io::Result<Scanned> {
        loop {
            let block = match self.blocks.next() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let again = std::mem::replace(&mut self.dry, true);
                    let enough = again && self.search.flush(sink)?.is_break();
                    return Ok(if enough { Scanned::Done } else { Scanned::Dry });
                }
                block => block?,
            };
            self.dry = false;
            let Some(block) = block else { break };
            if self.search.block(block, sink)?.is_break() {
                return Ok(Scanned::Done);
            }
        }
        // There is no record left to break off before.
        let _end = self.search.flush(sink)?;
        Ok(Scanned::Done)
    }

    /// Returns what was seen so far.
    pub fn count(&self) -> ScanCount {
        let count = self.search.assembler.count;
        ScanCount { lines: self.search.lines, cut: count.cut + self.blocks.cut, ..count }
    }
}

/// Returns the literals' ends where all are long: the spellings of a UUID, with dashes and
/// without, end alike, and each literal less is one search through everything less.
fn ends(literals: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    if literals.iter().any(|literal| literal.len() < LONG_BYTES) {
        return literals;
    }
    let mut ends: Vec<Vec<u8>> = Vec::new();
    for literal in &literals {
        let end = literal.get(literal.len() - END_BYTES..).unwrap_or(literal).to_vec();
        if !ends.contains(&end) {
            ends.push(end);
        }
    }
    ends
}

/// The literals of which the end is telling enough, in bytes: those of 32 hex digits.
const LONG_BYTES: usize = 32;

/// The last group of a UUID, in bytes.
const END_BYTES: usize = 12;

/// The search through the blocks of one source.
#[derive(Debug)]
struct Search<'a> {
    finders: Vec<memmem::Finder<'static>>,
    /// Where each finder's next hit begins in this block; `None` when it has to look again.
    next: Vec<Option<usize>>,
    assembler: Assembler<'a>,
    lines: u64,
}

impl Search<'_> {
    /// Goes through whole lines; the last may have no line break.
    fn block(&mut self, block: &[u8], sink: &mut FoundSink<'_>) -> io::Result<ControlFlow<()>> {
        self.next.fill(None);
        let mut at = 0;
        while let Some(rest) = block.get(at..).filter(|rest| !rest.is_empty()) {
            let every_line = self.finders.is_empty() || self.assembler.is_open();
            let hit = if every_line { Some(at) } else { self.hit(block, at) };
            let before = block.get(at..hit.unwrap_or(block.len())).unwrap_or_default();
            let Some(hit) = hit else {
                self.pass_over(rest);
                break;
            };
            let start = memrchr(b'\n', before).map_or(at, |end| at + end + 1);
            self.pass_over(block.get(at..start).unwrap_or_default());
            self.lines += 1;
            let tail = block.get(hit..).unwrap_or_default();
            let end = memchr(b'\n', tail).map_or(block.len(), |length| hit + length);
            let line = block.get(start..end).unwrap_or_default();
            let go_on = if begins_record(block.get(end + 1..).unwrap_or_default()) {
                self.assembler.whole_line(line, self.lines, sink)?
            } else {
                let sink = &mut |record| sink(Found::record(record));
                self.assembler.line(line, self.lines, sink)?
            };
            if go_on.is_break() {
                return Ok(ControlFlow::Break(()));
            }
            at = end + 1;
        }
        Ok(ControlFlow::Continue(()))
    }

    fn flush(&mut self, sink: &mut FoundSink<'_>) -> io::Result<ControlFlow<()>> {
        self.assembler.flush(&mut |record| sink(Found::record(record)))
    }

    fn pass_over(&mut self, lines: &[u8]) {
        if !lines.is_empty() {
            self.lines += count_lines(lines);
            self.assembler.pass_over(lines);
        }
    }

    /// Returns the first place at or after `at` where a literal stands.
    ///
    /// A finder's last hit is kept until passed: one literal's many hits must not make the others
    /// search the same bytes again.
    fn hit(&mut self, block: &[u8], at: usize) -> Option<usize> {
        let rest = block.get(at..).unwrap_or_default();
        let places = self.finders.iter().zip(&mut self.next).map(|(finder, next)| match *next {
            Some(known) if known >= at => known,
            _ => {
                let found = finder.find(rest).map_or(usize::MAX, |place| at + place);
                *next = Some(found);
                found
            }
        });
        places.min().filter(|place| *place < usize::MAX)
    }
}

/// Counts lines; bytes after the last line break are one more.
fn count_lines(bytes: &[u8]) -> u64 {
    let breaks = memchr_iter(b'\n', bytes).count() as u64;
    breaks + u64::from(!bytes.is_empty() && !bytes.ends_with(b"\n"))
}

/// Reads an input in blocks of whole lines.
#[derive(Debug)]
struct Blocks<R> {
    input: R,
    buffer: Vec<u8>,
    /// The bytes given last: `..start`; the line begun after them: `start..filled`.
    start: usize,
    filled: usize,
    skipping: bool,
    cut: u64,
}

impl<R: Read> Blocks<R> {
    fn new(input: R) -> Self {
        let buffer = vec![0; BLOCK_BYTES];
        Self { input, buffer, start: 0, filled: 0, skipping: false, cut: 0 }
    }

    /// Returns the next block, `None` after the last; only an end or a cut leaves out the line break.
    fn next(&mut self) -> io::Result<Option<&[u8]>> {
        loop {
            self.make_room();
            if self.filled == LINE_BYTES_MAX {
                self.cut += 1;
                self.skipping = true;
                self.start = self.filled;
                break;
            }
            let unread = self.filled;
            let room = self.buffer.get_mut(unread..).unwrap_or_default();
            match self.input.read(room) {
                Ok(0) => {
                    self.start = self.filled;
                    break;
                }
                Ok(length) => self.filled += length,
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

#[cfg(test)]
mod tests;
