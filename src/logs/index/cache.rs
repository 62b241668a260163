//! The folder of indexes: found there, made whole or not at all, the oldest removed.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::build::{BLOCK_BYTES, build};
use super::contents::Contents;
use super::identity::{Identity, Samples};
use super::{Form, Ignored, Index};

/// How many bytes all indexes together have at most; the ones not used for the longest time go.
const BYTES_MAX: u64 = 1 << 30;

/// How many files are remembered as seen once.
const SEEN_MAX: usize = 1000;

/// The ending of an index that is being made.
const UNFINISHED: &str = "new";

/// How long an index may not grow before nobody makes it any more.
const UNFINISHED_MAX: Duration = Duration::from_hours(1);

/// The folder in which indexes are kept, one a file, private to its user.
#[derive(Debug, Clone)]
pub struct Cache {
    pub(super) folder: PathBuf,
    pub(super) bytes_max: u64,
    pub(super) block_bytes: usize,
}

/// An index that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// How many bytes of text it covers.
    pub covered: u64,
    /// How many of those an earlier index covered already, and were not read again.
    pub known: u64,
    /// How many bytes it has itself.
    pub stored: u64,
}

impl Cache {
    /// Takes the folder; it is made when there is something to keep.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), bytes_max: BYTES_MAX, block_bytes: BLOCK_BYTES }
    }

    /// Finds the index of an open file, if there is one that can be believed.
    ///
    /// Reads 32 KiB of the file to see that it is still what was indexed.
    pub fn find(&self, file: &File, form: Form) -> Result<Index, Ignored> {
        let now = Identity::of(&file.metadata()?);
        let stored = File::open(self.path(&now))?;
        let (contents, _) = Contents::read(&stored)?;
        if contents.form != form {
            return Err(Ignored::Changed);
        }
        if let Some(reason) = contents.file.differs(&now, contents.samples.length()) {
            return Err(reason);
        }
        let may_grow = form == Form::Plain;
        if !(may_grow || contents.file.is_unchanged(&now)) || !contents.samples.hold(file) {
            return Err(Ignored::Changed);
        }
        // By this the oldest are told; one that cannot be marked is only removed sooner.
        drop(stored.set_modified(SystemTime::now()));
        Ok(Index { stored, contents })
    }

    /// Says whether the file was seen before, and remembers it.
    pub fn was_seen(&self, file: &File) -> io::Result<bool> {
        let mark = self.path(&Identity::of(&file.metadata()?)).with_extension("seen");
        self.make_folder()?;
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(mark);
        match made {
            Ok(_) => self.remove_oldest("seen", u64::MAX, SEEN_MAX).map(|()| false),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Removes the index of the file, which turned out to be damaged.
    pub fn forget(&self, file: &File) -> io::Result<()> {
        remove(&self.path(&Identity::of(&file.metadata()?)))
    }

    /// Makes the index of a plain file, or lengthens the one that there is.
    pub fn make(&self, file: &File) -> io::Result<Made> {
        let known = self.find(file, Form::Plain).ok();
        let at = known.as_ref().map_or(0, Index::covered);
        self.make_of(file, &mut Tail { file, at }, Form::Plain, known)
    }

    /// Makes the index of a compressed file, of which `text` is the whole text.
    ///
    /// Nothing is kept when `text` errs before its end.
    pub fn make_compressed(&self, file: &File, text: &mut impl Read) -> io::Result<Made> {
        self.make_of(file, text, Form::Compressed, None)
    }

    /// Whoever finds an index sees the whole of one or none: it is renamed when it is done, and the last
    /// of several that make it at once stays. What a crash leaves of it is told by its checksums.
    fn make_of(
        &self,
        file: &File,
        text: &mut impl Read,
        form: Form,
        known: Option<Index>,
    ) -> io::Result<Made> {
        let before = Identity::of(&file.metadata()?);
        let held = Samples::of(file, before.size)?;
        self.make_folder()?;
        self.remove_unfinished()?;
        let mut unfinished =
            tempfile::Builder::new().suffix(&format!(".{UNFINISHED}")).tempfile_in(&self.folder)?;
        let mut out = BufWriter::new(unfinished.as_file_mut());
        let (mut segments, mut start, mut place) = (Vec::new(), 0, 0);
        if let Some(known) = known {
            (start, place) = (known.covered(), copy_segments(&known, &mut out)?);
            segments = known.contents.segments;
        }
        let built =
            build(text, start, place, form == Form::Compressed, self.block_bytes, &mut out)?;
        segments.extend(built.segments);
        // What was written meanwhile may have been read or not: only growing is harmless.
        let after = Identity::of(&file.metadata()?);
        let covered = built.covered;
        let vouched = if form == Form::Plain { covered } else { before.size };
        let grew = form == Form::Plain && after.size > before.size;
        let changed = before.differs(&after, vouched).is_some()
            || !(grew || before.is_unchanged(&after))
            || !held.hold(file);
        if changed {
            return Err(io::Error::other("it was changed while it was read"));
        }
        let samples = Samples::of(file, vouched)?;
        let contents = Contents { file: before, form, samples, covered, segments };
        contents.write(&mut out)?;
        out.flush()?;
        drop(out);
        let stored = unfinished.as_file().metadata()?.len();
        unfinished.persist(self.path(&contents.file)).map_err(|error| error.error)?;
        // It is made, and the next one tries again to make room.
        drop(self.remove_oldest("index", self.bytes_max, usize::MAX));
        Ok(Made { covered, known: start, stored })
    }

    pub(super) fn path(&self, file: &Identity) -> PathBuf {
        self.folder.join(file.name()).with_extension("index")
    }

    fn make_folder(&self) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)
    }

    /// Removes what processes left that were ended while they made an index.
    fn remove_unfinished(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            // Another may be making it, or have removed it.
            let Ok(metadata) = fs::metadata(&path) else { continue };
            let age = metadata.modified()?.elapsed().unwrap_or_default();
            if path.extension().is_some_and(|end| end == UNFINISHED) && age > UNFINISHED_MAX {
                remove(&path)?;
            }
        }
        Ok(())
    }

    /// Removes what was used the longest time ago, until the others are within both bounds.
    fn remove_oldest(&self, extension: &str, bytes_max: u64, files_max: usize) -> io::Result<()> {
        let mut kept: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            // Another may have removed it meanwhile.
            let Ok(metadata) = fs::metadata(&path) else { continue };
            if path.extension().is_some_and(|known| known == extension) {
                kept.push((metadata.modified()?, metadata.len(), path));
            }
        }
        kept.sort_unstable_by(|one, other| other.cmp(one));
        let mut bytes = 0_u64;
        for (number, (_, length, path)) in kept.iter().enumerate() {
            bytes = bytes.saturating_add(*length);
            // The latest stays, however large: it was just made.
            if number > 0 && (bytes > bytes_max || number >= files_max) {
                remove(path)?;
            }
        }
        Ok(())
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Writes the segments of an index again; returns their length.
fn copy_segments(known: &Index, out: &mut impl Write) -> io::Result<u64> {
    let length = known.contents.segments.iter().map(super::segment::Segment::stored_bytes).sum();
    let mut stored = Tail { file: &known.stored, at: 0 };
    io::copy(&mut (&mut stored).take(length), out)
}

/// A file from a place on, read without moving the place at which others read it.
struct Tail<'a> {
    file: &'a File,
    at: u64,
}

impl Read for Tail<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}
