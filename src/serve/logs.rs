//! `POST /logs`: log lines as they are, JSON or plain.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use serde_json::{Value, json};

use super::answer::Refusal;
use super::{Backend, intake};
use crate::logs::read_line;
use crate::model::{LogRecord, UnixNanos};
use crate::store::{LogOrigin, Record};

/// Stores one record for each line that is not blank.
pub(super) async fn lines(
    State(backend): State<Arc<Backend>>,
    headers: HeaderMap,
    sent: Bytes,
) -> Result<Json<Value>, Refusal> {
    let body = intake::body(&headers, &sent)?;
    let lines = body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let records: Vec<LogRecord> = lines.filter(|line| !line.is_empty()).map(read_line).collect();
    let taken = records.len();
    let stored = intake::store(&backend, batch(records, intake::now())).await?;
    Ok(Json(json!({ "lines": taken, "new": stored.new })))
}

/// Makes a batch of records that tells equal lines within it from the same batch sent again.
pub(super) fn batch(records: Vec<LogRecord>, received: UnixNanos) -> Vec<Record> {
    let mut seen: HashMap<String, u32> = HashMap::new();
    let origin = |record: &LogRecord, seen: &mut HashMap<String, u32>| {
        let content = serde_json::to_string(record).unwrap_or_default();
        let count = seen.entry(content).or_default();
        let repetition = *count;
        *count += 1;
        LogOrigin::Batch { repetition, received }
    };
    records
        .into_iter()
        .map(|record| {
            let origin = origin(&record, &mut seen);
            Record::Log(Box::new(record), origin)
        })
        .collect()
}
