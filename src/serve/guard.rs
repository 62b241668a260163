//! Refuses requests that a web page of somebody else made a browser send (DNS rebinding), but for those
//! that only bring something: SDKs in browsers send from the pages of their application.
//!
//! The rule: `Host` must name this machine, always. A page of another origin may POST to the paths of
//! [`takes`] and to no other, and is told so (CORS); it reads nothing that is stored.
//!
//! Source: Fetch, "CORS protocol"; Private Network Access, "CORS preflight".

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::access::Trusted;

/// Lets a request through whose `Host` names this machine's loopback, or that has none (HTTP/1.0),
/// and that no page from elsewhere sent: a browser names the page in `Origin`. Who has shown the
/// token is not asked.
pub(super) async fn only_loopback_names(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).map(|value| value.to_str().unwrap_or("?"));
    let host = host.or_else(|| request.uri().host());
    let trusted = request.extensions().get::<Trusted>().is_some();
    if !trusted && !host.is_none_or(is_loopback) {
        return refused("this backend answers only to 127.0.0.1, localhost and [::1]\n");
    }
    let takes = takes(request.uri().path());
    if takes && request.method() == Method::OPTIONS {
        return preflight(request.headers());
    }
    let brings = takes && request.method() == Method::POST;
    let origin = request.headers().get(header::ORIGIN).map(|value| value.to_str().unwrap_or("?"));
    let page = origin.map(|origin| origin.split_once("://").map_or(origin, |(_, host)| host));
    if !trusted && !brings && !page.is_none_or(is_loopback) {
        return refused("pages of other origins may send telemetry here, and nothing else\n");
    }
    let from_a_page = page.is_some();
    let mut response = next.run(request).await;
    if brings && from_a_page {
        allow(response.headers_mut());
    }
    response
}

fn refused(text: &'static str) -> Response {
    (StatusCode::FORBIDDEN, text).into_response()
}

/// Says whether telemetry is sent to that path, with whatever a proxy put before it.
pub(super) fn takes(path: &str) -> bool {
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    match segments.as_slice() {
        // Our own questions have traces and logs at their end too.
        ["api", "obs", ..] => false,
        ["logs" | "stream" | "tunnel"] | ["loki", "api", "v1", "push"] => true,
        [.., "v1", "traces" | "logs" | "metrics"] => true,
        [.., "api", _, "envelope" | "store" | "security" | "minidump"] => true,
        _ => false,
    }
}

/// Answers a browser that asks whether a page may send: it may, with any header.
fn preflight(asked: &HeaderMap) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    allow(headers);
    for (name, value) in [
        (header::ALLOW, "POST, OPTIONS"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "POST"),
        // The star stands for any header but Authorization.
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "*, Authorization, Content-Type, Content-Encoding, X-Sentry-Auth, sentry-trace, baggage, \
             traceparent",
        ),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // Chrome asks this of whoever answers on loopback.
    if asked.contains_key("access-control-request-private-network") {
        headers.insert("access-control-allow-private-network", HeaderValue::from_static("true"));
    }
    response
}

/// Lets a page read the answer; no cookie goes with what it sent.
fn allow(headers: &mut HeaderMap) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("X-Sentry-Rate-Limits, Retry-After, X-Sentry-Error"),
    );
}

fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => host.split(':').next().unwrap_or(host),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_loopback_are_taken() {
        for host in ["127.0.0.1:4318", "localhost", "LOCALHOST:1", "[::1]:4318", "127.0.0.2"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["evil.example", "localhost.evil.example", "10.0.0.1", "", "[::2]"] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn telemetry_is_sent_to_few_paths() {
        for path in [
            "/v1/traces",
            "/v1/logs",
            "/v1/metrics",
            "/otel/v1/traces",
            "/api/1/envelope/",
            "/api/1/envelope",
            "/api/orders/store/",
            "/api/1/security/",
            "/api/1/minidump/",
            "/sentry/api/1/envelope/",
            "/api/1/integration/otlp/v1/traces",
            "/logs",
            "/stream",
            "/loki/api/v1/push",
        ] {
            assert!(takes(path), "{path}");
        }
        for path in [
            "/",
            "/metrics",
            "/healthz",
            "/api/obs/v1/traces",
            "/api/obs/v1/logs",
            "/api/obs/v1/traces/1",
            "/api/traces",
            "/api/v3/traces",
            "/api/0/issues/",
            "/api/0/organizations/x/events/",
            "/loki/api/v1/query",
        ] {
            assert!(!takes(path), "{path}");
        }
    }
}
