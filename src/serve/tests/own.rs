//! What the backend says about itself.

use super::*;

/// Returns the value of a line of `/metrics`, by all that stands before it.
async fn value(served: &Served, series: &str) -> Option<f64> {
    let answer = served.get("/metrics").await;
    assert_eq!(answer.media_type, "text/plain; version=0.0.4");
    let page = answer.text();
    let line = page.lines().find(|line| line.starts_with(&format!("{series} ")))?;
    line.rsplit_once(' ')?.1.parse().ok()
}

#[tokio::test]
async fn series_begin_at_zero_and_count_what_is_stored_and_what_was_there() {
    let served = Served::new();
    for kind in ["span", "log", "event", "metric", "item"] {
        for outcome in ["stored", "repeated"] {
            let series = format!("obs_records_total{{kind=\"{kind}\",outcome=\"{outcome}\"}}");
            assert_eq!(value(&served, &series).await, Some(0.0), "{series}");
        }
    }
    let line = r#"{"time":"2026-11-22T06:30:00Z","msg":"x"}"#;
    for _ in 0..2 {
        served.post("/logs", "", line).await;
    }
    for outcome in ["stored", "repeated"] {
        let series = format!("obs_records_total{{kind=\"log\",outcome=\"{outcome}\"}}");
        assert_eq!(value(&served, &series).await, Some(1.0), "{series}");
    }
    let version = env!("CARGO_PKG_VERSION");
    let build = format!("obs_build_info{{version=\"{version}\"}}");
    assert_eq!(value(&served, &build).await, Some(1.0));
    assert_eq!(value(&served, "obs_store_queue_batches").await, Some(0.0));
    assert!(value(&served, "obs_store_bytes").await > Some(4096.0));
    #[cfg(target_os = "linux")]
    assert!(value(&served, "process_resident_memory_bytes").await > Some(0.0));
}

#[tokio::test]
async fn requests_are_counted_by_template_and_unknown_paths_together() {
    let served = Served::new();
    for path in ["/api/traces/1", "/api/traces/2", "/a/b", "/c?d=e"] {
        served.get(path).await;
    }
    let method = axum::http::Method::from_bytes(b"BREW").unwrap();
    let request = Request::builder().method(method).uri("/logs").body(Body::empty()).unwrap();
    assert_eq!(served.send(request).await.status, StatusCode::METHOD_NOT_ALLOWED);
    let count = |method: &str, route: &str, status: u16| {
        format!(
            "http_server_request_duration_seconds_count{{http_request_method=\"{method}\",\
             http_response_status_code=\"{status}\",http_route=\"{route}\"}}"
        )
    };
    let known = count("GET", "/api/traces/{id}", 404);
    assert_eq!(value(&served, &known).await, Some(2.0));
    assert_eq!(value(&served, &count("GET", "other", 404)).await, Some(2.0));
    assert_eq!(value(&served, &count("_OTHER", "/logs", 405)).await, Some(1.0));
    assert_eq!(value(&served, "http_server_active_requests").await, Some(1.0), "this one");
}

#[tokio::test]
async fn it_is_ready_when_it_can_store_and_says_what_fails_when_not() {
    let served = Served::new();
    let answer = served.get("/readyz").await;
    let page = answer.json();
    assert_eq!((answer.status, &page["status"]), (StatusCode::OK, &"ok".into()), "{page}");
    for component in ["store", "queue", "disk"] {
        assert_eq!(page["components"][component]["status"], "ok", "{page}");
    }
    // Somebody drops a table below a running backend.
    let other = rusqlite::Connection::open(served.store()).unwrap();
    other.execute_batch("DROP TABLE logs").unwrap();
    assert_eq!(served.post("/logs", "", "x").await.status, StatusCode::SERVICE_UNAVAILABLE);
    let answer = served.get("/readyz").await;
    let page = answer.json();
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{page}");
    let error = page["components"]["store"]["error"].as_str().unwrap();
    assert!(error.contains("not stored"), "{page}");
    assert_eq!(value(&served, "obs_store_failed_total").await, Some(1.0));
    assert_eq!(served.get("/healthz").await.json()["status"], "ok", "it still runs");
}
