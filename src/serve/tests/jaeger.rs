//! Jaeger's two interfaces over recorded traces.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;
use crate::wire::{OtlpFormat, decode_traces};

const CHECKOUT: &str = "018f3c1e9b7a7c448d215a0b6f4e2d12";

/// Returns a backend with the recorded traces.
async fn with_traces() -> Served {
    let served = Served::new();
    let lines = std::fs::read_to_string(fixture("otlp/traces.otlp.jsonl")).unwrap();
    for line in lines.lines() {
        let answer = served.post("/v1/traces", "application/json", line.to_owned()).await;
        assert_eq!(answer.status, StatusCode::OK);
    }
    served
}

fn ids(answer: &Value) -> BTreeSet<String> {
    let traces = answer["data"].as_array().unwrap();
    traces.iter().map(|trace| trace["traceID"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_trace_is_found_by_every_spelling_of_its_id_in_both_interfaces() {
    let served = with_traces().await;
    let stored = served.reader().trace(crate::model::TraceId::from_hex(CHECKOUT).unwrap()).unwrap();
    assert!(stored.len() > 1);
    let stripped = CHECKOUT.trim_start_matches('0');
    for id in [CHECKOUT, stripped, &CHECKOUT.to_uppercase(), "AY88Hpt6fESNIVoLb04tEg=="] {
        let answer = served.get(&format!("/api/traces/{id}")).await;
        assert_eq!(answer.media_type, "application/json", "{id}");
        let page = answer.json();
        assert_eq!(page["data"][0]["traceID"], CHECKOUT, "{id}");
        assert_eq!(page["data"][0]["spans"].as_array().unwrap().len(), stored.len());
        assert_eq!((&page["errors"], &page["offset"]), (&Value::Null, &json!(0)));
        let v3 = served.get(&format!("/api/v3/traces/{id}")).await.json();
        let read = decode_traces(v3["result"].to_string().as_bytes(), OtlpFormat::Json).unwrap();
        let starts = |spans: &[crate::model::Span]| {
            spans.iter().map(|span| (span.span_id, span.start)).collect::<BTreeSet<_>>()
        };
        assert_eq!(starts(&read.accepted), starts(&stored), "to the nanosecond");
    }
}

#[tokio::test]
async fn what_is_not_there_or_no_id_is_answered_as_jaeger_does() {
    let served = with_traces().await;
    let unknown = "f".repeat(32);
    let missing = served.get(&format!("/api/traces/{unknown}")).await;
    assert_eq!(
        (missing.status, missing.media_type.as_str()),
        (StatusCode::NOT_FOUND, "text/plain; charset=utf-8")
    );
    assert_eq!(
        missing.json(),
        json!({ "data": null, "total": 0, "limit": 0, "offset": 0,
            "errors": [{ "code": 404, "msg": "trace not found" }] })
    );
    let missing = served.get(&format!("/api/v3/traces/{unknown}")).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    assert_eq!(
        missing.json(),
        json!({ "error": { "httpCode": 404, "message": "No traces found" } })
    );
    for path in [
        "/api/traces/not-a-trace-id",
        "/api/traces",
        "/api/traces?service=a&limit=x",
        "/api/traces?service=a&tags=x",
        "/api/traces?service=a&tag=x",
        "/api/traces?service=a&minDuration=2",
        "/api/traces?service=a&minDuration=2s&maxDuration=1s",
        "/api/traces?service=a&colour=red",
        "/api/operations",
        "/api/operations?service=a&spanKind=big",
        "/api/dependencies?endTs=x",
    ] {
        let answer = served.get(path).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
        assert_eq!(answer.json()["errors"][0]["code"], 400, "{path}");
    }
    let time = "query.startTimeMin=2026-11-22T00:00:00Z&query.startTimeMax=2026-11-23T00:00:00Z";
    for path in [
        "/api/v3/traces/zz".to_owned(),
        format!("/api/v3/traces/{CHECKOUT}?startTime=now"),
        "/api/v3/traces?query.serviceName=a".to_owned(),
        format!("/api/v3/traces?{time}&query.filter=x"),
        format!("/api/v3/traces?{time}&query.attributes=x"),
        "/api/v3/operations".to_owned(),
    ] {
        let answer = served.get(&path).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
        assert_eq!(answer.json()["error"]["httpCode"], 400, "{path}");
    }
}

#[tokio::test]
async fn services_operations_and_calls_are_listed() {
    let served = with_traces().await;
    let services = served.get("/api/services").await.json();
    let expected = ["checkout-api", "inventory", "mail-worker", "payments"];
    assert_eq!((&services["data"], &services["total"]), (&json!(expected), &json!(4)));
    let v3 = served.get("/api/v3/services").await.json();
    assert_eq!(v3, json!({ "services": expected }));
    let names = served.get("/api/services/payments/operations").await.json();
    let operations = served.get("/api/operations?service=payments").await.json();
    let listed = names["data"].as_array().unwrap();
    assert!(!listed.is_empty() && operations["data"].as_array().unwrap().len() >= listed.len());
    let servers = served.get("/api/v3/operations?service=payments&spanKind=server").await.json();
    let servers = servers["operations"].as_array().unwrap();
    assert!(!servers.is_empty() && servers.iter().all(|found| found["spanKind"] == "server"));
    let everything = "/api/dependencies?endTs=9000000000000&lookback=9000000000000";
    let calls = served.get(everything).await.json();
    let payments =
        calls["data"].as_array().unwrap().iter().find(|call| call["child"] == "payments");
    assert!(payments.unwrap()["callCount"].as_u64().unwrap() > 0, "{calls}");
    let none = served.get(&format!("{everything}&service=nobody")).await.json();
    assert_eq!(none["data"], json!([]));
}

#[tokio::test]
async fn a_search_finds_the_same_traces_in_both_interfaces() {
    let served = with_traces().await;
    let all = "start=0&end=9000000000000000";
    let time = "query.startTimeMin=1970-01-01T00:00:00Z&query.startTimeMax=2200-01-01T00:00:00Z";
    for (legacy, v3, least) in [
        ("", "", 2),
        (
            "&tags=%7B%22error%22%3A%22true%22%7D",
            "&query.attributes=%7B%22error%22%3A%22true%22%7D",
            1,
        ),
        ("&minDuration=1us&limit=1", "&query.durationMin=1us&query.searchDepth=1", 1),
    ] {
        let page = served.get(&format!("/api/traces?service=payments&{all}{legacy}")).await.json();
        let found = ids(&page);
        assert!(found.len() >= least, "{legacy}: {found:?}");
        let v3 = served.get(&format!("/api/v3/traces?query.serviceName=payments&{time}{v3}")).await;
        let read =
            decode_traces(v3.json()["result"].to_string().as_bytes(), OtlpFormat::Json).unwrap();
        let same: BTreeSet<String> =
            read.accepted.iter().map(|span| span.trace_id.to_string()).collect();
        assert_eq!(found, same, "{legacy}");
    }
    let none = served.get("/api/traces?service=nobody&start=0").await;
    assert_eq!((none.status, &none.json()["data"]), (StatusCode::OK, &json!([])));
    let nothing = served.get(&format!("/api/v3/traces?query.serviceName=nobody&{time}")).await;
    assert_eq!(nothing.status, StatusCode::NOT_FOUND);
    let two = format!("/api/traces?traceID={CHECKOUT}&traceID=ff");
    let page = served.get(&two).await.json();
    assert_eq!(ids(&page), [CHECKOUT.to_owned()].into());
    assert_eq!(page["errors"][0]["msg"], "trace not found");
}
