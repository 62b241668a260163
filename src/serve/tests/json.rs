//! OTLP's JSON as senders really write it.

use serde_json::json;

use super::*;
use crate::model::{AttributeValue, Span, SpanId, SpanKind, SpanStatus, TraceId, UnixNanos};

const TRACE: &str = "018f3c1e9b7a7c448d215a0b6f4e2d11";

fn request(span: &serde_json::Value) -> serde_json::Value {
    json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": [span] }] }] })
}

/// Sends one request and returns the one span that it stores.
async fn stored(request: &serde_json::Value) -> Span {
    let served = Served::new();
    let answer = served.post_json("/v1/traces", request).await;
    assert_eq!(answer.text(), r#"{"partialSuccess":{}}"#, "{request}");
    let spans = served.reader().trace(TraceId::from_hex(TRACE).unwrap()).unwrap();
    assert_eq!(spans.len(), 1, "{request}");
    spans.into_iter().next().unwrap()
}

fn expected() -> Span {
    Span {
        trace_id: TraceId::from_hex(TRACE).unwrap(),
        span_id: SpanId::from_hex("8ec2e287f09dff3a").unwrap(),
        parent: SpanId::from_hex("11223344aabbccdd"),
        name: "GET /".to_owned(),
        kind: SpanKind::Server,
        service: "unknown_service".to_owned(),
        start: UnixNanos(1_795_329_610_466_057_087),
        end: Some(UnixNanos(1_795_329_610_496_057_087)),
        status: SpanStatus::Error,
        status_message: String::new(),
        attributes: vec![("n".to_owned(), AttributeValue::Int(7))],
        events: vec![],
        links: vec![],
        resource: [].into(),
        scope: String::new(),
    }
}

#[tokio::test]
async fn numbers_may_be_text_and_enumerations_names() {
    for (kind, code, start, number) in [
        (json!(2), json!(2), json!("1795329610466057087"), json!("7")),
        (
            json!("SPAN_KIND_SERVER"),
            json!("STATUS_CODE_ERROR"),
            json!(1_795_329_610_466_057_087_u64),
            json!(7),
        ),
    ] {
        let span = json!({
            "traceId": TRACE, "spanId": "8ec2e287f09dff3a", "parentSpanId": "11223344aabbccdd",
            "name": "GET /", "kind": kind, "status": { "code": code },
            "startTimeUnixNano": start, "endTimeUnixNano": "1795329610496057087",
            "attributes": [{ "key": "n", "value": { "intValue": number } }]
        });
        assert_eq!(stored(&request(&span)).await, expected());
    }
}

#[tokio::test]
async fn ids_may_be_upper_case_hex_or_base_64() {
    for (trace, span, parent) in [
        ("018F3C1E9B7A7C448D215A0B6F4E2D11", "8EC2E287F09DFF3A", "11223344AABBCCDD"),
        ("AY88Hpt6fESNIVoLb04tEQ==", "jsLih/Cd/zo=", "ESIzRKq7zN0="),
        ("AY88Hpt6fESNIVoLb04tEQ", "jsLih_Cd_zo", "ESIzRKq7zN0"),
    ] {
        let span = json!({ "traceId": trace, "spanId": span, "parentSpanId": parent, "startTimeUnixNano": 1 });
        let read = stored(&request(&span)).await;
        assert_eq!((read.span_id, read.parent), (expected().span_id, expected().parent), "{trace}");
    }
}

#[tokio::test]
async fn keys_may_be_in_snake_case_and_members_null_or_unknown() {
    let request = json!({ "resource_spans": [{
        "resource": null,
        "scope_spans": [{ "scope": null, "schema_url": "x", "spans": [null, {
            "trace_id": TRACE, "span_id": "8ec2e287f09dff3a", "parent_span_id": "11223344aabbccdd",
            "name": "GET /", "kind": "server", "trace_state": null, "from_the_future": [{}],
            "start_time_unix_nano": "1795329610466057087",
            "end_time_unix_nano": "1795329610496057087", "events": null, "links": null,
            "attributes": [{ "key": "n", "value": { "int_value": "7" } }],
            "status": { "code": "ERROR", "message": null }
        }] }]
    }] });
    assert_eq!(stored(&request).await, expected());
}

#[tokio::test]
async fn half_a_surrogate_pair_does_not_cost_the_request() {
    let body = request(&json!({ "traceId": TRACE, "spanId": "8ec2e287f09dff3a",
        "startTimeUnixNano": 1, "name": "CUT" }));
    let body = body.to_string().replace("CUT", r"\\ud83d \ud83d\ude00 \ud83d");
    let served = Served::new();
    let answer = served.post("/v1/traces", "application/json", body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let spans = served.reader().trace(expected().trace_id).unwrap();
    assert_eq!(spans[0].name, "\\ud83d \u{1f600} \u{fffd}");
}
