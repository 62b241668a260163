//! `POST /logs`: log lines as they are, JSON or plain.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::answer::Refusal;
use super::intake::Sent;
use super::{Backend, intake};
use crate::logs::read_line;
use crate::model::{LogRecord, UnixNanos};
use crate::store::{LogOrigin, Record};

/// Returns the routes that take log lines.
pub(super) fn routes() -> Router<Arc<Backend>> {
    Router::new().route("/logs", post(lines))
}

/// Stores one record for each line that is not blank.
pub(super) async fn lines(
    State(backend): State<Arc<Backend>>,
    headers: HeaderMap,
    sent: Sent,
) -> Result<Json<Value>, Refusal> {
    let received = intake::now();
    let read = move |body: &[u8]| {
        let lines = body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        let records = lines.filter(|line| !line.is_empty()).map(read_line).collect();
        Ok(batch(records, body, received))
    };
    let records = intake::read(&headers, sent, read).await?;
    let taken = records.len();
    let stored = intake::store(&backend, records).await?;
    Ok(Json(json!({ "lines": taken, "new": stored.all_new() })))
}

/// Makes a batch of the records of one request's body.
pub(super) fn batch(records: Vec<LogRecord>, body: &[u8], received: UnixNanos) -> Vec<Record> {
    let digest = ring::digest::digest(&ring::digest::SHA256, body);
    let mut request = [0; 16];
    request.copy_from_slice(&digest.as_ref()[..16]);
    let origin = |index| LogOrigin::Batch { request, index, received };
    let records = (0..).zip(records);
    records.map(|(index, record)| Record::Log(Box::new(record), origin(index))).collect()
}
