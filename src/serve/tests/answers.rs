//! What OTLP senders are told, beside what the Collector told them.

use prost::Message as _;
use serde_json::json;

use super::*;

/// Where OTLP is taken.
const PATHS: [&str; 3] = ["/v1/traces", "/v1/logs", "/v1/metrics"];

const PROTOBUF: &str = "application/x-protobuf";

/// Returns status, content type and body that the Collector gave; see the fixtures' README.
fn collector(case: &str) -> (u16, String, String) {
    let text = std::fs::read_to_string(fixture(&format!("otlp/collector/ingest_{case}.txt")));
    let text = text.unwrap();
    let media_type = text.split("'Content-Type', '").nth(1).unwrap().split('\'').next().unwrap();
    let body = text.rsplit_once("b'").unwrap().1.trim_end().strip_suffix('\'').unwrap();
    (text.get(..3).unwrap().parse().unwrap(), media_type.to_owned(), body.to_owned())
}

fn shape(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.media_type.clone())
}

fn collector_shape(case: &str) -> (u16, String) {
    let (status, media_type, _) = collector(case);
    (status, media_type)
}

#[derive(prost::Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

#[tokio::test]
async fn what_is_taken_is_answered_byte_for_byte_as_the_collector_does() {
    let served = Served::new();
    for path in PATHS {
        let protobuf = served.post(path, PROTOBUF, "").await;
        assert_eq!(shape(&protobuf), collector_shape("ok"));
        assert_eq!(
            (protobuf.body.as_slice(), collector("ok").2.as_str()),
            (&b"\n\0"[..], r"\n\x00")
        );
        let json = served.post(path, "application/json; charset=utf-8", "{}").await;
        assert_eq!(shape(&json), collector_shape("empty_json"));
        assert_eq!(json.text(), collector("empty_json").2);
    }
}

#[tokio::test]
async fn malformed_protobuf_is_answered_with_a_status_message() {
    let served = Served::new();
    for path in PATHS {
        let answer = served.post(path, PROTOBUF, "nope").await;
        assert_eq!(shape(&answer), collector_shape("garbage_protobuf"));
        let status = RpcStatus::decode(answer.body.as_slice()).unwrap();
        assert_eq!(status.code, 3);
        assert!(status.message.starts_with("malformed protobuf: "), "{}", status.message);
    }
}

#[tokio::test]
async fn malformed_json_is_answered_with_code_3_and_a_reason() {
    let served = Served::new();
    for body in ["{nope", "[]", r#"{"resourceSpans":7,"resourceLogs":7,"resourceMetrics":7}"#, ""] {
        for path in PATHS {
            let answer = served.post(path, "application/json", body).await;
            assert_eq!(shape(&answer), collector_shape("garbage_json"), "{path} {body}");
            assert_eq!(answer.json()["code"], 3);
            assert!(answer.json()["message"].as_str().unwrap().starts_with("malformed JSON: "));
        }
    }
}

#[tokio::test]
async fn an_id_of_the_wrong_length_refuses_the_json_request() {
    let served = Served::new();
    let span = json!({ "traceId": "0d215a0b6f4e2d14", "spanId": "8ec2e287f09dff3a" });
    let request = json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": [span] }] }] });
    let answer = served.post_json("/v1/traces", &request).await;
    assert_eq!(shape(&answer), collector_shape("json_short_trace_id"));
    assert_eq!(
        answer.text(),
        r#"{"code":3,"message":"malformed JSON: `traceId` has the wrong shape"}"#
    );
}

#[tokio::test]
async fn another_content_type_is_refused_with_those_that_are_taken() {
    let served = Served::new();
    let answer = served.post("/v1/traces", "text/plain", "").await;
    assert_eq!(answer.status.as_u16(), collector("bad_content_type").0);
    assert!(answer.media_type.starts_with("text/plain"));
    assert_eq!(answer.text(), collector("bad_content_type").2);
}

#[tokio::test]
async fn a_body_that_does_not_decompress_is_refused_in_its_content_type() {
    let served = Served::new();
    let whole = gzip(b"{}");
    for cut in [&whole[..whole.len() - 3], &whole[..12], b"not gzip"] {
        let request = Request::post("/v1/traces")
            .header("content-type", PROTOBUF)
            .header("content-encoding", "gzip");
        let answer = served.send(request.body(cut.to_vec().into()).unwrap()).await;
        assert_eq!(shape(&answer), collector_shape("bad_gzip"));
        assert_eq!(RpcStatus::decode(answer.body.as_slice()).unwrap().code, 3);
    }
}

#[tokio::test]
async fn a_bomb_is_too_large_and_an_unknown_encoding_is_not_taken() {
    let served = Served::new();
    // Members of one mebibyte each: making one of 64 would be the longest part of the test.
    let bomb = gzip(&vec![b' '; 1 << 20]).repeat(super::super::INFLATED_BYTES_MAX / (1 << 20) + 1);
    for (encoding, body, expected) in [("gzip", bomb, 413), ("compress", vec![], 415)] {
        let request = Request::post("/v1/traces")
            .header("content-type", "application/json")
            .header("content-encoding", encoding);
        let answer = served.send(request.body(body.into()).unwrap()).await;
        assert_eq!(shape(&answer), (expected, "application/json".to_owned()));
        assert!(!answer.json()["message"].as_str().unwrap().is_empty());
    }
}

#[tokio::test]
async fn spans_without_an_id_are_refused_one_by_one() {
    let served = Served::new();
    let good = json!({ "traceId": "018f3c1e9b7a7c448d215a0b6f4e2d11", "spanId": "8ec2e287f09dff3a",
            "startTimeUnixNano": "1" });
    let zero_trace = json!({ "traceId": "0".repeat(32), "spanId": "8ec2e287f09dff3a" });
    let no_span = json!({ "traceId": "018f3c1e9b7a7c448d215a0b6f4e2d11", "spanId": "" });
    let spans = json!([good, zero_trace, no_span]);
    let request = json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": spans }] }] });
    let answer = served.post_json("/v1/traces", &request).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        answer.json(),
        json!({ "partialSuccess": { "rejectedSpans": "2",
            "errorMessage": "a trace id must be 16 bytes that are not all zero" } })
    );
    let id = crate::model::TraceId::from_hex("018f3c1e9b7a7c448d215a0b6f4e2d11").unwrap();
    assert_eq!(served.reader().trace(id).unwrap().len(), 1);
}

#[tokio::test]
async fn a_request_of_which_nothing_can_be_taken_is_refused() {
    let served = Served::new();
    let span = json!({ "traceId": "0".repeat(32), "spanId": "8ec2e287f09dff3a", "name": "x" });
    let request = json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": [span] }] }] });
    let answer = served.post_json("/v1/traces", &request).await;
    assert_eq!(shape(&answer), collector_shape("zero_trace_id"));
    let message = "a trace id must be 16 bytes that are not all zero";
    assert_eq!(answer.json(), json!({ "code": 3, "message": message }));
}

#[tokio::test]
async fn upper_case_ids_are_taken_as_the_collector_does_and_base_64_although_it_does_not() {
    let served = Served::new();
    for (trace, span, case) in [
        ("018F3C1E9B7A7C448D215A0B6F4E2D11", "8EC2E287F09DFF3A", "json_span"),
        ("AY88Hpt6fESNIVoLb04tEQ==", "jsLih/Cd/zo=", "json_base64_ids"),
    ] {
        let span = json!({ "traceId": trace, "spanId": span, "startTimeUnixNano": "1" });
        let request = json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": [span] }] }] });
        let answer = served.post_json("/v1/traces", &request).await;
        assert_eq!(answer.text(), r#"{"partialSuccess":{}}"#, "{case}");
    }
    assert_eq!(collector("json_span").0, 200);
    assert_eq!(collector("json_base64_ids").0, 400);
}

#[tokio::test]
async fn another_method_is_405_in_the_collectors_words_and_has_no_body_for_head() {
    let served = Served::new();
    for path in PATHS {
        let answer = served.get(path).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(answer.text(), "405 method not allowed, supported: [POST]");
        let head = Request::head(path).body(Body::empty()).unwrap();
        let head = served.send(head).await;
        assert_eq!((head.status, head.text().as_str()), (StatusCode::METHOD_NOT_ALLOWED, ""));
        assert_eq!(head.headers[header::ALLOW], "POST");
    }
}

#[tokio::test]
async fn sentrys_paths_for_otlp_are_the_same_receiver() {
    let served = Served::new();
    for path in ["/api/7/integration/otlp/v1/traces", "/api/7/integration/otlp/v1/logs/"] {
        let answer = served.post(path, PROTOBUF, "").await;
        assert_eq!(
            (answer.status, answer.body.as_slice()),
            (StatusCode::OK, &b"\n\0"[..]),
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_protobuf_answer_counts_what_was_refused() {
    use opentelemetry_proto::tonic::collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
    };
    use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};

    let good = Span {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        start_time_unix_nano: 3,
        ..Default::default()
    };
    let scope_spans = ScopeSpans { spans: vec![Span::default(), good], ..Default::default() };
    let resource_spans = ResourceSpans { scope_spans: vec![scope_spans], ..Default::default() };
    let request = ExportTraceServiceRequest { resource_spans: vec![resource_spans] };
    let answer = Served::new().post("/v1/traces", PROTOBUF, request.encode_to_vec()).await;
    let response = ExportTraceServiceResponse::decode(answer.body.as_slice()).unwrap();
    assert_eq!(response.partial_success.unwrap().rejected_spans, 1);
}
