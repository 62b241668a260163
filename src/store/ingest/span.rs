//! Spans as rows: the columns that are asked for, the rest as JSON, the resource apart.

use std::sync::Arc;

use rusqlite::{Row, params};
use serde::{Deserialize, Serialize};

use super::super::StoreError;
use super::resource::{Maker, Resource};
use super::{Inserts, RecordKind};
use crate::model::{
    Attribute, Span, SpanEvent, SpanId, SpanKind, SpanLink, SpanStatus, TraceId, UnixNanos,
};

/// One row of `spans`.
#[derive(Debug)]
pub(in super::super) struct SpanRow {
    pub(super) trace: TraceId,
    pub(super) trace_id: String,
    span_id: String,
    kind: &'static str,
    parent_id: Option<String>,
    service: String,
    name: String,
    pub(super) start_ns: i64,
    end_ns: Option<i64>,
    is_error: bool,
    body: String,
    pub(super) resource: Arc<Resource>,
}

/// What of a span has no column of its own.
#[derive(Debug, Serialize, Deserialize)]
struct Body {
    #[serde(default, skip_serializing_if = "is_unset")]
    status: SpanStatus,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    status_message: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    attributes: Vec<Attribute>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    events: Vec<SpanEvent>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    links: Vec<SpanLink>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    scope: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_unset(status: &SpanStatus) -> bool {
    *status == SpanStatus::Unset
}

impl SpanRow {
    pub(super) fn of(span: Span, resources: &mut Maker) -> Result<Self, StoreError> {
        let is_error = span.is_error();
        let body = Body {
            status: span.status,
            status_message: span.status_message,
            attributes: span.attributes,
            events: span.events,
            links: span.links,
            scope: span.scope,
        };
        Ok(Self {
            trace: span.trace_id,
            trace_id: span.trace_id.to_string(),
            span_id: span.span_id.to_string(),
            kind: kind_name(span.kind),
            parent_id: span.parent.map(|parent| parent.to_string()),
            service: span.service,
            name: span.name,
            start_ns: span.start.0,
            end_ns: span.end.map(|end| end.0),
            is_error,
            body: serde_json::to_string(&body)?,
            resource: resources.of(span.resource)?,
        })
    }

    pub(super) fn bytes(&self) -> usize {
        self.service.len() + self.name.len() + self.body.len()
    }

    /// The later end wins, whatever the order of arrival: a span sent while it ran and again when it had
    /// ended is the ended one.
    pub(super) fn store(
        &self,
        inserts: &mut Inserts<'_>,
        id: i64,
        resource: i64,
        trace: i64,
    ) -> Result<usize, StoreError> {
        let statement = inserts.of(
            RecordKind::Span,
            "INSERT INTO spans (id, trace_id, span_id, kind, parent_id, service, name, start_ns,
               end_ns, is_error, body, resource, trace)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
             ON CONFLICT (trace, span_id, kind) DO UPDATE SET parent_id = excluded.parent_id,
               service = excluded.service, name = excluded.name, start_ns = excluded.start_ns,
               end_ns = excluded.end_ns, is_error = excluded.is_error, body = excluded.body,
               resource = excluded.resource
             WHERE (ifnull(excluded.end_ns, 0), excluded.start_ns, excluded.body, excluded.name,
                 excluded.service, ifnull(excluded.parent_id, ''), excluded.resource)
               > (ifnull(spans.end_ns, 0), spans.start_ns, spans.body, spans.name, spans.service,
                 ifnull(spans.parent_id, ''), ifnull(spans.resource, 0))",
        )?;
        Ok(statement.execute(params![
            id,
            self.trace_id,
            self.span_id,
            self.kind,
            self.parent_id,
            self.service,
            self.name,
            self.start_ns,
            self.end_ns,
            self.is_error,
            self.body,
            resource,
            trace,
        ])?)
    }
}

/// The kind as the column and JSON have it.
fn kind_name(kind: SpanKind) -> &'static str {
    match kind {
        SpanKind::Internal => "internal",
        SpanKind::Server => "server",
        SpanKind::Client => "client",
        SpanKind::Producer => "producer",
        SpanKind::Consumer => "consumer",
    }
}

fn kind_of(name: &str) -> SpanKind {
    match name {
        "server" => SpanKind::Server,
        "client" => SpanKind::Client,
        "producer" => SpanKind::Producer,
        "consumer" => SpanKind::Consumer,
        _ => SpanKind::Internal,
    }
}

/// What [`span_of`] reads, of `spans s LEFT JOIN resources r ON r.id = s.resource`.
pub(in super::super) const SPAN_COLUMNS: &str = "s.trace_id, s.span_id, s.parent_id, s.name, \
     s.kind, s.service, s.start_ns, s.end_ns, s.body, r.body";

/// Makes a span of a row of [`SPAN_COLUMNS`].
pub(in super::super) fn span_of(row: &Row<'_>) -> Result<Span, StoreError> {
    let text = |column: usize| row.get_ref(column).map(|value| value.as_str().unwrap_or_default());
    let resource = match row.get_ref(9)?.as_str_or_null().map_err(rusqlite::Error::from)? {
        Some(resource) => serde_json::from_str::<Vec<Attribute>>(resource)?.into(),
        // Before version 3 the body was the whole span.
        None => return Ok(serde_json::from_str(text(8)?)?),
    };
    let body: Body = serde_json::from_str(text(8)?)?;
    let malformed = |what: &str| -> serde_json::Error { serde::de::Error::custom(what) };
    Ok(Span {
        trace_id: TraceId::from_hex(text(0)?).ok_or_else(|| malformed("not a trace id"))?,
        span_id: SpanId::from_hex(text(1)?).ok_or_else(|| malformed("not a span id"))?,
        parent: SpanId::from_hex(text(2)?),
        name: text(3)?.to_owned(),
        kind: kind_of(text(4)?),
        service: text(5)?.to_owned(),
        start: UnixNanos(row.get(6)?),
        end: row.get::<_, Option<i64>>(7)?.map(UnixNanos),
        status: body.status,
        status_message: body.status_message,
        attributes: body.attributes,
        events: body.events,
        links: body.links,
        resource,
        scope: body.scope,
    })
}
