//! OTLP trace requests, protobuf or JSON, as spans.
//!
//! Source: OTLP 1.9, `trace.proto` and `trace_service.proto`.

use std::sync::Arc;

use opentelemetry_proto::tonic::trace::v1 as proto;

use super::decoded::{Decoded, Keeper, Rejected};
use super::otlp_common::{Sender, attributes, time};
use super::{OtlpFormat, WireError, otlp_json, otlp_protobuf};
use crate::model::{Span, SpanEvent, SpanId, SpanKind, SpanLink, SpanStatus, TraceId, UnixNanos};

/// What a link is taken to need in memory.
const LINK_BYTES: usize = 24;

/// Reads a request for `/v1/traces`; spans without a usable id or time are refused one by one.
///
/// O(bytes); holds the accepted spans and one message at a time. A span that ends before it starts is
/// taken as one whose end is not known.
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

fn span(sent: proto::Span, sender: &Sender, keeper: &mut Keeper) -> Result<Span, Rejected> {
    let trace_id = TraceId::from_bytes(&sent.trace_id).ok_or(Rejected::TraceId)?;
    let span_id = SpanId::from_bytes(&sent.span_id).ok_or(Rejected::SpanId)?;
    let end = time(sent.end_time_unix_nano);
    let start = time(sent.start_time_unix_nano).or(end).ok_or(Rejected::Time)?;
    let status = sent.status.unwrap_or_default();
    sender.pay(keeper);
    let links: Vec<SpanLink> = sent.links.iter().filter_map(link).collect();
    keeper.spent += LINK_BYTES * links.len();
    Ok(Span {
        trace_id,
        span_id,
        parent: SpanId::from_bytes(&sent.parent_span_id),
        name: keeper.text(sent.name),
        kind: kind(sent.kind),
        service: sender.service.clone(),
        start,
        end: end.filter(|end| *end >= start),
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
    })
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
    SpanEvent {
        time: time(sent.time_unix_nano).unwrap_or(UnixNanos(0)),
        name: keeper.text(sent.name),
        attributes: attributes(sent.attributes, keeper),
    }
}

fn link(sent: &proto::span::Link) -> Option<SpanLink> {
    let trace_id = TraceId::from_bytes(&sent.trace_id)?;
    Some(SpanLink { trace_id, span_id: SpanId::from_bytes(&sent.span_id)? })
}
