//! The request's context: what every log line, span and error event of a request must carry.
//!
//! It travels as a value in the OpenTelemetry `Context`, which spans hand to their children and to
//! the threads they are entered on. So it is there wherever the span is, and needs no second carrier.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, StatusCode};
use opentelemetry::Context;
use opentelemetry::context::FutureExt as _;
use opentelemetry::trace::{TraceContextExt as _, TraceId};
use sentry::SentryFutureExt as _;

use crate::demo::error_tracking;
use crate::demo::request_id::{self, RequestId};
use crate::demo::service::Service;

/// One request while it is being served.
#[derive(Debug, Clone)]
pub(super) struct RequestScope {
    pub(super) request_id: RequestId,
    /// The sender's id could not be taken: `request_id` replaces it.
    pub(super) replaced: bool,
    /// The trace that the request begins where it has no parent span.
    pub(super) trace_id: TraceId,
    pub(super) method: String,
    /// The template, such as `/orders/{id}`; `None` where no route matched.
    pub(super) route: Option<String>,
    pub(super) path: String,
}

impl RequestScope {
    /// Returns the scope of the request that the calling code serves.
    pub(super) fn current() -> Option<Arc<Self>> {
        Context::map_current(|context| context.get::<Arc<Self>>().cloned())
    }

    /// Returns the name of the operation, the same for every request of a route: `GET /orders/{id}`.
    pub(super) fn operation(&self) -> String {
        match &self.route {
            Some(route) => format!("{} {route}", self.method),
            None => self.method.clone(),
        }
    }
}

/// Gives the request its ids, serves it within its scope, and puts the request id on the reply.
///
/// The request is served on a task of its own: a caller that hangs up stops waiting, but what was
/// begun is finished, with its span and its log line.
pub(super) async fn serve_in_scope(
    State(service): State<Service>,
    request: Request,
    next: Next,
) -> Response {
    let adopted = request_id::adopt(request.headers());
    let scope = Arc::new(RequestScope {
        request_id: adopted.request_id,
        replaced: adopted.refused,
        trace_id: adopted.trace_id,
        method: request.method().to_string(),
        route: request.extensions().get().map(|path: &MatchedPath| path.as_str().to_owned()),
        path: request.uri().path().to_owned(),
    });
    let mut context = Context::new().with_value(Arc::clone(&scope));
    if let Some(parent) = adopted.parent {
        context = context.with_remote_span_context(parent);
    }
    let hub = error_tracking::request_hub(service, &scope, request.headers());
    let served = tokio::spawn(next.run(request).with_context(context).bind_hub(hub)).await;
    let mut response = match served {
        Ok(response) => response,
        Err(failed) => match failed.try_into_panic() {
            // Handlers' panics are caught further in; this is one in the layers themselves.
            Ok(panic) => std::panic::resume_unwind(panic),
            // The application is stopping.
            Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        },
    };
    let value = HeaderValue::from_str(scope.request_id.as_str())
        .expect("a request id holds only visible ASCII");
    response.headers_mut().insert(request_id::HEADER, value);
    response
}
