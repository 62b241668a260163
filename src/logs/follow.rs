//! A file that grows, is rotated and is truncated, line by line.

mod part;

use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use self::part::{Drained, Part, identity};
use super::rotated::{is_compressed, is_older_part, older_parts};

/// What is read at a time, in bytes.
const PIECE_BYTES: usize = 64 << 10;

/// What one [`Follower::poll`] reads at most, in bytes: it bounds what its caller has to hold.
const POLL_BYTES_MAX: usize = 4 * PIECE_BYTES;

/// How long nothing comes of a file that was rotated away before it is let go.
const LINGER: Duration = Duration::from_secs(10);

/// How many files that were rotated away are looked at for more.
const LINGERING_MAX: usize = 8;

/// How often a folder is listed at the most until it stays as it is.
const LISTINGS_MAX: usize = 100;

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

/// Gives the lines appended to one file, across rotation by rename, by copy and truncation, and by
/// deletion.
///
/// Never sleeps: the caller decides when to [`Follower::poll`]. What is no regular file (a pipe) is
/// read as it comes, once, to its end. After a rotation the parts between the one that was read and the
/// file itself are found by their names ([`older_parts`]) and read too, and what was copied before it was
/// truncated is read from the copy. Not seen: what was deleted, compressed or moved to another folder
/// before the next poll.
#[derive(Debug)]
pub struct Follower {
    path: PathBuf,
    open: Option<Part>,
    /// Rotated away, and perhaps still written to.
    lingering: Vec<(Part, Instant)>,
    lingers: bool,
    cut: u64,
    ended: bool,
}

impl Follower {
    /// Follows from the file's first line; a file that does not exist yet is waited for.
    pub fn from_start(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            open: None,
            lingering: Vec::new(),
            lingers: false,
            cut: 0,
            ended: false,
        }
    }

    /// Goes on reading what was rotated away until nothing has come of it for ten seconds: not all
    /// that write to a file change over at once. Lines of two files then take turns.
    #[must_use]
    pub fn lingering(self) -> Self {
        Self { lingers: true, ..self }
    }

    /// Says whether no file has been found yet.
    pub fn is_waiting(&self) -> bool {
        self.open.is_none() && !self.ended
    }

    /// Says whether it is a pipe, or another thing that is read once.
    pub fn is_stream(&self) -> bool {
        self.ended || self.open.as_ref().is_some_and(Part::is_stream)
    }

    /// Says whether nothing can come any more: a pipe has ended.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Returns how many lines were longer than [`super::LINE_BYTES_MAX`] and are cut.
    pub fn cut(&self) -> u64 {
        self.cut
    }

    /// Gives whole lines appended since the last call, a bounded number of bytes of them.
    ///
    /// A rotated file is read to its end before the next one is begun, and that is begun only
    /// when there is something in it: until then the writer may still hold the old one. When the sink
    /// fails, the line it failed on counts as given and the others come with the next call.
    pub fn poll(&mut self, sink: &mut Sink<'_>) -> io::Result<Polled> {
        let mut left = POLL_BYTES_MAX;
        let mut lines = self.poll_lingering(&mut left, sink)?;
        loop {
            if self.is_waiting() {
                self.open = first(&self.path)?;
            }
            let Some(part) = &mut self.open else { return Ok(Polled { lines, more: false }) };
            let drained = part.drain(&mut left, &mut lines, &mut self.cut, sink)?;
            match drained {
                Drained::Empty if part.is_stream() => return Ok(Polled { lines, more: false }),
                Drained::Empty => {}
                Drained::Full => return Ok(Polled { lines, more: true }),
                Drained::Ended => {
                    (self.open, self.ended) = (None, true);
                    return Ok(Polled { lines, more: false });
                }
                Drained::Truncated => {
                    if !goes_on_in_copy(&self.path, part) {
                        lines += part.begin_again(sink)?;
                    }
                    continue;
                }
            }
            let Some(next) = next(&self.path, part)? else {
                return Ok(Polled { lines, more: false });
            };
            // What was written between the drain and the rename.
            if part.drain(&mut left, &mut lines, &mut self.cut, sink)? != Drained::Empty {
                continue;
            }
            lines += part.give_begun(sink)?;
            if let Some(old) = self.open.replace(next).filter(|_| self.lingers) {
                self.lingering.push((old, Instant::now()));
                let surplus = self.lingering.len().saturating_sub(LINGERING_MAX);
                self.lingering.drain(..surplus);
            }
        }
    }

    /// Gives what was written to files after they were rotated away.
    fn poll_lingering(&mut self, left: &mut usize, sink: &mut Sink<'_>) -> io::Result<usize> {
        let mut lines = 0;
        for (part, quiet_since) in &mut self.lingering {
            let before = *left;
            // One that is truncated now has a copy, or was meant to be gone.
            part.drain(left, &mut lines, &mut self.cut, sink)?;
            if *left < before {
                *quiet_since = Instant::now();
            }
        }
        self.lingering.retain(|(_, quiet_since)| quiet_since.elapsed() < LINGER);
        Ok(lines)
    }
}

/// Goes on in the copy that was made of a file before it was truncated; says whether there is one.
fn goes_on_in_copy(path: &Path, part: &mut Part) -> bool {
    let mut copies = parts(path);
    for _ in 0..LISTINGS_MAX {
        if copies.iter().rev().any(|(copy, _)| part.go_on_in(copy).unwrap_or(false)) {
            return true;
        }
        let again = parts(path);
        // What was renamed meanwhile could not be opened.
        if again == copies {
            break;
        }
        copies = again;
    }
    false
}

/// Opens the file for the first time; `None` when it is not there yet.
fn first(path: &Path) -> io::Result<Option<Part>> {
    let Some(mut part) = Part::open(path)? else { return Ok(None) };
    if !part.is_stream() {
        let before = parts(path).into_iter().map(|(_, identity)| identity);
        part.older = before.take_while(|identity| *identity != part.identity()).collect();
    }
    Ok(Some(part))
}

/// Returns what follows a part that was read to its end, when there is something in it; `None` when
/// that is the file itself, or nothing yet, or everything is just being renamed.
fn next(path: &Path, part: &Part) -> io::Result<Option<Part>> {
    let file = existing(std::fs::metadata(path))?;
    let Some(file) = file.filter(|file| identity(file) != part.identity()) else {
        return Ok(None);
    };
    let parts = parts(path);
    // What was there before it was begun is not younger, whatever its number. One that is gone, or
    // somewhere else, is followed by what came after it.
    let place = parts.iter().position(|(_, older)| *older == part.identity());
    let mut after = parts.iter().skip(place.map_or(0, |place| place + 1));
    let younger = after.find(|(_, identity)| !part.older.contains(identity));
    let is_file = younger.is_none();
    let (next, expected) = match younger {
        Some((younger, its)) => (younger.as_path(), *its),
        None if file.len() == 0 => return Ok(None),
        None => (path, identity(&file)),
    };
    let Some(mut next) = Part::open(next)? else { return Ok(None) };
    next.look_at_start()?;
    let before = parts.iter().map(|(_, identity)| *identity);
    next.older = before.take_while(|identity| *identity != expected).collect();
    // Only those that are still there, so that this does not grow.
    let known = parts.iter().filter(|(_, identity)| part.older.contains(identity));
    next.older.extend(known.map(|(_, identity)| *identity));
    // Another rotation meanwhile may have put another file there, or emptied this one.
    let same = next.identity() == expected && parts == self::parts(path);
    // A copy that is still being made ends where the file goes on.
    let copied = is_file && next.holds_end_of(part)?;
    Ok(Some(next).filter(|_| same && !copied))
}

/// Returns the older parts of a file that are there uncompressed, the oldest first, each with its
/// identity.
fn parts(path: &Path) -> Vec<(PathBuf, (u64, u64))> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let Some(base) = path.file_name().and_then(|name| name.to_str()) else { return Vec::new() };
    let list = || {
        // A folder that cannot be listed has parts that cannot be found.
        let entries = std::fs::read_dir(here).into_iter().flatten();
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| is_older_part(base, name) && !is_compressed(name))
            .collect();
        names.sort();
        let paths = older_parts(base, &names).into_iter().map(|name| folder.join(name));
        let found = |path: PathBuf| {
            let metadata = std::fs::metadata(&path).ok().filter(Metadata::is_file)?;
            Some((path, identity(&metadata)))
        };
        paths.filter_map(found).collect::<Vec<_>>()
    };
    // A listing that files are renamed under may lack some of them.
    let mut last = list();
    for _ in 0..LISTINGS_MAX {
        let again = list();
        if again == last {
            break;
        }
        last = again;
    }
    last
}

fn existing<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        result => result.map(Some),
    }
}

#[cfg(test)]
mod tests;
