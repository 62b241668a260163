//! Recorded OTLP requests: the same spans, however they come.

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;
use crate::model::{Span, TraceId};

/// The traces that were recorded.
const TRACES: usize = 10;

/// The spans in them.
const SPANS: usize = 177;

/// Returns the recorded requests, with (`Some`) or without an encoding.
fn requests(encoding: Option<&str>) -> Vec<(Value, Vec<u8>)> {
    let lines = std::fs::read_to_string(fixture("otlp/requests.jsonl")).unwrap();
    let all = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let encoding_of = |meta: &Value| {
        let headers = meta["headers"].as_array().unwrap().clone();
        let found = headers.into_iter().find(|pair| pair[0] == "Content-Encoding")?;
        Some(found[1].as_str().unwrap().to_owned())
    };
    let chosen = all.filter(|meta| encoding_of(meta).as_deref() == encoding);
    let body =
        |meta: &Value| std::fs::read(fixture("otlp").join(meta["file"].as_str().unwrap())).unwrap();
    chosen.map(|meta| (meta.clone(), body(&meta))).collect()
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
        let answer = served.send(recorded(&meta, "/v1/traces", body)).await;
        assert_eq!((answer.status, answer.body.as_slice()), (StatusCode::OK, &b"\n\0"[..]));
    }
    stored(&served)
}

#[tokio::test]
async fn every_recorded_request_is_taken_and_holds_all_spans() {
    let plain = requests(None);
    assert_eq!(plain.len(), 28);
    let spans = stored_after(plain).await;
    assert_eq!((spans.len(), traces_of(&spans).len()), (SPANS, TRACES));
}

#[tokio::test]
async fn the_order_of_arrival_does_not_matter() {
    let forwards = stored_after(requests(None)).await;
    assert_eq!(stored_after(requests(None).into_iter().rev()).await, forwards);
}

#[tokio::test]
async fn gzip_and_repeated_delivery_store_nothing_else() {
    let plain = stored_after(requests(None)).await;
    let compressed = requests(Some("gzip"));
    assert_eq!(compressed.len(), 28);
    let repeated = compressed.iter().cloned().chain(requests(None)).chain(requests(Some("gzip")));
    assert_eq!(stored_after(repeated.collect::<Vec<_>>()).await, plain);
    assert_eq!(stored_after(compressed).await, plain);
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
    for (meta, body) in requests(None) {
        served.send(recorded(&meta, "/v1/traces", body)).await;
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
