//! Files as bytes of lines, whatever they are compressed with: told by content, never by name.
//!
//! Decompressed as they are read, in bounded memory: zstd's window is 100 MiB at most, the others'
//! less than one. Members and frames behind one another are one file.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use crate::logs::seek_last;

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    Gzip,
    Zstd,
    Bzip2,
    /// Recognised, so that it is not shown as rubbish; not read. So is xz.
    Lz4,
    Xz,
}

impl Compression {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Bzip2 => "bzip2",
            Self::Lz4 => "lz4",
            Self::Xz => "xz",
        }
    }
}

/// A file opened for reading to its end.
pub(super) struct Opened {
    pub(super) input: Box<dyn Read + Send>,
    pub(super) fault: Fault,
}

/// Why decompressing stopped before the end, once the input has ended.
///
/// The input ends there and does not err, so that what was read before is shown.
#[derive(Debug, Clone, Default)]
pub(super) struct Fault(Arc<Mutex<Option<io::Error>>>);

impl Fault {
    pub(super) fn take(&self) -> Option<io::Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn set(&self, error: io::Error) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }
}

/// Opens a file, compressed or not; what cannot be read is an error here and not at the first read.
///
/// Where it can be told where they begin, only the `last` records are read, and one more.
pub(super) fn open(file: &Path, last: Option<usize>) -> io::Result<Opened> {
    let mut opened = open_file(file)?;
    let fault = Fault::default();
    let Some(format) = compression(&opened)? else {
        if let Some(count) = last
            && opened.metadata()?.is_file()
        {
            seek_last(&mut opened, count)?;
        }
        return Ok(Opened { input: Box::new(opened), fault });
    };
    let at = Arc::new(AtomicU64::new(0));
    let counted = BufReader::new(Counted { input: opened, at: Arc::clone(&at) });
    let input: Box<dyn Read + Send> = match format {
        Compression::Gzip => Box::new(MultiGzDecoder::new(counted)),
        Compression::Bzip2 => Box::new(MultiBzDecoder::new(counted)),
        Compression::Zstd => Box::new(Zstd::new(counted)),
        Compression::Xz | Compression::Lz4 => {
            let name = format.name();
            let reason =
                format!("it is compressed ({name}): decompress it and pipe it to obs logs");
            return Err(io::Error::new(io::ErrorKind::Unsupported, reason));
        }
    };
    let input = Box::new(Decompressed { input, format, at, fault: fault.clone() });
    Ok(Opened { input, fault })
}

/// Opens a file as it is; a folder is an error.
pub(super) fn open_file(file: &Path) -> io::Result<File> {
    let opened = File::open(file)?;
    if opened.metadata()?.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
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
    let formats: [(&[u8], Compression); 5] = [
        (b"\x1f\x8b", Compression::Gzip),
        (b"\x28\xb5\x2f\xfd", Compression::Zstd),
        (b"BZh", Compression::Bzip2),
        (b"\xfd7zXZ\0", Compression::Xz),
        (b"\x04\x22\x4d\x18", Compression::Lz4),
    ];
    let head = head.get(..read).unwrap_or_default();
    Ok(formats.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, format)| *format))
}

#[cfg(not(unix))]
pub(super) fn compression(_: &File) -> io::Result<Option<Compression>> {
    Ok(None)
}

/// A decompressor whose error is an end, and a [`Fault`].
struct Decompressed {
    input: Box<dyn Read + Send>,
    format: Compression,
    at: Arc<AtomicU64>,
    fault: Fault,
}

impl Read for Decompressed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let error = match self.input.read(buffer) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => error,
            read => return read,
        };
        let (name, at) = (self.format.name(), self.at.load(Ordering::Relaxed));
        let reason = format!("its {name} data is damaged or ends at or before byte {at}: {error}");
        self.fault.set(io::Error::new(error.kind(), reason));
        // Whoever reads on after the end reads nothing.
        self.input = Box::new(io::empty());
        Ok(0)
    }
}

/// Counts the bytes taken from a file.
struct Counted {
    input: File,
    at: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.at.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// Reads the frames of zstd, one after the other; those to be skipped are.
struct Zstd<R> {
    input: R,
    frame: FrameDecoder,
    begun: bool,
}

impl<R: BufRead> Zstd<R> {
    fn new(input: R) -> Self {
        Self { input, frame: FrameDecoder::new(), begun: false }
    }

    /// Begins the next frame; says whether there is one.
    fn begin(&mut self) -> io::Result<bool> {
        while !self.input.fill_buf()?.is_empty() {
            match self.frame.reset(&mut self.input) {
                Ok(()) => {
                    self.begun = true;
                    return Ok(true);
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let mut skipped = (&mut self.input).take(u64::from(length));
                    io::copy(&mut skipped, &mut io::sink())?;
                }
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        Ok(false)
    }
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.begun && !self.begin()? {
                return Ok(0);
            }
            while self.frame.can_collect() == 0 && !self.frame.is_finished() {
                let one = BlockDecodingStrategy::UptoBlocks(1);
                self.frame.decode_blocks(&mut self.input, one).map_err(io::Error::other)?;
            }
            let read = self.frame.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            self.begun = false;
        }
    }
}
