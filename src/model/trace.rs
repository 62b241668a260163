//! Spans, as every tracing backend's answer is read into.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Attribute, AttributeValue, SpanId, TraceId, UnixNanos};

/// One timed operation of a trace.
///
/// Source: OTLP `trace.proto`, `Span`, with the resource's and the scope's facts beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// The trace this span belongs to.
    pub trace_id: TraceId,
    /// The span's own id, unique in its trace.
    pub span_id: SpanId,
    /// The span that caused this one; `None` for a root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<SpanId>,
    /// The operation, `GET /orders/{id}`.
    pub name: String,
    /// The role in a call between processes.
    pub kind: SpanKind,
    /// The resource's `service.name`; `unknown_service` when it has none.
    pub service: String,
    /// When it began.
    pub start: UnixNanos,
    /// When it ended; `None` while it runs, or when the sender gave an end before the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<UnixNanos>,
    /// Whether the operation failed.
    #[serde(default)]
    pub status: SpanStatus,
    /// What the sender says about a failure; empty when it says nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub status_message: String,
    /// What the operation was about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<Attribute>,
    /// Things that happened during it, exceptions among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<SpanEvent>,
    /// Other spans it has to do with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<SpanLink>,
    /// The process that made it; the spans of one request share it.
    #[serde(
        default,
        skip_serializing_if = "is_empty",
        serialize_with = "write_shared",
        deserialize_with = "read_shared"
    )]
    pub resource: Arc<[Attribute]>,
    /// The instrumentation library's name; empty when not sent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scope: String,
}

fn is_empty(shared: &Arc<[Attribute]>) -> bool {
    shared.is_empty()
}

fn write_shared<S: Serializer>(shared: &Arc<[Attribute]>, to: S) -> Result<S::Ok, S::Error> {
    shared.as_ref().serialize(to)
}

fn read_shared<'de, D: Deserializer<'de>>(from: D) -> Result<Arc<[Attribute]>, D::Error> {
    Vec::deserialize(from).map(Arc::from)
}

impl Span {
    /// Returns the length in nanoseconds; `None` while the span runs.
    pub fn duration_ns(&self) -> Option<i64> {
        self.end.map(|end| end.since(self.start))
    }

    /// Returns the value of the first attribute named `key`.
    pub fn attribute(&self, key: &str) -> Option<&AttributeValue> {
        self.attributes.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// Returns the HTTP status code, by the current or the older attribute name.
    pub fn http_status(&self) -> Option<i64> {
        self.attribute("http.response.status_code")
            .or_else(|| self.attribute("http.status_code"))
            .and_then(AttributeValue::as_int)
    }

    /// Says whether the operation failed: its status, or an HTTP status of 500 and above.
    pub fn is_error(&self) -> bool {
        self.status == SpanStatus::Error || self.http_status().is_some_and(|code| code >= 500)
    }

    /// Returns the exception recorded on the span: type and message, each possibly empty.
    pub fn exception(&self) -> Option<(&str, &str)> {
        let event = self.events.iter().find(|event| event.name == "exception")?;
        let text = |key| {
            let found = event.attributes.iter().find(|(name, _)| name == key);
            found.and_then(|(_, value)| value.as_text()).unwrap_or("")
        };
        Some((text("exception.type"), text("exception.message")))
    }
}

/// Something that happened at one moment of a span.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpanEvent {
    /// When.
    pub time: UnixNanos,
    /// What; `exception` by convention for exceptions.
    pub name: String,
    /// The details.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<Attribute>,
}

/// A span of this or another trace that caused or follows this one without being its parent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpanLink {
    /// The linked span's trace.
    pub trace_id: TraceId,
    /// The linked span.
    pub span_id: SpanId,
    /// What is said of the link.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<Attribute>,
}

/// The role of a span in a call between processes.
///
/// Source: OTLP `trace.proto`, `Span.SpanKind`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum SpanKind {
    /// Work inside a process; also what a sender that says nothing is taken to mean.
    #[default]
    Internal,
    /// Handles a request.
    Server,
    /// Makes a request and waits for its answer.
    Client,
    /// Puts a message in a queue.
    Producer,
    /// Takes a message from a queue.
    Consumer,
}

/// Whether an operation failed.
///
/// Source: OTLP `trace.proto`, `Status.StatusCode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SpanStatus {
    /// Nothing said; not an error.
    #[default]
    Unset,
    /// Said to be well.
    Ok,
    /// Failed.
    Error,
}
