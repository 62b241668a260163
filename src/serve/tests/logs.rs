//! Log lines as they are, and OTLP log records.

use serde_json::{Value, json};

use super::*;
use crate::model::LogQuery;

async fn post(served: &Served, body: impl Into<Body>) -> Value {
    let answer = served.post("/logs", "", body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    answer.json()
}

fn stored(served: &Served, id: Option<&str>) -> Vec<String> {
    let ids = id.map(str::to_owned).into_iter().collect();
    let query = LogQuery { ids, limit: 1_000, ..LogQuery::default() };
    let records = served.reader().logs(&query).unwrap().records;
    records.into_iter().map(|record| record.message).collect()
}

#[tokio::test]
async fn recorded_json_lines_are_stored_once_however_often_they_come() {
    for file in ["orders-api.jsonl", "inventory.jsonl"] {
        let served = Served::new();
        let body = std::fs::read(fixture("logs").join(file)).unwrap();
        let lines = String::from_utf8_lossy(&body).lines().count();
        assert_eq!(post(&served, body.clone()).await, json!({ "lines": lines, "new": lines }));
        assert_eq!(post(&served, body.clone()).await, json!({ "lines": lines, "new": 0 }));
        assert_eq!(post(&served, gzip(&body)).await, json!({ "lines": lines, "new": 0 }), "gzip");
    }
}

#[tokio::test]
async fn a_json_line_is_found_by_its_request_in_any_spelling() {
    let served = Served::new();
    let line = r#"{"level":"error","message":"out of stock","timestamp":"2026-11-22T06:30:00Z",
        "request_id":"018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12"}"#;
    post(&served, line.replace('\n', " ")).await;
    for id in ["018F3C1E-9B7A-7C44-8D21-5A0B6F4E2D12", "018f3c1e9b7a7c448d215a0b6f4e2d12"] {
        assert_eq!(stored(&served, Some(id)), ["out of stock"], "{id}");
    }
    assert!(stored(&served, Some("req-2")).is_empty());
}

#[tokio::test]
async fn plain_lines_are_records_and_blank_ones_are_not() {
    let served = Served::new();
    assert_eq!(post(&served, "hello\r\n\n \nhello\nlast").await, json!({ "lines": 3, "new": 3 }));
    assert_eq!(stored(&served, None), ["hello", "hello", "last"]);
    assert_eq!(post(&served, "").await, json!({ "lines": 0, "new": 0 }));
}

#[tokio::test]
async fn bytes_that_are_no_text_are_taken_as_text() {
    let served = Served::new();
    assert_eq!(post(&served, b"caf\xe9 \x00\n{\"a\":".to_vec()).await["new"], 2);
    assert_eq!(stored(&served, None), ["caf\u{fffd} \0", "{\"a\":"]);
}

#[tokio::test]
async fn an_otlp_record_is_found_by_its_trace_and_zero_ids_are_none() {
    let served = Served::new();
    let record = |body: &str, trace: &str, span: &str| {
        json!({ "timeUnixNano": "1795329610466057087", "severityNumber": 17,
            "body": { "stringValue": body }, "traceId": trace, "spanId": span,
            "attributes": [{ "key": "request_id", "value": { "stringValue": "r-1" } }] })
    };
    let records = [
        record("in a trace", "018f3c1e9b7a7c448d215a0b6f4e2d12", "1122334455667788"),
        record("in none", &"0".repeat(32), &"0".repeat(16)),
    ];
    let request = json!({ "resourceLogs": [{
        "resource": { "attributes": [{ "key": "service.name", "value": { "stringValue": "web" } }] },
        "scopeLogs": [{ "logRecords": records }] }] });
    for _ in 0..2 {
        let answer = served.post_json("/v1/logs", &request).await;
        assert_eq!(answer.text(), r#"{"partialSuccess":{}}"#);
    }
    assert_eq!(stored(&served, Some("018F3C1E9B7A7C448D215A0B6F4E2D12")), ["in a trace"]);
    assert_eq!(stored(&served, Some("r-1")).len(), 2);
    let query = json!({ "ids": ["r-1"], "limit": 9 });
    let page = served.post_json("/api/obs/v1/logs", &query).await.json();
    let shown: Vec<_> = page["records"].as_array().unwrap().iter().collect();
    assert_eq!((shown.len(), &shown[0]["service"]), (2, &json!("web")), "{page}");
    assert_eq!(page["records"][1].get("trace_id"), None, "{page}");
}

#[tokio::test]
async fn lines_are_asked_for_by_get_with_the_same_answer() {
    let served = Served::new();
    let line = |level: &str, id: &str| {
        format!(
            r#"{{"level":"{level}","message":"m-{id}","timestamp":"2026-11-22T06:30:00Z","request_id":"{id}"}}"#
        )
    };
    post(&served, [line("info", "r-1"), line("error", "r-2"), line("error", "r-3")].join("\n"))
        .await;
    let get = async |query: &str| {
        let answer = served.get(&format!("/api/obs/v1/logs?{query}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{query}: {}", answer.text());
        answer.json()
    };
    let by_post = json!({ "ids": ["r-2"], "limit": 1_000 });
    let by_post = served.post_json("/api/obs/v1/logs", &by_post).await.json();
    assert_eq!(get("id=r-2").await, by_post);
    let messages = async |query: &str| {
        let page = get(query).await;
        let records = page["records"].as_array().unwrap().clone();
        records
            .iter()
            .map(|r| r["message"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(messages("id=r-1&id=r-3").await, "m-r-1 m-r-3");
    assert_eq!(messages("level=error&limit=1").await, "m-r-3");
    assert_eq!(messages("until=2026-11-22T06:29:00Z").await, "");
    assert_eq!(messages("since=2026-11-22T06:29:00Z&grep=m-r-%5B2%5D").await, "m-r-2");
    for wrong in ["level=loud", "since=soon", "limit=-1", "colour=red", "grep=("] {
        let answer = served.get(&format!("/api/obs/v1/logs?{wrong}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
}
