//! Whether a file is still the one that was indexed, and still holds what was.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use super::Ignored;
use super::hash::hash;

/// How many bytes each sample of a file's content has.
const SAMPLE_BYTES: u64 = 4 << 10;

/// How many samples are taken at most, over the whole length.
const SAMPLES: u64 = 8;

/// What the file system says of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
    /// When the inode came to be, in nanoseconds, where the file system keeps that: numbers of inodes
    /// are used again.
    born: Option<u64>,
    pub(super) size: u64,
    /// When it was last written to, in seconds and nanoseconds.
    modified: (i64, i64),
}

/// What the file held, at some places.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Samples {
    /// How much of the file is vouched for.
    length: u64,
    hashes: Vec<u64>,
}

impl Identity {
    pub(super) fn of(metadata: &Metadata) -> Self {
        let born = metadata.created().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            born: born.and_then(|born| u64::try_from(born.as_nanos()).ok()),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }

    /// Returns the name under which things about this file are kept; another file has another, until
    /// the inode is used again.
    pub(super) fn name(&self) -> String {
        format!("{:x}-{:x}", self.device, self.inode)
    }

    /// Says why `now` is not the file of which `covered` bytes were read when it was this, if so.
    ///
    /// A file that was written to without growing was changed in place. One that grew was appended to,
    /// for all that can be seen from outside.
    pub(super) fn differs(&self, now: &Self, covered: u64) -> Option<Ignored> {
        let known = (self.device, self.inode, self.born);
        if known != (now.device, now.inode, now.born) {
            return Some(Ignored::OtherFile);
        }
        if now.size < covered || now.size < self.size {
            return Some(Ignored::Truncated);
        }
        let rewritten = now.size == self.size && now.modified != self.modified;
        rewritten.then_some(Ignored::Changed)
    }

    /// Says whether nothing was written since.
    pub(super) fn is_unchanged(&self, now: &Self) -> bool {
        self == now
    }
}

impl Samples {
    /// Returns how much of the file is vouched for, in bytes.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Reads the samples of the first `length` bytes: its start, its end, and places between.
    pub(super) fn of(file: &File, length: u64) -> io::Result<Self> {
        let size = length.min(SAMPLE_BYTES);
        let mut sample = vec![0; usize::try_from(size).unwrap_or_default()];
        let mut hashes = Vec::new();
        for number in 0..SAMPLES {
            let place = (u128::from(length - size) * u128::from(number)) / u128::from(SAMPLES - 1);
            file.read_exact_at(&mut sample, u64::try_from(place).unwrap_or(u64::MAX))?;
            hashes.push(hash(&sample, number));
        }
        Ok(Self { length, hashes })
    }

    /// Says whether the file still holds what it did there.
    pub(super) fn hold(&self, file: &File) -> bool {
        Self::of(file, self.length).is_ok_and(|now| now == *self)
    }
}
