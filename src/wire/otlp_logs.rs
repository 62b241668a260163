//! OTLP log requests, protobuf or JSON, as log records.
//!
//! Source: OTLP 1.9, `logs.proto`; OpenTelemetry logs data model, "Severity fields".

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::logs::v1 as proto;
use prost::Message as _;
use serde_json::value::to_raw_value;

use super::otlp_common::{
    UNKNOWN_SERVICE, attribute_value, attributes, resource, scope_name, time,
};
use super::{Decoded, OtlpFormat, WireError, otlp_json};
use crate::model::{Attribute, Field, LogRecord, Severity, SpanId, TraceId};

/// Reads a request for `/v1/logs`.
///
/// O(bytes); holds the whole request. A record is never refused: every field of it is optional.
pub fn decode_logs(body: &[u8], format: OtlpFormat) -> Result<Decoded<LogRecord>, WireError> {
    let request = match format {
        OtlpFormat::Protobuf => ExportLogsServiceRequest::decode(body)
            .map_err(|error| WireError::Protobuf(error.to_string()))?,
        OtlpFormat::Json => otlp_json::logs(body)?,
    };
    let mut decoded = Decoded::default();
    for resource_logs in request.resource_logs {
        let (service, _) = resource(resource_logs.resource);
        for scope_logs in resource_logs.scope_logs {
            let scope = scope_name(scope_logs.scope);
            for sent in scope_logs.log_records {
                decoded.push(Ok(record(sent, &service, &scope)));
            }
        }
    }
    Ok(decoded)
}

fn record(sent: proto::LogRecord, service: &str, scope: &str) -> LogRecord {
    let mut record = LogRecord {
        time: time(sent.time_unix_nano).or_else(|| time(sent.observed_time_unix_nano)),
        level: severity(sent.severity_number).or_else(|| Severity::from_name(&sent.severity_text)),
        message: attribute_value(sent.body).to_string(),
        service: (service != UNKNOWN_SERVICE).then(|| service.to_owned()),
        logger: (!scope.is_empty()).then(|| scope.to_owned()),
        // Zeros mean "in no trace", and some senders write them.
        trace_id: TraceId::from_bytes(&sent.trace_id).map(|id| id.to_string()),
        span_id: SpanId::from_bytes(&sent.span_id).map(|id| id.to_string()),
        ..LogRecord::default()
    };
    for attribute in attributes(sent.attributes) {
        add_attribute(&mut record, attribute);
    }
    if record.message.is_empty() {
        record.message = sent.event_name;
    }
    record
}

fn add_attribute(record: &mut LogRecord, (name, value): Attribute) {
    match name.as_str() {
        "request_id" | "request.id" | "http.request.id" => {
            record.request_id = Some(value.to_string());
        }
        "exception.stacktrace" => record.exception = Some(value.to_string()),
        _ => {
            // A value of ours always serialises; without it the field would be lost silently.
            if let Ok(value) = to_raw_value(&value) {
                record.fields.push(Field { name, value });
            }
        }
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
