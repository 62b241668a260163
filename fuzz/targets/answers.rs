//! Any bytes as the answer of a Loki, a VictoriaLogs or an Elasticsearch.
#![no_main]

use libfuzzer_sys::fuzz_target;
use obs::wire::{decode_loki_answer, decode_search, decode_victoria_answer};

fuzz_target!(|body: &[u8]| {
    drop(decode_loki_answer(body));
    drop(decode_victoria_answer(body));
    drop(decode_search(body));
});
