//! The end of an index: what it is of, where its segments stand, and that it is whole.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt as _;

use serde::{Deserialize, Serialize};

use super::hash::hash;
use super::identity::{Identity, Samples};
use super::segment::Segment;
use super::{Form, Ignored};

/// The version of the format: another is neither read nor guessed at.
const VERSION: u32 = 1;

/// The first bytes of the end.
const MAGIC: [u8; 8] = *b"obsindex";

/// Magic, version, four bytes of nothing, the length of the contents, their hash.
const END_BYTES: u64 = 32;

/// The longest contents read, in bytes: those of an index of 100 TiB of text.
const CONTENTS_BYTES_MAX: u64 = 64 << 20;

/// What an index holds, and of what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Contents {
    /// The file when it was read.
    pub(super) file: Identity,
    pub(super) form: Form,
    /// Of the file's own bytes, compressed ones too.
    pub(super) samples: Samples,
    /// How many bytes of text are indexed, from the start: whole lines.
    pub(super) covered: u64,
    /// In order, without gaps.
    pub(super) segments: Vec<Segment>,
}

impl Contents {
    /// Writes the contents and the end after the segments.
    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let contents = serde_json::to_vec(self)?;
        out.write_all(&contents)?;
        out.write_all(&MAGIC)?;
        out.write_all(&VERSION.to_le_bytes())?;
        out.write_all(&[0; 4])?;
        out.write_all(&(contents.len() as u64).to_le_bytes())?;
        out.write_all(&hash(&contents, u64::from(VERSION)).to_le_bytes())
    }

    /// Reads them; also returns how long all segments are in the index.
    pub(super) fn read(index: &File) -> Result<(Self, u64), Ignored> {
        let length = index.metadata()?.len();
        let end_place = length.checked_sub(END_BYTES).ok_or(Ignored::Corrupt)?;
        let mut end = [0; 32];
        index.read_exact_at(&mut end, end_place)?;
        let number = |at: usize| {
            let bytes = end.get(at..at + 8).and_then(|bytes| bytes.try_into().ok());
            bytes.map_or(0, u64::from_le_bytes)
        };
        if !end.starts_with(&MAGIC) {
            return Err(Ignored::Corrupt);
        }
        if number(8) != u64::from(VERSION) {
            return Err(Ignored::OtherVersion);
        }
        let size = number(16);
        let place = end_place.checked_sub(size).ok_or(Ignored::Corrupt)?;
        if size > CONTENTS_BYTES_MAX {
            return Err(Ignored::Corrupt);
        }
        let mut contents = vec![0; usize::try_from(size).unwrap_or_default()];
        index.read_exact_at(&mut contents, place)?;
        if hash(&contents, u64::from(VERSION)) != number(24) {
            return Err(Ignored::Corrupt);
        }
        let contents: Self = serde_json::from_slice(&contents).map_err(|_| Ignored::Corrupt)?;
        if contents.is_whole(place) { Ok((contents, place)) } else { Err(Ignored::Corrupt) }
    }

    /// Says whether the segments follow each other, in the text and in the index, to their ends.
    fn is_whole(&self, stored: u64) -> bool {
        let mut at = (0, 0);
        for segment in &self.segments {
            if !segment.is_sound() || (segment.start, segment.place) != at {
                return false;
            }
            at = (segment.start + segment.bytes, segment.place + segment.stored_bytes());
        }
        at == (self.covered, stored)
    }
}
