//! The sidecar that SDKs look for: envelopes in, and out again to who listens.

use std::time::Duration;

use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use super::*;

/// Longer than anything here takes.
const SOON: Duration = Duration::from_secs(20);

async fn listen(served: &Served, path: &str) -> Body {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = app(Arc::clone(&served.backend)).oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
    response.into_body()
}

/// Returns what comes next; `None` when the stream ended.
async fn next(body: &mut Body) -> Option<String> {
    let frame = tokio::time::timeout(SOON, body.frame()).await.unwrap()?;
    Some(String::from_utf8(frame.unwrap().into_data().unwrap().to_vec()).unwrap())
}

#[tokio::test]
async fn an_envelope_posted_without_a_dsn_is_stored_and_passed_on() {
    let served = Served::new();
    let mut listener = listen(&served, "/stream").await;
    let mut asking_base64 = listen(&served, "/stream?base64=1").await;
    for listener in [&mut listener, &mut asking_base64] {
        assert!(next(listener).await.unwrap().starts_with(':'), "it opens at once");
    }
    let event = json!({ "event_id": "9ec79c33ec9942ab8353589fcb2e04dc", "message": "seen" });
    let body = format!("{{}}\n{{\"type\":\"event\"}}\n{event}");
    let media_type = "application/x-sentry-envelope";
    assert_eq!(served.post("/stream", media_type, body).await.status, StatusCode::OK);
    for (listener, name) in
        [(&mut listener, media_type), (&mut asking_base64, "application/x-sentry-envelope;base64")]
    {
        let told = next(listener).await.unwrap();
        let line = |name: &str| {
            let found = told.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            found.trim_start().to_owned()
        };
        assert_eq!(line("event:"), name);
        let told: Value = serde_json::from_str(&line("data:")).unwrap();
        assert_eq!(told[0]["__spotlight_envelope_id"], line("id:"));
        assert_eq!(told[1][0][0], json!({ "type": "event" }));
        assert_eq!(told[1][0][1]["message"], "seen");
    }
    let id = event["event_id"].as_str().unwrap();
    assert_eq!(served.reader().raw_event(id).unwrap().unwrap(), event.to_string().as_bytes());
    // Envelopes that come with a DSN are passed on too.
    served.post("/api/1/envelope/", "", "{}\n{\"type\":\"session\"}\n{\"sid\":1}").await;
    assert!(next(&mut listener).await.unwrap().contains("\"sid\":1"));
}

#[tokio::test]
async fn who_lags_is_told_how_much_was_left_out() {
    let served = Served::new();
    let mut listener = listen(&served, "/stream").await;
    for number in 0..40 {
        served.post("/stream", "", format!("{{}}\n{{\"type\":\"session\"}}\n{number}")).await;
    }
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(next(&mut listener).await.unwrap());
    }
    let told = seen.iter().find(|text| text.contains("obs-left-out")).unwrap();
    assert!(told.contains("{\"envelopes\":8,\"reason\":\"the reader is too slow\"}"), "{told}");
    let large = "x".repeat((1 << 20) + 1);
    served.post("/stream", "", format!("{{}}\n{{\"type\":\"attachment\"}}\n{large}")).await;
    let told = loop {
        let text = next(&mut listener).await.unwrap();
        if text.contains("obs-left-out") {
            break text;
        }
    };
    assert!(told.contains("too long"), "{told}");
}

#[tokio::test]
async fn the_streams_end_when_the_backend_stops() {
    let served = Served::new();
    let mut listener = listen(&served, "/stream").await;
    next(&mut listener).await.unwrap();
    served.backend.live.close();
    assert_eq!(next(&mut listener).await, None);
    assert_eq!(served.get("/stream").await.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn it_says_that_it_is_up() {
    let answer = Served::new().get("/health").await;
    assert_eq!((answer.status, answer.text().as_str()), (StatusCode::OK, "OK"));
}
