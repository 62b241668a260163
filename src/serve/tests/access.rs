//! A backend with a token: who is let in.

use super::*;

const TOKEN: &str = "0123456789abcdef-token";

fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::from("hello")).unwrap()
}

#[tokio::test]
async fn without_the_token_nothing_is_stored_and_nothing_is_shown() {
    let served = Served::guarded(Limits::default(), Some(TOKEN));
    for (method, path) in [
        ("POST", "/logs"),
        ("POST", "/v1/traces"),
        ("POST", "/api/1/envelope/"),
        ("GET", "/api/obs/v1/issues"),
        ("GET", "/metrics"),
        ("GET", "/"),
        ("GET", "/nowhere"),
    ] {
        let wrong = [("host", "127.0.0.1"), ("authorization", "Bearer 0123456789abcdef-tokex")];
        let answer = served.send(request(method, path, &wrong)).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path}");
        assert_eq!(answer.headers[header::WWW_AUTHENTICATE], "Bearer realm=\"obs\"");
        assert!(!answer.text().contains(TOKEN));
    }
    assert_eq!(served.reader().logs(&all()).unwrap().records.len(), 0);
}

#[tokio::test]
async fn with_it_every_host_is_answered_and_health_needs_none() {
    let served = Served::guarded(Limits::default(), Some(TOKEN));
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("host", "obs.example:4318"), ("authorization", &bearer)];
    assert_eq!(served.send(request("POST", "/logs", &headers)).await.status, StatusCode::OK);
    let sentry = format!("/logs?sentry_version=7&sentry_key={TOKEN}");
    let answer = served.send(request("POST", &sentry, &headers[..1])).await;
    assert_eq!(answer.status, StatusCode::OK);
    let reading = format!("/api/obs/v1/issues?sentry_key={TOKEN}");
    let answer = served.send(request("GET", &reading, &headers[..1])).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "a key in an address only sends");
    let health = served.send(request("GET", "/healthz", &headers[..1])).await;
    assert_eq!(health.status, StatusCode::OK, "{}", health.text());
}

#[tokio::test]
async fn where_no_token_is_asked_for_one_that_is_sent_changes_nothing() {
    let served = Served::new();
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("host", "obs.example:4318"), ("authorization", &bearer)];
    assert_eq!(served.send(request("POST", "/logs", &headers)).await.status, StatusCode::FORBIDDEN);
}

fn all() -> crate::model::LogQuery {
    crate::model::LogQuery { limit: 10, ..crate::model::LogQuery::default() }
}
