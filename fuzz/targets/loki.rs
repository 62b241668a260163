//! Any bytes as a push of Loki's: as JSON, as a snappy block, and as what is in one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use obs::wire::{decode_loki_json, decode_loki_protobuf, loki_labels};

const BYTES_MAX: usize = 1 << 20;

fuzz_target!(|body: &[u8]| {
    drop(decode_loki_json(body));
    drop(decode_loki_protobuf(body, BYTES_MAX));
    // A block of literals alone, so that the message itself is reached.
    let mut block = Vec::new();
    let mut length = body.len();
    while length >= 0x80 {
        block.push(length.to_le_bytes()[0] | 0x80);
        length >>= 7;
    }
    block.push(length.to_le_bytes()[0]);
    for part in body.chunks(60) {
        block.push((u8::try_from(part.len() - 1).expect("at most 59") << 2) & 0xfc);
        block.extend_from_slice(part);
    }
    drop(decode_loki_protobuf(&block, BYTES_MAX));
    loki_labels(&String::from_utf8_lossy(body));
});
