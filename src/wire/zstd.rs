//! Zstandard frames under a cap: what a frame's header asks for is looked at before it is believed.
//!
//! Source: RFC 8878, section 3.1; RFC 9659 holds the window of an HTTP body to 8 MiB.

use std::io::{Error, ErrorKind, Read, Result};

use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

/// The first bytes of a frame.
pub(super) const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// The largest window of a frame that does not say how long it is.
const WINDOW_BYTES_MAX: u64 = 8 << 20;

/// How many frames a body may have: each costs the tables of a decoder.
const FRAMES_MAX: usize = 1024;

/// Reads the frames of a body one after the other.
pub(super) struct ZstdReader<'a> {
    rest: &'a [u8],
    frame: Option<StreamingDecoder<&'a [u8], FrameDecoder>>,
    frames: usize,
    bytes_max: u64,
}

impl<'a> ZstdReader<'a> {
    /// Reads `body`, of which no frame may say that it is longer than `bytes_max`.
    pub(super) fn new(body: &'a [u8], bytes_max: usize) -> Self {
        let bytes_max = u64::try_from(bytes_max).unwrap_or(u64::MAX);
        Self { rest: body, frame: None, frames: 0, bytes_max }
    }

    /// Begins the next frame; says whether there is one.
    fn begin(&mut self) -> Result<bool> {
        while let Some(after) = skippable(self.rest)? {
            self.rest = after;
        }
        if self.rest.is_empty() && self.frames > 0 {
            return Ok(false);
        }
        self.frames += 1;
        if self.frames > FRAMES_MAX {
            return Err(malformed("more zstd frames than any sender makes"));
        }
        check_header(self.rest, self.bytes_max)?;
        self.frame = Some(StreamingDecoder::new(self.rest).map_err(Error::other)?);
        Ok(true)
    }
}

impl Read for ZstdReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        loop {
            if let Some(frame) = &mut self.frame {
                let read = frame.read(buffer)?;
                if read > 0 || buffer.is_empty() {
                    return Ok(read);
                }
                self.rest = frame.get_ref();
                self.frame = None;
            }
            if !self.begin()? {
                return Ok(0);
            }
        }
    }
}

/// Returns what follows a skippable frame; `None` when there is none here.
fn skippable(body: &[u8]) -> Result<Option<&[u8]>> {
    let Some(([kind, 0x2a, 0x4d, 0x18], rest)) = body.split_first_chunk() else { return Ok(None) };
    if kind & 0xf0 != 0x50 {
        return Ok(None);
    }
    let (length, rest) = rest.split_first_chunk().ok_or(ErrorKind::UnexpectedEof)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
    Ok(Some(rest.get(length..).ok_or(ErrorKind::UnexpectedEof)?))
}

/// Refuses a frame whose window or length is too large, before anything is allocated for it.
fn check_header(body: &[u8], bytes_max: u64) -> Result<()> {
    let Some((&MAGIC, rest)) = body.split_first_chunk() else {
        return Err(malformed("not a zstd frame"));
    };
    let (descriptor, rest) = rest.split_first().ok_or(ErrorKind::UnexpectedEof)?;
    let single_segment = descriptor & 0x20 != 0;
    let mut rest = rest;
    if !single_segment {
        let (window, after) = rest.split_first().ok_or(ErrorKind::UnexpectedEof)?;
        let base = 1_u64 << (10 + (window >> 3));
        if base + base / 8 * u64::from(window & 7) > WINDOW_BYTES_MAX {
            return Err(malformed("a zstd window must not be larger than 8 MiB"));
        }
        rest = after;
    }
    let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
    let length = match descriptor >> 6 {
        0 => usize::from(single_segment),
        more => 1 << more,
    };
    let length = rest.get(dictionary..dictionary + length).ok_or(ErrorKind::UnexpectedEof)?;
    let content = length.iter().rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    if content > bytes_max {
        return Err(ErrorKind::FileTooLarge.into());
    }
    Ok(())
}

fn malformed(reason: &'static str) -> Error {
    Error::new(ErrorKind::InvalidData, reason)
}
