//! From a request's body to an acknowledged batch.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use jiff::Timestamp;
use tokio::sync::oneshot;

use super::answer::Refusal;
use super::{BODY_BYTES_MAX, Backend, INFLATED_BYTES_MAX};
use crate::model::UnixNanos;
use crate::store::{Batch, Record, Stored};
use crate::wire::{Encoding, WireError, inflate};

/// What is worked on at once: some 50 µs.
const SMALL_BYTES: usize = 16 << 10;

/// A request's body, whole, as it was sent.
#[derive(Debug)]
pub(super) struct Sent(pub(super) Bytes);

impl<S: Send + Sync> FromRequest<S> for Sent {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let bytes = Bytes::from_request(request, state).await;
        bytes.map(Self).map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => {
                Refusal::TooLarge(format!("the body is larger than {BODY_BYTES_MAX} bytes"))
            }
            _ => Refusal::Malformed("the body ends too early".to_owned()),
        })
    }
}

/// Decompresses and reads a body on a thread that may be busy: a large one would hold up every
/// other request, `/healthz` among them.
pub(super) async fn read<T: Send + 'static>(
    headers: &HeaderMap,
    Sent(sent): Sent,
    decode: impl FnOnce(&[u8]) -> Result<T, WireError> + Send + 'static,
) -> Result<T, Refusal> {
    let encoding = text(headers, header::CONTENT_ENCODING.as_str()).unwrap_or("");
    let encoding = Encoding::from_header(encoding)
        .ok_or(Refusal::UnsupportedType("gzip, deflate, identity"))?;
    // What is compressed may be this much more.
    let weight = if encoding == Encoding::Identity { sent.len() } else { sent.len() * 8 };
    let work = move || -> Result<T, Refusal> {
        Ok(decode(&inflate(&sent, encoding, INFLATED_BYTES_MAX)?)?)
    };
    let read = offload(weight, work).await;
    read.map_err(|_| Refusal::Malformed("the body cannot be read".to_owned()))?
}

/// Works on a thread that may be busy; what is small is done at once: to wake two threads costs more.
async fn offload<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, tokio::task::JoinError> {
    if bytes <= SMALL_BYTES { Ok(work()) } else { tokio::task::spawn_blocking(work).await }
}

/// Hands over a batch and waits until it is on disk.
pub(super) async fn store(backend: &Backend, records: Vec<Record>) -> Result<Stored, Refusal> {
    if records.is_empty() {
        return Ok(Stored::default());
    }
    // Writing JSON and hashing: not on the thread that writes.
    let weight = records.iter().map(Record::bytes).sum();
    let made = offload(weight, move || Batch::of(records)).await;
    let batch = made.map_err(|_| Refusal::Store("the rows cannot be made".to_owned()))??;
    let (answer, answered) = oneshot::channel();
    // The client may have gone when the answer comes; what it sent is stored all the same.
    let acknowledge = move |outcome| drop(answer.send(outcome));
    backend.writer.submit(batch, acknowledge).map_err(|_| Refusal::Busy)?;
    let outcome = answered.await.map_err(|_| Refusal::Store("the writer stopped".to_owned()))?;
    let stored = outcome?;
    backend.counts.stored(&stored);
    Ok(stored)
}

/// Returns a header's value when it is text.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Returns the media type without its parameters, in lower case.
pub(super) fn media_type(headers: &HeaderMap) -> String {
    let value = text(headers, header::CONTENT_TYPE.as_str()).unwrap_or("");
    value.split(';').next().unwrap_or("").trim().to_ascii_lowercase()
}

/// Returns the current time: what is received without a time of its own gets it.
pub(super) fn now() -> UnixNanos {
    UnixNanos(i64::try_from(Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX))
}
