//! OTLP trace requests, protobuf or JSON, as spans.
//!
//! Source: OTLP 1.9, `trace.proto` and `trace_service.proto`.

use std::sync::Arc;

use opentelemetry_proto::tonic::trace::v1 as proto;

use super::decoded::{Decoded, Keeper, Rejected};
use super::otlp_common::{Sender, attributes, time};
use super::span_parts::{DROPPED_ATTRIBUTES, SpanParts};
use super::{OtlpFormat, WireError, otlp_json, otlp_protobuf};
use crate::model::{
    AttributeValue, Span, SpanEvent, SpanId, SpanKind, SpanLink, SpanStatus, TraceId, UnixNanos,
};

/// What a link is taken to need in memory.
const LINK_BYTES: usize = 24;

/// Reads a request for `/v1/traces`; spans without a usable id or time are refused one by one.
///
/// O(bytes); holds the accepted spans and one message at a time. A span that ends before it starts is
/// taken as one whose end is not known; the end that was sent is an attribute, `obs.end_sent_unix_nano`.
pub fn decode_traces(body: &[u8], format: OtlpFormat) -> Result<Decoded<Span>, WireError> {
    let mut decoded = Decoded::default();
    let mut take = |sender: &Sender, sent: Result<proto::Span, Rejected>| {
        decoded.take(|keeper| span(sent?, sender, keeper));
    };
    match format {
        OtlpFormat::Protobuf => otlp_protobuf::walk(body, &mut take)?,
        OtlpFormat::Json => otlp_json::traces(body, &mut take)?,
    }
    Ok(decoded)
}

/// Reads a span; its texts and lists are charged to `keeper`.
pub(super) fn span(
    sent: proto::Span,
    sender: &Sender,
    keeper: &mut Keeper,
) -> Result<Span, Rejected> {
    let status = sent.status.unwrap_or_default();
    sender.pay(keeper);
    let links = sent.links.into_iter().filter_map(|sent| link(sent, keeper)).collect();
    let parts = SpanParts {
        trace_id: TraceId::from_bytes(&sent.trace_id),
        span_id: SpanId::from_bytes(&sent.span_id),
        parent: SpanId::from_bytes(&sent.parent_span_id),
        name: keeper.text(sent.name),
        kind: kind(sent.kind),
        service: sender.service.clone(),
        start: time(sent.start_time_unix_nano),
        end: time(sent.end_time_unix_nano),
        status: match status.code {
            1 => SpanStatus::Ok,
            2 => SpanStatus::Error,
            _ => SpanStatus::Unset,
        },
        status_message: keeper.text(status.message),
        attributes: attributes(sent.attributes, keeper),
        events: sent.events.into_iter().map(|sent| event(sent, keeper)).collect(),
        links,
        resource: Arc::clone(&sender.attributes),
        scope: sender.scope.clone(),
        trace_state: sent.trace_state,
        dropped: [
            sent.dropped_attributes_count,
            sent.dropped_events_count,
            sent.dropped_links_count,
        ],
    };
    parts.finish()
}

fn kind(number: i32) -> SpanKind {
    match number {
        2 => SpanKind::Server,
        3 => SpanKind::Client,
        4 => SpanKind::Producer,
        5 => SpanKind::Consumer,
        _ => SpanKind::Internal,
    }
}

fn event(sent: proto::span::Event, keeper: &mut Keeper) -> SpanEvent {
    keeper.spent += size_of::<SpanEvent>();
    let mut attributes = attributes(sent.attributes, keeper);
    if sent.dropped_attributes_count > 0 {
        let dropped = AttributeValue::Int(sent.dropped_attributes_count.into());
        attributes.push((DROPPED_ATTRIBUTES.to_owned(), dropped));
    }
    SpanEvent {
        time: time(sent.time_unix_nano).unwrap_or(UnixNanos(0)),
        name: keeper.text(sent.name),
        attributes,
    }
}

fn link(sent: proto::span::Link, keeper: &mut Keeper) -> Option<SpanLink> {
    let trace_id = TraceId::from_bytes(&sent.trace_id)?;
    let span_id = SpanId::from_bytes(&sent.span_id)?;
    keeper.spent += LINK_BYTES;
    Some(SpanLink { trace_id, span_id, attributes: attributes(sent.attributes, keeper) })
}
