//! Records as rows: made on the thread of whoever hands them over, stored by the one that writes.

use ring::digest::Context;
use rusqlite::{CachedStatement, Connection};

use super::{Record, RecordKind, StoreError};
use crate::model::{Severity, id_key};

mod event;
mod ids;
mod item;
mod log;
mod metric;
mod resource;
mod span;
mod trace;

pub(super) use ids::{Ids, TABLES};
pub(super) use resource::{LAG_NS, Resources};
pub(super) use span::{SPAN_COLUMNS, span_of};
pub(super) use trace::Traces;

/// What a row weighs besides its texts: the struct, its allocations, its place in a batch.
const ROW_BYTES: usize = 320;

/// A record, ready to be written.
#[derive(Debug)]
pub(super) enum Row {
    Span(span::SpanRow),
    Log(log::LogRow),
    Event(event::EventRow),
    Metric(metric::MetricRow),
    Item(item::ItemRow),
}

/// Rows that are stored together.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) rows: Vec<Row>,
    /// What they weigh in memory, in bytes.
    pub(super) bytes: usize,
}

impl Rows {
    /// Makes the rows; the writing of their JSON and the hashing are done here.
    pub(super) fn of(records: Vec<Record>) -> Result<Self, StoreError> {
        let mut resources = resource::Maker::default();
        let mut rows = Vec::with_capacity(records.len());
        let mut bytes = 0;
        for record in records {
            let row = Row::of(record, &mut resources)?;
            bytes += row.bytes() + ROW_BYTES;
            rows.push(row);
        }
        Ok(Self { rows, bytes })
    }
}

impl Row {
    fn of(record: Record, resources: &mut resource::Maker) -> Result<Self, StoreError> {
        Ok(match record {
            Record::Span(span) => Self::Span(span::SpanRow::of(*span, resources)?),
            Record::Log(record, origin) => Self::Log(log::LogRow::of(*record, origin)?),
            Record::Event(event, raw) => Self::Event(event::EventRow::of(*event, &raw)?),
            Record::Metric(point) => Self::Metric(metric::MetricRow::of(*point)?),
            Record::Item(item) => Self::Item(item::ItemRow::of(*item)),
        })
    }

    pub(super) fn kind(&self) -> RecordKind {
        match self {
            Self::Span(_) => RecordKind::Span,
            Self::Log(_) => RecordKind::Log,
            Self::Event(_) => RecordKind::Event,
            Self::Metric(_) => RecordKind::Metric,
            Self::Item(_) => RecordKind::Item,
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Span(row) => row.bytes(),
            Self::Log(row) => row.bytes(),
            Self::Event(row) => row.bytes(),
            Self::Metric(row) => row.bytes(),
            Self::Item(row) => row.bytes(),
        }
    }
}

/// What the writing thread knows besides the file.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) ids: Ids,
    pub(super) resources: Resources,
    pub(super) traces: Traces,
}

impl Known {
    pub(super) fn new(ids: Ids) -> Self {
        Self { ids, resources: Resources::default(), traces: Traces::default() }
    }

    /// Forgets rows that were made and rolled back.
    pub(super) fn forget(&mut self) {
        self.resources.forget();
        self.traces.forget();
    }
}

/// The statements of one transaction: looked up by their text once, not for each row.
pub(super) struct Inserts<'c> {
    connection: &'c Connection,
    of_kind: [Option<CachedStatement<'c>>; RecordKind::ALL.len()],
}

impl<'c> Inserts<'c> {
    pub(super) fn new(connection: &'c Connection) -> Self {
        Self { connection, of_kind: [const { None }; RecordKind::ALL.len()] }
    }

    /// Returns the statement that inserts rows of this kind.
    fn of(&mut self, kind: RecordKind, sql: &str) -> Result<&mut CachedStatement<'c>, StoreError> {
        let place = &mut self.of_kind[kind as usize];
        match place {
            Some(statement) => Ok(statement),
            None => Ok(place.insert(self.connection.prepare_cached(sql)?)),
        }
    }
}

/// Stores one row; returns how many rows changed: none when it was there already.
pub(super) fn store(
    inserts: &mut Inserts<'_>,
    known: &mut Known,
    row: &Row,
) -> Result<usize, StoreError> {
    let id = known.ids.next(row.kind());
    match row {
        Row::Span(row) => {
            let resource =
                known.resources.id_of(inserts.connection, &row.resource, row.start_ns)?;
            let trace = known.traces.number_of(inserts.connection, row.trace, &row.trace_id)?;
            row.store(inserts, id, resource, trace)
        }
        Row::Log(row) => row.store(inserts, id),
        Row::Event(row) => row.store(inserts, id),
        Row::Metric(row) => row.store(inserts, id),
        Row::Item(row) => row.store(inserts, id),
    }
}

pub(super) fn short(context: Context) -> [u8; 16] {
    let mut short = [0; 16];
    short.copy_from_slice(&context.finish().as_ref()[..16]);
    short
}

/// Returns the request's and the trace's id as keys of the indexes; where both are one id, as they
/// mostly are, the first alone: a row is looked for under either, and needs one entry for both.
fn keys(request_id: Option<&str>, trace_id: Option<&str>) -> (Option<String>, Option<String>) {
    let request_key = request_id.map(id_key);
    let trace_key = trace_id.map(id_key).filter(|key| Some(key) != request_key.as_ref());
    (request_key, trace_key)
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
