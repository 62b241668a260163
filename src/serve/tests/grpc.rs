//! gRPC by hand: what exporters send, what they are told, over the router and over a socket.

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD as BASE64;
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message as _;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use tokio::sync::oneshot;

use super::super::{listen, run};
use super::*;
use crate::wire::frame;

const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const LOGS: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
const METRICS: &str = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
const HEALTH: &str = "/grpc.health.v1.Health/Check";

/// An answer, with its trailers; an answer without a message has them as its headers.
#[derive(Debug)]
struct Called {
    status: StatusCode,
    headers: HeaderMap,
    message: Vec<u8>,
    trailers: HeaderMap,
}

impl Called {
    /// Returns `grpc-status` and `grpc-message`, from where they have to be.
    fn end(&self) -> (&str, String) {
        assert_eq!(self.status, StatusCode::OK);
        assert_eq!(self.headers["content-type"], "application/grpc");
        let ends = if self.message.is_empty() { &self.headers } else { &self.trailers };
        let words = ends.get("grpc-message").map_or("", |value| value.to_str().unwrap());
        let words = percent_encoding::percent_decode_str(words).decode_utf8().unwrap().into_owned();
        (ends["grpc-status"].to_str().unwrap(), words)
    }
}

fn call(path: &str, body: Vec<u8>) -> Request<Body> {
    let request = Request::post(path).header(header::CONTENT_TYPE, "application/grpc");
    request.body(body.into()).unwrap()
}

async fn send(served: &Served, request: Request<Body>) -> Called {
    let response = app(Arc::clone(&served.backend)).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap();
    let trailers = body.trailers().cloned().unwrap_or_default();
    let message = body.to_bytes().to_vec();
    Called { status: parts.status, headers: parts.headers, message, trailers }
}

fn span(trace_id: Vec<u8>) -> Vec<u8> {
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
    let good =
        Span { trace_id, span_id: vec![2; 8], start_time_unix_nano: 3, ..Default::default() };
    let scope_spans = ScopeSpans { spans: vec![good, Span::default()], ..Default::default() };
    let resource_spans = ResourceSpans { scope_spans: vec![scope_spans], ..Default::default() };
    ExportTraceServiceRequest { resource_spans: vec![resource_spans] }.encode_to_vec()
}

fn stored(served: &Served) -> usize {
    let id = crate::model::TraceId::from_bytes(&[1; 16]).unwrap();
    served.reader().trace(id).unwrap().len()
}

#[tokio::test]
async fn each_service_answers_an_empty_request_with_one_message_and_a_trailer() {
    let served = Served::new();
    for path in [EXPORT, LOGS, METRICS] {
        let called = send(&served, call(path, frame(b"").unwrap())).await;
        assert_eq!(called.message, b"\0\0\0\0\x02\n\0", "{path}");
        assert_eq!(called.end(), ("0", String::new()));
        assert_eq!(called.headers["grpc-accept-encoding"], "identity,deflate,gzip,zstd");
    }
}

#[tokio::test]
async fn a_message_may_be_compressed_and_what_is_refused_in_it_is_told() {
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
    let plain = span(vec![1; 16]);
    let mut deflate = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut deflate, &plain).unwrap();
    for (encoding, message) in [
        ("identity", plain.clone()),
        ("gzip", gzip(&plain)),
        ("deflate", deflate.finish().unwrap()),
        ("zstd", compress_to_vec(plain.as_slice(), CompressionLevel::Fastest)),
    ] {
        let served = Served::new();
        let mut body = frame(&message).unwrap();
        body[0] = u8::from(encoding != "identity");
        let mut request = call(EXPORT, body);
        request.headers_mut().insert("grpc-encoding", encoding.parse().unwrap());
        let called = send(&served, request).await;
        assert_eq!(called.end().0, "0", "{encoding}");
        let answer = ExportTraceServiceResponse::decode(&called.message[5..]).unwrap();
        let partial = answer.partial_success.unwrap();
        assert_eq!(partial.rejected_spans, 1);
        assert!(partial.error_message.contains("trace id"), "{}", partial.error_message);
        assert_eq!(stored(&served), 1);
    }
}

#[tokio::test]
async fn a_flag_of_zero_means_not_compressed_whatever_the_header_says() {
    let served = Served::new();
    let mut request = call(EXPORT, frame(&span(vec![1; 16])).unwrap());
    request.headers_mut().insert("grpc-encoding", "gzip".parse().unwrap());
    assert_eq!(send(&served, request).await.end().0, "0");
    assert_eq!(stored(&served), 1);
}

#[tokio::test]
async fn bad_calls_end_with_their_code_and_words() {
    let served = Served::new();
    let framed = |message: &[u8]| frame(message).unwrap();
    let two = [framed(b""), framed(b"")].concat();
    let mut compressed = framed(b"x");
    compressed[0] = 1;
    for (path, body, encoding, code, words) in [
        (EXPORT, framed(b"nope"), "identity", "3", "malformed protobuf"),
        (EXPORT, framed(&span(vec![0; 16])), "identity", "3", "a trace id must be 16 bytes"),
        (EXPORT, compressed.clone(), "gzip", "3", "does not decompress"),
        (EXPORT, compressed, "identity", "13", "grpc-encoding does not say how"),
        (EXPORT, vec![], "identity", "13", "there is no message"),
        (EXPORT, vec![0, 0], "identity", "13", "3 bytes are missing"),
        (EXPORT, vec![0, 0, 0, 0, 9, 1], "identity", "13", "8 bytes are missing"),
        (LOGS, two, "identity", "13", "5 bytes follow it"),
        (LOGS, vec![7, 0, 0, 0, 0], "identity", "13", "the flag of the message is 7"),
        (METRICS, framed(b""), "snappy", "12", "grpc-encoding snappy is not taken"),
        (
            "/opentelemetry.proto.collector.trace.v1.TraceService/Import",
            vec![],
            "",
            "12",
            "nothing",
        ),
        ("/some.other.v1.Service/Call", vec![], "", "12", "nothing is at"),
        ("/grpc.health.v1.Health/Watch", vec![], "", "12", "nothing is at"),
    ] {
        let mut request = call(path, body);
        request.headers_mut().insert("grpc-encoding", encoding.parse().unwrap());
        let called = send(&served, request).await;
        let (status, message) = called.end();
        assert_eq!(status, code, "{message}");
        assert!(message.contains(words), "{message} / {words}");
        assert!(called.message.is_empty());
    }
    let page = served.get("/metrics").await.text();
    assert!(page.contains("obs_rejected_total{kind=\"request\",reason=\"grpc\"} 7"), "{page}");
}

#[tokio::test]
async fn a_message_larger_than_is_taken_is_resource_exhausted_without_a_retry() {
    let served = Served::new();
    let bomb = gzip(&vec![0; 1 << 20]).repeat(super::super::INFLATED_BYTES_MAX / (1 << 20) + 1);
    let mut body = frame(&bomb).unwrap();
    body[0] = 1;
    let mut request = call(EXPORT, body);
    request.headers_mut().insert("grpc-encoding", "gzip".parse().unwrap());
    let inflated = send(&served, request).await;
    let sent = frame(&vec![0; super::super::BODY_BYTES_MAX]).unwrap();
    let sent = send(&served, call(EXPORT, sent)).await;
    for called in [inflated, sent] {
        assert_eq!(called.end().0, "8");
        assert!(!called.headers.contains_key("grpc-status-details-bin"));
    }
}

#[tokio::test]
async fn sixteen_mebibytes_in_one_message_are_taken() {
    let served = Served::new();
    // A field that OTLP does not have, 16 MiB long: (field 9, 0x80_80_80_08 bytes).
    let message = [&[0x4a, 0x80, 0x80, 0x80, 0x08][..], &vec![0; 16 << 20]].concat();
    let called = send(&served, call(EXPORT, frame(&message).unwrap())).await;
    assert_eq!(called.end(), ("0", String::new()));
}

#[tokio::test]
async fn another_content_type_is_http_415_and_a_refused_host_is_permission_denied() {
    let served = Served::new();
    for path in [EXPORT, HEALTH] {
        let answer = served.post(path, "application/grpc-web+proto", frame(b"").unwrap()).await;
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    let mut request = call(EXPORT, frame(b"").unwrap());
    request.headers_mut().insert(header::HOST, "evil.example".parse().unwrap());
    let called = send(&served, request).await;
    assert_eq!(called.end().0, "7");
}

#[tokio::test]
async fn health_is_serving_for_all_and_for_each_known_service() {
    let served = Served::new();
    let known = "opentelemetry.proto.collector.logs.v1.LogsService";
    for name in ["", known] {
        let request = [&[0x0a, u8::try_from(name.len()).unwrap()][..], name.as_bytes()].concat();
        let called = send(&served, call(HEALTH, frame(&request).unwrap())).await;
        assert_eq!((called.end().0, &called.message[..]), ("0", &[0, 0, 0, 0, 2, 8, 1][..]));
    }
    let called = send(&served, call(HEALTH, frame(b"\x0a\x01x").unwrap())).await;
    assert_eq!(called.end().0, "5");
}

#[derive(prost::Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Detail>,
}

#[derive(prost::Message)]
struct Detail {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

/// Sends the same request many times while the store cannot write; returns the first answer.
async fn first_answer_when_full(served: &Served, request: fn() -> Request<Body>) -> Called {
    let holder = rusqlite::Connection::open(served.store()).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..2_000 {
        let app = app(Arc::clone(&served.backend));
        calls.spawn(async move { app.oneshot(request()).await.unwrap().into_parts() });
    }
    let (parts, body) = calls.join_next().await.unwrap().unwrap();
    holder.execute_batch("ROLLBACK").unwrap();
    let message = to_bytes(body, usize::MAX).await.unwrap().to_vec();
    Called { status: parts.status, headers: parts.headers, message, trailers: HeaderMap::new() }
}

#[tokio::test]
async fn a_full_store_says_when_to_send_again() {
    let served = Served::new();
    let called =
        first_answer_when_full(&served, || call(EXPORT, frame(&span(vec![1; 16])).unwrap())).await;
    assert_eq!(called.end(), ("8", "the store is busy, send again".to_owned()));
    // RetryInfo { retry_delay (1): Duration { seconds (1): 1 } }
    let type_url = "type.googleapis.com/google.rpc.RetryInfo".to_owned();
    let details = vec![Detail { type_url, value: vec![0x0a, 2, 8, 1] }];
    let status = RpcStatus { code: 8, message: called.end().1, details };
    let expected = BASE64.encode(status.encode_to_vec());
    assert_eq!(called.headers["grpc-status-details-bin"], expected.as_str());
}

#[tokio::test]
async fn a_full_store_is_429_with_retry_after_over_http() {
    let served = Served::new();
    let called = first_answer_when_full(&served, || {
        let request = Request::post("/v1/traces").header("content-type", "application/x-protobuf");
        request.body(span(vec![1; 16]).into()).unwrap()
    });
    let called = called.await;
    assert_eq!(called.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(called.headers[header::RETRY_AFTER], "1");
    assert_eq!(RpcStatus::decode(called.message.as_slice()).unwrap().code, 8);
}

#[tokio::test]
async fn over_a_socket_many_calls_share_one_connection_with_prior_knowledge() {
    let served = Served::new();
    let (listener, address) = listen(0).await.unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let stopped = async move { drop(stopped.await) };
    let serving = tokio::spawn(run(vec![listener], Arc::clone(&served.backend), stopped));
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let (client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    let connection = tokio::spawn(connection);
    let mut calls = tokio::task::JoinSet::new();
    for number in 1..=20_u8 {
        let mut client = client.clone();
        let request = Request::post(format!("http://{address}{EXPORT}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(Full::<axum::body::Bytes>::from(frame(&span(vec![number; 16])).unwrap()));
        calls.spawn(async move { client.send_request(request.unwrap()).await.unwrap() });
    }
    for response in calls.join_all().await {
        assert_eq!(response.version(), axum::http::Version::HTTP_2);
        let body = response.into_body().collect().await.unwrap();
        assert_eq!(body.trailers().unwrap()["grpc-status"], "0");
        assert_eq!(body.to_bytes()[0], 0);
    }
    assert_eq!(stored(&served), 1);
    drop(client);
    connection.await.unwrap().unwrap();
    stop.send(()).unwrap();
    serving.await.unwrap();
}
