//! OTLP that is hostile or broken: each has a defined answer and a counter, and what is good in it is
//! kept.

use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message as _;
use serde_json::{Value, json};

use super::*;
use crate::model::{SpanId, TraceId};

const PROTOBUF: &str = "application/x-protobuf";
const TRACE: &str = "018f3c1e9b7a7c448d215a0b6f4e2d11";

fn good() -> Value {
    json!({ "traceId": TRACE, "spanId": "8ec2e287f09dff3a", "startTimeUnixNano": "9" })
}

fn request(spans: &Value) -> Value {
    json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": spans }] }] })
}

fn with(members: &Value) -> Value {
    let mut span = good();
    for (name, value) in members.as_object().unwrap() {
        span[name] = value.clone();
    }
    span
}

fn trace(served: &Served) -> Vec<crate::model::Span> {
    served.reader().trace(TraceId::from_hex(TRACE).unwrap()).unwrap()
}

async fn counted(served: &Served, kind: &str, reason: &str) -> u64 {
    let page = served.get("/metrics").await.text();
    let name = format!("obs_rejected_total{{kind=\"{kind}\",reason=\"{reason}\"}} ");
    let line = page.lines().find_map(|line| line.strip_prefix(&name));
    line.map_or(0, |number| number.parse().unwrap())
}

#[tokio::test]
async fn every_truncation_of_a_recorded_request_is_refused_or_holds_fewer_spans() {
    let whole = std::fs::read(fixture("otlp/001_http.bin")).unwrap();
    let served = Served::new();
    let mut refused = 0;
    for cut in (1..whole.len()).step_by(7) {
        let answer = served.post("/v1/traces", PROTOBUF, whole[..cut].to_vec()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{cut}");
        assert_eq!(answer.media_type, PROTOBUF);
        refused += 1;
    }
    assert_eq!(counted(&served, "request", "malformed").await, refused);
}

#[tokio::test]
async fn each_way_in_which_a_span_is_bad_is_told_and_counted_and_costs_no_other_span() {
    for (bad, reason) in [
        (json!({ "traceId": "0".repeat(32) }), "trace_id"),
        (json!({ "traceId": "" }), "trace_id"),
        (json!({ "spanId": "0".repeat(16) }), "span_id"),
        (json!({ "startTimeUnixNano": 0 }), "no_time"),
        (json!({ "startTimeUnixNano": u64::MAX.to_string() }), "no_time"),
        (json!({ "name": "x".repeat(3 << 20) }), "record_too_large"),
    ] {
        let served = Served::new();
        let answer = served.post_json("/v1/traces", &request(&json!([with(&bad), good()]))).await;
        assert_eq!(answer.json()["partialSuccess"]["rejectedSpans"], "1", "{reason}");
        assert!(!answer.json()["partialSuccess"]["errorMessage"].as_str().unwrap().is_empty());
        assert_eq!(counted(&served, "span", reason).await, 1, "{reason}");
        assert_eq!(trace(&served).len(), 1, "{reason}");
    }
}

#[tokio::test]
async fn short_ids_in_protobuf_are_refused_span_by_span() {
    let span = |trace: usize, span: usize| Span {
        trace_id: vec![1; trace],
        span_id: vec![2; span],
        start_time_unix_nano: 1,
        ..Default::default()
    };
    let spans = vec![span(8, 8), span(16, 4), span(17, 8), span(16, 8)];
    let scope_spans = ScopeSpans { spans, ..Default::default() };
    let of_resource = ResourceSpans { scope_spans: vec![scope_spans], ..Default::default() };
    let body = ExportTraceServiceRequest { resource_spans: vec![of_resource] }.encode_to_vec();
    let served = Served::new();
    assert_eq!(served.post("/v1/traces", PROTOBUF, body).await.status, StatusCode::OK);
    let rejected =
        (counted(&served, "span", "trace_id").await, counted(&served, "span", "span_id").await);
    assert_eq!(rejected, (2, 1));
}

#[tokio::test]
async fn a_span_that_ends_before_it_starts_is_kept_without_an_end() {
    let served = Served::new();
    let span = with(&json!({ "endTimeUnixNano": 3 }));
    assert_eq!(served.post_json("/v1/traces", &request(&json!([span]))).await.status, 200);
    let span = &trace(&served)[0];
    assert_eq!((span.start.0, span.end), (9, None));
    assert_eq!(
        span.attribute("obs.end_sent_unix_nano").and_then(crate::model::AttributeValue::as_int),
        Some(3)
    );
}

#[tokio::test]
async fn an_attribute_of_a_megabyte_is_cut_with_a_mark_and_its_sender_told() {
    let served = Served::new();
    let attribute =
        |key: &str, text: String| json!({ "key": key, "value": { "stringValue": text } });
    let attributes =
        [attribute("db.statement", "é".repeat(500_000)), attribute("b", "short".into())];
    let span = with(&json!({ "attributes": attributes }));
    let answer = served.post_json("/v1/traces", &request(&json!([span]))).await;
    let told = "kept, but in 1 of them texts over 256 KiB were cut";
    assert_eq!(answer.json(), json!({ "partialSuccess": { "errorMessage": told } }));
    let kept = &trace(&served)[0];
    let text = kept.attribute("db.statement").unwrap().as_text().unwrap();
    assert!(text.starts_with("éé") && text.ends_with("… [cut: 1000000 bytes were sent]"));
    assert!(text.len() < (256 << 10) + 100);
    assert_eq!(kept.attribute("b").unwrap().as_text(), Some("short"));
}

#[tokio::test]
async fn deep_nesting_is_cut_within_reason_and_refused_beyond() {
    let nested = |depth: usize| {
        let inner = json!({ "stringValue": "x" });
        let array = |inner, _| json!({ "arrayValue": { "values": [inner] } });
        let value = (0..depth).fold(inner, array);
        request(&json!([with(&json!({ "attributes": [{ "key": "a", "value": value }] }))]))
    };
    let served = Served::new();
    assert_eq!(served.post_json("/v1/traces", &nested(25)).await.status, StatusCode::OK);
    assert!(trace(&served)[0].attribute("a").is_some());
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let in_a_span = request(&json!([with(&json!({ "attributes": "DEEP" }))]));
    let in_a_span = in_a_span.to_string().replace("\"DEEP\"", &deep);
    for body in [deep, in_a_span] {
        let answer = served.post("/v1/traces", "application/json", body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    }
    // Each level of a list in protobuf: AnyValue.array_value (5), ArrayValue.values (1).
    let mut value = vec![];
    for _ in 0..2_000 {
        value = [&[0x0a][..], &length(value.len()), &value].concat();
        value = [&[0x2a][..], &length(value.len()), &value].concat();
    }
    let mut body = [&[0x12][..], &length(value.len()), &value].concat();
    for field in [0x4a, 0x12, 0x12, 0x0a] {
        body = [&[field][..], &length(body.len()), &body].concat();
    }
    let answer = served.post("/v1/traces", PROTOBUF, body).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

/// Returns a number as protobuf writes it.
fn length(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(u8::try_from(number & 0x7f | 0x80).unwrap());
        number >>= 7;
    }
    bytes.push(u8::try_from(number).unwrap());
    bytes
}

#[tokio::test]
async fn a_quarter_of_a_million_empty_spans_costs_no_more_than_their_bytes() {
    let served = Served::new();
    let started = Instant::now();
    // As messages at once they would take a hundred times their bytes.
    let spans = [0x12, 0].repeat(1 << 18);
    let of_scope = [&[0x12][..], &length(spans.len()), &spans].concat();
    let body = [&[0x0a][..], &length(of_scope.len()), &of_scope].concat();
    let answer = served.post("/v1/traces", PROTOBUF, body).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(counted(&served, "span", "trace_id").await, 1 << 18);
    let spans = format!(
        "{{\"resourceSpans\":[{{\"scopeSpans\":[{{\"spans\":[{}{{}}]}}]}}]}}",
        "{},".repeat(10_000)
    );
    let answer = served.post("/v1/traces", "application/json", spans).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(counted(&served, "span", "trace_id").await, (1 << 18) + 10_001);
    assert!(started.elapsed() < Duration::from_mins(1));
}

#[tokio::test]
async fn a_gibibyte_from_a_mebibyte_is_413_and_counted() {
    let served = Served::new();
    let bomb = gzip(&vec![0; 1 << 20]).repeat(1029);
    for path in ["/v1/traces", "/v1/logs", "/v1/metrics"] {
        let request =
            Request::post(path).header("content-type", PROTOBUF).header("content-encoding", "gzip");
        let answer = served.send(request.body(bomb.clone().into()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    }
    assert_eq!(counted(&served, "request", "too_large").await, 3);
}

#[tokio::test]
async fn a_wrong_content_type_is_counted() {
    let served = Served::new();
    for media_type in ["", "text/plain", "application/protobuf", "multipart/form-data"] {
        let answer = served.post("/v1/traces", media_type, "").await;
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{media_type}");
    }
    assert_eq!(counted(&served, "request", "unsupported_type").await, 4);
    for media_type in ["application/json; charset=utf-8", "Application/JSON"] {
        assert_eq!(served.post("/v1/traces", media_type, "{}").await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn links_with_bad_ids_are_left_out_and_parents_with_zeros_are_none() {
    let served = Served::new();
    let span = with(&json!({
        "parentSpanId": "0000000000000000",
        "links": [
            { "traceId": "0".repeat(32), "spanId": "8ec2e287f09dff3a" },
            { "traceId": "F".repeat(32), "spanId": "AAAAAAAAAAE=" },
        ]
    }));
    assert_eq!(served.post_json("/v1/traces", &request(&json!([span]))).await.status, 200);
    let kept = &trace(&served)[0];
    assert_eq!(kept.parent, None);
    assert_eq!(kept.links.len(), 1);
    assert_eq!(Some(kept.links[0].span_id), SpanId::from_hex("0000000000000001"));
}

#[tokio::test]
async fn a_log_record_keeps_what_tells_its_process_from_others() {
    let served = Served::new();
    let attribute = |key: &str, text: &str| json!({ "key": key, "value": { "stringValue": text } });
    let resource = [
        attribute("service.name", "orders"),
        attribute("k8s.pod.name", "orders-7d9f"),
        attribute("host.name", "node-1"),
        attribute("telemetry.sdk.name", "opentelemetry"),
    ];
    let record = json!({ "timeUnixNano": "9", "body": { "stringValue": "hello" },
        "attributes": [attribute("host.name", "said by the record")] });
    let body = json!({ "resourceLogs": [{ "scopeLogs": [{ "logRecords": [record] }],
        "resource": { "attributes": resource } }] });
    assert_eq!(served.post_json("/v1/logs", &body).await.status, StatusCode::OK);
    let connection = rusqlite::Connection::open(served.store()).unwrap();
    let stored: String =
        connection.query_row("SELECT body FROM logs", [], |row| row.get(0)).unwrap();
    let stored: Value = serde_json::from_str(&stored).unwrap();
    assert_eq!(stored["service"], "orders");
    let fields = stored["fields"].as_array().unwrap().iter();
    let fields: Vec<_> =
        fields.map(|field| (field["name"].clone(), field["value"].clone())).collect();
    assert_eq!(
        fields,
        [
            (json!("host.name"), json!("said by the record")),
            (json!("k8s.pod.name"), json!("orders-7d9f"))
        ]
    );
}

#[tokio::test]
async fn what_the_model_has_no_place_for_is_kept_as_attributes() {
    let served = Served::new();
    let link = json!({ "traceId": "0192f3a1b2c37d4e8f90a1b2c3d4e5f6", "spanId": "00f067aa0ba902b7",
        "attributes": [{ "key": "why", "value": { "stringValue": "follows" } }] });
    let span = with(&json!({ "endTimeUnixNano": 12, "droppedAttributesCount": 3,
        "traceState": "vendor=1", "links": [link] }));
    assert_eq!(served.post_json("/v1/traces", &request(&json!([span]))).await.status, 200);
    let span = &trace(&served)[0];
    let said = |name: &str| span.attribute(name).unwrap().to_string();
    assert_eq!(
        (said("otel.dropped_attributes_count"), said("w3c.tracestate")),
        ("3".to_owned(), "vendor=1".to_owned())
    );
    assert_eq!(span.links[0].attributes[0].0, "why");
}

#[tokio::test]
async fn a_request_that_is_refused_as_a_whole_counts_once_on_every_route_and_questions_do_not() {
    const JSON: &str = "application/json";
    for (path, media_type, reason) in [
        ("/v1/traces", JSON, "malformed"),
        ("/v1/traces", "text/plain", "unsupported_type"),
        ("/loki/api/v1/push", JSON, "malformed"),
        ("/loki/api/v1/push", "text/plain", "unsupported_type"),
        ("/_bulk", JSON, "malformed"),
        ("/api/1/envelope/", "", "malformed"),
        ("/below/api/1/envelope/", "", "malformed"),
        ("/api/1/store/", JSON, "malformed"),
        ("/api/1/security/", JSON, "malformed"),
    ] {
        let served = Served::new();
        let status = served.post(path, media_type, "{").await.status;
        assert!(status.is_client_error(), "{path}: {status}");
        assert_eq!(counted(&served, "request", reason).await, 1, "{path} {media_type}");
        served.post("/api/obs/v1/logs", JSON, "{").await;
        served.get("/api/traces/none").await;
        assert_eq!(counted(&served, "request", reason).await, 1, "{path} {media_type}");
    }
}

#[tokio::test]
async fn what_the_store_does_not_take_counts_as_that() {
    let served = Served::new();
    let other = rusqlite::Connection::open(served.store()).unwrap();
    other.execute_batch("DROP TABLE logs").unwrap();
    assert_eq!(served.post("/logs", "", "x").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(counted(&served, "request", "store_failed").await, 1);
}
