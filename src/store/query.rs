//! Questions to the store; rows become model values here.

use std::path::Path;

use regex::Regex;
use rusqlite::types::Value;
use rusqlite::{
    Connection, OptionalExtension as _, Row, Transaction, TransactionBehavior, params,
    params_from_iter,
};

use super::ingest::{SPAN_COLUMNS, level_number, span_of};
use super::raw::unpack;
use super::{StoreError, schema};
use crate::model::{
    ErrorEvent, Issue, LogPage, LogQuery, LogRecord, Span, TraceId, UnixNanos, id_key,
};

/// The store, opened for reading.
#[derive(Debug)]
pub struct Reader {
    pub(super) connection: Connection,
}

impl Reader {
    /// Opens the file; errs when it does not exist or a newer `obs` wrote it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { connection: schema::open_for_reading(path)? })
    }

    /// Returns the spans of a trace by start time; empty when it is unknown.
    pub fn trace(&self, trace_id: TraceId) -> Result<Vec<Span>, StoreError> {
        let sql = format!(
            "SELECT {SPAN_COLUMNS} FROM spans s LEFT JOIN resources r ON r.id = s.resource
             WHERE s.trace = (SELECT id FROM traces WHERE trace_id = ?1)
             ORDER BY s.start_ns, s.span_id, s.kind"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query([trace_id.to_string()])?;
        let mut spans = Vec::new();
        while let Some(row) = rows.next()? {
            spans.push(span_of(row)?);
        }
        Ok(spans)
    }

    /// Returns log lines; see [`LogQuery`].
    ///
    /// A regular expression is tried on the lines that meet every other condition until enough match:
    /// the cost is theirs.
    pub fn logs(&self, query: &LogQuery) -> Result<LogPage, StoreError> {
        let pattern = query.grep.as_deref().map(Regex::new).transpose()?;
        // One snapshot for the position and the lines: what comes in between is found by the next.
        let snapshot = Transaction::new_unchecked(&self.connection, TransactionBehavior::Deferred)?;
        let newest: i64 =
            snapshot.query_row("SELECT ifnull(max(id), 0) FROM logs", [], |row| row.get(0))?;
        // What the retention removed must not turn a follower back.
        let newest = newest.max(query.after.unwrap_or(0));
        let (conditions, values) = log_conditions(query);
        let order = if query.after.is_some() { "id" } else { "time_ns DESC, id DESC" };
        let sql = format!("SELECT id, body FROM logs WHERE {conditions} ORDER BY {order}");
        let mut statement = snapshot.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(values))?;
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let mut page = LogPage { position: newest, ..LogPage::default() };
        while let Some(row) = rows.next()? {
            let record: LogRecord = serde_json::from_str(&row.get::<_, String>(1)?)?;
            if pattern.as_ref().is_some_and(|pattern| !record.holds(pattern)) {
                continue;
            }
            if page.records.len() == limit {
                page.truncated = true;
                break;
            }
            page.records.push(record);
            if query.after.is_some() && page.records.len() == limit {
                page.position = row.get(0)?;
            }
        }
        if query.after.is_none() {
            page.records.reverse();
        } else if !page.truncated {
            page.position = newest;
        }
        Ok(page)
    }

    /// Returns the events of a request or a trace, oldest first.
    pub fn events_of(&self, ids: &[String]) -> Result<Vec<ErrorEvent>, StoreError> {
        let mut all: Vec<ErrorEvent> = Vec::new();
        for id in ids {
            let mut statement = self.connection.prepare_cached(
                "SELECT e.body, i.short_id, e.raw FROM events e JOIN issues i ON i.id = e.issue
                 WHERE e.request_key = ?1 OR e.trace_key = ?1 OR e.event_id = ?1
                 ORDER BY e.time_ns",
            )?;
            let rows = statement.query_map([id_key(id)], event_row)?;
            for event in decode_events(rows)? {
                if all.iter().all(|known| known.event_id != event.event_id) {
                    all.push(event);
                }
            }
        }
        all.sort_by(|a, b| (a.time, &a.event_id).cmp(&(b.time, &b.event_id)));
        Ok(all)
    }

    /// Returns the issues last seen since `since`, the latest first.
    pub fn issues(&self, since: UnixNanos, limit: u32) -> Result<Vec<Issue>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT i.id, i.short_id, i.service, count(*), min(e.time_ns), max(e.time_ns),
               count(DISTINCT nullif(e.user, ''))
             FROM issues i JOIN events e ON e.issue = i.id GROUP BY i.id
             HAVING max(e.time_ns) >= ?1 ORDER BY max(e.time_ns) DESC, i.id LIMIT ?2",
        )?;
        let rows = statement.query_map(params![since.0, limit], issue_row)?;
        let found: Vec<(i64, Issue)> = rows.collect::<Result<_, _>>()?;
        found.into_iter().map(|(row, issue)| self.with_last_event(row, issue)).collect()
    }

    /// Returns one issue by its short id, in any case; `None` when there is none.
    pub fn issue(&self, short_id: &str) -> Result<Option<Issue>, StoreError> {
        let found = self
            .connection
            .prepare_cached(
                "SELECT i.id, i.short_id, i.service, count(*), min(e.time_ns), max(e.time_ns),
                   count(DISTINCT nullif(e.user, ''))
                 FROM issues i JOIN events e ON e.issue = i.id
                 WHERE i.short_id = ?1 COLLATE NOCASE GROUP BY i.id",
            )?
            .query_row([short_id], issue_row)
            .optional()?;
        found.map(|(row, issue)| self.with_last_event(row, issue)).transpose()
    }

    /// Returns the latest events of an issue, the latest first.
    pub fn issue_events(&self, short_id: &str, limit: u32) -> Result<Vec<ErrorEvent>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT e.body, i.short_id, e.raw FROM events e JOIN issues i ON i.id = e.issue
             WHERE i.short_id = ?1 COLLATE NOCASE ORDER BY e.time_ns DESC, e.event_id LIMIT ?2",
        )?;
        let rows = statement.query_map(params![short_id, limit], event_row)?;
        decode_events(rows)
    }

    /// Fills in what the last event says: title, place, cause, level, release, an id to follow.
    fn with_last_event(&self, row: i64, mut issue: Issue) -> Result<Issue, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT body FROM events WHERE issue = ?1 ORDER BY time_ns DESC, event_id LIMIT 1",
        )?;
        let body: String = statement.query_row([row], text)?;
        let last: ErrorEvent = serde_json::from_str(&body)?;
        issue.title = last.title();
        issue.culprit = last.culprit();
        issue.cause = last.root_cause().map(crate::model::Exception::title);
        issue.level = last.level;
        issue.release = last.release;
        issue.last_request_id = last.request_id.or(last.trace_id);
        Ok(issue)
    }
}

fn log_conditions(query: &LogQuery) -> (String, Vec<Value>) {
    let mut conditions = vec!["1".to_owned()];
    let mut values = Vec::new();
    let mut add = |condition: &str, value: Value| {
        conditions.push(condition.to_owned());
        values.push(value);
    };
    if let Some(level) = query.level {
        add("level >= ?", Value::Integer(level_number(level)));
    }
    if let Some(since) = query.since {
        add("time_ns >= ?", Value::Integer(since.0));
    }
    if let Some(until) = query.until {
        add("time_ns <= ?", Value::Integer(until.0));
    }
    if let Some(service) = &query.service {
        add("service = ? COLLATE NOCASE", Value::Text(service.clone()));
    }
    if let Some(after) = query.after {
        add("id > ?", Value::Integer(after));
    }
    if !query.ids.is_empty() {
        let places = vec!["?"; query.ids.len()].join(", ");
        conditions.push(format!("(request_key IN ({places}) OR trace_key IN ({places}))"));
        for _ in 0..2 {
            values.extend(query.ids.iter().map(|id| Value::Text(id_key(id))));
        }
    }
    (conditions.join(" AND "), values)
}

fn text(row: &Row<'_>) -> rusqlite::Result<String> {
    row.get(0)
}

fn issue_row(row: &Row<'_>) -> rusqlite::Result<(i64, Issue)> {
    let issue = Issue {
        id: row.get(1)?,
        service: row.get(2)?,
        events: row.get::<_, i64>(3)?.unsigned_abs(),
        first_seen: UnixNanos(row.get(4)?),
        last_seen: UnixNanos(row.get(5)?),
        users: row.get::<_, i64>(6)?.unsigned_abs(),
        ..Issue::default()
    };
    Ok((row.get(0)?, issue))
}

fn event_row(row: &Row<'_>) -> rusqlite::Result<(String, String, Vec<u8>)> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

fn decode_events(
    rows: impl Iterator<Item = rusqlite::Result<(String, String, Vec<u8>)>>,
) -> Result<Vec<ErrorEvent>, StoreError> {
    rows.map(|row| {
        let (body, short_id, raw) = row?;
        let mut event: ErrorEvent = serde_json::from_str(&body)?;
        event.issue_id = short_id;
        event.raw = serde_json::from_slice(&unpack(&raw)?).ok();
        Ok(event)
    })
    .collect()
}
