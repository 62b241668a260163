//! Error events as rows, and the issues that they belong to.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::super::raw::pack;
use super::super::{StoreError, grouping};
use super::{Inserts, RecordKind, keys, level_number};
use crate::model::ErrorEvent;

/// One row of `events`.
#[derive(Debug)]
pub(in super::super) struct EventRow {
    event_id: String,
    fingerprint: [u8; 16],
    service: String,
    time_ns: i64,
    level: Option<i64>,
    request_key: Option<String>,
    trace_key: Option<String>,
    user: String,
    body: String,
    raw: Vec<u8>,
}

impl EventRow {
    pub(super) fn of(event: ErrorEvent, raw: &[u8]) -> Result<Self, StoreError> {
        let fingerprint = grouping::fingerprint(&event);
        let (request_key, trace_key) = keys(event.request_id.as_deref(), event.trace_id.as_deref());
        // The raw event has a column, and the issue a row.
        let event = ErrorEvent { raw: None, issue_id: String::new(), ..event };
        Ok(Self {
            fingerprint,
            time_ns: event.time.0,
            level: event.level.map(level_number),
            request_key,
            trace_key,
            body: serde_json::to_string(&event)?,
            raw: pack(raw),
            event_id: event.event_id,
            service: event.service,
            user: event.user,
        })
    }

    pub(super) fn bytes(&self) -> usize {
        self.body.len() + self.raw.len() + self.service.len() + self.user.len()
    }

    /// The first of two events with one id stays.
    pub(super) fn store(&self, inserts: &mut Inserts<'_>, id: i64) -> Result<usize, StoreError> {
        let connection = inserts.connection;
        // Looked up first: an event that is not taken must not leave an issue without events.
        let mut known = connection.prepare_cached("SELECT 1 FROM events WHERE event_id = ?1")?;
        if known.exists([&self.event_id])? {
            return Ok(0);
        }
        let issue = issue_of(connection, self.fingerprint, &self.service)?;
        let statement = inserts.of(
            RecordKind::Event,
            "INSERT INTO events (id, event_id, issue, time_ns, level, request_key, trace_key, user,
               body, raw) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?;
        Ok(statement.execute(params![
            id,
            self.event_id,
            issue,
            self.time_ns,
            self.level,
            self.request_key,
            self.trace_key,
            self.user,
            self.body,
            self.raw,
        ])?)
    }
}

/// Returns the issue's row, making it with the next short id of its service (`ORDERS-API-3`).
///
/// A number is never given twice, also when its issue is gone: the short id stands in tickets.
fn issue_of(
    connection: &Connection,
    fingerprint: [u8; 16],
    service: &str,
) -> Result<i64, StoreError> {
    let mut find = connection.prepare_cached("SELECT id FROM issues WHERE fingerprint = ?1")?;
    if let Some(id) = find.query_row([fingerprint], |row| row.get(0)).optional()? {
        return Ok(id);
    }
    let service = if service.is_empty() { "error" } else { service };
    // Two services can share this name (`a.b` and `a-b`): they share its numbers too.
    let name: String = service
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '-' })
        .collect();
    let number: i64 = connection
        .prepare_cached(
            "INSERT INTO issue_numbers (name, last) VALUES (?1, 1)
             ON CONFLICT (name) DO UPDATE SET last = last + 1 RETURNING last",
        )?
        .query_row([&name], |row| row.get(0))?;
    connection
        .prepare_cached("INSERT INTO issues (fingerprint, short_id, service) VALUES (?1, ?2, ?3)")?
        .execute(params![fingerprint, format!("{name}-{number}"), service])?;
    Ok(connection.last_insert_rowid())
}
