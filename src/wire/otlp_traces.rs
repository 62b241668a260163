//! OTLP trace requests, protobuf or JSON, as spans.
//!
//! Source: OTLP 1.9, `trace.proto` and `trace_service.proto`.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1 as proto;
use prost::Message as _;

use super::otlp_common::{attributes, resource, scope_name, time};
use super::{Decoded, OtlpFormat, WireError, otlp_json};
use crate::model::UnixNanos;
use crate::model::{Attribute, Span, SpanEvent, SpanId, SpanKind, SpanLink, SpanStatus, TraceId};

/// Reads a request for `/v1/traces`; spans without a usable id are refused one by one.
///
/// O(bytes); holds the whole request.
pub fn decode_traces(body: &[u8], format: OtlpFormat) -> Result<Decoded<Span>, WireError> {
    let request = match format {
        OtlpFormat::Protobuf => ExportTraceServiceRequest::decode(body)
            .map_err(|error| WireError::Protobuf(error.to_string()))?,
        OtlpFormat::Json => otlp_json::traces(body)?,
    };
    let mut decoded = Decoded::default();
    for resource_spans in request.resource_spans {
        let (service, resource) = resource(resource_spans.resource);
        for scope_spans in resource_spans.scope_spans {
            let scope = scope_name(scope_spans.scope);
            for sent in scope_spans.spans {
                decoded.push(span(sent, &service, &resource, &scope));
            }
        }
    }
    Ok(decoded)
}

fn span(
    sent: proto::Span,
    service: &str,
    resource: &[Attribute],
    scope: &str,
) -> Result<Span, &'static str> {
    let trace_id = TraceId::from_bytes(&sent.trace_id)
        .ok_or("a trace id must be 16 bytes that are not all zero")?;
    let span_id = SpanId::from_bytes(&sent.span_id)
        .ok_or("a span id must be 8 bytes that are not all zero")?;
    let start = time(sent.start_time_unix_nano)
        .or_else(|| time(sent.end_time_unix_nano))
        .ok_or("a span needs a time")?;
    let status = sent.status.unwrap_or_default();
    Ok(Span {
        trace_id,
        span_id,
        parent: SpanId::from_bytes(&sent.parent_span_id),
        name: sent.name,
        kind: kind(sent.kind),
        service: service.to_owned(),
        start,
        end: time(sent.end_time_unix_nano).filter(|end| *end >= start),
        status: match status.code {
            1 => SpanStatus::Ok,
            2 => SpanStatus::Error,
            _ => SpanStatus::Unset,
        },
        status_message: status.message,
        attributes: attributes(sent.attributes),
        events: sent.events.into_iter().map(event).collect(),
        links: sent.links.iter().filter_map(link).collect(),
        resource: resource.to_vec(),
        scope: scope.to_owned(),
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

fn event(sent: proto::span::Event) -> SpanEvent {
    SpanEvent {
        time: time(sent.time_unix_nano).unwrap_or(UnixNanos(0)),
        name: sent.name,
        attributes: attributes(sent.attributes),
    }
}

fn link(sent: &proto::span::Link) -> Option<SpanLink> {
    let trace_id = TraceId::from_bytes(&sent.trace_id)?;
    Some(SpanLink { trace_id, span_id: SpanId::from_bytes(&sent.span_id)? })
}
