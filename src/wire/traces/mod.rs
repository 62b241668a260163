//! Traces as backends answer them and as people keep them in files, read into spans.
//!
//! What it is shows in the bytes, not in a name or a content type: OTLP's JSON (one document or one a
//! line), the answers of Tempo and of Jaeger's two interfaces, Zipkin's JSON, OTLP's and Tempo's
//! protobuf. More lenient than `otlp_traces`, which refuses a request with its sender at hand: here a
//! span that cannot be read is left out, said, and the others are shown.
//!
//! Source: `traces.md`, sections 4.1 to 4.6.

mod attributes;
mod files;
mod jaeger;
mod jaeger_tags;
mod json;
mod members;
mod otlp;
mod protobuf;
mod taken;
mod zipkin;

use std::fmt;

use super::WireError;
use crate::model::Span;

pub use files::decode_any_traces;
pub use json::decode_json_traces;
pub use protobuf::decode_protobuf_traces;

/// Decides which spans are kept; asked once for each, in the order met.
///
/// A span's ids, times, name, kind and attributes are there; its service and resource may not be yet,
/// as some formats give them after the spans.
pub type Keep<'a> = dyn FnMut(&Span) -> bool + 'a;

/// How a file or an answer with traces is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TraceFormat {
    /// OTLP's JSON: `resourceSpans`, as SDKs, the Collector and Jaeger's `/api/v3` write it.
    OtlpJson,
    /// Tempo's JSON: `batches` or `trace`, ids in base 64.
    TempoJson,
    /// OTLP's protobuf `TracesData`, which is Tempo's answer to `/api/traces/{id}` too.
    OtlpProtobuf,
    /// Tempo's answer to `/api/v2/traces/{id}`, in protobuf.
    TempoProtobuf,
    /// Jaeger's own JSON: its `/api/traces`, its page's download, `VictoriaTraces`.
    JaegerJson,
    /// Zipkin's JSON, version 2.
    ZipkinJson,
}

impl fmt::Display for TraceFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtlpJson => "OTLP JSON",
            Self::TempoJson => "Tempo's JSON",
            Self::OtlpProtobuf => "OTLP protobuf",
            Self::TempoProtobuf => "Tempo's protobuf",
            Self::JaegerJson => "Jaeger's JSON",
            Self::ZipkinJson => "Zipkin's JSON",
        })
    }
}

/// What was read out of a file or an answer with traces.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TraceAnswer {
    /// The spans that were to be kept, of one or more traces, in the order met.
    pub spans: Vec<Span>,
    /// What it was recognised as; none where nothing tells, as for a `{}`.
    pub format: Option<TraceFormat>,
    /// Why there may be more spans than these, each a sentence without its full stop: what the backend
    /// says, where it was cut, lines and spans that could not be read.
    pub incomplete: Vec<String>,
    /// What else is to be said: warnings of the backend, texts that were cut.
    pub warnings: Vec<String>,
    /// The errors that the backend answered with instead of a trace.
    pub errors: Vec<String>,
}

/// Returns the error of a text that is not what is read here.
fn not_at(body: &[u8], at: usize, expected: &str) -> WireError {
    let before = body.get(..at).unwrap_or(body);
    let lines = memchr::memchr_iter(b'\n', before).count();
    let of_line = before.len() - memchr::memrchr(b'\n', before).map_or(0, |end| end + 1);
    let found = body.get(at..).and_then(<[u8]>::first).map_or_else(
        || "the end".to_owned(),
        |byte| match byte {
            b' '..=b'~' => format!("`{}`", char::from(*byte)),
            other => format!("the byte {other:#04x}"),
        },
    );
    WireError::At {
        line: lines + 1,
        column: of_line + 1,
        reason: format!("expected {expected}, found {found}"),
    }
}

#[cfg(test)]
mod shape_tests;
#[cfg(test)]
mod tests;
