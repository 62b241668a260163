//! One record into its table, so that storing it again changes nothing.

use ring::digest::{Context, SHA256};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{Reader, StoreError, grouping, items, metrics};
use crate::model::{ErrorEvent, Item, LogRecord, MetricPoint, Severity, Span, UnixNanos, id_key};

/// One thing to store.
#[derive(Debug, Clone)]
pub enum Record {
    /// A span.
    Span(Box<Span>),
    /// A log line, and what tells it from a line that only looks the same.
    Log(Box<LogRecord>, LogOrigin),
    /// An error event, and the bytes that it was read from.
    Event(Box<ErrorEvent>, Vec<u8>),
    /// A measurement.
    Metric(Box<MetricPoint>),
    /// What else an envelope holds.
    Item(Box<Item>),
}

impl Record {
    /// Returns what kind of thing it is.
    pub fn kind(&self) -> RecordKind {
        match self {
            Self::Span(_) => RecordKind::Span,
            Self::Log(..) => RecordKind::Log,
            Self::Event(..) => RecordKind::Event,
            Self::Metric(_) => RecordKind::Metric,
            Self::Item(_) => RecordKind::Item,
        }
    }
}

/// The kinds of what is stored, as they are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordKind {
    /// A span.
    Span,
    /// A log line.
    Log,
    /// An error event.
    Event,
    /// A measurement.
    Metric,
    /// What else an envelope holds.
    Item,
}

impl RecordKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Span, Self::Log, Self::Event, Self::Metric, Self::Item];

    /// Returns the kind's name, as a metric's label has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Span => "span",
            Self::Log => "log",
            Self::Event => "event",
            Self::Metric => "metric",
            Self::Item => "item",
        }
    }
}

/// What identifies a log line besides its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogOrigin {
    /// Sent in a request: its place there. The same request sent again, as a client does that
    /// missed the answer, stores nothing new; an equal line in another request is another line. A
    /// line without a time of its own is always new: nothing tells it from one that looks the same.
    Batch {
        /// The first 16 bytes of the SHA-256 of the request's body.
        request: [u8; 16],
        /// The line's place in it.
        index: u32,
        /// When it came; stands in for a time that the line does not carry.
        received: UnixNanos,
    },
    /// Read from a file: the line's place in it.
    File {
        /// The file, as its reader knows it again: equal for the same file only.
        file: [u8; 16],
        /// The line's first byte in it.
        offset: u64,
        /// When it was read; stands in for a time that the line does not carry.
        received: UnixNanos,
    },
}

impl LogOrigin {
    fn received(self) -> UnixNanos {
        match self {
            Self::Batch { received, .. } | Self::File { received, .. } => received,
        }
    }
}

/// How much of a batch was new.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stored {
    new: [u64; RecordKind::ALL.len()],
    repeated: [u64; RecordKind::ALL.len()],
}

impl Stored {
    /// Returns how many records of a kind were not there before.
    pub fn new_of(&self, kind: RecordKind) -> u64 {
        self.new[kind as usize]
    }

    /// Returns how many records of a kind were there already.
    pub fn repeated_of(&self, kind: RecordKind) -> u64 {
        self.repeated[kind as usize]
    }

    /// Returns how many records were not there before.
    pub fn all_new(&self) -> u64 {
        self.new.iter().sum()
    }

    /// Returns how many records were there already.
    pub fn all_repeated(&self) -> u64 {
        self.repeated.iter().sum()
    }

    pub(super) fn count(&mut self, kind: RecordKind, changed: usize) {
        let counts = if changed == 0 { &mut self.repeated } else { &mut self.new };
        counts[kind as usize] += 1;
    }
}

/// Stores one record; returns how many rows changed: none when it was there already.
pub(super) fn store(connection: &Connection, record: &Record) -> Result<usize, StoreError> {
    match record {
        Record::Span(span) => store_span(connection, span),
        Record::Log(record, origin) => store_log(connection, record, *origin),
        Record::Event(event, raw) => store_event(connection, event, raw),
        Record::Metric(point) => metrics::store(connection, point),
        Record::Item(item) => items::store(connection, item),
    }
}

/// The later end wins, whatever the order of arrival: a span sent while it ran and again when it had
/// ended is the ended one.
fn store_span(connection: &Connection, span: &Span) -> Result<usize, StoreError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO spans (trace_id, span_id, kind, parent_id, service, name, start_ns, end_ns,
           is_error, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT (trace_id, span_id, kind) DO UPDATE SET parent_id = excluded.parent_id,
           service = excluded.service, name = excluded.name, start_ns = excluded.start_ns,
           end_ns = excluded.end_ns, is_error = excluded.is_error, body = excluded.body
         WHERE (ifnull(excluded.end_ns, 0), excluded.body) > (ifnull(spans.end_ns, 0), spans.body)",
    )?;
    let kind = serde_json::to_value(span.kind)?;
    Ok(statement.execute(params![
        span.trace_id.to_string(),
        span.span_id.to_string(),
        kind.as_str(),
        span.parent.map(|parent| parent.to_string()),
        span.service,
        span.name,
        span.start.0,
        span.end.map(|end| end.0),
        span.is_error(),
        serde_json::to_string(span)?,
    ])?)
}

/// The longer body wins: a line of a file is stored at once, and again when a traceback was written
/// below it.
fn store_log(
    connection: &Connection,
    record: &LogRecord,
    origin: LogOrigin,
) -> Result<usize, StoreError> {
    let body = serde_json::to_string(record)?;
    let mut statement = connection.prepare_cached(
        "INSERT INTO logs (digest, time_ns, level, service, request_key, trace_key, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (digest) DO UPDATE SET body = excluded.body
         WHERE length(excluded.body) > length(logs.body)",
    )?;
    Ok(statement.execute(params![
        log_digest(record, origin),
        record.time.unwrap_or(origin.received()).0,
        record.level.map(level_number),
        record.service,
        record.request_id.as_deref().map(id_key),
        record.trace_id.as_deref().map(id_key),
        body,
    ])?)
}

fn log_digest(record: &LogRecord, origin: LogOrigin) -> [u8; 16] {
    let mut context = Context::new(&SHA256);
    match origin {
        LogOrigin::File { file, offset, .. } => {
            let raw = record.raw.as_deref().unwrap_or_default();
            let first_line = raw.split(|byte| *byte == b'\n').next().unwrap_or_default();
            return file_digest(first_line, file, offset);
        }
        LogOrigin::Batch { request, index, received } => {
            context.update(&request);
            context.update(&index.to_be_bytes());
            if record.time.is_none() {
                context.update(&received.0.to_be_bytes());
            }
        }
    }
    short(context)
}

/// The content counts too: a file may have been truncated and written anew unseen.
fn file_digest(first_line: &[u8], file: [u8; 16], offset: u64) -> [u8; 16] {
    let mut context = Context::new(&SHA256);
    context.update(&file);
    context.update(&offset.to_be_bytes());
    context.update(first_line);
    short(context)
}

pub(super) fn short(context: Context) -> [u8; 16] {
    let mut short = [0; 16];
    short.copy_from_slice(&context.finish().as_ref()[..16]);
    short
}

impl Reader {
    /// Says whether the first line of this file is stored.
    pub fn has_file(&self, file: [u8; 16], first_line: &[u8]) -> Result<bool, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT 1 FROM logs WHERE digest = ?1")?;
        Ok(statement.exists([file_digest(first_line, file, 0)])?)
    }
}

fn store_event(
    connection: &Connection,
    event: &ErrorEvent,
    raw: &[u8],
) -> Result<usize, StoreError> {
    let issue = issue_of(connection, event)?;
    let body = ErrorEvent { raw: None, issue_id: String::new(), ..event.clone() };
    let mut statement = connection.prepare_cached(
        "INSERT OR IGNORE INTO events (event_id, issue, time_ns, level, request_key, trace_key,
           user, body, raw) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    Ok(statement.execute(params![
        event.event_id,
        issue,
        event.time.0,
        event.level.map(level_number),
        event.request_id.as_deref().map(id_key),
        event.trace_id.as_deref().map(id_key),
        event.user,
        serde_json::to_string(&body)?,
        raw,
    ])?)
}

/// Returns the issue's row, making it with the next free short id of its service (`ORDERS-API-3`).
fn issue_of(connection: &Connection, event: &ErrorEvent) -> Result<i64, StoreError> {
    let fingerprint = grouping::fingerprint(event);
    let mut find = connection.prepare_cached("SELECT id FROM issues WHERE fingerprint = ?1")?;
    if let Some(id) = find.query_row([fingerprint], |row| row.get(0)).optional()? {
        return Ok(id);
    }
    let service = if event.service.is_empty() { "error" } else { &event.service };
    let count: i64 = connection
        .prepare_cached("SELECT count(*) FROM issues WHERE service = ?1")?
        .query_row([service], |row| row.get(0))?;
    let name: String = service
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '-' })
        .collect();
    let mut number = count + 1;
    let mut insert = connection.prepare_cached(
        "INSERT OR IGNORE INTO issues (fingerprint, short_id, service) VALUES (?1, ?2, ?3)",
    )?;
    // Two services can share a short name (`a.b` and `a-b`): take the next number then.
    while insert.execute(params![fingerprint, format!("{name}-{number}"), service])? == 0 {
        number += 1;
    }
    Ok(connection.last_insert_rowid())
}

/// Levels as numbers that compare like levels.
pub(super) fn level_number(level: Severity) -> i64 {
    match level {
        Severity::Trace => 0,
        Severity::Debug => 1,
        Severity::Info => 2,
        Severity::Warn => 3,
        Severity::Error => 4,
        Severity::Fatal => 5,
    }
}
