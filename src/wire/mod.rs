//! Bytes of the protocols, read into the model: OTLP, Sentry envelopes, compressed bodies.
//!
//! Synchronous and lenient; a length, a depth or an id from outside is never trusted. The same spans
//! come out of every format that can hold them. Not here: sockets, routes, status codes.

pub mod backend;
mod envelope;
mod inflate;
mod json_text;
mod loki;
mod otlp_common;
mod otlp_json;
mod otlp_logs;
mod otlp_traces;
mod sentry_event;
mod syslog;

pub use envelope::{Envelope, EnvelopeItem};
pub use inflate::{Encoding, InflateError, inflate};
pub use loki::{LokiEntry, decode_loki_json, decode_loki_protobuf, loki_labels};
pub use otlp_logs::decode_logs;
pub use otlp_traces::decode_traces;
pub use sentry_event::decode_event;
pub use syslog::{SyslogMessage, SyslogTime, read_syslog};

/// How an OTLP request is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtlpFormat {
    /// `application/x-protobuf`.
    Protobuf,
    /// `application/json`, with hexadecimal ids.
    Json,
}

/// What was read out of a body, and what in it had to be refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded<T> {
    /// What can be stored, in the order sent.
    pub accepted: Vec<T>,
    /// How many were refused.
    pub rejected: u64,
    /// Why the first of them was refused; empty when none was.
    pub reason: String,
}

impl<T> Default for Decoded<T> {
    fn default() -> Self {
        Self { accepted: Vec::new(), rejected: 0, reason: String::new() }
    }
}

impl<T> Decoded<T> {
    fn push(&mut self, outcome: Result<T, &'static str>) {
        match outcome {
            Ok(value) => self.accepted.push(value),
            Err(reason) => {
                if self.rejected == 0 {
                    reason.clone_into(&mut self.reason);
                }
                self.rejected += 1;
            }
        }
    }
}

/// Why a body as a whole could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Not the protobuf message it was said to be.
    #[error("malformed protobuf: {0}")]
    Protobuf(String),
    /// Not the JSON document it was said to be.
    #[error("malformed JSON: {0}")]
    Json(String),
    /// Not a Sentry envelope.
    #[error("malformed envelope: {0}")]
    Envelope(&'static str),
    /// Not a push of Loki's.
    #[error("malformed push: {0}")]
    Push(&'static str),
}

#[cfg(test)]
mod tests;
