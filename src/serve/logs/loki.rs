//! `POST /loki/api/v1/push`: what Promtail, Alloy, Fluent Bit and Docker's Loki driver send.
//!
//! Protobuf in a snappy block, or JSON; answered 204 without a body, as Loki does. A label that names
//! the service, the level or an id is that of the record, all others are fields. Source: Grafana Loki,
//! "Ingest logs".

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};

use super::super::answer::Refusal;
use super::super::intake::Sent;
use super::super::{Backend, INFLATED_BYTES_MAX, intake};
use super::{batch, describe, read, store_in_parts};
use crate::model::LogRecord;
use crate::wire::{LokiEntry, decode_loki_json, decode_loki_protobuf};

/// Stores a push.
pub(super) async fn push(
    State(backend): State<Arc<Backend>>,
    headers: HeaderMap,
    sent: Sent,
) -> Result<StatusCode, Refusal> {
    let received = intake::now();
    let json = match intake::media_type(&headers).as_str() {
        "application/json" => true,
        "application/x-protobuf" => false,
        _ => {
            return Err(Refusal::UnsupportedType("application/json, application/x-protobuf"));
        }
    };
    let mut headers = headers;
    if !json {
        // Some say `Content-Encoding: snappy`, some do not: it is the format that has the block.
        headers.remove(axum::http::header::CONTENT_ENCODING);
    }
    let decode = move |body: &[u8]| {
        let entries = if json {
            decode_loki_json(body)?
        } else {
            decode_loki_protobuf(body, INFLATED_BYTES_MAX)?
        };
        Ok(batch(entries.iter().map(record).collect(), body, received))
    };
    let records = intake::read(&headers, sent, decode).await?;
    store_in_parts(&backend, records).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn record(entry: &LokiEntry) -> LogRecord {
    let mut record = read(&entry.line);
    // The line's own time is more exact than when it was picked up; many have none.
    record.time = record.time.or(Some(entry.time));
    for (name, value) in &entry.labels {
        describe(&mut record, name, value);
    }
    if let Some((_, file)) = entry.labels.iter().find(|(name, _)| name == "filename") {
        record.source.clone_from(file);
    }
    record
}
