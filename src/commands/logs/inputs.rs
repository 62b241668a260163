//! Files as bytes of lines, whatever they are compressed with: told by content, never by name.

use std::fs::{File, FileType};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::UNIX_EPOCH;

use crate::context::Context;
use crate::logs::seek_last;
use crate::model::UnixNanos;
use crate::sources::compressed::{Compression, Fault, stream};

/// A file opened for reading to its end.
pub(super) struct Opened {
    pub(super) input: Input,
    pub(super) fault: Fault,
}

/// The text of a file.
pub(super) enum Input {
    /// The file itself, which can be read from any place.
    File(File),
    /// Decompressed from the file.
    Decompressed(Box<dyn Read + Send>, File),
    /// Of a pipe, or another thing that is read once.
    Stream(Box<dyn Read + Send>),
}

impl Input {
    /// Returns when the file was last written to; `None` of what is read once.
    pub(super) fn written(&self) -> Option<UnixNanos> {
        let (Self::File(file) | Self::Decompressed(_, file)) = self else { return None };
        let modified = file.metadata().and_then(|metadata| metadata.modified()).ok()?;
        let since = modified.duration_since(UNIX_EPOCH).ok()?;
        i64::try_from(since.as_nanos()).ok().map(UnixNanos)
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(buffer),
            Self::Decompressed(text, _) | Self::Stream(text) => text.read(buffer),
        }
    }
}

impl Seek for Input {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        match self {
            Self::File(file) => file.seek(place),
            Self::Decompressed(..) | Self::Stream(_) => Err(io::ErrorKind::NotSeekable.into()),
        }
    }
}

/// Opens a file, compressed or not; what cannot be read is an error here and not at the first read.
///
/// Where it can be told where they begin, only the `last` records are read, and one more.
pub(super) fn open(file: &Path, last: Option<usize>) -> io::Result<Opened> {
    let mut opened = open_file(file)?;
    let fault = Fault::default();
    let input = if let Some(format) = compression(&opened)? {
        let file = opened.try_clone()?;
        Input::Decompressed(format.undo(opened, fault.clone()), file)
    } else if opened.metadata()?.is_file() {
        if let Some(count) = last {
            seek_last(&mut opened, count)?;
        }
        Input::File(opened)
    } else {
        Input::Stream(stream(opened, fault.clone())?)
    };
    Ok(Opened { input, fault })
}

/// Opens a file as it is; a folder or a device is an error.
pub(super) fn open_file(file: &Path) -> io::Result<File> {
    let opened = File::open(file)?;
    let metadata = opened.metadata()?;
    if metadata.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
    }
    if is_endless(metadata.file_type()) && !is_terminal_or_empty(&opened) {
        return Err(io::Error::new(io::ErrorKind::Unsupported, "it is a device, not a log"));
    }
    Ok(opened)
}

/// Returns the compression that the file's first bytes tell, if any.
#[cfg(unix)]
pub(super) fn compression(file: &File) -> io::Result<Option<Compression>> {
    use std::os::unix::fs::FileExt as _;
    if !file.metadata()?.is_file() {
        // What is no regular file can only be read once, from its start.
        return Ok(None);
    }
    let mut head = [0; 6];
    let read = file.read_at(&mut head, 0)?;
    Ok(Compression::of(head.get(..read).unwrap_or_default()))
}

#[cfg(not(unix))]
pub(super) fn compression(_: &File) -> io::Result<Option<Compression>> {
    Ok(None)
}

/// Says whether a file is what lines are not read from, but for a terminal.
#[cfg(unix)]
pub(super) fn is_endless(kind: FileType) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    kind.is_block_device() || kind.is_char_device()
}

#[cfg(not(unix))]
pub(super) fn is_endless(_: FileType) -> bool {
    false
}

/// Says whether a path is a pipe or another thing that is read once, as it is written.
pub(super) fn is_stream(file: &Path) -> bool {
    std::fs::metadata(file).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

/// Says what is waited for where somebody has to type it.
pub(super) fn say_if_terminal(file: &Path, context: &mut Context) {
    use std::io::IsTerminal as _;
    let is_device = std::fs::metadata(file).is_ok_and(|it| is_endless(it.file_type()));
    if is_device && File::open(file).is_ok_and(|file| file.is_terminal()) {
        context.output.note(
            "reading from the terminal: paste lines and end with Ctrl-D, or name a file: obs logs app.log",
        );
    }
}

/// Says whether standard input is a file.
pub(super) fn stdin_is_file() -> bool {
    std::fs::metadata("/dev/stdin").is_ok_and(|metadata| metadata.is_file())
}

/// Says whether a device is one that lines are read from: a terminal, or the one without any.
fn is_terminal_or_empty(device: &File) -> bool {
    use std::io::IsTerminal as _;
    device.is_terminal() || same_as_null(device)
}

#[cfg(unix)]
fn same_as_null(device: &File) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let number = |metadata: std::fs::Metadata| metadata.rdev();
    let null = std::fs::metadata("/dev/null").map(number);
    null.is_ok_and(|null| device.metadata().is_ok_and(|metadata| number(metadata) == null))
}

#[cfg(not(unix))]
fn same_as_null(_: &File) -> bool {
    false
}
