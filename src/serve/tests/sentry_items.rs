//! What becomes of each kind of item, and of what is odd.

use serde_json::{Value, json};

use super::sentry::kept;
use super::*;
use crate::model::{LogQuery, LogRecord, TraceId, UnixNanos};

const ID: &str = "9ec79c33ec9942ab8353589fcb2e04dc";
const TRACE: &str = "3aaf020509507169866ab65c27c47348";

/// Writes an envelope with the length of each item.
fn envelope(header: &Value, items: &[(&str, &str)]) -> String {
    let mut body = header.to_string();
    for (kind, payload) in items {
        let header = json!({ "type": kind, "length": payload.len() });
        body = format!("{body}\n{header}\n{payload}");
    }
    body
}

async fn post(served: &Served, body: String) -> Answer {
    served.post("/api/shop/envelope/", "application/x-sentry-envelope", body).await
}

async fn counted(served: &Served, line: &str) -> bool {
    served.get("/metrics").await.text().lines().any(|found| found == line)
}

fn logs(served: &Served) -> Vec<LogRecord> {
    served.reader().logs(&LogQuery { limit: 100, ..LogQuery::default() }).unwrap().records
}

fn events_of(served: &Served, id: &str) -> Vec<crate::model::ErrorEvent> {
    served.reader().events_of(&[id.to_owned()]).unwrap()
}

#[tokio::test]
async fn each_kind_of_item_is_stored_passed_over_or_unknown() {
    let served = Served::new();
    let span = json!({ "trace_id": TRACE, "span_id": "b464bfde0fd8b4ef", "start_timestamp": 1 });
    let items = json!({ "items": [span, {}] }).to_string();
    let log = json!({ "items": [{ "body": "a" }, { "body": "b" }] }).to_string();
    let mut sent = vec![("event", "{}"), ("span", items.as_str()), ("log", log.as_str())];
    let opaque = [
        "session",
        "sessions",
        "attachment",
        "user_report",
        "feedback",
        "check_in",
        "client_report",
        "trace_metric",
    ];
    sent.extend(opaque.map(|kind| (kind, "any\nbytes {")));
    sent.extend([("profile", "{}"), ("replay_recording", "\u{1}"), ("statsd", "a:1|c")]);
    sent.extend([("from_the_future", "x"), ("otel_log", "{}")]);
    let answer = post(&served, envelope(&json!({ "event_id": ID }), &sent)).await;
    assert_eq!((answer.status, answer.json()), (StatusCode::OK, json!({ "id": ID })));
    let expected: Vec<_> = opaque
        .iter()
        .map(|kind| {
            let header = json!({ "type": kind, "length": 11 });
            ((*kind).to_owned(), header, b"any\nbytes {".to_vec())
        })
        .collect();
    assert_eq!(kept(&served), expected);
    let spans = served.reader().trace(TraceId::from_hex(TRACE).unwrap()).unwrap();
    assert_eq!((spans.len(), logs(&served).len(), events_of(&served, ID).len()), (1, 2, 1));
    for line in [
        "obs_rejected_total{kind=\"item\",reason=\"not_stored\"} 3",
        "obs_rejected_total{kind=\"item\",reason=\"unknown\"} 2",
        "obs_rejected_total{kind=\"span\",reason=\"malformed\"} 1",
        "obs_records_total{kind=\"item\",outcome=\"stored\"} 8",
        "obs_records_total{kind=\"log\",outcome=\"stored\"} 2",
    ] {
        assert!(counted(&served, line).await, "{line}");
    }
}

#[tokio::test]
async fn an_envelope_sent_again_stores_nothing_new() {
    let served = Served::new();
    let log =
        json!({ "items": [{ "body": "a", "timestamp": 1 }, { "body": "a", "timestamp": 1 }] });
    let log = log.to_string();
    let sent = [("event", "{}"), ("log", log.as_str()), ("attachment", "x"), ("session", "{}")];
    let body = envelope(&json!({ "event_id": ID }), &sent);
    for _ in 0..3 {
        assert_eq!(post(&served, body.clone()).await.status, StatusCode::OK);
    }
    assert_eq!((logs(&served).len(), kept(&served).len(), events_of(&served, ID).len()), (2, 2, 1));
}

#[tokio::test]
async fn the_envelopes_id_is_its_first_events_and_a_second_event_has_its_own() {
    let served = Served::new();
    let other = "018f3c1e9b7a7c448d215a0b6f4e2d12";
    let second = json!({ "event_id": other, "message": "second" }).to_string();
    let dashed = "9ec79c33-ec99-42ab-8353-589fcb2e04dc";
    let first = json!({ "event_id": "00000000000000000000000000000001" }).to_string();
    let sent = [("event", first.as_str()), ("event", second.as_str())];
    let answer = post(&served, envelope(&json!({ "event_id": dashed }), &sent)).await;
    assert_eq!(answer.json(), json!({ "id": ID }));
    assert_eq!(events_of(&served, ID).len(), 1);
    assert_eq!(events_of(&served, other)[0].title(), "second");
}

#[tokio::test]
async fn an_event_without_any_id_gets_one_that_is_answered() {
    let served = Served::new();
    let answer = post(&served, envelope(&json!({}), &[("event", "{\"message\":\"x\"}")])).await;
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(events_of(&served, &id)[0].title(), "x");
    let none = post(&served, envelope(&json!({}), &[("session", "{}")])).await;
    assert_eq!(none.text(), "{}");
}

#[tokio::test]
async fn times_stay_as_they_were_sent_whatever_the_senders_clock_says() {
    let served = Served::new();
    let now = super::super::intake::now();
    let happened = UnixNanos(1_000_000_000_000_000_000);
    let event = json!({ "timestamp": happened, "breadcrumbs": [{ "timestamp": happened }] });
    let log = json!({ "items": [{ "timestamp": happened }] }).to_string();
    let span = json!({ "trace_id": TRACE, "span_id": "b464bfde0fd8b4ef",
        "start_timestamp": happened, "timestamp": happened });
    let (event, span) = (event.to_string(), span.to_string());
    let sent = [("event", event.as_str()), ("log", &log), ("span", &span)];
    let header = json!({ "event_id": ID, "sent_at": "2001-01-01T00:00:00Z" });
    post(&served, envelope(&header, &sent)).await;
    let event = &events_of(&served, ID)[0];
    assert_eq!((event.time, event.breadcrumbs[0].time), (happened, Some(happened)));
    let spans = served.reader().trace(TraceId::from_hex(TRACE).unwrap()).unwrap();
    assert_eq!((spans[0].start, logs(&served)[0].time), (happened, Some(happened)));
    // Without a time of its own an event has the time that it came.
    let served = Served::new();
    post(&served, envelope(&header, &[("event", "{}")])).await;
    assert!(events_of(&served, ID)[0].time >= now);
}

#[tokio::test]
async fn an_item_that_is_too_large_costs_nothing_beside_it() {
    let served = Served::new();
    let text = |length: usize| format!("{{\"x\":\"{}\"}}", "y".repeat(length - 8));
    let (fits, large) = (text(4 << 20), text((4 << 20) + 1));
    let header = json!({ "event_id": ID });
    let answer = post(&served, envelope(&header, &[("event", &large), ("session", "{}")])).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(kept(&served).len(), 1);
    let answer = post(&served, envelope(&header, &[("event", &large)])).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(answer.json()["detail"], "an event may have 4194304 bytes");
    let alone = served.post("/api/1/store/", "application/json", large).await;
    assert_eq!(alone.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(counted(&served, "obs_rejected_total{kind=\"event\",reason=\"too_large\"} 3").await);
    let answer = post(&served, envelope(&header, &[("event", &fits)])).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(served.reader().raw_event(ID).unwrap().unwrap(), fits.as_bytes());
}

#[tokio::test]
async fn what_is_wrong_in_one_item_is_counted_and_said_only_when_nothing_is_left() {
    let served = Served::new();
    let header = json!({ "event_id": ID });
    for (items, status) in [
        (&[("event", "nope")][..], StatusCode::BAD_REQUEST),
        (&[("transaction", "[]")], StatusCode::BAD_REQUEST),
        (&[("event", "nope"), ("session", "{}")], StatusCode::OK),
        (&[("unknown", "nope")], StatusCode::OK),
    ] {
        let answer = post(&served, envelope(&header, items)).await;
        assert_eq!(answer.status, status, "{items:?}: {}", answer.text());
    }
    assert!(counted(&served, "obs_rejected_total{kind=\"event\",reason=\"malformed\"} 2").await);
    assert!(counted(&served, "obs_rejected_total{kind=\"span\",reason=\"malformed\"} 1").await);
}
