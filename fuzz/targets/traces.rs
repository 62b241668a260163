//! Any bytes as a file with traces: recognised, as JSON and as protobuf.
#![no_main]

use libfuzzer_sys::fuzz_target;
use obs::wire::{decode_any_traces, decode_json_traces, decode_protobuf_traces};

fuzz_target!(|body: &[u8]| {
    drop(decode_any_traces(body, &mut |_| true));
    drop(decode_json_traces(body, &mut |_| true));
    drop(decode_protobuf_traces(body, &mut |_| true));
});
