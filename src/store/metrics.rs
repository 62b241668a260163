//! Measurements in the store.

use ring::digest::{Context, SHA256};
use rusqlite::{Connection, params};

use super::{StoreError, ingest::short};
use crate::model::MetricPoint;

/// Stores one point. A series has one point at one time: the later delivery of it changes nothing.
pub(super) fn store(connection: &Connection, point: &MetricPoint) -> Result<usize, StoreError> {
    let attributes = serde_json::to_string(&point.attributes)?;
    let mut context = Context::new(&SHA256);
    for part in [&point.name, &point.service, &attributes, point.kind.as_str()] {
        context.update(&part.len().to_be_bytes());
        context.update(part.as_bytes());
    }
    context.update(&point.time.0.to_be_bytes());
    let mut statement = connection.prepare_cached(
        "INSERT OR IGNORE INTO metrics (digest, time_ns, name, service, body)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    Ok(statement.execute(params![
        short(context),
        point.time.0,
        point.name,
        point.service,
        serde_json::to_string(point)?,
    ])?)
}
