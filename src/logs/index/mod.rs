//! Which parts of a large file cannot hold an id, remembered between two runs.
//!
//! An index tells of each block of about 256 KiB which pieces of long words it may hold
//! (module `grams`: exact for any text of 16 letters, digits, `-` and `_`, in any surroundings and any
//! case). What it leaves out cannot hold the text; what it leaves in is read and judged as without it,
//! and so is all that was appended since. So it changes no answer, only how much is read. It holds
//! nothing that depends on dialects or settings, and no text.
//!
//! It is believed only while the file is the same and holds, where it is sampled, what it held. Not
//! noticed is an edit in place that leaves all samples as they were, when the file has also grown or
//! the time of its last change was put back.
//!
//! Start at [`Cache`]. Not here: which files are looked up, decompressing, what is said of it.

mod build;
mod cache;
mod contents;
mod grams;
mod hash;
mod identity;
mod segment;

use std::fs::File;
use std::io;

use serde::{Deserialize, Serialize};

use super::parts::Parts;
use contents::Contents;

pub use cache::{Cache, Made};

/// What the bytes of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// The text itself: it can grow.
    Plain,
    /// The text, compressed: any change makes another file of it.
    Compressed,
}

/// Why there is no index to use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Ignored {
    /// None was made, or it was removed.
    #[error("there is none")]
    None,
    /// Another file has the inode now, or the file was copied.
    #[error("it is of another file")]
    OtherFile,
    /// What was indexed is not all there any more.
    #[error("the file was truncated")]
    Truncated,
    /// The file was written to without growing, or holds other bytes at its start, its end or between.
    #[error("the file was changed")]
    Changed,
    /// It is cut off, or a checksum is wrong.
    #[error("it is damaged")]
    Corrupt,
    /// It was made by another version of this program.
    #[error("it is of another version")]
    OtherVersion,
    /// It, or the file, cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
}

impl From<io::Error> for Ignored {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::None,
            io::ErrorKind::UnexpectedEof => Self::Corrupt,
            _ => Self::Unreadable(error.to_string()),
        }
    }
}

/// Why an index that was opened cannot be used any further; the file has to be read whole.
type Fault = Ignored;

/// What can be looked up: any text that holds one of some literals.
#[derive(Debug, Clone)]
pub struct Wanted(Vec<Vec<u32>>);

impl Wanted {
    /// Takes literals of which a line must hold one; `None` without any, or when one has no run of 16
    /// letters, digits, `-` and `_`.
    pub fn any_of(literals: &[Vec<u8>]) -> Option<Self> {
        let mut wanted: Vec<Vec<u32>> = Vec::new();
        for literal in literals {
            let keys = grams::keys_of_literal(literal);
            if keys.is_empty() {
                return None;
            }
            if !wanted.contains(&keys) {
                wanted.push(keys);
            }
        }
        (!wanted.is_empty()).then_some(Self(wanted))
    }
}

/// An index of a file, as it was checked when it was opened.
#[derive(Debug)]
pub struct Index {
    stored: File,
    contents: Contents,
}

impl Index {
    /// Returns how many bytes of the text are indexed, from its start.
    pub fn covered(&self) -> u64 {
        self.contents.covered
    }

    /// Returns the parts of the text that have to be read: those that may hold what is wanted, and of
    /// a plain file all that is not indexed.
    ///
    /// Costs a few short reads for each 256 MiB of text.
    pub fn parts(&self, wanted: &Wanted) -> Result<Parts, Ignored> {
        let mut parts = Parts::none();
        for segment in &self.contents.segments {
            let Some(bits) = segment.candidates(&self.stored, &wanted.0)? else {
                parts.pass_over(segment.lines);
                continue;
            };
            let mut start = segment.start;
            for (block, may_hold) in segment.blocks(&self.stored, &bits)? {
                let end = start + block.bytes;
                if may_hold {
                    parts.read(start..end);
                } else {
                    parts.pass_over(block.lines);
                }
                start = end;
            }
        }
        if self.contents.form == Form::Plain {
            parts.read(self.contents.covered..u64::MAX);
        }
        Ok(parts)
    }
}

#[cfg(test)]
mod tests;
