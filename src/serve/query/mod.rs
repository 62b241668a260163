//! Questions to the store: those of the commands, and those of others' tools in the interfaces that
//! they know. All are answered out of the same rows.

use std::sync::Arc;

use axum::Router;
use axum::http::HeaderValue;
use axum::response::Response;

use super::Backend;
use super::answer::Refusal;
use crate::store::{Reader, SPANS_SEARCHED_MAX, StoreError};

mod commands;
mod jaeger;
mod jaeger_search;
mod jaeger_v3;
mod parameters;
mod web;
mod web_lists;
mod web_search;

/// Returns the routes that answer questions.
pub(super) fn routes() -> Router<Arc<Backend>> {
    Router::new()
        .merge(commands::routes())
        .merge(jaeger::routes())
        .merge(jaeger_v3::routes())
        .merge(web::routes())
        .merge(web_lists::routes())
}

/// Asks the store on a thread that may block.
async fn ask<T: Send + 'static>(
    backend: &Arc<Backend>,
    question: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Refusal> {
    let backend = Arc::clone(backend);
    let asked = tokio::task::spawn_blocking(move || backend.readers.ask(question));
    let outcome = asked.await.map_err(|_| Refusal::Store("the question crashed".to_owned()))?;
    Ok(outcome?)
}

/// Says in a header when not all spans were looked at: the formats have no place for it.
fn searched(mut response: Response, complete: bool) -> Response {
    if !complete {
        let text = format!("only the latest {SPANS_SEARCHED_MAX} spans of this time");
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().insert("x-obs-searched", value);
        }
    }
    response
}
