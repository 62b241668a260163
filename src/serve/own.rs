//! What the backend says about itself: `/metrics`.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use prometheus::{Encoder as _, TEXT_FORMAT, TextEncoder};

use super::Backend;
use super::answer::Refusal;

/// Returns the routes about the backend itself.
pub(super) fn routes() -> Router<Arc<Backend>> {
    Router::new().route("/metrics", get(metrics))
}

async fn metrics(State(backend): State<Arc<Backend>>) -> Result<Response, Refusal> {
    let mut page = Vec::new();
    TextEncoder::new()
        .encode(&backend.counts.registry.gather(), &mut page)
        .map_err(|error| Refusal::Store(error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, TEXT_FORMAT)], page).into_response())
}
