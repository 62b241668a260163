//! From a request's body to an acknowledged batch.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use tokio::sync::oneshot;

use super::answer::Refusal;
use super::limits::{Budget, turn_to_decode};
use super::{BODY_BYTES_MAX, Backend, INFLATED_BYTES_MAX};
use crate::model::UnixNanos;
use crate::store::{Batch, Record, Stored};
use crate::wire::{Encodings, WireError, inflate};

/// What is worked on at once: some 50 µs.
const SMALL_BYTES: usize = 16 << 10;

/// How much of a body that is too large is read and let go, so that a client that looks for an
/// answer only when it has sent everything finds one.
const OVERFLOW_READ_MAX: usize = 4 * BODY_BYTES_MAX;

/// How long that may take.
const OVERFLOW_TIME_MAX: Duration = Duration::from_secs(2);

/// A request's body, whole, as it was sent.
///
/// Its memory is charged to the backend's budget until the last of it is dropped. A body that is too
/// large is 413, one without room 429, one that stands still or takes too long 408.
#[derive(Debug)]
pub(super) struct Sent(pub(super) Bytes);

impl FromRequest<Arc<Backend>> for Sent {
    type Rejection = Refusal;

    async fn from_request(request: Request, backend: &Arc<Backend>) -> Result<Self, Refusal> {
        let length = text(request.headers(), header::CONTENT_LENGTH.as_str());
        let length = length.and_then(|length| length.parse::<usize>().ok()).unwrap_or(0);
        let mut body = request.into_body();
        let limits = &backend.limits;
        let received = async {
            if length > BODY_BYTES_MAX {
                return Err(too_large());
            }
            receive(&mut body, limits.body_pause, &backend.bodies).await
        };
        let received = tokio::time::timeout(limits.body_whole, received).await;
        let received = received.unwrap_or(Err(Refusal::Slow(limits.body_whole)));
        if let Err(refusal) = &received {
            let reason = match refusal {
                Refusal::TooLarge(_) => "too_large",
                Refusal::Busy => "no_memory",
                Refusal::Slow(_) => "slow",
                _ => "cut",
            };
            backend.counts.rejected("request", reason, 1);
            if matches!(refusal, Refusal::TooLarge(_) | Refusal::Busy) {
                // Whether it was read to its end changes nothing for us.
                drop(tokio::time::timeout(OVERFLOW_TIME_MAX, let_go(body)).await);
            }
        }
        received.map(Self).map_err(|refusal| Refusal::Counted(Box::new(refusal)))
    }
}

async fn receive(body: &mut Body, pause: Duration, bodies: &Budget) -> Result<Bytes, Refusal> {
    let mut held = bodies.begin();
    loop {
        let frame = tokio::time::timeout(pause, body.frame()).await;
        let Some(frame) = frame.map_err(|_| Refusal::Slow(pause))? else { break };
        let frame = frame.map_err(|_| Refusal::Malformed("the body ends too early".to_owned()))?;
        let Ok(part) = frame.into_data() else { continue };
        if held.len() + part.len() > BODY_BYTES_MAX {
            return Err(too_large());
        }
        held.add(&part).ok_or(Refusal::Busy)?;
    }
    Ok(held.finish())
}

fn too_large() -> Refusal {
    Refusal::TooLarge(format!("the body is larger than {BODY_BYTES_MAX} bytes"))
}

async fn let_go(mut body: Body) {
    let mut left = OVERFLOW_READ_MAX;
    while let Some(Ok(frame)) = body.frame().await {
        left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
        if left == 0 {
            return;
        }
    }
}

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
    let weight = encodings.weight(sent.len());
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
    let turn = turn_to_decode().await.ok_or_else(lost)?;
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
    commit(backend, batch).await
}

/// Hands over what was made ready where its body was read, and waits until it is on disk.
pub(super) async fn commit(backend: &Backend, batch: Batch) -> Result<Stored, Refusal> {
    if batch.is_empty() {
        return Ok(Stored::default());
    }
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
