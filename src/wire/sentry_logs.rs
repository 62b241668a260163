//! Logs of Sentry's clients, as log records.
//!
//! Source: develop.sentry.dev, "Logs"; `issues.md` section 5.2.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::to_raw_value;

use super::sentry_attributes::{text_of, untyped};
use super::sentry_json::{Scalar, Stored, read_json};
use super::sentry_sender::{request_id, service};
use super::sentry_time::time;
use super::{Decoded, Rejected, WireError};
use crate::model::{Field, LogRecord, Severity, SpanId, TraceId};

#[derive(Deserialize, Default)]
#[serde(default)]
struct SentLogs {
    items: Stored<SentLog>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SentLog {
    timestamp: Scalar,
    trace_id: Scalar,
    span_id: Scalar,
    level: Scalar,
    severity_number: Scalar,
    body: Value,
    attributes: Value,
}

/// Reads a log item, `{"items": [{"timestamp": …, "level": …, "body": …, "attributes": …}]}`.
///
/// Errs when the payload is no JSON object. O(bytes). A record is refused when it is no object, or
/// beyond the first 10,000; every member of it is optional.
pub fn decode_sentry_logs(payload: &[u8]) -> Result<Decoded<LogRecord>, WireError> {
    let sent: SentLogs = read_json(payload)?;
    let mut decoded = Decoded::default();
    for one in sent.items.taken {
        decoded.take(|_| one.map(record).ok_or(Rejected::Object));
    }
    decoded.reject(Rejected::Many, sent.items.beyond);
    Ok(decoded)
}

fn record(sent: SentLog) -> LogRecord {
    let attributes = match sent.attributes {
        Value::Object(members) => members,
        _ => serde_json::Map::new(),
    };
    let text = |name: &str| attributes.get(name).and_then(text_of).unwrap_or_default();
    let texts = attributes
        .iter()
        .filter_map(|(key, value)| Some((key.clone(), text_of(value)?.to_owned())));
    let texts: Vec<(String, String)> = texts.collect();
    let service = service(&texts, text("sentry.release"), text("server.address"));
    let by_number = || sent.severity_number.number().and_then(severity);
    let level = sent.level.text().and_then(Severity::from_name).or_else(by_number);
    let logger = text("logger.name").to_owned();
    let request_id = request_id(&texts);
    let field = |(name, value): (String, Value)| {
        // A value that was read always serialises; without it the field would be lost silently.
        Some(Field { name, value: to_raw_value(&untyped(value)).ok()? })
    };
    LogRecord {
        time: time(&sent.timestamp),
        level,
        message: match sent.body {
            Value::String(text) => text,
            Value::Null => String::new(),
            other => other.to_string(),
        },
        service: Some(service).filter(|service| !service.is_empty()),
        logger: Some(logger).filter(|logger| !logger.is_empty()),
        request_id,
        trace_id: sent.trace_id.text().and_then(TraceId::from_hex).map(|id| id.to_string()),
        span_id: sent.span_id.text().and_then(SpanId::from_hex).map(|id| id.to_string()),
        fields: attributes.into_iter().filter_map(field).collect(),
        ..LogRecord::default()
    }
}

/// Returns the level of a number, as OpenTelemetry numbers them.
fn severity(number: f64) -> Option<Severity> {
    Some(match number {
        1.0..5.0 => Severity::Trace,
        5.0..9.0 => Severity::Debug,
        9.0..13.0 => Severity::Info,
        13.0..17.0 => Severity::Warn,
        17.0..21.0 => Severity::Error,
        21.0..25.0 => Severity::Fatal,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::UnixNanos;

    fn decode(sent: &Value) -> Decoded<LogRecord> {
        decode_sentry_logs(sent.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn a_log_record_is_read_with_its_ids_and_its_attributes() {
        let text = |value: &str| json!({ "value": value, "type": "string" });
        let decoded = decode(&json!({ "version": 2, "items": [{
            "timestamp": 1_795_329_609.468_895, "level": "warn", "body": "checkout started",
            "trace_id": "bf5de95ecffa4212a42cf357bf8d6273", "span_id": "8df76de100186c89",
            "attributes": { "sku": text("SKU-1"), "count": { "value": 7, "type": "integer" },
                "sentry.release": text("web@2.0.0"), "logger.name": text("orders"),
                "request_id": text("req-1") } }] }));
        let record = &decoded.accepted[0];
        assert_eq!(record.time, Some(UnixNanos(1_795_329_609_468_895_000)));
        assert_eq!(
            (record.level, record.message.as_str()),
            (Some(Severity::Warn), "checkout started")
        );
        assert_eq!(record.service.as_deref(), Some("web"));
        assert_eq!(record.logger.as_deref(), Some("orders"));
        assert_eq!(record.request_id.as_deref(), Some("req-1"));
        assert_eq!(record.trace_id.as_deref(), Some("bf5de95ecffa4212a42cf357bf8d6273"));
        assert_eq!(record.span_id.as_deref(), Some("8df76de100186c89"));
        let count = record.fields.iter().find(|field| field.name == "count").unwrap();
        assert_eq!(count.value.get(), "7");
    }

    #[test]
    fn every_member_is_optional_and_what_is_no_object_is_refused_alone() {
        let decoded = decode(&json!({ "items": [{}, 7, null, { "body": { "a": 1 },
            "level": "loud", "severity_number": 21, "attributes": [] }] }));
        assert_eq!((decoded.accepted.len(), decoded.rejected_total()), (2, 2));
        assert_eq!(decoded.accepted[1].message, "{\"a\":1}");
        assert_eq!(decoded.accepted[1].level, Some(Severity::Fatal));
        assert!(decode(&json!({ "items": "x" })).accepted.is_empty());
    }

    #[test]
    fn a_list_without_end_is_cut_and_counted() {
        let many = format!("{{\"items\":[{}{{}}]}}", "{},".repeat(10_004));
        let decoded = decode_sentry_logs(many.as_bytes()).unwrap();
        assert_eq!((decoded.accepted.len(), decoded.rejected_total()), (10_000, 5));
        assert_eq!(decoded.told(), "an item has at most 10000 records");
    }
}
