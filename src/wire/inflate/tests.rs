//! Every encoding gives the body back, and none costs more than the cap.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::*;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn bare_deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

/// One uncompressed brotli meta-block: the window's size, `MLEN`, the bytes; then an empty last one.
///
/// Source: RFC 7932, section 9.2.
fn brotli(text: [u8; 5]) -> Vec<u8> {
    // WBITS 16: 0; ISLAST 0; MNIBBLES 4: 00; MLEN - 1 = 4 in 16 bits; ISUNCOMPRESSED 1.
    let bits = 4_u32 << 4 | 1 << 20;
    [&bits.to_le_bytes()[..3], &text, &[0b11]].concat()
}

/// A zstd frame by hand: a block that repeats one byte, `times` over.
fn zstd_bomb(times: usize, window: u8) -> Vec<u8> {
    let mut frame = [&crate::wire::zstd::MAGIC[..], &[0, window]].concat();
    for _ in 0..times {
        frame.extend([(128_u32 << 10) << 3 | 1 << 1].map(u32::to_le_bytes)[0].iter().take(3));
        frame.push(b'x');
    }
    frame.extend([1, 0, 0]);
    frame
}

fn encodings(header: &str) -> Encodings {
    Encodings::from_header(header).unwrap()
}

fn undone(body: &[u8], header: &str, bytes_max: usize) -> Result<Vec<u8>, InflateError> {
    inflate(body, &encodings(header).or_by_magic(body), bytes_max).map(Cow::into_owned)
}

#[test]
fn every_encoding_gives_the_body_back() {
    for (body, header) in [
        (b"hello".to_vec(), ""),
        (b"hello".to_vec(), "identity"),
        (gzip(b"hello"), "gzip"),
        (gzip(b"hello"), "X-GZIP"),
        (gzip(b"hello"), ""),
        (zlib(b"hello"), "deflate"),
        (bare_deflate(b"hello"), "deflate"),
        (zstd(b"hello"), "zstd"),
        (zstd(b"hello"), ""),
        (brotli(*b"hello"), "br"),
        (gzip(b"hello"), "gzip, identity"),
        (zstd(&gzip(b"hello")), "gzip,zstd"),
        ([gzip(b"hel"), gzip(b"lo")].concat(), "gzip"),
        ([zstd(b"hel"), vec![0x5f, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 9], zstd(b"lo")].concat(), "zstd"),
    ] {
        assert_eq!(undone(&body, header, 100).unwrap(), b"hello", "{header}");
    }
}

#[test]
fn a_body_that_is_not_compressed_is_not_copied() {
    assert!(matches!(inflate(b"hello", &encodings(""), 5).unwrap(), Cow::Borrowed(b"hello")));
    assert_eq!(undone(b"hello", "", 4), Err(InflateError::TooLarge(4)));
}

#[test]
fn a_header_with_an_unknown_or_a_third_encoding_is_not_taken() {
    for header in ["compress", "gzip, lzma", "gzip, gzip, gzip", "gzip;q=1"] {
        assert_eq!(Encodings::from_header(header), None, "{header}");
    }
    assert!(encodings(" , identity").is_identity());
}

#[test]
fn what_may_be_a_bomb_weighs_as_much() {
    let zeros = vec![0; 16 << 20];
    for (body, header) in [(zstd(&zeros), "zstd"), (gzip(&gzip(&zeros)), "gzip, gzip")] {
        let weight = encodings(header).weight(body.len());
        assert!(weight >= zeros.len(), "{header}: {} bytes weigh {weight}", body.len());
    }
    assert_eq!(["", "gzip"].map(|header| encodings(header).weight(2000)), [2000, 16_000]);
}

#[test]
fn a_bomb_is_refused_at_the_cap() {
    let zeros = vec![0; 1 << 20];
    for (bomb, header) in [
        (gzip(&zeros), "gzip"),
        (zlib(&zeros), "deflate"),
        (zstd(&zeros), "zstd"),
        (zstd_bomb(8, 0), "zstd"),
        (gzip(&gzip(&zeros)), "gzip, gzip"),
    ] {
        assert_eq!(undone(&bomb, header, 1000), Err(InflateError::TooLarge(1000)), "{header}");
    }
    assert_eq!(undone(&zeros, "", 1000), Err(InflateError::TooLarge(1000)));
}

#[test]
fn exactly_the_cap_is_taken() {
    for (body, header) in [(gzip(&[7; 1000]), "gzip"), (zstd(&[7; 1000]), "zstd")] {
        assert_eq!(undone(&body, header, 1000).unwrap(), [7; 1000]);
    }
}

#[test]
fn a_gibibyte_from_a_mebibyte_stops_at_64() {
    // 1,029 members of one mebibyte; undoing all of it would take a second and more.
    let bomb = gzip(&vec![0; 1 << 20]).repeat(1029);
    assert!(bomb.len() > 1 << 20);
    let cap = 64 << 20;
    assert_eq!(undone(&bomb, "gzip", cap), Err(InflateError::TooLarge(cap)));
}

#[test]
fn a_zstd_frame_that_asks_for_much_memory_is_refused_before_it_gets_it() {
    // Exponent 13 and mantissa 0: 8 MiB.
    let eight = 13 << 3;
    assert_eq!(undone(&zstd_bomb(1, eight), "zstd", 1 << 20).unwrap().len(), 128 << 10);
    for window in [eight + 1, 14 << 3, 17 << 3, 0xff] {
        let refused = undone(&zstd_bomb(1, window), "zstd", 1 << 20).unwrap_err();
        assert!(refused.to_string().contains("8 MiB"), "{refused}");
    }
    // One segment, 8 bytes of length: as much as a number can say.
    let long = [&crate::wire::zstd::MAGIC[..], &[0xe0], &[0xff; 8], &[1, 0, 0]].concat();
    assert_eq!(undone(&long, "zstd", 1 << 20), Err(InflateError::TooLarge(1 << 20)));
}

#[test]
fn what_is_cut_or_something_else_is_malformed() {
    for (whole, header) in [
        (gzip(b"hello"), "gzip"),
        (zlib(b"hello"), "deflate"),
        (zstd(b"hello"), "zstd"),
        (brotli(*b"hello"), "br"),
    ] {
        for cut in [whole.len() - 1, whole.len() / 2, 1, 0] {
            let outcome = undone(&whole[..cut], header, 100);
            // A zlib body without its checksum is whole: nobody but the checksum's reader can tell.
            let told = matches!(outcome, Err(InflateError::Malformed(_)));
            assert!(told || header == "deflate", "{header} {cut}: {outcome:?}");
        }
    }
    assert!(matches!(undone(b"{}", "gzip", 100), Err(InflateError::Malformed(_))));
    assert!(matches!(undone(b"{}", "zstd", 100), Err(InflateError::Malformed(_))));
}

proptest::proptest! {
    #[test]
    fn any_bytes_after_a_magic_are_refused_or_read(
        bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..60),
    ) {
        for (magic, header) in [
            (&crate::wire::zstd::MAGIC[..], "zstd"),
            (&[0x1f, 0x8b, 8], "gzip"),
            (&[], "br"),
            (&[], "deflate"),
        ] {
            let body = [magic, &bytes].concat();
            if let Ok(inflated) = undone(&body, header, 1 << 16) {
                assert!(inflated.len() <= 1 << 16);
            }
        }
    }
}
