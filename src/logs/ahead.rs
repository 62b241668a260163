//! A file searched for literals on all cores, before its lines are read: what is left are the parts
//! that hold one.
//!
//! Pieces are read by place and not mapped: a log that is truncated meanwhile would kill the program.
//! Not here: which line matches ([`super::Scan`] judges what is in the parts).

mod between;
mod joined;

use std::fs::File;
use std::io;
use std::num::NonZero;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::sync::atomic::{AtomicU64, Ordering};

use memchr::{memchr, memchr_iter, memmem, memrchr};

use super::scan::ends;
use super::{LogFilter, Parts};
use joined::Joined;

/// What is read and searched at a time, in bytes: large for the kernel, small for the cache.
const PIECE_BYTES: u64 = 256 << 10;

/// How many threads search: each has a buffer, and memory has a bound.
const THREADS_MAX: usize = 8;

/// How many pieces are searched before what was seen is joined: it waits in memory.
const ROUND_PIECES: u64 = 512;

/// Lines with a literal that are nearer to each other than this, in bytes, are read as one part.
const APART_BYTES_MIN: usize = 16 << 10;

/// Files smaller than this are searched as they are read, in bytes.
const FILE_BYTES_MIN: u64 = 4 << 20;

/// Returns the parts of `file` outside which no line matches, as far as that is found faster than by
/// reading; `None` when it is to be read from its start to its end.
///
/// A filter with literals leaves the lines that hold one: one reading of the file, shared by the
/// cores. Bounds of time leave what `between` tells, and then lines that are passed over are only
/// counted where `numbers` are shown. All that is appended meanwhile is in the last part, and so is
/// the rest where reading fails: the scan meets the error again.
pub fn parts_of(file: &File, filter: &LogFilter, numbers: bool) -> io::Result<Option<Parts>> {
    let size = file.metadata()?.len();
    if size < FILE_BYTES_MIN {
        return Ok(None);
    }
    let sought = Sought::new(&ends(&filter.literals()), PIECE_BYTES);
    let has_literals = !sought.finders.is_empty();
    let Some(ranges) = between::ranges(file, filter)? else {
        return Ok(has_literals.then(|| sought.parts(file, 0..u64::MAX, size, threads())));
    };
    let counting = Sought::new(&[], PIECE_BYTES);
    let lines = |range: Range<u64>| {
        if !numbers || range.is_empty() {
            return 0;
        }
        let counted = counting.parts(file, range, size, threads());
        // Only a last line without a line break is a part.
        let last = counted.parts().iter().map(|part| part.lines_before + 1);
        last.sum::<u64>() + counted.lines_after()
    };
    let mut parts = Parts::none();
    let mut end = 0;
    for range in ranges {
        parts.pass_over(lines(end..range.start));
        end = range.end;
        if has_literals {
            let held = sought.parts(file, range, size, threads());
            for part in held.parts() {
                parts.pass_over(part.lines_before);
                parts.read(part.bytes.clone());
            }
            parts.pass_over(held.lines_after());
        } else {
            parts.read(range);
        }
    }
    if end < u64::MAX {
        parts.pass_over(lines(end..size));
    }
    Ok(Some(parts))
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get).min(THREADS_MAX)
}

/// What is looked for.
struct Sought {
    finders: Vec<memmem::Finder<'static>>,
    /// The longest literal, less one: what is read beyond a piece to see a literal that goes on there.
    overlap: usize,
    piece: u64,
}

/// What was seen in one piece; places are in the file.
#[derive(Debug, Default)]
struct Seen {
    /// Which piece it is, from 0.
    number: u64,
    lines: u64,
    /// The places after the first line break and after the last.
    first_end: Option<u64>,
    last_end: Option<u64>,
    found: Vec<Stretch>,
    /// Whether it could not be read, or not to its end.
    failed: bool,
}

/// Whole lines with a literal in the first and in the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stretch {
    /// The place where its first line begins, when that is in the piece.
    start: Option<u64>,
    /// How many lines end in the piece before it.
    lines_before: u64,
    /// The place after its last line, when that is in the piece.
    end: Option<u64>,
    /// How many lines end in the piece up to its end.
    lines_to_end: u64,
}

impl Sought {
    fn new(literals: &[Vec<u8>], piece: u64) -> Self {
        let finders = literals.iter().map(|literal| memmem::Finder::new(literal).into_owned());
        let longest = literals.iter().map(Vec::len).max().unwrap_or_default();
        Self { finders: finders.collect(), overlap: longest.saturating_sub(1), piece }
    }

    /// Searches whole lines, from where one begins to where one begins, or to `u64::MAX`; `size` is how
    /// far the file goes.
    fn parts(&self, file: &File, range: Range<u64>, size: u64, threads: usize) -> Parts {
        let area = range.start..size.min(range.end);
        let pieces = area.end.saturating_sub(area.start).div_ceil(self.piece);
        let mut joined = Joined::new(range);
        let mut from = 0;
        while from < pieces && joined.goes_on() {
            let to = pieces.min(from + ROUND_PIECES);
            for seen in self.round(file, from..to, &area, threads) {
                joined.add(&seen);
            }
            from = to;
        }
        joined.into_parts()
    }

    /// Searches some pieces on several threads; what was seen is in the order of the file.
    fn round(
        &self,
        file: &File,
        pieces: Range<u64>,
        area: &Range<u64>,
        threads: usize,
    ) -> Vec<Seen> {
        let next = AtomicU64::new(pieces.start);
        let work = || {
            let room = usize::try_from(self.piece).unwrap_or(usize::MAX) + self.overlap;
            let mut buffer = vec![0; room];
            let mut all = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= pieces.end {
                    return all;
                }
                all.push(self.search(file, number, area, &mut buffer));
            }
        };
        // A few pieces are searched before another thread has begun.
        let others = (threads - 1).min(usize::try_from(pieces.end - pieces.start).unwrap_or(1) / 8);
        let mut all = std::thread::scope(|scope| {
            let others: Vec<_> = (0..others).map(|_| scope.spawn(work)).collect();
            let mut all = work();
            for other in others {
                match other.join() {
                    Ok(seen) => all.extend(seen),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            all
        });
        all.sort_unstable_by_key(|seen| seen.number);
        all
    }

    fn search(&self, file: &File, number: u64, area: &Range<u64>, buffer: &mut [u8]) -> Seen {
        let start = area.start + number * self.piece;
        let length = usize::try_from(self.piece.min(area.end - start)).unwrap_or(usize::MAX);
        let wanted =
            (length + self.overlap).min(usize::try_from(area.end - start).unwrap_or(usize::MAX));
        let buffer = buffer.get_mut(..wanted).unwrap_or_default();
        let Ok(filled) = read_to_end_at(file, buffer, start) else {
            return Seen { number, failed: true, ..Seen::default() };
        };
        let read = buffer.get(..filled).unwrap_or_default();
        let piece = read.get(..length).unwrap_or(read);
        let after = |place: usize| start + place as u64 + 1;
        Seen {
            number,
            lines: count(piece),
            first_end: memchr(b'\n', piece).map(after),
            last_end: memrchr(b'\n', piece).map(after),
            found: self.stretches(read, piece, start),
            failed: filled < wanted,
        }
    }

    /// Returns where literals stand that begin in the piece; `read` is that and what comes after it.
    fn stretches(&self, read: &[u8], piece: &[u8], at: u64) -> Vec<Stretch> {
        let hits = self.finders.iter().flat_map(|finder| finder.find_iter(read));
        let mut hits: Vec<usize> = hits.filter(|hit| *hit < piece.len()).collect();
        hits.sort_unstable();
        let mut found: Vec<Stretch> = Vec::new();
        // How far lines were counted.
        let (mut counted, mut lines) = (0, 0);
        let mut lines_to = |place: usize| {
            lines += count(piece.get(counted..place).unwrap_or_default());
            counted = counted.max(place);
            lines
        };
        let mut end_of_last = 0;
        for hit in hits {
            if found.last().is_some_and(|last| last.end.is_none()) {
                break;
            }
            if hit < end_of_last {
                continue;
            }
            let before = piece.get(..hit).unwrap_or_default();
            let start = memrchr(b'\n', before).map(|end| end + 1);
            let tail = piece.get(hit..).unwrap_or_default();
            let end = memchr(b'\n', tail).map(|length| hit + length + 1);
            let near = start.unwrap_or(0) < end_of_last + APART_BYTES_MIN;
            let lines_before = lines_to(start.unwrap_or(0));
            end_of_last = end.unwrap_or(piece.len());
            let lines_to_end = lines_to(end_of_last);
            let end = end.map(|end| at + end as u64);
            if let Some(last) = found.last_mut().filter(|_| near) {
                (last.end, last.lines_to_end) = (end, lines_to_end);
            } else {
                let start = start.map(|start| at + start as u64);
                found.push(Stretch { start, lines_before, end, lines_to_end });
            }
        }
        found
    }
}

fn count(bytes: &[u8]) -> u64 {
    memchr_iter(b'\n', bytes).count() as u64
}

/// Fills the buffer from a place in the file, or as far as there is something.
fn read_to_end_at(file: &File, buffer: &mut [u8], place: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        let room = buffer.get_mut(filled..).unwrap_or_default();
        match file.read_at(room, place + filled as u64) {
            Ok(0) => break,
            Ok(length) => filled += length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests;
