//! Spans as OTLP's JSON: what `/v1/traces` takes and Jaeger's `/api/v3` answers.
//!
//! Ids are lower-case hex, 64-bit numbers are text, enumerations are numbers; what has its default
//! is left out. Source: OTLP 1.9, "JSON Protobuf Encoding".

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::otlp_common::UNKNOWN_SERVICE;
use crate::model::{Attribute, AttributeValue, Span, SpanEvent, SpanKind, SpanLink, SpanStatus};

/// A scope's name, and its spans as they are written.
type Scope<'a> = (&'a str, Vec<Value>);

/// Writes a `TracesData`: `{"resourceSpans": […]}`, each resource and each scope once, in the order
/// in which they come.
pub fn write_otlp_json(spans: &[Span]) -> Value {
    let mut resources: Vec<(Value, Vec<Scope<'_>>)> = Vec::new();
    let mut places = HashMap::new();
    for span in spans {
        let resource = resource(span);
        let place = *places.entry(resource.to_string()).or_insert_with(|| {
            resources.push((resource, Vec::new()));
            resources.len() - 1
        });
        let scopes = &mut resources[place].1;
        match scopes.iter_mut().find(|(scope, _)| *scope == span.scope) {
            Some((_, written)) => written.push(write_span(span)),
            None => scopes.push((&span.scope, vec![write_span(span)])),
        }
    }
    let scope = |(name, spans): Scope<'_>| {
        let scope = if name.is_empty() { json!({}) } else { json!({ "name": name }) };
        json!({ "scope": scope, "spans": spans })
    };
    let resources = resources.into_iter().map(|(resource, scopes)| {
        json!({ "resource": resource, "scopeSpans": scopes.into_iter().map(scope).collect::<Vec<_>>() })
    });
    json!({ "resourceSpans": resources.collect::<Vec<_>>() })
}

/// A span whose sender had no resource still belongs to a service.
fn resource(span: &Span) -> Value {
    let mut attributes = write_attributes(&span.resource);
    let named = span.resource.iter().any(|(key, _)| key == "service.name");
    if !named && !span.service.is_empty() && span.service != UNKNOWN_SERVICE {
        attributes.push(json!({ "key": "service.name", "value": { "stringValue": span.service } }));
    }
    if attributes.is_empty() { json!({}) } else { json!({ "attributes": attributes }) }
}

fn write_span(span: &Span) -> Value {
    let mut written = Map::new();
    let mut add = |name: &str, value: Value| written.insert(name.to_owned(), value);
    add("traceId", span.trace_id.to_string().into());
    add("spanId", span.span_id.to_string().into());
    if let Some(parent) = span.parent {
        add("parentSpanId", parent.to_string().into());
    }
    add("name", span.name.as_str().into());
    add("kind", kind_number(span.kind).into());
    add("startTimeUnixNano", span.start.0.to_string().into());
    if let Some(end) = span.end {
        add("endTimeUnixNano", end.0.to_string().into());
    }
    for (name, values) in [
        ("attributes", write_attributes(&span.attributes)),
        ("events", span.events.iter().map(write_event).collect()),
        ("links", span.links.iter().map(write_link).collect()),
    ] {
        if !values.is_empty() {
            add(name, values.into());
        }
    }
    let mut status = Map::new();
    match span.status {
        SpanStatus::Unset => {}
        SpanStatus::Ok => drop(status.insert("code".to_owned(), 1.into())),
        SpanStatus::Error => drop(status.insert("code".to_owned(), 2.into())),
    }
    if !span.status_message.is_empty() {
        status.insert("message".to_owned(), span.status_message.as_str().into());
    }
    add("status", status.into());
    written.into()
}

/// Returns the number that `trace.proto` gives to a kind.
fn kind_number(kind: SpanKind) -> u8 {
    match kind {
        SpanKind::Internal => 1,
        SpanKind::Server => 2,
        SpanKind::Client => 3,
        SpanKind::Producer => 4,
        SpanKind::Consumer => 5,
    }
}

fn write_event(event: &SpanEvent) -> Value {
    let mut written = json!({ "timeUnixNano": event.time.0.to_string(), "name": event.name });
    if !event.attributes.is_empty() {
        written["attributes"] = write_attributes(&event.attributes).into();
    }
    written
}

fn write_link(link: &SpanLink) -> Value {
    let (trace_id, span_id) = (link.trace_id.to_string(), link.span_id.to_string());
    let mut written = json!({ "traceId": trace_id, "spanId": span_id });
    if !link.attributes.is_empty() {
        written["attributes"] = write_attributes(&link.attributes).into();
    }
    written
}

fn write_attributes(attributes: &[Attribute]) -> Vec<Value> {
    attributes.iter().map(|(key, value)| pair(key, value)).collect()
}

fn pair(key: &str, value: &AttributeValue) -> Value {
    json!({ "key": key, "value": write_value(value) })
}

/// Writes an `AnyValue`; how deep it nests was bounded when it was read.
fn write_value(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::Bool(truth) => json!({ "boolValue": truth }),
        AttributeValue::Int(number) => json!({ "intValue": number.to_string() }),
        AttributeValue::Double(number) => json!({ "doubleValue": number }),
        AttributeValue::Text(text) => json!({ "stringValue": text }),
        AttributeValue::Array(values) => {
            let values: Vec<Value> = values.iter().map(write_value).collect();
            json!({ "arrayValue": { "values": values } })
        }
        AttributeValue::Map(pairs) => {
            let pairs: Vec<Value> = pairs.iter().map(|(key, value)| pair(key, value)).collect();
            json!({ "kvlistValue": { "values": pairs } })
        }
        AttributeValue::Empty => json!({}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{OtlpFormat, decode_traces};

    /// Returns what the reader makes of what the writer wrote.
    fn round_trip(spans: &[Span]) -> Vec<Span> {
        let text = write_otlp_json(spans).to_string();
        decode_traces(text.as_bytes(), OtlpFormat::Json).unwrap().accepted
    }

    #[test]
    fn recorded_spans_are_read_back_as_they_were() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/otlp/traces.otlp.jsonl");
        let mut seen = 0;
        for line in std::fs::read_to_string(file).unwrap().lines() {
            let spans = decode_traces(line.as_bytes(), OtlpFormat::Json).unwrap().accepted;
            seen += spans.len();
            assert_eq!(round_trip(&spans), spans);
        }
        assert!(seen > 0);
    }

    #[test]
    fn numbers_are_text_and_defaults_are_left_out() {
        let text = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0123456789abcdef0123456789abcdef",
            "spanId":"0123456789abcdef","name":"x","kind":3,"startTimeUnixNano":"7","attributes":[
            {"key":"n","value":{"intValue":9007199254740993}},{"key":"e","value":{}},
            {"key":"m","value":{"kvlistValue":{"values":[{"key":"a","value":{"boolValue":true}}]}}}]}]}]}]}"#;
        let spans = decode_traces(text.as_bytes(), OtlpFormat::Json).unwrap().accepted;
        let written = write_otlp_json(&spans);
        let span = &written["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
        assert_eq!(
            *span,
            json!({ "traceId": "0123456789abcdef0123456789abcdef", "spanId": "0123456789abcdef",
                "name": "x", "kind": 3, "startTimeUnixNano": "7", "status": {}, "attributes": [
                { "key": "n", "value": { "intValue": "9007199254740993" } },
                { "key": "e", "value": {} },
                { "key": "m", "value": { "kvlistValue": { "values": [
                    { "key": "a", "value": { "boolValue": true } }] } } }] })
        );
        assert_eq!(written["resourceSpans"][0]["resource"], json!({}));
    }
}
