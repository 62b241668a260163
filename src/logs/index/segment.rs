//! Up to 1,024 blocks of text and, of each, which keys it may hold.
//!
//! A Bloom filter a block, written by bit and not by block: a row holds the same bit of all filters, so
//! that a key is looked up in a few short rows, whatever the size of the filters. Each row has its
//! checksum. Layout: the table of blocks, its checksum, the rows, and one row more for the blocks that
//! are read in any case.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt as _;

use serde::{Deserialize, Serialize};

use super::Fault;
use super::hash::{hash, short_hash};

/// How many blocks a segment has at most.
const BLOCKS_MAX: usize = 1024;

/// How many keys are held in memory until a segment is written.
const KEYS_MAX: usize = 2 << 20;

/// Bits for each key of a block: with [`PROBES`] one block in 16 that lacks a key seems to have it. A
/// dashed UUID has about five keys, which all must be there.
const BITS_A_KEY: usize = 8;

/// How many bits of a filter stand for one key.
const PROBES: usize = 3;

/// A block in a segment's table: its length in bytes, then its lines.
const BLOCK_BYTES: usize = 16;

/// A stretch of whole lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) bytes: u64,
    pub(super) lines: u64,
    /// Whether it has to be read whatever is looked for: its keys are not known.
    pub(super) always: bool,
}

/// Where a segment stands, in the text and in the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Segment {
    /// Its first byte in the text.
    pub(super) start: u64,
    /// Its length in the text.
    pub(super) bytes: u64,
    pub(super) lines: u64,
    blocks: usize,
    rows: usize,
    /// Its first byte in the index.
    pub(super) place: u64,
}

/// A segment in the making.
#[derive(Debug, Default)]
pub(super) struct Filling {
    blocks: Vec<Block>,
    keys: Vec<u32>,
    /// Where the keys of each block end in `keys`.
    ends: Vec<usize>,
}

impl Filling {
    /// Takes a key of the block that is added next.
    pub(super) fn key(&mut self, key: u32) {
        self.keys.push(key);
    }

    pub(super) fn add(&mut self, block: Block) {
        self.blocks.push(block);
        self.ends.push(self.keys.len());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.blocks.len() >= BLOCKS_MAX || self.keys.len() >= KEYS_MAX
    }

    /// Writes the segment, which begins at `start` in the text and at `place` in the index; is empty
    /// then.
    pub(super) fn write(
        &mut self,
        start: u64,
        place: u64,
        out: &mut impl Write,
    ) -> io::Result<Segment> {
        let segment = Segment {
            start,
            bytes: self.blocks.iter().map(|block| block.bytes).sum(),
            lines: self.blocks.iter().map(|block| block.lines).sum(),
            blocks: self.blocks.len(),
            rows: (self.keys.len() * BITS_A_KEY / self.blocks.len().max(1)).max(8),
            place,
        };
        let mut table = Vec::with_capacity(segment.table_bytes());
        for block in &self.blocks {
            table.extend(block.bytes.to_le_bytes());
            table.extend(block.lines.to_le_bytes());
        }
        table.extend(hash(&table, place).to_le_bytes());
        out.write_all(&table)?;
        for (number, row) in self.rows(&segment).chunks(segment.stride()).enumerate() {
            out.write_all(row)?;
            out.write_all(&short_hash(row, segment.row_place(number)).to_le_bytes())?;
        }
        *self = Self::default();
        Ok(segment)
    }

    /// Returns all rows, the one of the blocks that are always read last.
    fn rows(&self, segment: &Segment) -> Vec<u8> {
        let stride = segment.stride();
        let mut rows = vec![0_u8; (segment.rows + 1) * stride];
        let mut begin = 0;
        for (number, (block, end)) in self.blocks.iter().zip(&self.ends).enumerate() {
            let mut set = |row: usize| rows[row * stride + number / 8] |= 1 << (number % 8);
            for key in self.keys.get(begin..*end).unwrap_or_default() {
                segment.rows_of(*key).into_iter().for_each(&mut set);
            }
            if block.always {
                set(segment.rows);
            }
            begin = *end;
        }
        rows
    }
}

impl Segment {
    /// Says whether its numbers can be those of a segment, so that they can be reckoned with.
    pub(super) fn is_sound(&self) -> bool {
        let far = 1_u64 << 62;
        (1..=BLOCKS_MAX).contains(&self.blocks)
            && (1..1 << 28).contains(&self.rows)
            && [self.start, self.bytes, self.place].into_iter().all(|number| number < far)
    }

    /// Returns the number of bytes that the segment takes in the index.
    pub(super) fn stored_bytes(&self) -> u64 {
        (self.table_bytes() + (self.rows + 1) * (self.stride() + 4)) as u64
    }

    /// Returns a bit for each block, set where the block may hold all keys of one of the texts, or has
    /// to be read in any case; `None` where none is.
    pub(super) fn candidates(
        &self,
        index: &File,
        texts: &[Vec<u32>],
    ) -> Result<Option<Vec<u8>>, Fault> {
        let mut found = self.row(index, self.rows)?;
        for text in texts {
            let mut blocks = vec![u8::MAX; self.stride()];
            for row in text.iter().flat_map(|key| self.rows_of(*key)) {
                let row = self.row(index, row)?;
                blocks.iter_mut().zip(row).for_each(|(block, bits)| *block &= bits);
                if blocks.iter().all(|bits| *bits == 0) {
                    break;
                }
            }
            found.iter_mut().zip(blocks).for_each(|(found, bits)| *found |= bits);
        }
        Ok(found.iter().any(|bits| *bits != 0).then_some(found))
    }

    /// Returns the blocks, each with whether its bit is set.
    pub(super) fn blocks(&self, index: &File, bits: &[u8]) -> Result<Vec<(Block, bool)>, Fault> {
        let mut table = vec![0; self.table_bytes()];
        index.read_exact_at(&mut table, self.place)?;
        let (blocks, sum) = table.split_at(self.blocks * BLOCK_BYTES);
        if hash(blocks, self.place).to_le_bytes() != sum {
            return Err(Fault::Corrupt);
        }
        let number = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_le_bytes);
        let read = |(at, block): (usize, &[u8])| {
            let (bytes, lines) = block.split_at(8);
            let is_set = bits.get(at / 8).is_some_and(|bits| bits >> (at % 8) & 1 == 1);
            (Block { bytes: number(bytes), lines: number(lines), always: false }, is_set)
        };
        Ok(blocks.chunks_exact(BLOCK_BYTES).enumerate().map(read).collect())
    }

    fn row(&self, index: &File, number: usize) -> Result<Vec<u8>, Fault> {
        let mut row = vec![0; self.stride() + 4];
        index.read_exact_at(&mut row, self.row_place(number))?;
        let sum = row.split_off(self.stride());
        if short_hash(&row, self.row_place(number)).to_le_bytes() == *sum {
            Ok(row)
        } else {
            Err(Fault::Corrupt)
        }
    }

    /// Returns the rows in which a block that holds the key has its bit.
    fn rows_of(&self, key: u32) -> [usize; PROBES] {
        let factors: [u32; PROBES] = [0x9e37_79b1, 0x85eb_ca77, 0xc2b2_ae3d];
        factors.map(|factor| {
            let spread = (key ^ (key >> 15)).wrapping_mul(factor);
            let spread = u64::from(spread ^ (spread >> 16));
            // Below the number of rows, which is a `usize`.
            usize::try_from((spread * self.rows as u64) >> 32).unwrap_or_default()
        })
    }

    /// Returns how many bytes a row has, one bit a block.
    fn stride(&self) -> usize {
        self.blocks.div_ceil(8)
    }

    fn table_bytes(&self) -> usize {
        self.blocks * BLOCK_BYTES + 8
    }

    fn row_place(&self, number: usize) -> u64 {
        self.place + (self.table_bytes() + number * (self.stride() + 4)) as u64
    }
}
