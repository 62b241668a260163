//! OTLP's JSON encoding, read leniently into the same messages as its protobuf.
//!
//! Senders differ: numbers come as numbers or text, enumerations as numbers or names, ids as hex in
//! any case or as base 64, keys in camel or snake case, and absent members as `null`. Unknown members
//! are passed over. What has the wrong shape altogether refuses the request, as the Collector does.
//!
//! Source: OTLP 1.9, "JSON Protobuf Encoding".

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList, any_value,
};
use opentelemetry_proto::tonic::logs::v1 as logs_proto;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1 as trace_proto;
use serde_json::{Map, Value};

use super::WireError;
use super::json_text::json_value;

type Result<T> = std::result::Result<T, WireError>;

/// Reads an `ExportTraceServiceRequest`.
pub(super) fn traces(body: &[u8]) -> Result<ExportTraceServiceRequest> {
    let resource_spans = each(&document(body)?, "resourceSpans", |of_resource| {
        let scope_spans = each(of_resource, "scopeSpans", |of_scope| {
            Ok(trace_proto::ScopeSpans {
                scope: scope(of_scope)?,
                spans: each(of_scope, "spans", span)?,
                ..Default::default()
            })
        })?;
        Ok(trace_proto::ResourceSpans {
            resource: resource(of_resource)?,
            scope_spans,
            ..Default::default()
        })
    })?;
    Ok(ExportTraceServiceRequest { resource_spans })
}

/// Reads an `ExportLogsServiceRequest`.
pub(super) fn logs(body: &[u8]) -> Result<ExportLogsServiceRequest> {
    let resource_logs = each(&document(body)?, "resourceLogs", |of_resource| {
        let scope_logs = each(of_resource, "scopeLogs", |of_scope| {
            Ok(logs_proto::ScopeLogs {
                scope: scope(of_scope)?,
                log_records: each(of_scope, "logRecords", log_record)?,
                ..Default::default()
            })
        })?;
        Ok(logs_proto::ResourceLogs {
            resource: resource(of_resource)?,
            scope_logs,
            ..Default::default()
        })
    })?;
    Ok(ExportLogsServiceRequest { resource_logs })
}

fn span(sent: &Value) -> Result<trace_proto::Span> {
    let status = member(sent, "status")
        .map(|status| {
            Ok(trace_proto::Status {
                message: text(status, "message")?,
                code: enumeration(status, "code", "STATUS_CODE_", &["UNSET", "OK", "ERROR"])?,
            })
        })
        .transpose()?;
    Ok(trace_proto::Span {
        trace_id: id(sent, "traceId", 16)?,
        span_id: id(sent, "spanId", 8)?,
        parent_span_id: id(sent, "parentSpanId", 8)?,
        name: text(sent, "name")?,
        kind: enumeration(
            sent,
            "kind",
            "SPAN_KIND_",
            &["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"],
        )?,
        start_time_unix_nano: unsigned(sent, "startTimeUnixNano")?,
        end_time_unix_nano: unsigned(sent, "endTimeUnixNano")?,
        attributes: attributes(sent)?,
        events: each(sent, "events", |event| {
            Ok(trace_proto::span::Event {
                time_unix_nano: unsigned(event, "timeUnixNano")?,
                name: text(event, "name")?,
                attributes: attributes(event)?,
                ..Default::default()
            })
        })?,
        links: each(sent, "links", |link| {
            Ok(trace_proto::span::Link {
                trace_id: id(link, "traceId", 16)?,
                span_id: id(link, "spanId", 8)?,
                ..Default::default()
            })
        })?,
        status,
        ..Default::default()
    })
}

fn log_record(sent: &Value) -> Result<logs_proto::LogRecord> {
    Ok(logs_proto::LogRecord {
        time_unix_nano: unsigned(sent, "timeUnixNano")?,
        observed_time_unix_nano: unsigned(sent, "observedTimeUnixNano")?,
        severity_number: enumeration(sent, "severityNumber", "SEVERITY_NUMBER_", &[])?,
        severity_text: text(sent, "severityText")?,
        body: member(sent, "body").map(any_value).transpose()?,
        attributes: attributes(sent)?,
        trace_id: id(sent, "traceId", 16)?,
        span_id: id(sent, "spanId", 8)?,
        event_name: text(sent, "eventName")?,
        ..Default::default()
    })
}

fn resource(of_resource: &Value) -> Result<Option<Resource>> {
    let read = |sent| Ok(Resource { attributes: attributes(sent)?, ..Default::default() });
    member(of_resource, "resource").map(read).transpose()
}

fn scope(of_scope: &Value) -> Result<Option<InstrumentationScope>> {
    let read = |sent| Ok(InstrumentationScope { name: text(sent, "name")?, ..Default::default() });
    member(of_scope, "scope").map(read).transpose()
}

fn attributes(holder: &Value) -> Result<Vec<KeyValue>> {
    each(holder, "attributes", key_value)
}

fn key_value(pair: &Value) -> Result<KeyValue> {
    Ok(KeyValue {
        key: text(pair, "key")?,
        value: member(pair, "value").map(any_value).transpose()?,
        ..Default::default()
    })
}

/// Reads a value; serde's own limit on nesting (128) bounds the recursion.
fn any_value(sent: &Value) -> Result<AnyValue> {
    let typed = |name| member(sent, name);
    let value = if let Some(text) = typed("stringValue") {
        any_value::Value::StringValue(text.as_str().map_or_else(|| text.to_string(), str::to_owned))
    } else if let Some(truth) = typed("boolValue") {
        any_value::Value::BoolValue(
            truth
                .as_bool()
                .or_else(|| truth.as_str()?.parse().ok())
                .ok_or_else(|| shape("boolValue"))?,
        )
    } else if let Some(number) = typed("intValue") {
        any_value::Value::IntValue(
            number
                .as_i64()
                .or_else(|| number.as_str()?.parse().ok())
                .ok_or_else(|| shape("intValue"))?,
        )
    } else if let Some(number) = typed("doubleValue") {
        any_value::Value::DoubleValue(
            number
                .as_f64()
                .or_else(|| number.as_str()?.parse().ok())
                .ok_or_else(|| shape("doubleValue"))?,
        )
    } else if let Some(array) = typed("arrayValue") {
        any_value::Value::ArrayValue(ArrayValue { values: each(array, "values", any_value)? })
    } else if let Some(list) = typed("kvlistValue") {
        any_value::Value::KvlistValue(KeyValueList { values: each(list, "values", key_value)? })
    } else if let Some(bytes) = typed("bytesValue") {
        let digits = bytes.as_str().ok_or_else(|| shape("bytesValue"))?;
        any_value::Value::BytesValue(from_base64(digits).ok_or_else(|| shape("bytesValue"))?)
    } else {
        return Ok(AnyValue::default());
    };
    Ok(AnyValue { value: Some(value) })
}

fn document(body: &[u8]) -> Result<Value> {
    let value = json_value(body)?;
    if value.is_object() { Ok(value) } else { Err(WireError::Json("not an object".to_owned())) }
}

/// Returns the member under its camel-case or snake-case name; `null` counts as absent.
fn member<'a>(holder: &'a Value, name: &str) -> Option<&'a Value> {
    let object: &Map<String, Value> = holder.as_object()?;
    let found = object.get(name).or_else(|| object.get(&snake_case(name)));
    found.filter(|value| !value.is_null())
}

fn snake_case(name: &str) -> String {
    name.chars().fold(String::new(), |mut made, character| {
        if character.is_ascii_uppercase() {
            made.push('_');
        }
        made.push(character.to_ascii_lowercase());
        made
    })
}

fn each<T>(holder: &Value, name: &str, read: impl Fn(&Value) -> Result<T>) -> Result<Vec<T>> {
    match member(holder, name) {
        None => Ok(Vec::new()),
        Some(Value::Array(items)) => {
            items.iter().filter(|item| !item.is_null()).map(read).collect()
        }
        Some(_) => Err(shape(name)),
    }
}

fn text(holder: &Value, name: &str) -> Result<String> {
    match member(holder, name) {
        None => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(_) => Err(shape(name)),
    }
}

fn unsigned(holder: &Value, name: &str) -> Result<u64> {
    let Some(sent) = member(holder, name) else { return Ok(0) };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked range")]
    let of_float = |number: f64| (0.0..1.8e19).contains(&number).then_some(number as u64);
    sent.as_u64()
        .or_else(|| sent.as_str()?.trim().parse().ok())
        .or_else(|| of_float(sent.as_f64()?))
        .ok_or_else(|| shape(name))
}

fn enumeration(holder: &Value, name: &str, prefix: &str, names: &[&str]) -> Result<i32> {
    let Some(sent) = member(holder, name) else { return Ok(0) };
    if let Some(number) = sent.as_i64() {
        return i32::try_from(number).map_err(|_| shape(name));
    }
    let word = sent.as_str().ok_or_else(|| shape(name))?;
    let bare = word.strip_prefix(prefix).unwrap_or(word);
    let place = names.iter().position(|known| known.eq_ignore_ascii_case(bare));
    // An unknown name is an unknown number: protobuf takes those as they are.
    let number = place.and_then(|place| i32::try_from(place).ok()).or_else(|| bare.parse().ok());
    Ok(number.unwrap_or(0))
}

/// Reads an id of `length` bytes; an absent one is empty, as in protobuf.
fn id(holder: &Value, name: &str, length: usize) -> Result<Vec<u8>> {
    let digits = text(holder, name)?;
    if digits.is_empty() {
        return Ok(Vec::new());
    }
    let read = if digits.len() == length * 2 { from_hex(&digits) } else { from_base64(&digits) };
    read.filter(|bytes| bytes.len() == length).ok_or_else(|| shape(name))
}

fn from_hex(digits: &str) -> Option<Vec<u8>> {
    let nibbles: Option<Vec<u32>> = digits.chars().map(|digit| digit.to_digit(16)).collect();
    nibbles?.chunks(2).map(|pair| u8::try_from(pair[0] << 4 | pair.get(1)?).ok()).collect()
}

/// Reads base 64, standard or URL-safe, with or without padding.
fn from_base64(digits: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    let mut bits = 0_u32;
    let mut count = 0;
    for byte in digits.trim_end_matches('=').bytes() {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(digit);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    Some(bytes)
}

fn shape(name: &str) -> WireError {
    WireError::Json(format!("`{name}` has the wrong shape"))
}
