//! The signs of failed requests: events, entry spans, log lines.

use rusqlite::{Row, params};

use super::StoreError;
use super::ingest::{SPAN_COLUMNS, level_number, span_of};
use super::query::Reader;
use crate::model::{ErrorEvent, Failure, LogRecord, Severity, Signal, Span, UnixNanos};

impl Reader {
    /// Returns the latest signs of failed requests since `since`, at most `limit` of each signal.
    ///
    /// Log lines without an id belong to no request and are left out.
    pub fn failures(&self, since: UnixNanos, limit: u32) -> Result<Vec<Failure>, StoreError> {
        let mut found = self.failed_events(since, limit)?;
        found.extend(self.failed_spans(since, limit)?);
        found.extend(self.failed_lines(since, limit)?);
        Ok(found)
    }

    fn failed_events(&self, since: UnixNanos, limit: u32) -> Result<Vec<Failure>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT body FROM events WHERE time_ns >= ?1 ORDER BY time_ns DESC LIMIT ?2",
        )?;
        let rows = statement.query_map(params![since.0, limit], body)?;
        let failure = |event: ErrorEvent| {
            Some(Failure {
                time: event.time,
                id: event.request_id.clone().or_else(|| event.trace_id.clone())?,
                trace_id: event.trace_id.clone(),
                service: event.service.clone(),
                operation: event.transaction.clone(),
                reason: event.title(),
                signal: Signal::Error,
            })
        };
        collect(rows, failure)
    }

    fn failed_spans(&self, since: UnixNanos, limit: u32) -> Result<Vec<Failure>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {SPAN_COLUMNS} FROM spans s LEFT JOIN resources r ON r.id = s.resource
                 WHERE s.start_ns >= ?1 AND s.is_error AND s.parent_id IS NULL
                 ORDER BY s.start_ns DESC LIMIT ?2"
        ))?;
        let mut rows = statement.query(params![since.0, limit])?;
        let failure = |span: Span| {
            let of_exception = span.exception().map(|(kind, message)| {
                if message.is_empty() { kind.to_owned() } else { format!("{kind}: {message}") }
            });
            let status = || span.http_status().map(|code| format!("answered {code}"));
            let message = Some(span.status_message.clone()).filter(|message| !message.is_empty());
            let trace_id = span.trace_id.to_string();
            let request_id = span.attribute("request_id").map(ToString::to_string);
            Some(Failure {
                time: span.end.unwrap_or(span.start),
                id: request_id.unwrap_or_else(|| trace_id.clone()),
                trace_id: Some(trace_id),
                reason: of_exception.or(message).or_else(status).unwrap_or_default(),
                service: span.service,
                operation: span.name,
                signal: Signal::Span,
            })
        };
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.extend(failure(span_of(row)?));
        }
        Ok(found)
    }

    fn failed_lines(&self, since: UnixNanos, limit: u32) -> Result<Vec<Failure>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT body FROM logs WHERE time_ns >= ?1 AND level >= ?2
               AND (request_key IS NOT NULL OR trace_key IS NOT NULL)
             ORDER BY time_ns DESC LIMIT ?3",
        )?;
        let level = level_number(Severity::Error);
        let rows = statement.query_map(params![since.0, level, limit], body)?;
        collect(rows, |record: LogRecord| record.failure())
    }
}

fn body(row: &Row<'_>) -> rusqlite::Result<String> {
    row.get(0)
}

fn collect<T: serde::de::DeserializeOwned>(
    rows: impl Iterator<Item = rusqlite::Result<String>>,
    failure: impl Fn(T) -> Option<Failure>,
) -> Result<Vec<Failure>, StoreError> {
    let mut found = Vec::new();
    for row in rows {
        found.extend(failure(serde_json::from_str(&row?)?));
    }
    Ok(found)
}
