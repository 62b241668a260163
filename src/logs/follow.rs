//! A file that grows, is rotated and is truncated, line by line.

use std::fs::{File, Metadata};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use memchr::memchr;

use super::{LINE_BYTES_MAX, Live};

/// What is read at a time, in bytes.
const PIECE_BYTES: usize = 64 << 10;

/// What one [`Follower::poll`] reads at most, in bytes: it bounds what its caller has to hold.
const POLL_BYTES_MAX: usize = 4 * PIECE_BYTES;

/// Where a line stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    /// The file, by device and inode: what stays the same when it is renamed.
    pub file: (u64, u64),
    /// Its first byte in that file.
    pub offset: u64,
    /// Its 1-based number in that file; 1 is the beginning of another file, or of the same one after
    /// it was truncated.
    pub number: u64,
}

/// What a poll did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Polled {
    /// How many lines were given.
    pub lines: usize,
    /// Whether more is there already: the next poll need not wait.
    pub more: bool,
}

/// What takes lines, without their `\n`.
type Sink<'a> = dyn FnMut(&[u8], Place) -> io::Result<()> + 'a;

/// Gives the lines appended to one file, across rotation by rename and truncation in place.
///
/// Never sleeps: the caller decides when to [`Follower::poll`]. What is no regular file (a pipe) is
/// read as it comes, once, to its end. Not seen, because nothing tells it: two rotations between two
/// polls (the file between them), and a truncated file that has grown past its old length again.
#[derive(Debug)]
pub struct Follower {
    path: PathBuf,
    open: Option<Open>,
    /// Read and not given yet: whole lines when the sink failed, else the begun last line.
    begun: Vec<u8>,
    /// How much of `begun` is known to hold no line break.
    searched: usize,
    /// Where `begun` begins.
    place: Place,
    skipping: bool,
    cut: u64,
    ended: bool,
}

#[derive(Debug)]
struct Open {
    input: Input,
    identity: (u64, u64),
    offset: u64,
}

#[derive(Debug)]
enum Input {
    File(File),
    Stream(Live),
}

impl Follower {
    /// Follows from the file's first line; a file that does not exist yet is waited for.
    pub fn from_start(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            open: None,
            begun: Vec::new(),
            searched: 0,
            place: Place::default(),
            skipping: false,
            cut: 0,
            ended: false,
        }
    }

    /// Says whether no file has been found yet.
    pub fn is_waiting(&self) -> bool {
        self.open.is_none() && !self.ended
    }

    /// Says whether it is a pipe, or another thing that is read once.
    pub fn is_stream(&self) -> bool {
        self.ended || self.open.as_ref().is_some_and(|open| matches!(open.input, Input::Stream(_)))
    }

    /// Says whether nothing can come any more: a pipe has ended.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Returns how many lines were longer than [`LINE_BYTES_MAX`] and are cut.
    pub fn cut(&self) -> u64 {
        self.cut
    }

    /// Gives whole lines appended since the last call, a bounded number of bytes of them.
    ///
    /// A rotated file is read to its end before the new one is begun, and the new one is begun only
    /// when there is something in it: until then the writer may still hold the old one. When the sink
    /// fails, the line it failed on counts as given and the others come with the next call.
    pub fn poll(&mut self, sink: &mut Sink<'_>) -> io::Result<Polled> {
        let mut left = POLL_BYTES_MAX;
        let mut lines = self.give(sink)?;
        loop {
            if self.is_waiting() {
                self.open = open(&self.path)?;
                self.begin_file();
            }
            lines += self.drain(&mut left, sink)?;
            if left == 0 {
                return Ok(Polled { lines, more: true });
            }
            let Some(Open { input: Input::File(_), identity: current, .. }) = self.open else {
                return Ok(Polled { lines, more: false });
            };
            let new = existing(std::fs::metadata(&self.path))?;
            if new.is_none_or(|new| identity(&new) == current || new.len() == 0) {
                return Ok(Polled { lines, more: false });
            }
            // What was written between the drain and the rename.
            lines += self.drain(&mut left, sink)?;
            if left == 0 {
                return Ok(Polled { lines, more: true });
            }
            self.open = None;
            lines += self.give_begun(sink)?;
        }
    }

    /// Reads what is open to its end, `left` bytes at most.
    fn drain(&mut self, left: &mut usize, sink: &mut Sink<'_>) -> io::Result<usize> {
        let mut given = 0;
        let mut piece = vec![0; PIECE_BYTES.min(*left)];
        while let Some(open) = self.open.as_mut().filter(|_| *left > 0) {
            if open.rewind_if_truncated()? {
                given += self.give_begun(sink)?;
                self.begin_file();
                continue;
            }
            let room = piece.len().min(*left);
            let room = piece.get_mut(..room).unwrap_or_default();
            let read = match &mut open.input {
                Input::File(file) => file.read(room),
                Input::Stream(live) => live.read_now(room),
            };
            let length = match read {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                read => read?,
            };
            if length == 0 {
                if let Input::Stream(_) = open.input {
                    (self.open, self.ended) = (None, true);
                    given += self.give_begun(sink)?;
                }
                break;
            }
            *left -= length;
            open.offset += length as u64;
            self.begun.extend_from_slice(piece.get(..length).unwrap_or_default());
            given += self.give(sink)?;
        }
        Ok(given)
    }

    /// Counts lines and bytes from the start of what is open.
    fn begin_file(&mut self) {
        if let Some(open) = &self.open {
            self.place = Place { file: open.identity, offset: 0, number: 1 };
        }
    }

    /// Gives the whole lines read so far, and the start of one that is longer than any line.
    fn give(&mut self, sink: &mut Sink<'_>) -> io::Result<usize> {
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
            self.cut += 1;
            given += 1;
            let place = self.place;
            self.place.offset += self.begun.len() as u64;
            result = sink(&std::mem::take(&mut self.begun), place);
        }
        self.searched = if result.is_ok() { self.begun.len() } else { 0 };
        result.map(|()| given)
    }

    /// Gives the last line of a file that nobody will complete.
    fn give_begun(&mut self, sink: &mut Sink<'_>) -> io::Result<usize> {
        let begun = std::mem::take(&mut self.begun);
        self.searched = 0;
        if std::mem::take(&mut self.skipping) || begun.is_empty() {
            return Ok(0);
        }
        sink(&begun, self.place).map(|()| 1)
    }
}

impl Open {
    /// Goes to the start of a file that is shorter than what was read of it; says whether it is.
    fn rewind_if_truncated(&mut self) -> io::Result<bool> {
        let Input::File(file) = &mut self.input else { return Ok(false) };
        let truncated = file.metadata()?.len() < self.offset;
        if truncated {
            self.offset = file.seek(SeekFrom::Start(0))?;
        }
        Ok(truncated)
    }
}

fn open(path: &Path) -> io::Result<Option<Open>> {
    let Some(metadata) = existing(std::fs::metadata(path))? else { return Ok(None) };
    if !metadata.is_file() && !metadata.is_dir() {
        let path = path.to_owned();
        let live = Live::new(move || File::open(path))?;
        let identity = identity(&metadata);
        return Ok(Some(Open { input: Input::Stream(live), identity, offset: 0 }));
    }
    let Some(file) = existing(File::open(path))? else { return Ok(None) };
    let identity = identity(&file.metadata()?);
    Ok(Some(Open { input: Input::File(file), identity, offset: 0 }))
}

fn existing<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        result => result.map(Some),
    }
}

/// What stays the same when a file is renamed: device and inode.
#[cfg(unix)]
fn identity(metadata: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.dev(), metadata.ino())
}

/// Elsewhere a rename is not seen; truncation is.
#[cfg(not(unix))]
fn identity(_: &Metadata) -> (u64, u64) {
    (0, 0)
}

#[cfg(test)]
mod tests;
