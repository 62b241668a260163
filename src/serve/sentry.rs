//! `POST /api/{project}/envelope/` and `/store/`: error events of Sentry's clients.
//!
//! Any key is taken: the backend answers on loopback only. Items that are not error events are
//! passed over, and the clients are told not to send more of them.
//!
//! Source: develop.sentry.dev, "Envelopes", "Rate Limiting"; `issues.md` gives what was run.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::json;

use super::answer::Refusal;
use super::intake::Sent;
use super::{Backend, intake};
use crate::model::{ErrorEvent, UnixNanos};
use crate::store::Record;
use crate::wire::{Envelope, WireError, decode_event};

/// What is not stored, for a day: clients stop to build and send it.
const NOT_STORED: &str = "86400:transaction;span;profile;replay;session;monitor;log_item;\
                          metric_bucket;trace_metric;attachment:organization";

/// Returns the routes of Sentry's clients.
pub(super) fn routes() -> Router<Arc<Backend>> {
    Router::new()
        .route("/api/{project}/envelope/", post(envelope))
        .route("/api/{project}/envelope", post(envelope))
        .route("/api/{project}/store/", post(store))
}

/// Stores the error events of an envelope.
pub(super) async fn envelope(
    State(backend): State<Arc<Backend>>,
    headers: HeaderMap,
    sent: Sent,
) -> Result<Response, Refusal> {
    let received = intake::now();
    let Kept { events, id, unreadable, truncated } =
        intake::read(&headers, sent, move |body| Kept::read(body, received)).await?;
    if unreadable.is_some() || truncated {
        backend.counts.rejected("item", if truncated { "truncated" } else { "malformed" }, 1);
    }
    let nothing_kept = events.is_empty();
    let records = events.into_iter().map(|(event, raw)| Record::Event(Box::new(event), raw));
    intake::store(&backend, records.collect()).await?;
    match unreadable {
        // Whole items beside it were kept; a client does not send again what it cannot mend.
        Some(error) if nothing_kept => Err(error.into()),
        _ if nothing_kept && truncated => {
            Err(Refusal::Malformed("malformed envelope: it ends within an item".to_owned()))
        }
        _ => Ok(accepted(id.as_deref())),
    }
}

/// What is kept of an envelope.
struct Kept {
    events: Vec<(ErrorEvent, Vec<u8>)>,
    id: Option<String>,
    unreadable: Option<WireError>,
    truncated: bool,
}

impl Kept {
    fn read(body: &[u8], received: UnixNanos) -> Result<Self, WireError> {
        let envelope = Envelope::read(body)?;
        let mut events = Vec::new();
        let mut unreadable = None;
        for item in envelope.items.iter().filter(|item| item.kind == "event") {
            match decode_event(item.payload, envelope.event_id.as_deref(), received) {
                Ok(event) => events.push((event, item.payload.to_vec())),
                Err(error) => unreadable = Some(error),
            }
        }
        let id = events.first().map(|(event, _)| event.event_id.clone()).or(envelope.event_id);
        Ok(Self { events, id, unreadable, truncated: envelope.truncated })
    }
}

/// Stores one event, as clients did before envelopes.
pub(super) async fn store(
    State(backend): State<Arc<Backend>>,
    headers: HeaderMap,
    sent: Sent,
) -> Result<Response, Refusal> {
    let received = intake::now();
    let decode = move |body: &[u8]| Ok((decode_event(body, None, received)?, body.to_vec()));
    let (event, raw) = intake::read(&headers, sent, decode).await?;
    let id = event.event_id.clone();
    intake::store(&backend, vec![Record::Event(Box::new(event), raw)]).await?;
    Ok(accepted(Some(&id)))
}

fn accepted(id: Option<&str>) -> Response {
    let body = id.map_or_else(|| json!({}), |id| json!({ "id": id }));
    ([("x-sentry-rate-limits", NOT_STORED)], Json(body)).into_response()
}
