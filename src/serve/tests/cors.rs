//! Pages of other origins may send, and read nothing.

use super::*;

const PAGE: &str = "https://shop.example";

async fn from_page(served: &Served, method: &str, path: &str, host: &str) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, host)
        .header(header::ORIGIN, PAGE)
        .header(header::CONTENT_TYPE, "application/json");
    served.send(request.body(Body::from("{}")).unwrap()).await
}

#[tokio::test]
async fn a_preflight_for_telemetry_is_answered_with_what_sdks_send() {
    let served = Served::new();
    for path in ["/v1/traces", "/v1/logs", "/v1/metrics", "/api/1/envelope/", "/logs", "/stream"] {
        let request = Request::options(path)
            .header(header::ORIGIN, PAGE)
            .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
            .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "content-type,traceparent")
            .header("access-control-request-private-network", "true");
        let answer = served.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{path}");
        let value = |name: &str| answer.headers[name].to_str().unwrap().to_lowercase();
        assert_eq!(value("access-control-allow-origin"), "*");
        assert_eq!(value("access-control-allow-methods"), "post");
        assert_eq!(value("access-control-max-age"), "86400");
        assert_eq!(value("access-control-allow-private-network"), "true");
        for name in ["content-type", "x-sentry-auth", "sentry-trace", "baggage", "traceparent"] {
            assert!(value("access-control-allow-headers").contains(name), "{name}");
        }
    }
}

#[tokio::test]
async fn a_page_may_send_and_read_the_answer() {
    let served = Served::new();
    for path in ["/v1/traces", "/v1/logs", "/v1/metrics", "/logs"] {
        let answer = from_page(&served, "POST", path, "127.0.0.1:4318").await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(answer.headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*", "{path}");
        let exposed = answer.headers[header::ACCESS_CONTROL_EXPOSE_HEADERS].to_str().unwrap();
        assert!(exposed.contains("X-Sentry-Rate-Limits") && exposed.contains("Retry-After"));
    }
    // A refusal is read as well: it says why.
    let refused = from_page(&served, "POST", "/api/1/store/", "localhost").await;
    assert_eq!(refused.headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
}

#[tokio::test]
async fn a_page_may_not_ask() {
    let served = Served::new();
    for (method, path) in [
        ("GET", "/api/obs/v1/traces/018f3c1e9b7a7c448d215a0b6f4e2d11"),
        ("GET", "/api/obs/v1/logs"),
        ("POST", "/api/obs/v1/logs"),
        ("OPTIONS", "/api/obs/v1/logs"),
        ("GET", "/metrics"),
        ("GET", "/healthz"),
        ("GET", "/stream"),
        ("GET", "/v1/traces"),
        ("GET", "/"),
    ] {
        let answer = from_page(&served, method, path, "127.0.0.1:4318").await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method} {path}");
        assert!(!answer.headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN), "{path}");
    }
}

#[tokio::test]
async fn a_name_that_was_bound_to_loopback_from_outside_may_not_even_send() {
    let served = Served::new();
    for method in ["POST", "OPTIONS"] {
        let answer = from_page(&served, method, "/v1/traces", "shop.example").await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method}");
    }
}

#[tokio::test]
async fn what_no_page_sent_gets_no_header_for_pages() {
    let answer = Served::new().post("/v1/traces", "application/json", "{}").await;
    assert!(!answer.headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
}
