//! What a backend that runs says of itself.

use std::time::Duration;

use axum::Router;
use axum::routing::get;

use super::*;
use crate::http::RunIds;
use crate::model;

/// Pings a backend that answers `/healthz` well and `/readyz` like this.
async fn ping(ready: Option<(StatusCode, &'static str)>) -> Result<String, SourceError> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let health = r#"{"status":"ok","instance":"word"}"#;
    let mut router = Router::new().route("/healthz", get(move || async move { health }));
    if let Some(ready) = ready {
        router = router.route("/readyz", get(move || async move { ready }));
    }
    let serving = tokio::spawn(axum::serve(listener, router).into_future());
    let ids = RunIds {
        request_id: "req_1".to_owned(),
        trace_id: model::TraceId::new(1).unwrap(),
        span_id: model::SpanId::new(2).unwrap(),
        caller: None,
    };
    let http = Arc::new(Http::new(Duration::from_secs(10), &ids));
    let said = Served::at(http, url).ping().await;
    serving.abort();
    said
}

#[tokio::test]
async fn one_that_would_store_is_well_and_so_is_an_older_one_that_is_up() {
    let ready = (StatusCode::OK, r#"{"status":"ok","components":{}}"#);
    assert_eq!(ping(Some(ready)).await.unwrap(), "answers \"ok\"");
    assert_eq!(ping(None).await.unwrap(), "answers \"ok\"");
}

#[tokio::test]
async fn one_that_refuses_everything_is_told_with_its_own_words() {
    let full = r#"{"status":"fail","components":{"disk":{"status":"fail","error":"only 0 MiB free"},
        "store":{"status":"ok","message":"commits"}}}"#;
    let said = ping(Some((StatusCode::SERVICE_UNAVAILABLE, full))).await.unwrap_err();
    assert_eq!(said.to_string(), "not ready: disk: only 0 MiB free");
    let said = ping(Some((StatusCode::SERVICE_UNAVAILABLE, "gateway"))).await.unwrap_err();
    assert_eq!(said.to_string(), "not ready: it answered 503 gateway");
}

#[tokio::test]
async fn one_that_wants_a_token_says_where_to_put_it() {
    let said = ping(Some((StatusCode::UNAUTHORIZED, "no"))).await.unwrap_err();
    assert!(matches!(said, SourceError::NoToken(_)), "{said}");
    assert!(said.to_string().ends_with("; set OBS_TOKEN to the one that it was started with"));
}
