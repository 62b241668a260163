//! OTLP's JSON, and Tempo's of the same shape, straight into spans.
//!
//! Keys in camel or snake case, numbers as numbers or text, enumerations as numbers or names, ids as
//! hex or base 64, members absent or `null`. Source: OTLP 1.9, "JSON Protobuf Encoding".

use std::sync::Arc;

use super::super::decoded::Rejected;
use super::super::json_reader::{Fault, JsonReader};
use super::super::span_parts::{DROPPED_ATTRIBUTES, SpanParts};
use super::attributes::attributes;
use super::members::{self, integer, kind, span_id, text, time_ns, trace_id};
use super::taken::{Process, Taken};
use crate::model::{Attribute, AttributeValue, SpanEvent, SpanLink, UnixNanos};

type Result<T> = std::result::Result<T, Fault>;

/// Reads one `ResourceSpans`; the resource may follow its spans.
pub(super) fn resource_spans(reader: &mut JsonReader<'_>, taken: &mut Taken<'_>) -> Result<()> {
    let first = taken.answer.spans.len();
    let mut process = Process::default();
    let is_object = reader.object(|reader, name| match name {
        "resource" => {
            process = Process::of(resource(reader)?);
            process.made(taken.answer.spans.get_mut(first..).unwrap_or_default());
            Ok(())
        }
        "scopeSpans"
        | "scope_spans"
        | "instrumentationLibrarySpans"
        | "instrumentation_library_spans" => {
            reader.list(|reader| scope_spans(reader, &process, taken)).map(drop)
        }
        _ => reader.skip(),
    })?;
    if !is_object {
        taken.reject(Rejected::Object, 1);
    }
    Ok(())
}

fn resource(reader: &mut JsonReader<'_>) -> Result<Vec<Attribute>> {
    let mut read = Vec::new();
    reader.object(|reader, name| match name {
        "attributes" => attributes(reader, &mut read),
        _ => reader.skip(),
    })?;
    Ok(read)
}

fn scope_spans(
    reader: &mut JsonReader<'_>,
    process: &Process,
    taken: &mut Taken<'_>,
) -> Result<()> {
    let first = taken.answer.spans.len();
    let mut scope = String::new();
    reader.object(|reader, name| match name {
        "scope" | "instrumentationLibrary" | "instrumentation_library" => {
            reader.object(|reader, name| match name {
                "name" => text(reader).map(|name| scope = name),
                _ => reader.skip(),
            })?;
            for span in taken.answer.spans.get_mut(first..).unwrap_or_default() {
                span.scope.clone_from(&scope);
            }
            Ok(())
        }
        "spans" => reader.list(|reader| one_span(reader, process, &scope, taken)).map(drop),
        _ => reader.skip(),
    })?;
    Ok(())
}

fn one_span(
    reader: &mut JsonReader<'_>,
    process: &Process,
    scope: &str,
    taken: &mut Taken<'_>,
) -> Result<()> {
    if reader.peek() == Some(b'n') {
        return reader.skip();
    }
    let mut parts = SpanParts {
        service: process.service.clone(),
        resource: Arc::clone(&process.attributes),
        scope: scope.to_owned(),
        ..SpanParts::default()
    };
    let is_object = reader.object(|reader, name| member(reader, name, &mut parts))?;
    taken.take(if is_object { parts.finish() } else { Err(Rejected::Object) });
    Ok(())
}

fn member(reader: &mut JsonReader<'_>, name: &str, span: &mut SpanParts) -> Result<()> {
    let [attributes_left_out, events_left_out, links_left_out] = &mut span.dropped;
    match name {
        "traceId" | "trace_id" => span.trace_id = trace_id(reader)?,
        "spanId" | "span_id" => span.span_id = span_id(reader)?,
        "parentSpanId" | "parent_span_id" => span.parent = span_id(reader)?,
        "name" => span.name = text(reader)?,
        "kind" => span.kind = kind(&reader.scalar()?),
        "startTimeUnixNano" | "start_time_unix_nano" => span.start = time_ns(&reader.scalar()?),
        "endTimeUnixNano" | "end_time_unix_nano" => span.end = time_ns(&reader.scalar()?),
        "attributes" => attributes(reader, &mut span.attributes)?,
        "events" => drop(reader.list(|reader| event(reader, &mut span.events))?),
        "links" => drop(reader.list(|reader| link(reader, &mut span.links))?),
        "status" => status(reader, span)?,
        "traceState" | "trace_state" => span.trace_state = text(reader)?,
        "droppedAttributesCount" | "dropped_attributes_count" => {
            *attributes_left_out = count(reader)?;
        }
        "droppedEventsCount" | "dropped_events_count" => *events_left_out = count(reader)?,
        "droppedLinksCount" | "dropped_links_count" => *links_left_out = count(reader)?,
        _ => reader.skip()?,
    }
    Ok(())
}

fn status(reader: &mut JsonReader<'_>, span: &mut SpanParts) -> Result<()> {
    reader.object(|reader, name| {
        match name {
            "code" => span.status = members::status(&reader.scalar()?),
            "message" => span.status_message = text(reader)?,
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    Ok(())
}

fn event(reader: &mut JsonReader<'_>, events: &mut Vec<SpanEvent>) -> Result<()> {
    let mut event = SpanEvent { time: UnixNanos(0), name: String::new(), attributes: Vec::new() };
    let mut left_out = 0;
    let is_object = reader.object(|reader, name| {
        match name {
            "timeUnixNano" | "time_unix_nano" => {
                event.time = time_ns(&reader.scalar()?).unwrap_or(UnixNanos(0));
            }
            "name" => event.name = text(reader)?,
            "attributes" => attributes(reader, &mut event.attributes)?,
            "droppedAttributesCount" | "dropped_attributes_count" => left_out = count(reader)?,
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    if left_out > 0 {
        let left_out = AttributeValue::Int(left_out.into());
        event.attributes.push((DROPPED_ATTRIBUTES.to_owned(), left_out));
    }
    if is_object {
        events.push(event);
    }
    Ok(())
}

fn link(reader: &mut JsonReader<'_>, links: &mut Vec<SpanLink>) -> Result<()> {
    let (mut trace, mut span, mut read) = (None, None, Vec::new());
    reader.object(|reader, name| {
        match name {
            "traceId" | "trace_id" => trace = trace_id(reader)?,
            "spanId" | "span_id" => span = span_id(reader)?,
            "attributes" => attributes(reader, &mut read)?,
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    if let (Some(trace_id), Some(span_id)) = (trace, span) {
        links.push(SpanLink { trace_id, span_id, attributes: read });
    }
    Ok(())
}

fn count(reader: &mut JsonReader<'_>) -> Result<u32> {
    let count = integer(&reader.scalar()?).unwrap_or(0);
    Ok(u32::try_from(count.max(0)).unwrap_or(u32::MAX))
}
