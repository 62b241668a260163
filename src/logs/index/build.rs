//! Reads a text once and writes the segments of its index.

use std::io::{self, Read, Write};

use memchr::{memchr, memchr_iter, memrchr};

use super::grams::{keys, runs};
use super::segment::{Block, Filling, Segment};

/// How long a block is, about, in bytes: what a look-up reads at least.
pub(super) const BLOCK_BYTES: usize = 256 << 10;

/// How many blocks long a line may be that its keys are known; the block of a longer one is read in
/// any case.
const LINE_BLOCKS_MAX: usize = 4;

/// How many runs of a block are remembered, so that what stands in many lines is hashed once.
const SEEN: usize = 1 << 10;

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Built {
    pub(super) segments: Vec<Segment>,
    /// How many bytes of the text they cover, with what stood before `start`.
    pub(super) covered: u64,
    /// How many bytes the index has, with what stood before `place`.
    pub(super) place: u64,
}

/// Reads `text`, which begins at `start`, to its end, and writes its segments to `out`, which stands at
/// `place`.
///
/// Text after the last line break is left out, unless nothing can be added to it: `ends`. Memory is
/// bounded by a segment's keys, 8 MiB.
pub(super) fn build(
    text: &mut impl Read,
    start: u64,
    place: u64,
    ends: bool,
    block_bytes: usize,
    out: &mut impl Write,
) -> io::Result<Built> {
    let mut built = Built { segments: Vec::new(), covered: start, place };
    let mut filling = Filling::default();
    let mut first = start;
    let mut reader =
        Reader { text, buffer: vec![0; block_bytes], filled: 0, given: 0, block_bytes };
    loop {
        let next = reader.next(ends)?;
        let block = match next {
            Next::Lines(lines) => {
                each_key(lines, &mut |key| filling.key(key));
                Block { bytes: lines.len() as u64, lines: count(lines), always: false }
            }
            Next::LongLine { bytes } => Block { bytes, lines: 1, always: true },
            Next::End => break,
        };
        built.covered += block.bytes;
        filling.add(block);
        if filling.is_full() {
            write(&mut filling, &mut first, &mut built, out)?;
        }
    }
    if !filling.is_empty() {
        write(&mut filling, &mut first, &mut built, out)?;
    }
    Ok(built)
}

fn write(
    filling: &mut Filling,
    first: &mut u64,
    built: &mut Built,
    out: &mut impl Write,
) -> io::Result<()> {
    let segment = filling.write(*first, built.place, out)?;
    *first += segment.bytes;
    built.place += segment.stored_bytes();
    built.segments.push(segment);
    Ok(())
}

/// Counts lines; bytes after the last line break are one more.
fn count(lines: &[u8]) -> u64 {
    memchr_iter(b'\n', lines).count() as u64 + u64::from(!lines.ends_with(b"\n"))
}

/// Gives the keys of a block, most of them once: an id stands in many of its lines.
fn each_key(block: &[u8], visit: &mut impl FnMut(u32)) {
    let mut seen: [&[u8]; SEEN] = [&[]; SEEN];
    runs(block, &mut |run| {
        let slot = &mut seen[slot_of(run)];
        if *slot != run {
            *slot = run;
            keys(run, visit);
        }
    });
}

/// Returns a slot that depends on a run's last eight bytes, as the first of many ids are of a time, and
/// on its length, as the same id stands in one line with dashes and without.
fn slot_of(run: &[u8]) -> usize {
    let end = run.last_chunk().map_or(0, |end| u64::from_le_bytes(*end)) ^ run.len() as u64;
    let spread = end.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    usize::try_from(spread).unwrap_or_default() % SEEN
}

/// What comes next in a text.
#[derive(Debug)]
enum Next<'a> {
    /// Whole lines.
    Lines(&'a [u8]),
    /// A line that is too long to be kept, with its line break.
    LongLine { bytes: u64 },
    /// Nothing, or nothing but a begun line that is left out.
    End,
}

/// A text read in blocks of whole lines.
#[derive(Debug)]
struct Reader<'a, R> {
    text: &'a mut R,
    buffer: Vec<u8>,
    /// The bytes given last: `..given`; those begun after them: `given..filled`.
    filled: usize,
    given: usize,
    block_bytes: usize,
}

impl<R: Read> Reader<'_, R> {
    /// Returns what comes next; a last line without a line break only when the text `ends`.
    fn next(&mut self, ends: bool) -> io::Result<Next<'_>> {
        self.buffer.copy_within(self.given..self.filled, 0);
        self.filled -= self.given;
        self.given = 0;
        loop {
            if self.filled == self.buffer.len() {
                let begun = self.buffer.get(..self.filled).unwrap_or_default();
                if let Some(end) = memrchr(b'\n', begun) {
                    return Ok(self.give(end + 1));
                }
                if self.filled >= LINE_BLOCKS_MAX * self.block_bytes {
                    return self.long_line(ends);
                }
                self.buffer.resize(self.buffer.len() * 2, 0);
            }
            if self.fill()? == 0 {
                let begun = self.buffer.get(..self.filled).unwrap_or_default();
                let whole = memrchr(b'\n', begun).map_or(0, |end| end + 1);
                return Ok(match if ends { self.filled } else { whole } {
                    0 => Next::End,
                    length => self.give(length),
                });
            }
        }
    }

    fn give(&mut self, length: usize) -> Next<'_> {
        self.given = length;
        Next::Lines(self.buffer.get(..length).unwrap_or_default())
    }

    /// Reads to the end of a line of which the buffer holds the beginning.
    fn long_line(&mut self, ends: bool) -> io::Result<Next<'_>> {
        let mut bytes = 0;
        loop {
            bytes += self.filled as u64;
            self.filled = 0;
            if self.fill()? == 0 {
                return Ok(if ends { Next::LongLine { bytes } } else { Next::End });
            }
            let read = self.buffer.get(..self.filled).unwrap_or_default();
            if let Some(end) = memchr(b'\n', read) {
                self.given = end + 1;
                return Ok(Next::LongLine { bytes: bytes + self.given as u64 });
            }
        }
    }

    /// Reads more into the buffer; 0 at the end of the text.
    fn fill(&mut self) -> io::Result<usize> {
        loop {
            match self.text.read(self.buffer.get_mut(self.filled..).unwrap_or_default()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => {
                    let read = read?;
                    self.filled += read;
                    return Ok(read);
                }
            }
        }
    }
}
