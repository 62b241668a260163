//! Events as they were sent, byte for byte.

use rusqlite::OptionalExtension as _;

use super::{Reader, StoreError};
use crate::model::TraceId;

impl Reader {
    /// Returns the payload of an event, byte for byte; `None` when there is no such event.
    ///
    /// The id may be written with dashes and in any case. One look-up in an index.
    pub fn raw_event(&self, event_id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(id) = TraceId::from_hex(event_id.trim()) else { return Ok(None) };
        let mut statement =
            self.connection.prepare_cached("SELECT raw FROM events WHERE event_id = ?1")?;
        Ok(statement.query_row([id.to_string()], |row| row.get(0)).optional()?)
    }
}
