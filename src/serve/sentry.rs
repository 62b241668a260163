//! `POST /api/{project}/envelope/` and `/store/`: error events of Sentry's clients.
//!
//! Any key is taken: the backend answers on loopback only. Items that are not error events are
//! passed over, and the clients are told not to send more of them.
//!
//! Source: develop.sentry.dev, "Envelopes", "Rate Limiting"; `issues.md` gives what was run.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use super::answer::Refusal;
use super::{Backend, intake};
use crate::model::ErrorEvent;
use crate::store::Record;
use crate::wire::{Envelope, decode_event};

/// What is not stored, for a day: clients stop to build and send it.
const NOT_STORED: &str = "86400:transaction;span;profile;replay;session;monitor;log_item;\
                          metric_bucket;trace_metric;attachment:organization";

/// Stores the error events of an envelope.
pub(super) async fn envelope(
    State(backend): State<Arc<Backend>>,
    headers: HeaderMap,
    sent: Bytes,
) -> Result<Response, Refusal> {
    let body = intake::body(&headers, &sent)?;
    let envelope = Envelope::read(&body)?;
    let received = intake::now();
    let mut records = Vec::new();
    let mut unreadable = None;
    for item in envelope.items.iter().filter(|item| item.kind == "event") {
        match decode_event(item.payload, envelope.event_id.as_deref(), received) {
            Ok(event) => records.push(Record::Event(Box::new(event))),
            Err(error) => unreadable = Some(error),
        }
    }
    let nothing_kept = records.is_empty();
    let id = records.first().and_then(event_id).or(envelope.event_id);
    intake::store(&backend, records).await?;
    match unreadable {
        // Whole items beside it were kept; a client does not send again what it cannot mend.
        Some(error) if nothing_kept => Err(error.into()),
        _ if nothing_kept && envelope.truncated => {
            Err(Refusal::Malformed("malformed envelope: it ends within an item".to_owned()))
        }
        _ => Ok(accepted(id.as_deref())),
    }
}

/// Stores one event, as clients did before envelopes.
pub(super) async fn store(
    State(backend): State<Arc<Backend>>,
    headers: HeaderMap,
    sent: Bytes,
) -> Result<Response, Refusal> {
    let body = intake::body(&headers, &sent)?;
    let event = decode_event(&body, None, intake::now())?;
    let record = Record::Event(Box::new(event));
    let id = event_id(&record);
    intake::store(&backend, vec![record]).await?;
    Ok(accepted(id.as_deref()))
}

fn event_id(record: &Record) -> Option<String> {
    match record {
        Record::Event(event) => Some(ErrorEvent::clone(event).event_id),
        Record::Span(_) | Record::Log(..) => None,
    }
}

fn accepted(id: Option<&str>) -> Response {
    let body = id.map_or_else(|| json!({}), |id| json!({ "id": id }));
    ([("x-sentry-rate-limits", NOT_STORED)], Json(body)).into_response()
}
