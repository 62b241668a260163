//! Items of envelopes as rows, byte for byte.

use ring::digest::{Context, SHA256};
use rusqlite::params;

use super::super::StoreError;
use super::{Inserts, RecordKind, short};
use crate::model::Item;

/// One row of `items`.
#[derive(Debug)]
pub(in super::super) struct ItemRow {
    digest: [u8; 16],
    item: Item,
}

impl ItemRow {
    pub(super) fn of(item: Item) -> Self {
        let mut context = Context::new(&SHA256);
        let event_id = item.event_id.as_deref().unwrap_or_default();
        for part in
            [item.project.as_bytes(), event_id.as_bytes(), item.header.as_bytes(), &item.payload]
        {
            context.update(&part.len().to_be_bytes());
            context.update(part);
        }
        Self { digest: short(context), item }
    }

    pub(super) fn bytes(&self) -> usize {
        self.item.header.len() + self.item.payload.len() + self.item.project.len()
    }

    /// An envelope that is sent again, as a client does that missed the answer, stores nothing new.
    pub(super) fn store(&self, inserts: &mut Inserts<'_>, id: i64) -> Result<usize, StoreError> {
        let statement = inserts.of(
            RecordKind::Item,
            "INSERT INTO items (id, digest, received_ns, kind, project, event_id, header, payload)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (digest) DO NOTHING",
        )?;
        let item = &self.item;
        Ok(statement.execute(params![
            id,
            self.digest,
            item.received.0,
            item.kind,
            item.project,
            item.event_id,
            item.header,
            item.payload,
        ])?)
    }
}
