//! OTLP's JSON encoding, read leniently into the same messages as its protobuf.
//!
//! Senders differ: numbers come as numbers or text, enumerations as numbers or names, ids as hex in
//! any case or as base 64, keys in camel or snake case, and absent members as `null`. Unknown members
//! are passed over. What has the wrong shape altogether refuses the request, as the Collector does.
//!
//! Source: OTLP 1.9, "JSON Protobuf Encoding".

use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, KeyValue, KeyValueList, any_value,
};
use opentelemetry_proto::tonic::logs::v1 as logs_proto;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1 as trace_proto;
use serde_json::Value;

use super::WireError;
use super::otlp_common::Take;
use crate::model::from_base64;
use members::{
    as_double, as_signed, as_truth, each, enumeration, id, member, shape, text, unsigned,
};
use walk::{Levels, walk};

mod members;
mod metrics;
mod walk;

pub(super) use metrics::metrics;

type Result<T> = std::result::Result<T, WireError>;

/// Reads an `ExportTraceServiceRequest`.
pub(super) fn traces(body: &[u8], take: &mut Take<'_, trace_proto::Span>) -> Result<()> {
    const LEVELS: Levels =
        Levels { of_resources: "resourceSpans", of_scopes: "scopeSpans", records: "spans" };
    walk(body, &LEVELS, span, take)
}

/// Reads an `ExportLogsServiceRequest`.
pub(super) fn logs(body: &[u8], take: &mut Take<'_, logs_proto::LogRecord>) -> Result<()> {
    const LEVELS: Levels =
        Levels { of_resources: "resourceLogs", of_scopes: "scopeLogs", records: "logRecords" };
    walk(body, &LEVELS, log_record, take)
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
                dropped_attributes_count: count(event, "droppedAttributesCount")?,
            })
        })?,
        links: each(sent, "links", |link| {
            Ok(trace_proto::span::Link {
                trace_id: id(link, "traceId", 16)?,
                span_id: id(link, "spanId", 8)?,
                attributes: attributes(link)?,
                ..Default::default()
            })
        })?,
        trace_state: text(sent, "traceState")?,
        dropped_attributes_count: count(sent, "droppedAttributesCount")?,
        dropped_events_count: count(sent, "droppedEventsCount")?,
        dropped_links_count: count(sent, "droppedLinksCount")?,
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

fn count(holder: &Value, name: &str) -> Result<u32> {
    Ok(u32::try_from(unsigned(holder, name)?).unwrap_or(u32::MAX))
}

fn resource(sent: &Value) -> Result<Resource> {
    Ok(Resource { attributes: attributes(sent)?, ..Default::default() })
}

fn scope_name(sent: &Value) -> Result<String> {
    text(sent, "name")
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
        any_value::Value::BoolValue(as_truth(truth).ok_or_else(|| shape("boolValue"))?)
    } else if let Some(number) = typed("intValue") {
        any_value::Value::IntValue(as_signed(number).ok_or_else(|| shape("intValue"))?)
    } else if let Some(number) = typed("doubleValue") {
        any_value::Value::DoubleValue(as_double(number).ok_or_else(|| shape("doubleValue"))?)
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
