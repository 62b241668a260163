//! A source read to its end: blocks are searched for the id, lines are bounded only where it stands.

mod blocks;
mod course;

use std::io::{self, Read, Seek};
use std::ops::{ControlFlow, Range};

use memchr::{memchr, memchr_iter, memmem, memrchr};

use super::assemble::begins_record;
use super::found::{Found, FoundSink};
use super::sieve::Sieve;
use super::{Assembler, Learnt, LogFilter, Parts};
use crate::model::UnixNanos;
use blocks::Blocks;
use course::{Course, Next};

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
    /// The lines longer than [`super::LINE_BYTES_MAX`] and those beyond the bound of a traceback.
    pub cut: u64,
    /// The records passed over unread that cannot have the field of [`Scan::counting`]; they are among
    /// those matched and are not given.
    pub without: u64,
}

/// Where a scan stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scanned {
    /// The input has nothing more now: what was given should be shown before it is waited for.
    Dry,
    /// The input has ended, or the sink had enough.
    Done,
}

/// A search through one source, from its start to its end, or through parts of it.
///
/// Line breaks are `\n` or `\r\n`, the last may be missing. When the filter has literals only lines
/// that hold one are parsed. Memory is bounded by one block and the longest line.
#[derive(Debug)]
pub struct Scan<'a, R> {
    blocks: Blocks<R>,
    search: Search<'a>,
    course: Course,
    /// Goes to a place of the input; parts that begin further on are only asked of what can.
    go_to: fn(&mut R, u64) -> io::Result<()>,
    /// Whether the input had nothing when it was last asked.
    dry: bool,
}

impl<'a, R: Read> Scan<'a, R> {
    /// Begins where the input stands; `source` goes into the records.
    pub fn new(input: R, source: &'a str, filter: &'a LogFilter) -> Self {
        Self::begin(input, Course::all(), |_, _| Ok(()), source, filter)
    }

    /// Begins at the start of an input that is read no further than to `end`, which is the start of a
    /// line; `lines_after` stand after it and need not be looked at.
    pub fn until(
        input: R,
        end: u64,
        lines_after: u64,
        source: &'a str,
        filter: &'a LogFilter,
    ) -> Self {
        let mut parts = Parts::none();
        parts.read(0..end);
        parts.pass_over(lines_after);
        Self::begin(input, Course::of(parts), |_, _| Ok(()), source, filter)
    }

    /// Begins; only these parts are read, and what follows the last line of one when it is a record
    /// that goes on.
    ///
    /// The answer is that of [`Scan::new`] when no line outside the parts holds a literal of the filter,
    /// or matches.
    pub fn of_parts(input: R, parts: Parts, source: &'a str, filter: &'a LogFilter) -> Self
    where
        R: Seek,
    {
        let go_to = |input: &mut R, place| input.seek(io::SeekFrom::Start(place)).map(drop);
        Self::begin(input, Course::of(parts), go_to, source, filter)
    }

    fn begin(
        input: R,
        course: Course,
        go_to: fn(&mut R, u64) -> io::Result<()>,
        source: &'a str,
        filter: &'a LogFilter,
    ) -> Self {
        let literals = filter.literals();
        let ends = ends(&literals);
        let search = Search {
            finders: ends.iter().map(|end| memmem::Finder::new(end).into_owned()).collect(),
            literals,
            next: vec![None; ends.len()],
            sieve: filter.sieve(),
            counts: false,
            without: 0,
            assembler: Assembler::new(source, filter),
            lines: 0,
        };
        let blocks = Blocks::new(input, course.end());
        Self { blocks, search, course, go_to, dry: false }
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
            let in_part = match block {
                Some(block) if self.search.block(block, sink)?.is_break() => {
                    return Ok(Scanned::Done);
                }
                Some(_) => !self.course.is_beyond() || self.search.assembler.is_open(),
                None => false,
            };
            if !in_part && !self.go_on_with_next_part()? {
                break;
            }
        }
        // There is no record left to break off before.
        let _end = self.search.flush(sink)?;
        Ok(Scanned::Done)
    }

    /// Returns what was seen so far.
    pub fn count(&self) -> ScanCount {
        let count = self.search.assembler.count;
        let Search { lines, without, .. } = self.search;
        let (cut, matched) = (count.cut + self.blocks.cut, count.matched + without);
        ScanCount { lines, matched, cut, without, ..count }
    }

    /// The same for who only counts what records have in one field: those of JSON that cannot have it are
    /// counted and not given, when every record is asked for.
    #[must_use]
    pub fn counting(mut self, field: &str, filter: &LogFilter) -> Self {
        if filter.takes_all() {
            self.search.sieve = Sieve::of(field);
            self.search.counts = true;
        }
        self
    }

    /// The same with a moment that no line is later than, the last writing to a file: it tells the year
    /// of times that are written without one, as old syslog does. Without it they are no times.
    #[must_use]
    pub fn written_by(mut self, latest: Option<UnixNanos>) -> Self {
        if let Some(latest) = latest {
            self.search.assembler.written_by(latest);
        }
        self
    }

    /// Returns the traces that lines of the request named so far.
    pub fn learnt(&self) -> &Learnt {
        &self.search.assembler.learnt
    }

    /// Goes to the next part; says whether there is one, or the last one's record goes on after it.
    fn go_on_with_next_part(&mut self) -> io::Result<bool> {
        let is_open = self.search.assembler.is_open();
        match self.course.next(self.search.lines, is_open) {
            Next::Beyond { end } => self.blocks.go_on_to(end),
            Next::Part { part, line } => {
                let gap = self.blocks.place()..part.start;
                if self.search.assembler.needs_times() && !self.knows_time_before(gap.clone())? {
                    // Whatever was passed over would hide when the part begins.
                    let read_to = self.blocks.read_to();
                    (self.go_to)(self.blocks.input(), read_to)?;
                    self.blocks.go_on_to(part.end);
                } else {
                    self.search.lines = line;
                    if !gap.is_empty() {
                        (self.go_to)(self.blocks.input(), part.start)?;
                        self.blocks.begin_at(part.start);
                    }
                    self.blocks.go_on_to(part.end);
                }
            }
            Next::End { lines } => {
                self.search.lines = lines;
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Looks for the last time in lines that are passed over; says whether it is known now, as far as
    /// the source tells it.
    fn knows_time_before(&mut self, gap: Range<u64>) -> io::Result<bool> {
        if gap.is_empty() {
            return Ok(true);
        }
        let start = gap.start.max(gap.end.saturating_sub(LOOK_BACK_BYTES));
        (self.go_to)(self.blocks.input(), start)?;
        let mut lines = Vec::new();
        self.blocks.input().by_ref().take(gap.end - start).read_to_end(&mut lines)?;
        let from_start = start == gap.start;
        let begun =
            if from_start { 0 } else { memchr(b'\n', &lines).map_or(lines.len(), |end| end + 1) };
        let has_time = self.search.assembler.pass_over(lines.get(begun..).unwrap_or_default());
        Ok(has_time || from_start)
    }
}

/// How far before a part its time is looked for, in bytes.
const LOOK_BACK_BYTES: u64 = if cfg!(test) { 50 } else { 1 << 20 };

/// Returns the literals' ends where all are long: the spellings of a UUID, with dashes and
/// without, end alike, and each literal less is one search through everything less.
pub(super) fn ends(literals: &[Vec<u8>]) -> Vec<Vec<u8>> {
    if literals.iter().any(|literal| literal.len() < LONG_BYTES) {
        return literals.to_vec();
    }
    let mut ends: Vec<Vec<u8>> = Vec::new();
    for literal in literals {
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
    literals: Vec<Vec<u8>>,
    /// Of the literals, or of their ends.
    finders: Vec<memmem::Finder<'static>>,
    /// Where each finder's next hit begins in this block; `None` when it has to look again.
    next: Vec<Option<usize>>,
    /// Passes over records that cannot match, or those of which only the number is asked for.
    sieve: Option<Sieve>,
    /// Whether records passed over count.
    counts: bool,
    without: u64,
    assembler: Assembler<'a>,
    lines: u64,
}

impl Search<'_> {
    /// Goes through whole lines; the last may have no line break.
    fn block(&mut self, block: &[u8], sink: &mut FoundSink<'_>) -> io::Result<ControlFlow<()>> {
        self.next.fill(None);
        self.sieve.iter_mut().for_each(Sieve::begin_block);
        let mut at = 0;
        while let Some(rest) = block.get(at..).filter(|rest| !rest.is_empty()) {
            let hit = self.next_line(block, at);
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

    /// Returns a place in the next line to look at; `at` is where one begins.
    fn next_line(&mut self, block: &[u8], at: usize) -> Option<usize> {
        if self.assembler.is_open() {
            return Some(at);
        }
        match &mut self.sieve {
            Some(sieve) if Sieve::works_after(self.lines) => sieve.hit(block, at),
            None if !self.finders.is_empty() => self.hit(block, at),
            _ => Some(at),
        }
    }

    fn flush(&mut self, sink: &mut FoundSink<'_>) -> io::Result<ControlFlow<()>> {
        self.assembler.flush(&mut |record| sink(Found::record(record)))
    }

    fn pass_over(&mut self, lines: &[u8]) {
        if !lines.is_empty() {
            let count = count_lines(lines);
            self.lines += count;
            self.assembler.pass_over(lines);
            if self.sieve.is_some() {
                self.without += if self.counts { count } else { 0 };
                self.assembler.pass_over_records();
            }
        }
    }

    /// Returns the first place at or after `at` where a literal stands, or its end.
    ///
    /// A finder's last hit is kept until passed: one literal's many hits must not make the others
    /// search the same bytes again.
    fn hit(&mut self, block: &[u8], at: usize) -> Option<usize> {
        let literals = &self.literals;
        let places = self.finders.iter().zip(&mut self.next).map(|(finder, next)| match *next {
            Some(known) if known >= at => known,
            _ => {
                let rest = block.get(at..).unwrap_or_default();
                let ends = finder.find_iter(rest).map(|place| at + place);
                // Many ids of one origin can end alike.
                let mut whole = ends.filter(|place| {
                    let end = place + finder.needle().len();
                    let before = block.get(..end).unwrap_or_default();
                    literals.iter().any(|literal| before.ends_with(literal))
                });
                let found = whole.next().unwrap_or(usize::MAX);
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

#[cfg(test)]
mod tests;
