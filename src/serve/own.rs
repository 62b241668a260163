//! What the backend says about itself: `/metrics`, `/healthz`, `/readyz`.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use prometheus::{Encoder as _, TEXT_FORMAT, TextEncoder};
use serde_json::{Map, Value, json};
use tokio::sync::oneshot;

use super::Backend;
use super::answer::Refusal;
use crate::store::{Batch, StoreError};
use crate::wire::backend::Health;

/// How long the store may take to commit nothing.
const COMMIT_MAX: Duration = Duration::from_secs(2);

/// Less room than this on the disk and the store is as good as full.
const DISK_BYTES_MIN: u64 = 64 << 20;

/// Returns the routes about the backend itself.
pub(super) fn routes() -> Router<Arc<Backend>> {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(health))
        .route("/readyz", get(ready))
}

async fn metrics(State(backend): State<Arc<Backend>>) -> Result<Response, Refusal> {
    backend.counts.store_is(store_bytes(&backend.store), &backend.writer);
    let mut page = Vec::new();
    TextEncoder::new()
        .encode(&backend.counts.registry.gather(), &mut page)
        .map_err(|error| Refusal::Store(error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, TEXT_FORMAT)], page).into_response())
}

/// Returns the size of the store's file and of the two that `SQLite` keeps beside it, in bytes.
fn store_bytes(store: &Path) -> u64 {
    let beside = |suffix: &str| {
        let mut name = OsString::from(store);
        name.push(suffix);
        std::fs::metadata(name).map_or(0, |file| file.len())
    };
    ["", "-wal", "-shm"].into_iter().map(beside).sum()
}

/// Says that the process is up; its word tells it from another that took its port.
async fn health(State(backend): State<Arc<Backend>>) -> Json<Health> {
    Json(Health { status: "ok".to_owned(), instance: backend.instance.clone() })
}

fn in_words(error: &StoreError) -> String {
    let cause = std::error::Error::source(error).map(|source| format!(": {source}"));
    format!("{error}{}", cause.unwrap_or_default())
}

/// Says whether what is sent now would be stored: 503 and the component that fails when not.
async fn ready(State(backend): State<Arc<Backend>>) -> Response {
    let (store, queue) = commit_nothing(&backend).await;
    let store = match backend.writer.failing() {
        Some(failure) => Err(format!("the last batch was not stored: {failure}")),
        None => store,
    };
    let components = [("store", store), ("queue", queue), ("disk", disk(&backend.store))];
    let failed = components.iter().any(|(_, outcome)| outcome.is_err());
    let component = |(name, outcome): (&str, Result<String, String>)| {
        let state = match outcome {
            Ok(said) => json!({ "status": "ok", "message": said }),
            Err(error) => json!({ "status": "fail", "error": error }),
        };
        (name.to_owned(), state)
    };
    let components: Map<String, Value> = components.into_iter().map(component).collect();
    let (code, status) =
        if failed { (StatusCode::SERVICE_UNAVAILABLE, "fail") } else { (StatusCode::OK, "ok") };
    (code, Json(json!({ "status": status, "components": components }))).into_response()
}

/// Sends an empty batch the way that all others go; returns how the store and how the queue took it.
async fn commit_nothing(backend: &Backend) -> (Result<String, String>, Result<String, String>) {
    let (waiting, _) = backend.writer.waiting();
    let queue = Ok(format!("{waiting} batches wait"));
    let (answer, answered) = oneshot::channel();
    let nothing = match Batch::of(Vec::new()) {
        Ok(nothing) => nothing,
        Err(error) => return (Err(in_words(&error)), queue),
    };
    if backend.writer.submit(nothing, move |outcome| drop(answer.send(outcome))).is_err() {
        return (Ok("busy".to_owned()), Err(format!("full: {waiting} batches wait")));
    }
    let store = match tokio::time::timeout(COMMIT_MAX, answered).await {
        Ok(Ok(Ok(_))) => Ok("commits".to_owned()),
        Ok(Ok(Err(error))) => Err(in_words(&error)),
        Ok(Err(_)) => Err("the writer stopped".to_owned()),
        Err(_) => Err(format!("no commit within {COMMIT_MAX:?}")),
    };
    (store, queue)
}

/// Says how much room is left where the store is.
fn disk(store: &Path) -> Result<String, String> {
    let disk = rustix::fs::statvfs(store).map_err(|error| error.to_string())?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    room(free)
}

/// Judges so many free bytes.
fn room(free: u64) -> Result<String, String> {
    let room = format!("{} MiB free", free >> 20);
    if free < DISK_BYTES_MIN {
        return Err(format!("only {room}, at least {} MiB are wanted", DISK_BYTES_MIN >> 20));
    }
    Ok(room)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_with_little_room_is_told_with_what_is_wanted() {
        assert_eq!(room(46 << 20).unwrap_err(), "only 46 MiB free, at least 64 MiB are wanted");
        assert_eq!(room(64 << 20).unwrap(), "64 MiB free");
    }
}
