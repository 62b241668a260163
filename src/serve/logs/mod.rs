//! Log lines, in the ways that services and shippers send them.
//!
//! [`lines`] takes them as they are, [`loki`] and [`elastic`] as the shippers of those two send them,
//! [`syslog`] over sockets of its own. Each becomes a [`LogRecord`] by `crate::logs::read_line`, so
//! that a line means the same however it came.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use serde_json::value::{RawValue, to_raw_value};

use super::answer::Refusal;
use super::{Backend, intake};
use crate::logs::{level_in_text, read_line};
use crate::model::{Field, LogRecord, UnixNanos};
use crate::store::{LogOrigin, Record};

pub(super) mod elastic;
mod lines;
mod loki;
pub mod syslog;

/// The most records handed to the writer at once: more would keep everybody else's waiting.
const RECORDS_AT_ONCE: usize = 4_096;

/// Returns the routes that take log lines.
pub(super) fn routes() -> Router<Arc<Backend>> {
    Router::new()
        .route("/logs", post(lines::lines))
        .route("/loki/api/v1/push", post(loki::push))
        .route("/_bulk", post(elastic::bulk).put(elastic::bulk))
        .route("/{index}/_bulk", post(elastic::bulk_into).put(elastic::bulk_into))
        .route("/_license", get(elastic::license))
}

/// Makes a batch of the records of one request's body.
pub(super) fn batch(records: Vec<LogRecord>, body: &[u8], received: UnixNanos) -> Vec<Record> {
    let request = request_of(body);
    let origin = |index| LogOrigin::Batch { request, index, received };
    let records = (0..).zip(records);
    records.map(|(index, record)| Record::Log(Box::new(record), origin(index))).collect()
}

/// Returns what a request is known by: sent again it is the same.
fn request_of(body: &[u8]) -> [u8; 16] {
    let digest = ring::digest::digest(&ring::digest::SHA256, body);
    let mut request = [0; 16];
    request.copy_from_slice(&digest.as_ref()[..16]);
    request
}

/// Stores a batch of any size, a part after the other; returns how many were new.
async fn store_in_parts(backend: &Backend, records: Vec<Record>) -> Result<u64, Refusal> {
    let mut new = 0;
    let mut records = records.into_iter();
    loop {
        let part: Vec<Record> = records.by_ref().take(RECORDS_AT_ONCE).collect();
        if part.is_empty() {
            return Ok(new);
        }
        new += intake::store(backend, part).await?.all_new();
    }
}

/// Reads one line in any dialect; a plain one has the level that it says itself.
fn read(line: &[u8]) -> LogRecord {
    levelled(read_line(line))
}

fn levelled(mut record: LogRecord) -> LogRecord {
    if record.level.is_none() {
        record.level = record.raw.as_deref().and_then(level_in_text);
    }
    record
}

/// Adds a field with a text.
fn add_field(record: &mut LogRecord, name: &str, value: &str) {
    let value = to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned());
    record.fields.push(Field { name: name.to_owned(), value });
}

/// Gives the record what its shipper knows about it, where the line does not say it itself; names
/// that mean nothing become fields.
fn describe(record: &mut LogRecord, name: &str, value: &str) {
    let slot = match name {
        "service" | "service_name" | "service.name" | "app" | "job" => &mut record.service,
        "trace_id" | "traceID" | "traceid" | "trace.id" => &mut record.trace_id,
        "span_id" | "spanID" | "spanid" | "span.id" => &mut record.span_id,
        "request_id" | "requestID" | "requestid" => &mut record.request_id,
        "level" | "detected_level" | "severity" => {
            let level = crate::model::Severity::from_name(value);
            if record.level.is_none() && level.is_some() {
                record.level = level;
                return;
            }
            return add_field(record, name, value);
        }
        _ => return add_field(record, name, value),
    };
    match slot {
        None if !value.is_empty() => *slot = Some(value.to_owned()),
        // The same said twice is said once.
        Some(known) if known == value => {}
        _ => add_field(record, name, value),
    }
}
