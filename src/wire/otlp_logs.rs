//! OTLP log requests, protobuf or JSON, as log records.
//!
//! Source: OTLP 1.9, `logs.proto`; OpenTelemetry logs data model, "Severity fields".

use opentelemetry_proto::tonic::logs::v1 as proto;

use super::decoded::{Decoded, Keeper, Rejected};
use super::otlp_common::{Sender, UNKNOWN_SERVICE, attribute_value, attributes, field, time};
use super::{OtlpFormat, WireError, otlp_json, otlp_protobuf};
use crate::model::{Attribute, AttributeValue, LogRecord, Severity, SpanId, TraceId};

/// Reads a request for `/v1/logs`.
///
/// O(bytes); holds the accepted records and one message at a time. Every field of a record is optional:
/// only its size can refuse it.
pub fn decode_logs(body: &[u8], format: OtlpFormat) -> Result<Decoded<LogRecord>, WireError> {
    let mut decoded = Decoded::default();
    let mut take = |sender: &Sender, sent: Result<proto::LogRecord, Rejected>| {
        decoded.take(|keeper| Ok(record(sent?, sender, keeper)));
    };
    match format {
        OtlpFormat::Protobuf => otlp_protobuf::walk(body, &mut take)?,
        OtlpFormat::Json => otlp_json::logs(body, &mut take)?,
    }
    Ok(decoded)
}

fn record(sent: proto::LogRecord, sender: &Sender, keeper: &mut Keeper) -> LogRecord {
    sender.pay(keeper);
    let named = sender.service != UNKNOWN_SERVICE;
    let body = attribute_value(sent.body, keeper);
    let mut record = LogRecord {
        time: time(sent.time_unix_nano).or_else(|| time(sent.observed_time_unix_nano)),
        level: severity(sent.severity_number).or_else(|| Severity::from_name(&sent.severity_text)),
        message: match body {
            AttributeValue::Text(text) => text,
            other => other.to_string(),
        },
        service: named.then(|| sender.service.clone()),
        logger: (!sender.scope.is_empty()).then(|| sender.scope.clone()),
        // Zeros mean "in no trace", and some senders write them.
        trace_id: TraceId::from_bytes(&sent.trace_id).map(|id| id.to_string()),
        span_id: SpanId::from_bytes(&sent.span_id).map(|id| id.to_string()),
        ..LogRecord::default()
    };
    for attribute in attributes(sent.attributes, keeper) {
        add_attribute(&mut record, attribute);
    }
    let severity = Some(sent.severity_text)
        .filter(|text| !text.is_empty() && Severity::from_name(text).is_none());
    let event = Some(sent.event_name).filter(|name| !name.is_empty());
    for (name, text) in [("severity_text", severity), ("event_name", event.clone())] {
        let value = text.map(|text| AttributeValue::Text(keeper.text(text)));
        record.fields.extend(value.and_then(|value| field(name.to_owned(), &value)));
    }
    let own = record.fields.len();
    for of_process in sender.fields() {
        // What the record says of itself counts more.
        if record.fields.iter().take(own).all(|field| field.name != of_process.name) {
            record.fields.push(of_process.clone());
        }
    }
    if record.message.is_empty() {
        record.message = event.unwrap_or_default();
    }
    record
}

fn add_attribute(record: &mut LogRecord, (name, value): Attribute) {
    match name.as_str() {
        "request_id" | "request.id" | "http.request.id" => {
            record.request_id = Some(value.to_string());
        }
        "exception.stacktrace" => record.exception = Some(value.to_string()),
        _ => record.fields.extend(field(name, &value)),
    }
}

fn severity(number: i32) -> Option<Severity> {
    Some(match number {
        1..=4 => Severity::Trace,
        5..=8 => Severity::Debug,
        9..=12 => Severity::Info,
        13..=16 => Severity::Warn,
        17..=20 => Severity::Error,
        21..=24 => Severity::Fatal,
        _ => return None,
    })
}
