//! Spans as the JSON of Jaeger's `/api`: what its page and Grafana's data source read.
//!
//! Times and durations are microseconds, so nanoseconds are lost; `/api/v3` keeps them. Source:
//! jaegertracing/jaeger, `model/json` and `model/converter/json`; `traces.md`, section 4.1.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use crate::model::{Attribute, AttributeValue, Span, SpanEvent, SpanKind, SpanStatus, TraceId};

/// The greatest integer that JavaScript holds exactly; greater ones are written as text.
const SAFE_INTEGER_MAX: u64 = (1 << 53) - 1;

/// The warning on a span without an end, which Jaeger's JSON has no other word for.
pub(super) const NOT_ENDED: &str =
    "the span had not ended, or ended before it began, when it was sent";

/// Writes one trace: `{traceID, spans, processes, warnings}`.
pub fn write_jaeger_json(trace_id: TraceId, spans: &[Span]) -> Value {
    let mut processes = Map::new();
    let mut places: HashMap<String, String> = HashMap::new();
    let written = spans.iter().map(|span| {
        let process = process(span);
        let id = places.entry(process.to_string()).or_insert_with(|| {
            let id = format!("p{}", processes.len() + 1);
            processes.insert(id.clone(), process);
            id
        });
        write_span(span, id)
    });
    let written: Vec<Value> = written.collect();
    json!({ "traceID": trace_id.to_string(), "spans": written, "processes": processes,
        "warnings": null })
}

/// `service.name` is the process's name and no tag of it.
fn process(span: &Span) -> Value {
    let rest = span.resource.iter().filter(|(key, _)| key != "service.name");
    let tags: Vec<Value> = rest.map(attribute).collect();
    json!({ "serviceName": span.service, "tags": tags })
}

fn write_span(span: &Span, process: &str) -> Value {
    let reference = |kind: &str, trace: TraceId, span: String| json!({ "refType": kind, "traceID": trace.to_string(), "spanID": span });
    let parent = span.parent.map(|id| reference("CHILD_OF", span.trace_id, id.to_string()));
    let links = span
        .links
        .iter()
        .map(|link| reference("FOLLOWS_FROM", link.trace_id, link.span_id.to_string()));
    let references: Vec<Value> = parent.into_iter().chain(links).collect();
    let warnings = match span.end {
        Some(_) => Value::Null,
        None => json!([NOT_ENDED]),
    };
    json!({
        "traceID": span.trace_id.to_string(),
        "spanID": span.span_id.to_string(),
        "flags": 1,
        "operationName": span.name,
        "references": references,
        "startTime": span.start.0 / 1_000,
        "duration": span.duration_ns().unwrap_or(0) / 1_000,
        "tags": tags(span),
        "logs": span.events.iter().map(log).collect::<Vec<_>>(),
        "processID": process,
        "warnings": warnings,
    })
}

/// The attributes, then what Jaeger has only tags for.
fn tags(span: &Span) -> Vec<Value> {
    let mut tags: Vec<Value> = span.attributes.iter().map(attribute).collect();
    let mut add = |key: &str, value: AttributeValue| {
        if span.attribute(key).is_none() {
            tags.push(tag(key, &value));
        }
    };
    if !span.scope.is_empty() {
        add("otel.scope.name", span.scope.as_str().into());
    }
    add("span.kind", kind(span.kind).into());
    match span.status {
        SpanStatus::Unset => {}
        SpanStatus::Ok => add("otel.status_code", "OK".into()),
        SpanStatus::Error => {
            add("otel.status_code", "ERROR".into());
            add("error", AttributeValue::Bool(true));
        }
    }
    if !span.status_message.is_empty() {
        add("otel.status_description", span.status_message.as_str().into());
    }
    tags
}

/// Returns a kind as the tag `span.kind` has it.
fn kind(kind: SpanKind) -> &'static str {
    match kind {
        SpanKind::Internal => "internal",
        SpanKind::Server => "server",
        SpanKind::Client => "client",
        SpanKind::Producer => "producer",
        SpanKind::Consumer => "consumer",
    }
}

fn log(event: &SpanEvent) -> Value {
    let name = (!event.name.is_empty()).then(|| tag("event", &event.name.as_str().into()));
    let fields: Vec<Value> =
        name.into_iter().chain(event.attributes.iter().map(attribute)).collect();
    json!({ "timestamp": event.time.0 / 1_000, "fields": fields })
}

fn attribute((key, value): &Attribute) -> Value {
    tag(key, value)
}

/// Lists and maps have no type of their own there: they are text that holds JSON.
fn tag(key: &str, value: &AttributeValue) -> Value {
    let (kind, value) = match value {
        AttributeValue::Bool(truth) => ("bool", json!(truth)),
        AttributeValue::Int(number) if number.unsigned_abs() > SAFE_INTEGER_MAX => {
            ("int64", json!(number.to_string()))
        }
        AttributeValue::Int(number) => ("int64", json!(number)),
        AttributeValue::Double(number) => ("float64", json!(number)),
        other => ("string", json!(other.to_string())),
    };
    json!({ "key": key, "type": kind, "value": value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{OtlpFormat, decode_traces};

    fn written(span: &str) -> Value {
        let request = format!(
            r#"{{"resourceSpans":[{{"resource":{{"attributes":[
            {{"key":"service.name","value":{{"stringValue":"web"}}}},
            {{"key":"host.name","value":{{"stringValue":"h"}}}}]}},
            "scopeSpans":[{{"scope":{{"name":"lib"}},"spans":[{{"traceId":"0123456789abcdef0123456789abcdef",
            "spanId":"0123456789abcdef","name":"x",{span}}}]}}]}}]}}"#
        );
        let spans = decode_traces(request.as_bytes(), OtlpFormat::Json).unwrap().accepted;
        write_jaeger_json(spans[0].trace_id, &spans)
    }

    #[test]
    fn a_failed_span_has_its_tags_log_and_references() {
        let trace = written(
            r#""kind":2,"parentSpanId":"1123456789abcdef","startTimeUnixNano":"2000000","endTimeUnixNano":"5000999",
            "status":{"code":2,"message":"no"},"events":[{"timeUnixNano":"3000000","name":"exception"}],
            "links":[{"traceId":"aa23456789abcdef0123456789abcdef","spanId":"2123456789abcdef"}]"#,
        );
        assert_eq!(
            trace["processes"],
            json!({ "p1": { "serviceName": "web",
                "tags": [{ "key": "host.name", "type": "string", "value": "h" }] } })
        );
        let text = |key, value| json!({ "key": key, "type": "string", "value": value });
        assert_eq!(
            trace["spans"][0],
            json!({ "traceID": "0123456789abcdef0123456789abcdef", "spanID": "0123456789abcdef",
                "flags": 1, "operationName": "x", "startTime": 2000, "duration": 3000,
                "references": [
                    { "refType": "CHILD_OF", "traceID": "0123456789abcdef0123456789abcdef",
                      "spanID": "1123456789abcdef" },
                    { "refType": "FOLLOWS_FROM", "traceID": "aa23456789abcdef0123456789abcdef",
                      "spanID": "2123456789abcdef" }],
                "tags": [
                    text("otel.scope.name", "lib"),
                    text("span.kind", "server"),
                    text("otel.status_code", "ERROR"),
                    { "key": "error", "type": "bool", "value": true },
                    text("otel.status_description", "no")],
                "logs": [{ "timestamp": 3000, "fields": [text("event", "exception")] }],
                "processID": "p1", "warnings": null })
        );
    }

    #[test]
    fn types_are_kept_and_integers_that_javascript_cannot_hold_are_text() {
        let trace = written(
            r#""startTimeUnixNano":"1","attributes":[
            {"key":"i","value":{"intValue":"-7"}},{"key":"big","value":{"intValue":"9007199254740993"}},
            {"key":"d","value":{"doubleValue":0.5}},{"key":"b","value":{"boolValue":false}},
            {"key":"l","value":{"arrayValue":{"values":[{"intValue":1},{"stringValue":"a"}]}}}]"#,
        );
        let tags = trace["spans"][0]["tags"].as_array().unwrap();
        let shown: Vec<String> =
            tags.iter().take(5).map(|tag| format!("{} {}", tag["type"], tag["value"])).collect();
        assert_eq!(
            shown,
            [
                r#""int64" -7"#,
                r#""int64" "9007199254740993""#,
                r#""float64" 0.5"#,
                r#""bool" false"#,
                r#""string" "[1,\"a\"]""#,
            ]
        );
        assert_eq!(trace["spans"][0]["duration"], 0);
        assert!(trace["spans"][0]["warnings"][0].as_str().unwrap().contains("not ended"));
    }
}
