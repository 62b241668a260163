//! Any bytes as OTLP requests in protobuf.
#![no_main]

use libfuzzer_sys::fuzz_target;
use obs::wire::{OtlpFormat, decode_logs, decode_traces};

fuzz_target!(|body: &[u8]| {
    drop(decode_traces(body, OtlpFormat::Protobuf));
    drop(decode_logs(body, OtlpFormat::Protobuf));
});
