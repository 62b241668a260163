//! Requests that are refused before any route sees them, and paths that are none.

use super::*;

#[tokio::test]
async fn only_the_loopbacks_own_names_are_answered() {
    let served = Served::new();
    for (host, expected) in [
        ("127.0.0.1:4318", 200),
        ("localhost:4318", 200),
        ("[::1]:4318", 200),
        ("evil.example", 403),
        ("127.0.0.1.evil.example:4318", 403),
        ("10.0.0.1", 403),
    ] {
        let request = Request::get("/healthz").header(header::HOST, host);
        let answer = served.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, expected, "{host}");
    }
}

#[tokio::test]
async fn health_repeats_the_word_of_this_process() {
    let answer = Served::new().get("/healthz").await;
    assert_eq!(answer.text(), r#"{"status":"ok","instance":"word"}"#);
}

#[tokio::test]
async fn an_unknown_path_is_404_and_names_the_help() {
    for path in ["/v1development/profiles", "/api/1/nothing/", "/api/obs/v1/nope", "//"] {
        let answer = Served::new().get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        let expected = format!("nothing is at {path}; GET / lists what is");
        assert_eq!(answer.json()["error"], expected);
    }
    let help = Served::new().get("/").await;
    assert!(help.text().contains("POST /v1/traces"), "{}", help.text());
}

#[tokio::test]
async fn the_wrong_method_is_405_with_the_right_one() {
    let served = Served::new();
    for (path, allowed) in [("/v1/traces", "POST"), ("/logs", "POST"), ("/api/1/envelope/", "POST")]
    {
        let answer = served.get(path).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert_eq!(answer.headers[header::ALLOW], allowed, "{path}");
    }
    let answer = served.post("/healthz", "text/plain", "").await;
    assert_eq!(
        (answer.status, &answer.headers[header::ALLOW]),
        (StatusCode::METHOD_NOT_ALLOWED, &"GET,HEAD".parse().unwrap())
    );
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_on_every_route() {
    let served = Served::new();
    let body = vec![b' '; super::super::BODY_BYTES_MAX + 1];
    for path in
        ["/v1/traces", "/v1/logs", "/v1/metrics", "/logs", "/api/1/envelope/", "/api/1/store/"]
    {
        let answer = served.post(path, "application/json", body.clone()).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{path}");
    }
}
