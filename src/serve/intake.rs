//! From a request's body to an acknowledged batch.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use jiff::Timestamp;
use tokio::sync::{Semaphore, oneshot};

use super::answer::Refusal;
use super::{BODY_BYTES_MAX, Backend, INFLATED_BYTES_MAX};
use crate::model::UnixNanos;
use crate::store::{Batch, Record, Stored};
use crate::wire::{Encodings, WireError, inflate};

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

/// How many bodies are decompressed and read at once: each may need 64 MiB for its bytes and 256 MiB
/// for its records.
const READS_MAX: usize = 4;

static READS: Semaphore = Semaphore::const_new(READS_MAX);

/// Decompresses and reads a body as its `Content-Encoding` says.
pub(super) async fn read<T: Send + 'static>(
    headers: &HeaderMap,
    Sent(sent): Sent,
    decode: impl FnOnce(&[u8]) -> Result<T, WireError> + Send + 'static,
) -> Result<T, Refusal> {
    let mut said = headers.get_all(header::CONTENT_ENCODING).iter().map(|value| value.to_str());
    let joined = said.try_fold(String::new(), |all, value| value.map(|value| all + "," + value));
    let encodings = joined.ok().and_then(|value| Encodings::from_header(&value));
    let encodings = encodings.ok_or(Refusal::UnsupportedType(Encodings::TAKEN))?;
    let encodings = encodings.or_by_magic(&sent);
    // What is compressed may be this much more.
    let weight = if encodings.is_identity() { sent.len() } else { sent.len().saturating_mul(8) };
    let work = move || Ok(decode(&inflate(&sent, &encodings, INFLATED_BYTES_MAX)?)?);
    on_a_thread(weight, work).await
}

/// Works on a thread that may be busy: a large body would hold up every other request, `/healthz`
/// among them. Only a few do so at once. What is small is done here: to wake two threads costs more.
pub(super) async fn on_a_thread<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    if bytes <= SMALL_BYTES {
        return work();
    }
    let lost = || Refusal::Malformed("the body cannot be read".to_owned());
    let turn = READS.acquire().await.map_err(|_| lost())?;
    let read = tokio::task::spawn_blocking(move || {
        // Kept until the work is done, also when the client has gone meanwhile.
        let _turn = turn;
        work()
    });
    read.await.map_err(|_| lost())?
}

/// Hands over a batch and waits until it is on disk.
pub(super) async fn store(backend: &Backend, records: Vec<Record>) -> Result<Stored, Refusal> {
    if records.is_empty() {
        return Ok(Stored::default());
    }
    // Writing JSON and hashing: not on the thread that writes.
    let weight = records.iter().map(Record::bytes).sum();
    let batch = on_a_thread(weight, move || Ok(Batch::of(records)?)).await?;
    let (answer, answered) = oneshot::channel();
    // The client may have gone when the answer comes; what it sent is stored all the same.
    let acknowledge = move |outcome| drop(answer.send(outcome));
    backend.writer.submit(batch, acknowledge).map_err(|_| Refusal::Busy)?;
    let outcome = answered.await.map_err(|_| Refusal::Store("the writer stopped".to_owned()))?;
    backend.settled(&outcome);
    Ok(outcome?)
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
