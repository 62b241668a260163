//! The server span of a request and its "request finished" line.

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http::Request;
use opentelemetry::trace::Status;
use tracing::{Span, field, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use crate::demo::error_chain;
use crate::demo::handler_error::UnhandledError;
use crate::demo::request_scope::RequestScope;

/// Begins the span, named after the route and never after the path.
///
/// Source: OpenTelemetry semantic conventions, "HTTP server span".
pub(super) fn begin(request: &Request<Body>) -> Span {
    let Some(scope) = RequestScope::current() else { return Span::none() };
    let host = request.headers().get(http::header::HOST).and_then(|host| host.to_str().ok());
    let authority: Option<http::uri::Authority> = host.and_then(|host| host.parse().ok());
    let user_agent = request.headers().get(http::header::USER_AGENT);
    info_span!(
        "request",
        otel.name = scope.operation(),
        otel.kind = "server",
        request_id = scope.request_id.as_str(),
        http.request.method = scope.method,
        http.route = scope.route,
        http.response.status_code = field::Empty,
        url.scheme = "http",
        url.path = scope.path,
        server.address = authority.as_ref().map(http::uri::Authority::host),
        server.port = authority.as_ref().and_then(http::uri::Authority::port_u16),
        user_agent.original = user_agent.and_then(|value| value.to_str().ok()),
        error.type = field::Empty,
    )
}

/// Says that the sender's request id is not the one that log lines carry.
pub(super) fn received(_: &Request<Body>, _: &Span) {
    if RequestScope::current().is_some_and(|scope| scope.replaced) {
        tracing::warn!("replaced the request id that was sent: too long, or unusual characters");
    }
}

/// Completes the span and writes the one line that every request has.
pub(super) fn finish(response: &Response, duration: Duration, span: &Span) {
    let status = response.status().as_u16();
    let duration_ms = (duration.as_secs_f64() * 1e6).round() / 1e3;
    span.record("http.response.status_code", status);
    if !response.status().is_server_error() {
        tracing::info!(status, duration_ms, "request finished");
        return;
    }
    let failed = response
        .extensions()
        .get()
        .map(|UnhandledError(error)| error_chain::links(&**error).swap_remove(0));
    let (kind, description) = match failed {
        Some(link) => (link.kind, link.message),
        None => (status.to_string(), String::new()),
    };
    span.record("error.type", kind);
    span.set_status(Status::error(description));
    tracing::error!(status, duration_ms, "request finished");
}
