//! A file that grows, is rotated and is truncated, line by line.

use std::fs::{File, Metadata};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use memchr::memchr;

use super::LINE_BYTES_MAX;

/// What is read at a time, in bytes.
const PIECE_BYTES: usize = 64 << 10;

/// Gives the lines appended to one file, across rotation by rename and truncation in place.
///
/// Never sleeps: the caller decides when to [`Follower::poll`]. Not seen, because nothing tells it:
/// two rotations between two polls (the file between them), and a truncated file that has grown past
/// its old length again.
#[derive(Debug)]
pub struct Follower {
    path: PathBuf,
    open: Option<Open>,
    /// Read and not given yet: whole lines when the sink failed, else the begun last line.
    begun: Vec<u8>,
    skipping: bool,
}

#[derive(Debug)]
struct Open {
    file: File,
    identity: (u64, u64),
    offset: u64,
}

impl Follower {
    /// Follows from the file's first line; a file that does not exist yet is waited for.
    pub fn from_start(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), open: None, begun: Vec::new(), skipping: false }
    }

    /// Gives every whole line appended since the last call, without its `\n`; returns how many.
    ///
    /// A rotated file is read to its end before the new one is begun, and the new one is begun only
    /// when there is something in it: until then the writer may still hold the old one. When the sink
    /// fails, the line it failed on counts as given and the others come with the next call.
    pub fn poll(&mut self, sink: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<usize> {
        let mut given = self.give(sink)?;
        loop {
            if self.open.is_none() {
                self.open = open(&self.path)?;
            }
            given += self.drain(sink)?;
            let Some(current) = &self.open else { return Ok(given) };
            let Some(new) = existing(std::fs::metadata(&self.path))? else { return Ok(given) };
            if identity(&new) == current.identity || new.len() == 0 {
                return Ok(given);
            }
            // What was written between the drain and the rename.
            given += self.drain(sink)?;
            self.open = None;
            given += self.give_begun(sink)?;
        }
    }

    /// Reads the open file to its end.
    fn drain(&mut self, sink: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<usize> {
        let mut given = 0;
        let mut piece = vec![0; PIECE_BYTES];
        while let Some(open) = &mut self.open {
            if open.file.metadata()?.len() < open.offset {
                open.file.seek(SeekFrom::Start(0))?;
                open.offset = 0;
                given += self.give_begun(sink)?;
                continue;
            }
            let length = match open.file.read(&mut piece) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            if length == 0 {
                break;
            }
            open.offset += length as u64;
            self.begun.extend_from_slice(piece.get(..length).unwrap_or_default());
            given += self.give(sink)?;
        }
        Ok(given)
    }

    /// Gives the whole lines read so far, and the start of one that is longer than any line.
    fn give(&mut self, sink: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<usize> {
        let mut given = 0;
        let mut at = 0;
        let mut result = Ok(());
        while let Some(rest) = self.begun.get(at..).filter(|_| result.is_ok()) {
            let Some(length) = memchr(b'\n', rest) else { break };
            at += length + 1;
            if !std::mem::take(&mut self.skipping) {
                given += 1;
                result = sink(rest.get(..length).unwrap_or_default());
            }
        }
        self.begun.drain(..at);
        if result.is_ok() && self.skipping {
            self.begun.clear();
        } else if result.is_ok() && self.begun.len() >= LINE_BYTES_MAX {
            self.skipping = true;
            given += 1;
            result = sink(&std::mem::take(&mut self.begun));
        }
        result.map(|()| given)
    }

    /// Gives the last line of a file that nobody will complete.
    fn give_begun(&mut self, sink: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<usize> {
        let begun = std::mem::take(&mut self.begun);
        if std::mem::take(&mut self.skipping) || begun.is_empty() {
            return Ok(0);
        }
        sink(&begun).map(|()| 1)
    }
}

fn open(path: &Path) -> io::Result<Option<Open>> {
    let Some(file) = existing(File::open(path))? else { return Ok(None) };
    let identity = identity(&file.metadata()?);
    Ok(Some(Open { file, identity, offset: 0 }))
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
