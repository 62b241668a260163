//! What the error tracker's web interface asks beside the commands' questions: numbers of issues,
//! projects, events of a project, events as they were sent.

use rusqlite::{OptionalExtension as _, params};

use super::{Reader, StoreError};
use crate::model::{ErrorEvent, UnixNanos, id_key};

/// The errors of one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// The number of its first issue.
    pub number: i64,
    /// The service.
    pub service: String,
    /// When its first event happened.
    pub first_event: UnixNanos,
}

/// Where an issue is, by the number that the web interface has for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberedIssue {
    /// Its number.
    pub number: i64,
    /// Its short id, as it is stored.
    pub id: String,
    /// The service whose it is.
    pub service: String,
}

impl Reader {
    /// Returns the services that have issues, by name.
    pub fn projects(&self) -> Result<Vec<Project>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT min(i.id), i.service, min(e.time_ns) FROM issues i JOIN events e ON e.issue = i.id
             GROUP BY i.service ORDER BY i.service",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(Project {
                number: row.get(0)?,
                service: row.get(1)?,
                first_event: UnixNanos(row.get(2)?),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Finds an issue by its short id, in any case, or by its number.
    pub fn numbered_issue(&self, id: &str) -> Result<Option<NumberedIssue>, StoreError> {
        let number: Option<i64> = id.parse().ok();
        let mut statement = self.connection.prepare_cached(
            "SELECT id, short_id, service FROM issues
             WHERE id = ?1 OR short_id = ?2 COLLATE NOCASE",
        )?;
        let found = statement.query_row(params![number, id], |row| {
            Ok(NumberedIssue { number: row.get(0)?, id: row.get(1)?, service: row.get(2)? })
        });
        Ok(found.optional()?)
    }

    /// Returns one event by its id, in any spelling.
    pub fn event(&self, event_id: &str) -> Result<Option<ErrorEvent>, StoreError> {
        let key = id_key(event_id);
        let found = self.events_of(std::slice::from_ref(&key))?;
        Ok(found.into_iter().find(|event| event.event_id == key))
    }

    /// Returns the first event of an issue, by its short id.
    pub fn oldest_event(&self, short_id: &str) -> Result<Option<ErrorEvent>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT e.event_id FROM events e JOIN issues i ON i.id = e.issue
             WHERE i.short_id = ?1 ORDER BY e.time_ns, e.event_id LIMIT 1",
        )?;
        let id: Option<String> = statement.query_row([short_id], |row| row.get(0)).optional()?;
        id.map_or(Ok(None), |id| self.event(&id))
    }

    /// Returns the latest events of a service, the latest first, without the first `offset` of them.
    pub fn service_events(
        &self,
        service: &str,
        offset: usize,
        limit: usize,
    ) -> Result<Vec<ErrorEvent>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT e.event_id FROM events e JOIN issues i ON i.id = e.issue
             WHERE i.service = ?1 ORDER BY e.time_ns DESC, e.event_id LIMIT ?2 OFFSET ?3",
        )?;
        let signed = |number| i64::try_from(number).unwrap_or(i64::MAX);
        let ids = statement
            .query_map(params![service, signed(limit), signed(offset)], |row| row.get(0))?
            .collect::<Result<Vec<String>, _>>()?;
        let mut events = Vec::with_capacity(ids.len());
        for id in ids {
            events.extend(self.event(&id)?);
        }
        Ok(events)
    }
}
