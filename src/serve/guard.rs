//! Refuses requests that a web page of somebody else made a browser send (DNS rebinding).

use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::access::Trusted;

/// Lets a request through whose `Host` names this machine's loopback, or that has none (HTTP/1.0),
/// and that no page from elsewhere sent: a browser names the page in `Origin`. Who has shown the
/// token is not asked.
pub(super) async fn only_loopback_names(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).map(|value| value.to_str().unwrap_or("?"));
    let host = host.or_else(|| request.uri().host());
    let origin = request.headers().get(header::ORIGIN).map(|value| value.to_str().unwrap_or("?"));
    let page = origin.map(|origin| origin.split_once("://").map_or(origin, |(_, host)| host));
    let trusted = request.extensions().get::<Trusted>().is_some();
    if trusted || (host.is_none_or(is_loopback) && page.is_none_or(is_loopback)) {
        return next.run(request).await;
    }
    let text = "this backend answers only to 127.0.0.1, localhost and [::1], and to their pages\n";
    (StatusCode::FORBIDDEN, text).into_response()
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
}
