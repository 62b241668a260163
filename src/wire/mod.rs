//! Bytes of the protocols, read into the model: OTLP, Sentry envelopes, compressed bodies.
//!
//! Synchronous and lenient; a length, a depth or an id from outside is never trusted. The same spans
//! come out of every format that can hold them. Not here: sockets, routes, status codes.

pub mod backend;
mod decoded;
mod elasticsearch;
mod envelope;
mod grpc;
mod inflate;
mod jaeger_json;
mod json_reader;
mod json_text;
mod loki;
mod loki_query;
mod otlp_common;
mod otlp_json;
mod otlp_json_write;
mod otlp_logs;
mod otlp_metrics;
mod otlp_protobuf;
mod otlp_traces;
mod prometheus;
mod sentry_attributes;
mod sentry_csp;
mod sentry_event;
mod sentry_json;
mod sentry_logs;
mod sentry_sender;
mod sentry_spans;
mod sentry_time;
mod sentry_trace;
mod span_parts;
mod syslog;
mod trace_summaries;
mod traces;
mod victorialogs;
mod web_event;
mod web_issue;
mod zstd;

pub use decoded::{Decoded, Rejected};
pub use elasticsearch::{Document, SearchAnswer, decode_search};
pub use envelope::{Envelope, EnvelopeItem};
pub use grpc::{FrameError, frame, unframe};
pub use inflate::{Encoding, Encodings, InflateError, inflate};
pub use jaeger_json::write_jaeger_json;
pub use loki::{LokiEntry, decode_loki_json, decode_loki_protobuf, loki_labels};
pub use loki_query::{LokiAnswer, LokiLine, decode_loki_answer};
pub use otlp_json_write::write_otlp_json;
pub use otlp_logs::decode_logs;
pub use otlp_metrics::decode_metrics;
pub use otlp_traces::decode_traces;
pub use prometheus::{
    Alert, Rule, ScrapeTarget, decode_alerts, decode_build_version, decode_config_loaded,
    decode_metric_answer, decode_metric_exemplars, decode_rules, decode_scrape_targets,
    decode_started,
};
pub use sentry_csp::decode_security_report;
pub use sentry_event::decode_event;
pub use sentry_logs::decode_sentry_logs;
pub use sentry_spans::{decode_sentry_spans, decode_transaction};
pub use sentry_trace::decode_sentry_trace;
pub use syslog::{SyslogMessage, SyslogTime, read_syslog};
pub use trace_summaries::{decode_jaeger_summaries, decode_tempo_search};
pub use traces::{
    Keep, TraceAnswer, TraceFormat, decode_any_traces, decode_json_traces, decode_protobuf_traces,
};
pub use victorialogs::{VictoriaAnswer, decode_victoria_answer};
pub use web_event::write_event;
pub use web_issue::{ORGANIZATION, WebProject, write_issue, write_project};

/// How an OTLP request is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtlpFormat {
    /// `application/x-protobuf`.
    Protobuf,
    /// `application/json`, with ids in hexadecimal digits (or in base 64, as protobuf's JSON has bytes).
    Json,
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
    /// Not what it should be at one place of a text.
    #[error("line {line}, column {column}: {reason}")]
    At {
        /// The line, from 1.
        line: usize,
        /// The byte of the line, from 1.
        column: usize,
        /// What was expected and what was found.
        reason: String,
    },
    /// A page for people where data was expected: of a login, a proxy, a wrong path.
    #[error("it is an HTML page{0}")]
    Page(String),
    /// Nothing that is known.
    #[error("{0}")]
    Unknown(String),
    /// A resource or a scope that is larger than a record may be.
    #[error("a resource must not be larger than 2 MiB")]
    ResourceTooLarge,
    /// Not a Sentry envelope.
    #[error("malformed envelope: {0}")]
    Envelope(&'static str),
    /// Not the answer of a backend that it should be.
    #[error("{0}")]
    Answer(&'static str),
    /// Not a push of Loki's.
    #[error("malformed push: {0}")]
    Push(&'static str),
}

#[cfg(test)]
mod tests;
