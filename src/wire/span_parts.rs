//! A span as it is being read: what every format fills, and the rules that make a [`Span`] of it.

use std::sync::Arc;

use super::decoded::Rejected;
use crate::model::{
    Attribute, AttributeValue, Span, SpanEvent, SpanId, SpanKind, SpanLink, SpanStatus, TraceId,
    UnixNanos,
};

/// How many the sender left out, and its `tracestate`: attributes of the names that exporters to
/// formats without a place for them use.
///
/// Source: OpenTelemetry, "Transformation to non-OTLP Formats".
const DROPPED: [&str; 3] =
    [DROPPED_ATTRIBUTES, "otel.dropped_events_count", "otel.dropped_links_count"];
pub(super) const DROPPED_ATTRIBUTES: &str = "otel.dropped_attributes_count";
const TRACE_STATE: &str = "w3c.tracestate";

/// The end of a span that ends before it starts, in nanoseconds since the Unix epoch.
const END_SENT: &str = "obs.end_sent_unix_nano";

/// A [`Span`] whose ids and times may still be missing.
#[derive(Debug, Default)]
pub(super) struct SpanParts {
    pub(super) trace_id: Option<TraceId>,
    pub(super) span_id: Option<SpanId>,
    pub(super) parent: Option<SpanId>,
    pub(super) name: String,
    pub(super) kind: SpanKind,
    pub(super) service: String,
    pub(super) start: Option<UnixNanos>,
    pub(super) end: Option<UnixNanos>,
    pub(super) status: SpanStatus,
    pub(super) status_message: String,
    pub(super) attributes: Vec<Attribute>,
    pub(super) events: Vec<SpanEvent>,
    pub(super) links: Vec<SpanLink>,
    pub(super) resource: Arc<[Attribute]>,
    pub(super) scope: String,
    pub(super) trace_state: String,
    /// Attributes, events and links that the sender left out.
    pub(super) dropped: [u32; 3],
}

impl SpanParts {
    /// Makes the span; errs without an id or a time.
    ///
    /// One that ends before it starts has no known end; what was sent is `obs.end_sent_unix_nano`. One
    /// without a start begins at its end.
    pub(super) fn finish(self) -> Result<Span, Rejected> {
        let Self { start, end, mut attributes, .. } = self;
        let trace_id = self.trace_id.ok_or(Rejected::TraceId)?;
        let span_id = self.span_id.ok_or(Rejected::SpanId)?;
        let start = start.or(end).ok_or(Rejected::Time)?;
        for (name, count) in DROPPED.into_iter().zip(self.dropped) {
            if count > 0 {
                attributes.push((name.to_owned(), AttributeValue::Int(count.into())));
            }
        }
        if !self.trace_state.is_empty() {
            attributes.push((TRACE_STATE.to_owned(), AttributeValue::Text(self.trace_state)));
        }
        if let Some(end) = end.filter(|end| *end < start) {
            attributes.push((END_SENT.to_owned(), AttributeValue::Int(end.0)));
        }
        Ok(Span {
            trace_id,
            span_id,
            parent: self.parent,
            name: self.name,
            kind: self.kind,
            service: self.service,
            start,
            end: end.filter(|end| *end >= start),
            status: self.status,
            status_message: self.status_message,
            attributes,
            events: self.events,
            links: self.links,
            resource: self.resource,
            scope: self.scope,
        })
    }
}
