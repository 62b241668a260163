//! `POST /api/{project}/envelope/`, `/stream`, `/tunnel`: envelopes; `/api/{project}/store/`: an event.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;

use super::super::answer::Refusal;
use super::super::intake::Sent;
use super::super::{Backend, intake};
use super::answer::{accepted, refused};
use super::items::{EVENT_BYTES_MAX, Kept};
use super::target::target;
use crate::store::{Batch, Record};
use crate::wire::decode_event;

/// Stores what is whole of an envelope; says 400 when that is not all of it.
pub(super) async fn envelope(
    State(backend): State<Arc<Backend>>,
    uri: Uri,
    headers: HeaderMap,
    sent: Result<Sent, Refusal>,
) -> Response {
    let project = target(uri.path()).map(|target| target.project);
    match take(&backend, project, &headers, sent).await {
        Ok(answer) => answer,
        Err(refusal) => refused(&refusal, &[]),
    }
}

async fn take(
    backend: &Backend,
    project: Option<String>,
    headers: &HeaderMap,
    sent: Result<Sent, Refusal>,
) -> Result<Response, Refusal> {
    let received = intake::now();
    let listened = backend.live.is_listened_to();
    let read = move |body: &[u8]| {
        let mut kept = Kept::read(body, project, received, listened)?;
        let records = std::mem::take(&mut kept.records);
        // On the same thread: no other has to be woken.
        Ok((kept, records.len(), Batch::of(records)))
    };
    let (mut kept, number, ready) = intake::read(headers, sent?, read).await?;
    for (kind, reason, number) in &kept.refused {
        backend.counts.rejected(kind, reason, *number);
    }
    intake::commit(backend, ready?).await?;
    if let Some(message) = kept.message.take() {
        backend.live.tell(message);
    }
    Ok(answer(&kept, number))
}

/// What is whole was stored; a client does not send again what it cannot mend.
fn answer(kept: &Kept, stored: usize) -> Response {
    let noted = format!("what was whole is stored: {stored} records");
    match (&kept.cut, &kept.unreadable) {
        (Some(reason), _) => {
            refused(&Refusal::Malformed(format!("malformed envelope: {reason}")), &[noted])
        }
        (None, Some(reason)) if stored == 0 => refused(&Refusal::Malformed(reason.clone()), &[]),
        (None, None) if stored == 0 && kept.too_large => {
            let text = format!("an event may have {EVENT_BYTES_MAX} bytes");
            refused(&Refusal::TooLarge(text), &[])
        }
        _ => accepted(kept.id.as_deref()),
    }
}

/// Stores one event, as clients did before envelopes.
pub(super) async fn store(
    State(backend): State<Arc<Backend>>,
    headers: HeaderMap,
    sent: Result<Sent, Refusal>,
) -> Response {
    let stored = async {
        let received = intake::now();
        let decode = move |body: &[u8]| {
            if body.len() > EVENT_BYTES_MAX {
                return Ok(None);
            }
            decode_event(body, None, received).map(|event| Some((event, body.to_vec())))
        };
        let Some((event, raw)) = intake::read(&headers, sent?, decode).await? else {
            backend.counts.rejected("event", "too_large", 1);
            return Err(Refusal::TooLarge(format!("an event may have {EVENT_BYTES_MAX} bytes")));
        };
        let id = event.event_id.clone();
        intake::store(&backend, vec![Record::Event(Box::new(event), raw)]).await?;
        Ok(id)
    };
    match stored.await {
        Ok(id) => accepted(Some(&id)),
        Err(refusal) => {
            if matches!(refusal, Refusal::Malformed(_)) {
                backend.counts.rejected("event", "malformed", 1);
            }
            refused(&refusal, &[])
        }
    }
}
