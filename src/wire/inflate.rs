//! Decompresses a body under a cap, so that a bomb costs no more than the cap.

use std::io::Read;

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

/// A `Content-Encoding` that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Not compressed.
    Identity,
    /// gzip, possibly of several members.
    Gzip,
    /// zlib, or the bare deflate that some senders mean by the name.
    Deflate,
}

impl Encoding {
    /// Reads a `Content-Encoding` header; `None` for one that is not taken.
    pub fn from_header(value: &str) -> Option<Self> {
        Some(match value.trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Self::Identity,
            "gzip" | "x-gzip" => Self::Gzip,
            "deflate" => Self::Deflate,
            _ => return None,
        })
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

/// Returns the decompressed body, at most `bytes_max` long.
///
/// A body that is said to be plain but starts with gzip's magic is decompressed too: proxies drop
/// the header.
pub fn inflate(body: &[u8], encoding: Encoding, bytes_max: usize) -> Result<Vec<u8>, InflateError> {
    let zlib = matches!(body, [first, second, ..]
        if first & 0x0f == 8 && u16::from_be_bytes([*first, *second]).is_multiple_of(31));
    match encoding {
        Encoding::Gzip => read_capped(MultiGzDecoder::new(body), bytes_max),
        Encoding::Deflate if zlib => read_capped(ZlibDecoder::new(body), bytes_max),
        Encoding::Deflate => read_capped(DeflateDecoder::new(body), bytes_max),
        Encoding::Identity if body.starts_with(&[0x1f, 0x8b, 8]) => {
            read_capped(MultiGzDecoder::new(body), bytes_max)
        }
        Encoding::Identity if body.len() > bytes_max => Err(InflateError::TooLarge(bytes_max)),
        Encoding::Identity => Ok(body.to_vec()),
    }
}

fn read_capped(reader: impl Read, bytes_max: usize) -> Result<Vec<u8>, InflateError> {
    let mut inflated = Vec::new();
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    reader
        .take(limit)
        .read_to_end(&mut inflated)
        .map_err(|error| InflateError::Malformed(error.to_string()))?;
    if inflated.len() > bytes_max {
        return Err(InflateError::TooLarge(bytes_max));
    }
    Ok(inflated)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn every_encoding_gives_the_body_back() {
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(b"hello").unwrap();
        let mut bare = DeflateEncoder::new(Vec::new(), Compression::fast());
        bare.write_all(b"hello").unwrap();
        for (body, encoding) in [
            (b"hello".to_vec(), Encoding::Identity),
            (gzip(b"hello"), Encoding::Gzip),
            (gzip(b"hello"), Encoding::Identity),
            (zlib.finish().unwrap(), Encoding::Deflate),
            (bare.finish().unwrap(), Encoding::Deflate),
        ] {
            assert_eq!(inflate(&body, encoding, 100).unwrap(), b"hello", "{encoding:?}");
        }
    }

    #[test]
    fn a_bomb_is_refused_at_the_cap() {
        let bomb = gzip(&vec![0; 1 << 20]);
        assert_eq!(inflate(&bomb, Encoding::Gzip, 1000), Err(InflateError::TooLarge(1000)));
    }

    #[test]
    fn a_truncated_body_is_malformed() {
        let whole = gzip(b"hello");
        let cut = &whole[..whole.len() - 3];
        assert!(matches!(inflate(cut, Encoding::Gzip, 100), Err(InflateError::Malformed(_))));
    }
}
