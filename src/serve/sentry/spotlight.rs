//! `GET /stream` and `/health`: Spotlight's sidecar, which SDKs and its page look for.
//!
//! With `spotlight=True` an SDK posts its envelopes to `http://localhost:8969/stream`, without a DSN
//! or a key; who wants to see them reads the same address as server-sent events. `POST /stream` is
//! taken as an envelope is.
//!
//! Source: getsentry/spotlight, `packages/spotlight/src/server`.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::{self, StreamExt as _};
use serde_json::json;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::super::Backend;
use super::super::answer::Refusal;
use super::live::Message;

/// The name of the events that carry envelopes.
const ENVELOPE: &str = "application/x-sentry-envelope";

/// The name of the events that say what was left out.
const LEFT_OUT: &str = "obs-left-out";

/// Says that it is up, in the sidecar's words.
pub(super) async fn health() -> &'static str {
    "OK"
}

/// Passes envelopes on as they come in, until the reader goes or the backend stops.
pub(super) async fn stream(
    State(backend): State<Arc<Backend>>,
    RawQuery(query): RawQuery,
) -> Response {
    let Some(receiver) = backend.live.listen() else { return Refusal::Busy.into_response() };
    let query = query.unwrap_or_default();
    let base64 = query.split('&').any(|pair| pair == "base64" || pair.starts_with("base64="));
    let name = if base64 { "application/x-sentry-envelope;base64" } else { ENVELOPE };
    let messages = stream::unfold(receiver, move |receiver| next(receiver, name));
    // Some browsers call a stream open only when its first bytes came.
    let opened = stream::once(async { Event::default().comment("") });
    let events = opened.chain(messages).map(Ok::<_, Infallible>);
    Sse::new(events).keep_alive(KeepAlive::default()).into_response()
}

async fn next(
    mut receiver: Receiver<Message>,
    name: &'static str,
) -> Option<(Event, Receiver<Message>)> {
    let left_out = |number: u64, reason: &str| {
        let told = json!({ "envelopes": number, "reason": reason });
        Event::default().event(LEFT_OUT).data(told.to_string())
    };
    let event = match receiver.recv().await {
        Ok(Message { id, text: Some(text) }) => Event::default().event(name).id(id).data(&*text),
        Ok(Message { text: None, .. }) => left_out(1, "too long to be passed on"),
        Err(RecvError::Lagged(number)) => left_out(number, "the reader is too slow"),
        Err(RecvError::Closed) => return None,
    };
    Some((event, receiver))
}
