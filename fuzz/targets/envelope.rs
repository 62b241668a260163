//! Any bytes as a Sentry envelope; each item that says so is read as an event too.
#![no_main]

use libfuzzer_sys::fuzz_target;
use obs::model::UnixNanos;
use obs::wire::{Envelope, decode_event};

fuzz_target!(|body: &[u8]| {
    if let Ok(envelope) = Envelope::read(body) {
        for item in &envelope.items {
            assert!(item.payload.len() <= body.len());
            drop(decode_event(item.payload, envelope.event_id.as_deref(), UnixNanos(1)));
        }
    }
    drop(decode_event(body, None, UnixNanos(1)));
});
