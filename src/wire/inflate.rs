//! Decompresses a body under a cap, so that a bomb costs no more than the cap.

use std::borrow::Cow;
use std::io::{ErrorKind, Read};

use brotli_decompressor::Decompressor;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use super::zstd::{self, ZstdReader};

/// How many times a body may be compressed: once by its sender, once by a proxy.
const LAYERS_MAX: usize = 2;

/// What text usually shrinks to by deflate; no more than 1032 times can come out of it.
const DEFLATE_RATIO: usize = 8;

/// What brotli reads at once.
const BROTLI_BUFFER_BYTES: usize = 4096;

/// What is made room for at first.
const ROOM_BYTES: usize = 64 << 10;

/// A way to compress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// gzip, possibly of several members.
    Gzip,
    /// zlib, or the bare deflate that some senders mean by the name.
    Deflate,
    /// Zstandard, possibly of several frames.
    Zstd,
    /// Brotli.
    Brotli,
}

/// What a `Content-Encoding` header says was done to a body, in that order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Encodings(Vec<Encoding>);

impl Encodings {
    /// What is taken, for those who send something else.
    pub const TAKEN: &str = "gzip, deflate, zstd, br, identity";

    /// Reads a header, `gzip` or a list; `None` when one of it is not taken, or there are too many.
    pub fn from_header(value: &str) -> Option<Self> {
        let mut all = Vec::new();
        for word in value.split(',').map(str::trim) {
            all.push(match word.to_ascii_lowercase().as_str() {
                "" | "identity" => continue,
                "gzip" | "x-gzip" => Encoding::Gzip,
                "deflate" => Encoding::Deflate,
                "zstd" => Encoding::Zstd,
                "br" => Encoding::Brotli,
                _ => return None,
            });
        }
        (all.len() <= LAYERS_MAX).then_some(Self(all))
    }

    /// Says whether the body is as it was before.
    pub fn is_identity(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns how much work a body of so many bytes may be, in bytes to be read: a bomb of Zstandard
    /// or brotli, or one in another, is a few bytes long.
    pub fn weight(&self, length: usize) -> usize {
        match self.0.as_slice() {
            [] => length,
            [Encoding::Gzip | Encoding::Deflate] => length.saturating_mul(DEFLATE_RATIO),
            _ => usize::MAX,
        }
    }

    /// Returns what a body that is said to be plain was compressed with after all: proxies drop the
    /// header. No text and no message of OTLP begins with these bytes.
    #[must_use]
    pub fn or_by_magic(self, body: &[u8]) -> Self {
        match self.0.as_slice() {
            [] if body.starts_with(&[0x1f, 0x8b, 8]) => Self(vec![Encoding::Gzip]),
            [] if body.starts_with(&zstd::MAGIC) => Self(vec![Encoding::Zstd]),
            _ => self,
        }
    }
}

/// Why a body could not be decompressed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InflateError {
    /// The bytes are not what the header says, or end too early.
    #[error("the body does not decompress: {0}")]
    Malformed(String),
    /// The decompressed body is larger than allowed.
    #[error("the decompressed body is larger than {0} bytes")]
    TooLarge(usize),
}

/// Returns the decompressed body, at most `bytes_max` long; the body itself when it was not compressed.
///
/// O(decompressed bytes), and never holds more than twice `bytes_max`, and for zstd a frame's window.
pub fn inflate<'a>(
    body: &'a [u8],
    encodings: &Encodings,
    bytes_max: usize,
) -> Result<Cow<'a, [u8]>, InflateError> {
    let mut inflated = Cow::Borrowed(body);
    for encoding in encodings.0.iter().rev() {
        inflated = Cow::Owned(undo(&inflated, *encoding, bytes_max)?);
    }
    if inflated.len() > bytes_max { Err(InflateError::TooLarge(bytes_max)) } else { Ok(inflated) }
}

fn undo(body: &[u8], encoding: Encoding, bytes_max: usize) -> Result<Vec<u8>, InflateError> {
    let zlib = matches!(body, [first, second, ..]
        if first & 0x0f == 8 && u16::from_be_bytes([*first, *second]).is_multiple_of(31));
    match encoding {
        Encoding::Gzip => read_capped(MultiGzDecoder::new(body), bytes_max),
        Encoding::Deflate if zlib => read_capped(ZlibDecoder::new(body), bytes_max),
        Encoding::Deflate => read_capped(DeflateDecoder::new(body), bytes_max),
        Encoding::Zstd => read_capped(ZstdReader::new(body, bytes_max), bytes_max),
        Encoding::Brotli => read_capped(Decompressor::new(body, BROTLI_BUFFER_BYTES), bytes_max),
    }
}

fn read_capped(mut reader: impl Read, bytes_max: usize) -> Result<Vec<u8>, InflateError> {
    let mut inflated = Vec::new();
    let mut length = 0;
    loop {
        if length == inflated.len() {
            // One byte more than is allowed tells that there is more.
            let room = (length * 2).clamp(ROOM_BYTES, usize::MAX).min(bytes_max.saturating_add(1));
            if room <= length {
                return Err(InflateError::TooLarge(bytes_max));
            }
            inflated.reserve_exact(room - length);
            inflated.resize(room, 0);
        }
        match reader.read(inflated.get_mut(length..).unwrap_or_default()) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::FileTooLarge => {
                return Err(InflateError::TooLarge(bytes_max));
            }
            Err(error) => return Err(InflateError::Malformed(error.to_string())),
        }
    }
    inflated.truncate(length);
    if length > bytes_max { Err(InflateError::TooLarge(bytes_max)) } else { Ok(inflated) }
}

#[cfg(test)]
mod tests;
