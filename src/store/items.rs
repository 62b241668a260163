//! Items of envelopes in the store, byte for byte.

use ring::digest::{Context, SHA256};
use rusqlite::{Connection, params};

use super::{StoreError, ingest::short};
use crate::model::Item;

/// Stores one item. An envelope that is sent again, as a client does that missed the answer, stores
/// nothing new.
pub(super) fn store(connection: &Connection, item: &Item) -> Result<usize, StoreError> {
    let mut context = Context::new(&SHA256);
    let event_id = item.event_id.as_deref().unwrap_or_default();
    for part in
        [item.project.as_bytes(), event_id.as_bytes(), item.header.as_bytes(), &item.payload]
    {
        context.update(&part.len().to_be_bytes());
        context.update(part);
    }
    let mut statement = connection.prepare_cached(
        "INSERT OR IGNORE INTO items (digest, received_ns, kind, project, event_id, header, payload)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    Ok(statement.execute(params![
        short(context),
        item.received.0,
        item.kind,
        item.project,
        item.event_id,
        item.header,
        item.payload,
    ])?)
}
