//! Looking for traces by what is in them: services, operations, attributes, durations.
//!
//! Nothing here has an index of its own, so that storing a span stays cheap: the latest spans of the
//! time asked for are looked at, [`SPANS_SEARCHED_MAX`] at most, and an answer says when there were more.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use rusqlite::{Row, params};

use super::{Reader, StoreError};
use crate::model::{Span, SpanKind, TraceId, UnixNanos};

/// How many spans one question looks at: half a second's work.
pub const SPANS_SEARCHED_MAX: u32 = 100_000;

/// How many traces are read for their attributes before a search gives up.
const TRACES_READ_MAX: usize = 2_000;

/// How many spans the traces of one answer hold together.
const SPANS_FOUND_MAX: usize = 100_000;

/// Which traces.
#[derive(Debug, Clone, Default)]
pub struct TraceQuery {
    /// The service of a span.
    pub service: Option<String>,
    /// The name of that span.
    pub operation: Option<String>,
    /// What that span, an event of it or its resource says: all of these, compared as text.
    pub attributes: Vec<(String, String)>,
    /// The earliest start of that span.
    pub since: Option<UnixNanos>,
    /// The latest start of that span.
    pub until: Option<UnixNanos>,
    /// The least duration of that span, in nanoseconds.
    pub duration_min_ns: Option<i64>,
    /// The greatest duration of that span, in nanoseconds.
    pub duration_max_ns: Option<i64>,
    /// How many traces at the most; the latest are kept.
    pub limit: usize,
}

/// What a search found.
#[derive(Debug, Clone)]
pub struct Found<T> {
    /// The finds.
    pub found: T,
    /// Whether all was looked at, not only the latest.
    pub complete: bool,
}

/// How often one service called another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// Who called.
    pub parent: String,
    /// Who was called.
    pub child: String,
    /// How often.
    pub calls: u64,
}

/// What a search looks at before it reads a whole trace.
struct Candidate {
    trace_id: String,
    service: String,
    name: String,
    start_ns: i64,
    end_ns: Option<i64>,
}

impl Reader {
    /// Returns the names of the services that sent spans, in order.
    pub fn services(&self) -> Result<Found<Vec<String>>, StoreError> {
        let mut names = BTreeSet::new();
        let complete = self.each_latest("service", None, None, |row| {
            names.insert(row.get::<_, String>(0)?);
            Ok(())
        })?;
        Ok(Found { found: names.into_iter().collect(), complete })
    }

    /// Returns the span names of a service, each with its kinds, in order.
    pub fn operations(&self, service: &str) -> Result<Found<Vec<(String, SpanKind)>>, StoreError> {
        let mut names = BTreeSet::new();
        let complete = self.each_latest("service, name, kind", None, None, |row| {
            if row.get_ref(0)?.as_str().is_ok_and(|found| found == service) {
                names.insert((row.get::<_, String>(1)?, row.get::<_, String>(2)?));
            }
            Ok(())
        })?;
        let kind = |word: String| serde_json::from_value(word.into()).unwrap_or_default();
        let found = names.into_iter().map(|(name, word)| (name, kind(word))).collect();
        Ok(Found { found, complete })
    }

    /// Returns the traces that have a span which meets all conditions, whole, the latest first.
    pub fn find_traces(&self, query: &TraceQuery) -> Result<Found<Vec<Vec<Span>>>, StoreError> {
        let mut seen = HashSet::new();
        let mut candidates = Vec::new();
        let columns = "trace_id, service, name, start_ns, end_ns";
        let mut complete = self.each_latest(columns, query.since, query.until, |row| {
            let row = Candidate::read(row)?;
            if query.meets_columns(&row) && !seen.contains(&row.trace_id) {
                seen.insert(row.trace_id.clone());
                candidates.extend(TraceId::from_hex(&row.trace_id));
            }
            Ok(())
        })?;
        let (mut found, mut spans) = (Vec::new(), 0);
        for (number, trace_id) in candidates.into_iter().enumerate() {
            if found.len() == query.limit {
                break;
            }
            if number == TRACES_READ_MAX || spans >= SPANS_FOUND_MAX {
                complete = false;
                break;
            }
            let trace = self.trace(trace_id)?;
            if query.attributes.is_empty() || trace.iter().any(|span| query.meets(span)) {
                spans += trace.len();
                found.push(trace);
            }
        }
        Ok(Found { found, complete })
    }

    /// Returns how often services called each other, for the spans that began in this time.
    pub fn dependencies(
        &self,
        since: UnixNanos,
        until: UnixNanos,
    ) -> Result<Found<Vec<Dependency>>, StoreError> {
        let mut services = HashMap::new();
        let mut calls = Vec::new();
        let columns = "trace_id, span_id, parent_id, service";
        let complete = self.each_latest(columns, Some(since), Some(until), |row| {
            let trace: String = row.get(0)?;
            let service: String = row.get(3)?;
            if let Some(parent) = row.get::<_, Option<String>>(2)? {
                calls.push((trace.clone(), parent, service.clone()));
            }
            services.insert((trace, row.get::<_, String>(1)?), service);
            Ok(())
        })?;
        let mut counted: BTreeMap<(String, String), u64> = BTreeMap::new();
        for (trace, parent, child) in calls {
            if let Some(parent) = services.get(&(trace, parent)).filter(|name| **name != child) {
                *counted.entry((parent.clone(), child)).or_default() += 1;
            }
        }
        let dependency = |((parent, child), calls)| Dependency { parent, child, calls };
        Ok(Found { found: counted.into_iter().map(dependency).collect(), complete })
    }

    /// Gives the columns of the latest spans in this time to `keep`, the latest first; returns
    /// whether that was all of them. Bodies are not read.
    fn each_latest(
        &self,
        columns: &str,
        since: Option<UnixNanos>,
        until: Option<UnixNanos>,
        mut keep: impl FnMut(&Row<'_>) -> rusqlite::Result<()>,
    ) -> Result<bool, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {columns} FROM spans WHERE start_ns BETWEEN ?1 AND ?2
             ORDER BY start_ns DESC LIMIT ?3"
        ))?;
        let since = since.map_or(i64::MIN, |since| since.0);
        let until = until.map_or(i64::MAX, |until| until.0);
        let mut rows = statement.query(params![since, until, SPANS_SEARCHED_MAX + 1])?;
        let mut looked = 0;
        while let Some(row) = rows.next()? {
            if looked == SPANS_SEARCHED_MAX {
                return Ok(false);
            }
            looked += 1;
            keep(row)?;
        }
        Ok(true)
    }
}

impl Candidate {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            trace_id: row.get(0)?,
            service: row.get(1)?,
            name: row.get(2)?,
            start_ns: row.get(3)?,
            end_ns: row.get(4)?,
        })
    }
}

impl TraceQuery {
    fn meets_columns(&self, row: &Candidate) -> bool {
        let duration_ns = row.end_ns.map(|end_ns| end_ns.saturating_sub(row.start_ns));
        self.meets_names(&row.service, &row.name) && self.meets_duration(duration_ns)
    }

    fn meets_names(&self, service: &str, operation: &str) -> bool {
        self.service.as_deref().is_none_or(|wanted| wanted == service)
            && self.operation.as_deref().is_none_or(|wanted| wanted == operation)
    }

    fn meets_duration(&self, duration_ns: Option<i64>) -> bool {
        let Some(duration_ns) = duration_ns else {
            return self.duration_min_ns.is_none() && self.duration_max_ns.is_none();
        };
        self.duration_min_ns.is_none_or(|least| duration_ns >= least)
            && self.duration_max_ns.is_none_or(|most| duration_ns <= most)
    }

    /// Says whether one span meets all conditions.
    fn meets(&self, span: &Span) -> bool {
        self.meets_names(&span.service, &span.name)
            && self.meets_duration(span.duration_ns())
            && self.since.is_none_or(|since| span.start >= since)
            && self.until.is_none_or(|until| span.start <= until)
            && self.attributes.iter().all(|(key, value)| says(span, key, value))
    }
}

/// Says whether a span has an attribute of this value, its own or its resource's or an event's, or one
/// that tracing backends derive.
fn says(span: &Span, key: &str, value: &str) -> bool {
    let events = span.events.iter().flat_map(|event| &event.attributes);
    let mut stored = span.attributes.iter().chain(span.resource.iter()).chain(events);
    stored.any(|(name, stored)| name == key && stored.to_string() == value)
        || match key {
            "error" => value == span.is_error().to_string(),
            "span.kind" => serde_json::to_value(span.kind).is_ok_and(|kind| kind == value),
            "otel.status_code" => serde_json::to_value(span.status)
                .is_ok_and(|status| status.as_str().is_some_and(|s| s.eq_ignore_ascii_case(value))),
            "otel.scope.name" | "otel.library.name" => span.scope == value,
            _ => false,
        }
}

#[cfg(test)]
mod tests;
