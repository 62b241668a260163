//! What Sentry's clients send, and Spotlight's sidecar.
//!
//! Any key is taken: on loopback nobody has to prove anything, and beyond it `access` has looked at
//! the token. A project is a name and need not be made first. `envelope` takes envelopes and single
//! events, `items` says what becomes of each item, `reports` takes what browsers and crash handlers
//! post, `spotlight` is the sidecar that an SDK finds without a DSN, `target` reads addresses.
//!
//! Source: `issues.md` section 5; develop.sentry.dev, "Envelopes", "Rate Limiting".

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::handler::Handler as _;
use axum::http::Method;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};

use super::Backend;
use super::answer::unknown_path;
use super::otlp::{self, Signal};

mod answer;
mod envelope;
mod items;
mod live;
mod reports;
mod spotlight;
mod target;

pub(super) use live::Live;
use target::{Endpoint, target};

/// Returns the routes of Sentry's clients.
pub(super) fn routes() -> Router<Arc<Backend>> {
    Router::new()
        .route("/api/{project}/envelope", post(envelope::envelope))
        .route("/api/{project}/envelope/", post(envelope::envelope))
        .route("/api/{project}/store", post(envelope::store))
        .route("/api/{project}/store/", post(envelope::store))
        .route("/api/{project}/security", post(reports::security))
        .route("/api/{project}/security/", post(reports::security))
        .route("/api/{project}/minidump", post(reports::minidump))
        .route("/api/{project}/minidump/", post(reports::minidump))
        .route("/tunnel", post(envelope::envelope))
        .route("/stream", get(spotlight::stream).post(envelope::envelope))
        .route("/health", get(spotlight::health))
}

/// Any other path: the same below a prefix, as a DSN `http://key@host/prefix/1` has it.
pub(super) async fn elsewhere(State(backend): State<Arc<Backend>>, request: Request) -> Response {
    let found = target(request.uri().path()).filter(|_| request.method() == Method::POST);
    let Some(found) = found else {
        return unknown_path(request.uri().clone()).await.into_response();
    };
    match found.endpoint {
        Endpoint::Envelope => envelope::envelope.call(request, backend).await,
        Endpoint::Store => envelope::store.call(request, backend).await,
        Endpoint::Security => reports::security.call(request, backend).await,
        Endpoint::Minidump => reports::minidump.call(request, backend).await,
        Endpoint::OtlpTraces => otlp::export_below_prefix(Signal::Traces, request, backend).await,
        Endpoint::OtlpLogs => otlp::export_below_prefix(Signal::Logs, request, backend).await,
    }
}
