//! One open file of those that a followed log is written to, one after the other.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;

use memchr::memchr;

use super::{PIECE_BYTES, Place, Sink, existing};
use crate::logs::{LINE_BYTES_MAX, Live};

/// How many of the bytes before those that are read next are remembered, to be told from others.
const RECENT_BYTES: usize = 1 << 10;

/// An open file, how much of it was read, and the line begun in it.
#[derive(Debug)]
pub(super) struct Part {
    input: Input,
    identity: (u64, u64),
    offset: u64,
    /// The rotated files that were there when this one was begun, by identity.
    pub(super) older: Vec<(u64, u64)>,
    /// What stands before `offset`; at the start what was seen there when it was opened.
    recent: Vec<u8>,
    /// Read and not given yet: whole lines when the sink failed, else the begun last line.
    begun: Vec<u8>,
    /// How much of `begun` is known to hold no line break.
    searched: usize,
    /// Where `begun` begins.
    place: Place,
    skipping: bool,
}

#[derive(Debug)]
enum Input {
    File(File),
    Stream(Live),
}

/// How reading ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Drained {
    /// There is no more now.
    Empty,
    /// As much was read as was asked for.
    Full,
    /// The stream has ended.
    Ended,
    /// What was read is no longer in the file.
    Truncated,
}

impl Part {
    /// Opens a file, or a stream, at its start; `None` when there is none.
    pub(super) fn open(path: &Path) -> io::Result<Option<Self>> {
        let Some(metadata) = existing(std::fs::metadata(path))? else { return Ok(None) };
        if !metadata.is_file() && !metadata.is_dir() {
            let path = path.to_owned();
            let live = Live::new(move || File::open(path))?;
            return Ok(Some(Self::new(Input::Stream(live), identity(&metadata))));
        }
        let Some(file) = existing(File::open(path))? else { return Ok(None) };
        let identity = identity(&file.metadata()?);
        Ok(Some(Self::new(Input::File(file), identity)))
    }

    fn new(input: Input, identity: (u64, u64)) -> Self {
        Self {
            input,
            identity,
            offset: 0,
            older: Vec::new(),
            recent: Vec::new(),
            begun: Vec::new(),
            searched: 0,
            place: Place { file: identity, offset: 0, number: 1 },
            skipping: false,
        }
    }

    pub(super) fn is_stream(&self) -> bool {
        matches!(self.input, Input::Stream(_))
    }

    pub(super) fn identity(&self) -> (u64, u64) {
        self.identity
    }

    /// Reads to the end, `left` bytes at most; adds how many lines it gave to `given`, and to `cut` how
    /// many of them it cut.
    pub(super) fn drain(
        &mut self,
        left: &mut usize,
        given: &mut usize,
        cut: &mut u64,
        sink: &mut Sink<'_>,
    ) -> io::Result<Drained> {
        *given += self.give(cut, sink)?;
        let mut piece = vec![0; PIECE_BYTES.min(*left)];
        while *left > 0 {
            let room = piece.len().min(*left);
            let room = piece.get_mut(..room).unwrap_or_default();
            let recent = self.end_of_recent();
            let length = match &mut self.input {
                Input::File(file) => {
                    if file.metadata()?.len() < recent {
                        return Ok(Drained::Truncated);
                    }
                    read_at(file, room, self.offset)?
                }
                Input::Stream(live) => match live.read_now(room) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        return Ok(Drained::Empty);
                    }
                    Ok(0) => {
                        *given += self.give_begun(sink)?;
                        return Ok(Drained::Ended);
                    }
                    read => read?,
                },
            };
            if !self.is_where_it_was()? {
                return Ok(Drained::Truncated);
            }
            if length == 0 {
                return Ok(Drained::Empty);
            }
            *left -= length;
            self.take(piece.get(..length).unwrap_or_default());
            *given += self.give(cut, sink)?;
        }
        Ok(Drained::Full)
    }

    /// Says whether what was read last still stands before what is read next: a file that was truncated
    /// may have grown to its old length since, or past it. Asked after reading, so that nothing else was read.
    fn is_where_it_was(&self) -> io::Result<bool> {
        let Input::File(file) = &self.input else { return Ok(true) };
        holds(file, &self.recent, self.end_of_recent())
    }

    /// Says whether the last bytes that were read of `part` stand in this file, at the same place.
    pub(super) fn holds_end_of(&self, part: &Self) -> io::Result<bool> {
        let Input::File(file) = &self.input else { return Ok(false) };
        Ok(part.offset > 0 && holds(file, &part.recent, part.offset)?)
    }

    fn end_of_recent(&self) -> u64 {
        self.offset.max(self.recent.len() as u64)
    }

    /// Remembers how a file begins of which nothing is read yet, to notice when it no longer does.
    pub(super) fn look_at_start(&mut self) -> io::Result<()> {
        if let Input::File(file) = &self.input {
            self.recent.resize(RECENT_BYTES, 0);
            let length = read_at(file, &mut self.recent, 0)?;
            self.recent.truncate(length);
        }
        Ok(())
    }

    fn take(&mut self, bytes: &[u8]) {
        if self.offset == 0 {
            self.recent.clear();
        }
        self.offset += bytes.len() as u64;
        self.recent.extend_from_slice(bytes);
        let surplus = self.recent.len().saturating_sub(RECENT_BYTES);
        self.recent.drain(..surplus);
        // Who writes on where he was leaves a hole before it in a file that was truncated.
        let first = self.place.number == 1 && self.begun.is_empty() && !self.is_stream();
        let zeros = bytes.iter().take_while(|byte| first && **byte == 0).count();
        self.place.offset += zeros as u64;
        self.begun.extend_from_slice(bytes.get(zeros..).unwrap_or_default());
    }

    /// Reads on in a file when that is a copy of what this one held; says whether it is.
    pub(super) fn go_on_in(&mut self, copy: &Path) -> io::Result<bool> {
        let file = File::open(copy)?;
        let metadata = file.metadata()?;
        let is_copy = !self.recent.is_empty()
            && identity(&metadata) != self.identity
            && holds(&file, &self.recent, self.end_of_recent())?;
        if is_copy {
            self.identity = identity(&metadata);
            self.input = Input::File(file);
        }
        Ok(is_copy)
    }

    /// Goes to the start of a file that was truncated.
    pub(super) fn begin_again(&mut self, sink: &mut Sink<'_>) -> io::Result<usize> {
        let given = self.give_begun(sink);
        (self.offset, self.place) = (0, Place { file: self.identity, offset: 0, number: 1 });
        self.recent.clear();
        given
    }

    /// Gives the whole lines read so far, and the start of one that is longer than any line.
    fn give(&mut self, cut: &mut u64, sink: &mut Sink<'_>) -> io::Result<usize> {
        let mut given = 0;
        let mut at = 0;
        let mut result = Ok(());
        while let Some(rest) = self.begun.get(at..).filter(|_| result.is_ok()) {
            let searched = std::mem::take(&mut self.searched);
            let unsearched = rest.get(searched..).unwrap_or_default();
            let Some(length) = memchr(b'\n', unsearched).map(|place| searched + place) else {
                break;
            };
            let place = self.place;
            at += length + 1;
            self.place.offset += length as u64 + 1;
            self.place.number += 1;
            if !std::mem::take(&mut self.skipping) {
                given += 1;
                result = sink(rest.get(..length).unwrap_or_default(), place);
            }
        }
        self.begun.drain(..at);
        if result.is_ok() && self.skipping {
            self.place.offset += self.begun.len() as u64;
            self.begun.clear();
        } else if result.is_ok() && self.begun.len() >= LINE_BYTES_MAX {
            self.skipping = true;
            *cut += 1;
            given += 1;
            let place = self.place;
            self.place.offset += self.begun.len() as u64;
            result = sink(&std::mem::take(&mut self.begun), place);
        }
        self.searched = if result.is_ok() { self.begun.len() } else { 0 };
        result.map(|()| given)
    }

    /// Gives the last line of a file that nobody will complete.
    pub(super) fn give_begun(&mut self, sink: &mut Sink<'_>) -> io::Result<usize> {
        let begun = std::mem::take(&mut self.begun);
        self.searched = 0;
        if std::mem::take(&mut self.skipping) || begun.is_empty() {
            return Ok(0);
        }
        sink(&begun, self.place).map(|()| 1)
    }
}

/// Says whether the bytes stand in the file before `end`.
fn holds(file: &File, bytes: &[u8], end: u64) -> io::Result<bool> {
    let mut there = vec![0; bytes.len()];
    let mut filled = 0;
    while filled < there.len() {
        let from = end - (bytes.len() - filled) as u64;
        match read_at(file, there.get_mut(filled..).unwrap_or_default(), from)? {
            0 => return Ok(false),
            length => filled += length,
        }
    }
    Ok(there == bytes)
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    use std::os::unix::fs::FileExt as _;
    loop {
        match file.read_at(buffer, offset) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

#[cfg(not(unix))]
fn read_at(mut file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    file.seek(SeekFrom::Start(offset))?;
    file.read(buffer)
}

/// What stays the same when a file is renamed: device and inode.
#[cfg(unix)]
pub(super) fn identity(metadata: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.dev(), metadata.ino())
}

/// Elsewhere a rename is not seen; truncation is.
#[cfg(not(unix))]
pub(super) fn identity(_: &Metadata) -> (u64, u64) {
    (0, 0)
}
