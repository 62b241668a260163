//! Recorded OTLP requests: the same spans, however they come.

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;
use crate::model::{Span, TraceId};
use crate::wire::frame;

/// The traces that were recorded.
const TRACES: usize = 10;

/// The spans in them.
const SPANS: usize = 177;

/// How the recorded requests came: each of these carries the same spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Transport {
    Plain,
    Gzip,
    Grpc,
}

/// Returns the recorded requests of one transport.
fn requests(transport: Transport) -> Vec<(Value, Vec<u8>)> {
    let chosen = recorded_requests().into_iter();
    chosen.filter(|(meta, _)| transport_of(meta) == transport).collect()
}

fn recorded_requests() -> Vec<(Value, Vec<u8>)> {
    let lines = std::fs::read_to_string(fixture("otlp/requests.jsonl")).unwrap();
    let all = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let body =
        |meta: &Value| std::fs::read(fixture("otlp").join(meta["file"].as_str().unwrap())).unwrap();
    all.map(|meta| (meta.clone(), body(&meta))).collect()
}

fn transport_of(meta: &Value) -> Transport {
    if meta["path"] != "/v1/traces" {
        return Transport::Grpc;
    }
    let mut headers = meta["headers"].as_array().unwrap().iter();
    let gzip = headers.any(|pair| pair[0] == "Content-Encoding" && pair[1] == "gzip");
    if gzip { Transport::Gzip } else { Transport::Plain }
}

/// Returns a recorded request as it was; those of gRPC were recorded without what gRPC adds.
fn as_sent(meta: &Value, body: Vec<u8>) -> Request<Body> {
    let path = meta["path"].as_str().unwrap();
    if transport_of(meta) != Transport::Grpc {
        return recorded(meta, path, body);
    }
    let mut request = recorded(meta, path, frame(&body).unwrap());
    let media_type = "application/grpc".parse().unwrap();
    request.headers_mut().insert(header::CONTENT_TYPE, media_type);
    request
}

/// Returns every stored span.
fn stored(served: &Served) -> Vec<Span> {
    let connection = rusqlite::Connection::open(served.store()).unwrap();
    let mut statement = connection.prepare("SELECT DISTINCT trace_id FROM spans").unwrap();
    let ids = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let reader = served.reader();
    let mut ids: Vec<TraceId> = ids.map(|id| TraceId::from_hex(&id.unwrap()).unwrap()).collect();
    ids.sort();
    ids.into_iter().flat_map(|id| reader.trace(id).unwrap()).collect()
}

fn traces_of(spans: &[Span]) -> BTreeSet<TraceId> {
    spans.iter().map(|span| span.trace_id).collect()
}

async fn stored_after(requests: impl IntoIterator<Item = (Value, Vec<u8>)>) -> Vec<Span> {
    let served = Served::new();
    for (meta, body) in requests {
        let answer = served.send(as_sent(&meta, body)).await;
        let expected = match transport_of(&meta) {
            Transport::Grpc => &b"\0\0\0\0\x02\n\0"[..],
            Transport::Plain | Transport::Gzip => b"\n\0",
        };
        assert_eq!((answer.status, answer.body.as_slice()), (StatusCode::OK, expected));
    }
    stored(&served)
}

#[tokio::test]
async fn every_transport_holds_all_spans() {
    let plain = stored_after(requests(Transport::Plain)).await;
    assert_eq!((plain.len(), traces_of(&plain).len()), (SPANS, TRACES));
    for transport in [Transport::Plain, Transport::Gzip, Transport::Grpc] {
        let requests = requests(transport);
        assert_eq!(requests.len(), 28, "{transport:?}");
        assert_eq!(stored_after(requests).await, plain, "{transport:?}");
    }
}

/// Returns the items in an order that `seed` decides (Fisher and Yates, over xorshift).
fn shuffled<T>(mut items: Vec<T>, mut seed: u64) -> Vec<T> {
    for last in (1..items.len()).rev() {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        let place = usize::try_from(seed % (last as u64 + 1)).unwrap();
        items.swap(last, place);
    }
    items
}

#[tokio::test]
async fn all_84_requests_in_any_order_and_repeated_store_the_same() {
    let expected = stored_after(requests(Transport::Plain)).await;
    assert_eq!(recorded_requests().len(), 84);
    for seed in [1, 0x9e37_79b9_7f4a_7c15] {
        let twice = recorded_requests().into_iter().chain(recorded_requests()).collect();
        assert_eq!(stored_after(shuffled(twice, seed)).await, expected, "seed {seed}");
    }
    let backwards = recorded_requests().into_iter().rev();
    assert_eq!(stored_after(backwards).await, expected);
}

#[tokio::test]
async fn every_recorded_line_of_json_is_taken_and_holds_all_spans() {
    let served = Served::new();
    let lines = std::fs::read_to_string(fixture("otlp/traces.otlp.jsonl")).unwrap();
    for line in lines.lines() {
        let answer = served.post("/v1/traces", "application/json", line.to_owned()).await;
        assert_eq!((answer.status, answer.text()), (StatusCode::OK, PARTIAL_NONE.to_owned()));
    }
    let spans = stored(&served);
    assert_eq!((spans.len(), traces_of(&spans).len()), (SPANS, TRACES));
}

/// The Collector's answer when all was taken.
const PARTIAL_NONE: &str = r#"{"partialSuccess":{}}"#;

#[tokio::test]
async fn a_stored_trace_is_asked_for_by_its_id_in_any_spelling() {
    let served = Served::new();
    for (meta, body) in requests(Transport::Plain) {
        served.send(as_sent(&meta, body)).await;
    }
    let id = TraceId::from_hex("018f3c1e9b7a7c448d215a0b6f4e2d11").unwrap();
    let expected = served.reader().trace(id).unwrap();
    assert!(!expected.is_empty());
    for spelling in [id.to_string(), id.to_string().to_uppercase(), id.as_uuid()] {
        let page = served.get(&format!("/api/obs/v1/traces/{spelling}")).await.json();
        assert_eq!(page["spans"], serde_json::to_value(&expected).unwrap(), "{spelling}");
    }
    let unknown = served.get(&format!("/api/obs/v1/traces/{:032x}", 7)).await;
    assert_eq!((unknown.status, unknown.text()), (StatusCode::OK, r#"{"spans":[]}"#.to_owned()));
    assert_eq!(served.get("/api/obs/v1/traces/nope").await.status, StatusCode::BAD_REQUEST);
}
