//! What compresses files of logs and traces: told by a file's first bytes, undone as it is read, in bounded memory.
//!
//! zstd's window and xz's dictionary are 100 MiB at most, the others' less than 10. Members and
//! frames behind one another are one file.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::MultiGzDecoder;
use lz4_flex::frame::FrameDecoder as Lz4Decoder;
use lzma_rust2::XzReader;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// The most memory that xz may ask for, in KiB: `xz -9` needs 65 MiB.
const XZ_KIB_MAX: u32 = 100 << 10;

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// gzip, possibly of several members.
    Gzip,
    /// Zstandard, possibly of several frames.
    Zstd,
    /// bzip2, possibly of several streams.
    Bzip2,
    /// lz4's frames.
    Lz4,
    /// xz, possibly of several streams.
    Xz,
}

/// What files in each format begin with.
const FORMATS: [(&[u8], Compression); 5] = [
    (b"\x1f\x8b", Compression::Gzip),
    (b"\x28\xb5\x2f\xfd", Compression::Zstd),
    (b"BZh", Compression::Bzip2),
    (b"\xfd7zXZ\0", Compression::Xz),
    (b"\x04\x22\x4d\x18", Compression::Lz4),
];

/// Reads a stream as what its first bytes tell it to be; waits only for as many as may tell.
pub fn stream(
    mut input: impl Read + Send + 'static,
    fault: Fault,
) -> io::Result<Box<dyn Read + Send>> {
    let mut head = Vec::new();
    while Compression::may_be(&head) && (&mut input).take(1).read_to_end(&mut head)? > 0 {}
    let format = Compression::of(&head);
    let whole = io::Cursor::new(head).chain(input);
    Ok(match format {
        Some(format) => format.undo(whole, fault),
        None => Box::new(whole),
    })
}

impl Compression {
    /// Returns its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Bzip2 => "bzip2",
            Self::Lz4 => "lz4",
            Self::Xz => "xz",
        }
    }

    /// Returns the format that a file's first bytes tell, if any; six are enough.
    pub fn of(head: &[u8]) -> Option<Self> {
        FORMATS.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, format)| *format)
    }

    /// Says whether more bytes after `head` may tell a format.
    fn may_be(head: &[u8]) -> bool {
        FORMATS.iter().any(|(magic, _)| magic.len() > head.len() && magic.starts_with(head))
    }

    /// Undoes it for an input that stands at its start; what goes wrong is put in `fault`.
    pub fn undo(self, input: impl Read + Send + 'static, fault: Fault) -> Box<dyn Read + Send> {
        let at = Arc::new(AtomicU64::new(0));
        let counted = BufReader::new(Counted { input, at: Arc::clone(&at) });
        let input: Box<dyn Read + Send> = match self {
            Self::Gzip => Box::new(MultiGzDecoder::new(counted)),
            Self::Bzip2 => Box::new(MultiBzDecoder::new(counted)),
            Self::Zstd => Box::new(Zstd::new(counted)),
            Self::Xz => Box::new(XzReader::new_mem_limit(counted, true, XZ_KIB_MAX)),
            Self::Lz4 => Box::new(Lz4::new(counted)),
        };
        Box::new(Decompressed { input, format: self, at, fault })
    }
}

/// Why decompressing stopped before the end, once the input has ended.
///
/// The input ends there and does not err, so that what was read before is shown.
#[derive(Debug, Clone, Default)]
pub struct Fault(Arc<Mutex<Option<io::Error>>>);

impl Fault {
    /// Takes the reason out, if there is one.
    pub fn take(&self) -> Option<io::Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn set(&self, error: io::Error) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }
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
        let reason = format!(
            "its {name} data is damaged or ends at or before byte {at}, and lines shown of it may be damaged too: {error}"
        );
        self.fault.set(io::Error::new(error.kind(), reason));
        // Whoever reads on after the end reads nothing.
        self.input = Box::new(io::empty());
        Ok(0)
    }
}

/// Counts the bytes taken from a file.
struct Counted<R> {
    input: R,
    at: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
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

/// Reads the frames of lz4, one after the other.
///
/// The decoder takes a frame that is cut between two blocks for one that has ended; this does not.
struct Lz4<R: Read> {
    frames: Lz4Decoder<Watched<R>>,
}

/// Remembers how far the current frame is read, and whether the end of the file was met.
struct Watched<R> {
    input: R,
    of_frame: u64,
    ended: bool,
}

impl<R: Read> Lz4<R> {
    fn new(input: R) -> Self {
        Self { frames: Lz4Decoder::new(Watched { input, of_frame: 0, ended: false }) }
    }
}

impl<R: Read> Read for Lz4<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.frames.read(buffer)?;
            let watched = self.frames.get_mut();
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            match (watched.ended, watched.of_frame) {
                (true, 0) => return Ok(0),
                (true, _) => return Err(io::ErrorKind::UnexpectedEof.into()),
                // The end of a frame; there may be another one.
                (false, _) => watched.of_frame = 0,
            }
        }
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.of_frame += read as u64;
        self.ended |= read == 0 && !buffer.is_empty();
        Ok(read)
    }
}
