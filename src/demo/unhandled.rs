//! The layer that catches what handlers do not: unhandled errors and panics.
//!
//! Each is reported once, here: an event to the error tracker, an exception on the server span, an
//! error line in the log, and a reply that names the request.

use std::any::Any;
use std::error::Error;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use axum::Json;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use opentelemetry::KeyValue;
use serde_json::json;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use crate::demo::error_chain;
use crate::demo::error_tracking;
use crate::demo::handler_error::UnhandledError;
use crate::demo::request_scope::RequestScope;

/// A handler that panicked.
#[derive(Debug, thiserror::Error)]
#[error("the handler panicked: {message}")]
struct Panic {
    message: String,
}

/// Turns an unhandled error or a panic into a reported error and the 500 reply.
///
/// The [`UnhandledError`] stays on the response, for the server span's status.
pub(super) async fn report(request: Request, next: Next) -> Response {
    let response = match without_panic(next.run(request)).await {
        Ok(response) => response,
        Err(panic) => {
            let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
            response.extensions_mut().insert(UnhandledError(Arc::new(panic)));
            response
        }
    };
    let Some(UnhandledError(error)) = response.extensions().get().cloned() else {
        return response;
    };
    report_error(&*error);
    let request_id = RequestScope::current().map(|scope| scope.request_id.to_string());
    let body = json!({ "error": "internal server error", "request_id": request_id });
    let mut reply = (StatusCode::INTERNAL_SERVER_ERROR, Json(body)).into_response();
    reply.extensions_mut().insert(UnhandledError(error));
    reply
}

fn report_error(error: &(dyn Error + 'static)) {
    let chain = error_chain::text(error);
    record_exception(&tracing::Span::current(), error);
    error_tracking::capture(error);
    tracing::error!(exception = %chain, "unhandled error");
}

/// Adds the error to the span as its specification has it.
///
/// Source: OpenTelemetry semantic conventions, "Exceptions on spans".
pub(super) fn record_exception(span: &tracing::Span, error: &(dyn Error + 'static)) {
    let outermost = error_chain::links(error).swap_remove(0);
    span.add_event(
        "exception",
        vec![
            KeyValue::new("exception.type", outermost.kind),
            KeyValue::new("exception.message", outermost.message),
            KeyValue::new("exception.stacktrace", error_chain::text(error)),
        ],
    );
}

async fn without_panic<T>(future: impl Future<Output = T>) -> Result<T, Panic> {
    let mut future = pin!(future);
    poll_fn(|context| {
        // Unwind safety: a future that panicked is never polled again.
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Ok(Poll::Pending) => Poll::Pending,
            Err(payload) => Poll::Ready(Err(Panic { message: message_of(&*payload) })),
        }
    })
    .await
}

/// `panic!` carries a `&str` where its message has no arguments, else a `String`.
fn message_of(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| String::from("no message"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_error_with_its_message() {
        let panicked = without_panic(async { panic!("no stock of {}", "SKU-9") }).await;
        let panic: Panic = panicked.map(|(): ()| ()).unwrap_err();
        assert_eq!(panic.to_string(), "the handler panicked: no stock of SKU-9");
    }

    #[tokio::test]
    async fn what_does_not_panic_keeps_its_output() {
        assert_eq!(without_panic(async { 7 }).await.unwrap(), 7);
    }
}
