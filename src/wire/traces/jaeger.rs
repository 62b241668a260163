//! Jaeger's own JSON: what `jaeger_json` writes, what Jaeger and `VictoriaTraces` answer at `/api`.
//!
//! Times are microseconds. A trace's processes may follow its spans. Source: jaegertracing/jaeger,
//! `model/json`; `traces.md`, sections 4.1 and 4.3.

use std::collections::HashMap;

use super::super::decoded::Rejected;
use super::super::jaeger_json::NOT_ENDED;
use super::super::json_reader::{Fault, JsonReader};
use super::super::span_parts::SpanParts;
use super::TraceFormat;
use super::jaeger_tags::{meanings, tags};
use super::members::{micros_as_ns, span_id, text, trace_id};
use super::taken::{Process, Taken};
use crate::model::{AttributeValue, SpanEvent, SpanId, SpanLink, TraceId, UnixNanos};

type Result<T> = std::result::Result<T, Fault>;

/// One trace: its spans until its processes are known.
#[derive(Debug)]
pub(super) struct JaegerTrace {
    /// Where its spans begin among those taken.
    first: usize,
    /// The process of each span taken.
    names: Vec<String>,
    processes: HashMap<String, Process>,
}

/// A reference to another span.
#[derive(Debug)]
struct Reference {
    child_of: bool,
    trace_id: TraceId,
    span_id: SpanId,
}

impl JaegerTrace {
    pub(super) fn new(taken: &Taken<'_>) -> Self {
        let first = taken.answer.spans.len();
        Self { first, names: Vec::new(), processes: HashMap::new() }
    }

    /// Takes one of the members `spans`, `processes` and `warnings`.
    pub(super) fn member(
        &mut self,
        reader: &mut JsonReader<'_>,
        name: &str,
        taken: &mut Taken<'_>,
    ) -> Result<()> {
        match name {
            "spans" => {
                taken.recognise(TraceFormat::JaegerJson);
                reader.list(|reader| self.span(reader, taken))?;
            }
            "processes" => {
                reader.object(|reader, id| {
                    let process = process(reader)?;
                    self.processes.insert(id.to_owned(), process);
                    Ok(())
                })?;
            }
            _ => {
                reader.list(|reader| text(reader).map(|warning| taken.warn(warning)))?;
            }
        }
        Ok(())
    }

    /// Gives the spans their processes; also where the text broke off.
    pub(super) fn finish(self, taken: &mut Taken<'_>) {
        let spans = taken.answer.spans.get_mut(self.first..).unwrap_or_default();
        for (span, name) in spans.iter_mut().zip(&self.names) {
            if let Some(process) = self.processes.get(name) {
                process.made(std::slice::from_mut(span));
            }
        }
    }

    fn span(&mut self, reader: &mut JsonReader<'_>, taken: &mut Taken<'_>) -> Result<()> {
        if reader.peek() == Some(b'n') {
            return reader.skip();
        }
        let mut parts = SpanParts::default();
        let mut own = Process::default();
        let mut name = String::new();
        let mut duration_ns = 0;
        let mut references = Vec::new();
        let mut warnings = Vec::new();
        let is_object = reader.object(|reader, member| {
            match member {
                "traceID" => parts.trace_id = trace_id(reader)?,
                "spanID" => parts.span_id = span_id(reader)?,
                "parentSpanID" => parts.parent = span_id(reader)?,
                "operationName" => parts.name = text(reader)?,
                "startTime" => parts.start = micros_as_ns(&reader.scalar()?).map(UnixNanos),
                "duration" => duration_ns = micros_as_ns(&reader.scalar()?).unwrap_or(0),
                "references" => {
                    reader.list(|reader| reference(reader, &mut references))?;
                }
                "tags" => tags(reader, &mut parts.attributes)?,
                "logs" => drop(reader.list(|reader| log(reader, &mut parts.events))?),
                "processID" => name = text(reader)?,
                "process" => own = process(reader)?,
                "warnings" => drop(reader.list(|reader| {
                    warnings.push(text(reader)?);
                    Ok(())
                })?),
                _ => reader.skip()?,
            }
            Ok(())
        })?;
        if !is_object {
            taken.reject(Rejected::Object, 1);
            return Ok(());
        }
        let runs = warnings.iter().any(|warning| warning == NOT_ENDED);
        let end = parts.start.map(|start| UnixNanos(start.0.saturating_add(duration_ns)));
        parts.end = end.filter(|_| !runs);
        refer(&mut parts, references);
        meanings(&mut parts);
        warned(&mut parts, warnings, taken);
        (parts.service, parts.resource) = (own.service, own.attributes);
        if taken.take(parts.finish()) {
            self.names.push(name);
        }
        Ok(())
    }
}

/// The parent is the first `CHILD_OF` of the same trace, else the first `FOLLOWS_FROM` of it.
fn refer(parts: &mut SpanParts, references: Vec<Reference>) {
    let own = |reference: &Reference| Some(reference.trace_id) == parts.trace_id;
    let first =
        |child_of: bool| references.iter().position(|one| one.child_of == child_of && own(one));
    let parent = first(true).or_else(|| first(false));
    for (place, reference) in references.into_iter().enumerate() {
        let Reference { trace_id, span_id, .. } = reference;
        if Some(place) == parent {
            parts.parent = Some(span_id);
        } else {
            parts.links.push(SpanLink { trace_id, span_id, attributes: Vec::new() });
        }
    }
}

fn reference(reader: &mut JsonReader<'_>, references: &mut Vec<Reference>) -> Result<()> {
    let (mut child_of, mut trace, mut span) = (false, None, None);
    reader.object(|reader, name| {
        match name {
            "refType" => child_of = text(reader)?.eq_ignore_ascii_case("child_of"),
            "traceID" => trace = trace_id(reader)?,
            "spanID" => span = span_id(reader)?,
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    if let (Some(trace_id), Some(span_id)) = (trace, span) {
        references.push(Reference { child_of, trace_id, span_id });
    }
    Ok(())
}

/// A log's field `event` is the name of the event.
fn log(reader: &mut JsonReader<'_>, events: &mut Vec<SpanEvent>) -> Result<()> {
    let mut event = SpanEvent { time: UnixNanos(0), name: String::new(), attributes: Vec::new() };
    reader.object(|reader, name| {
        match name {
            "timestamp" => {
                event.time = UnixNanos(micros_as_ns(&reader.scalar()?).unwrap_or(0).max(0));
            }
            "fields" => tags(reader, &mut event.attributes)?,
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    if let Some(place) = event.attributes.iter().position(|(key, _)| key == "event") {
        event.name = event.attributes.remove(place).1.to_string();
    }
    events.push(event);
    Ok(())
}

fn process(reader: &mut JsonReader<'_>) -> Result<Process> {
    let mut attributes = Vec::new();
    let mut service = String::new();
    reader.object(|reader, name| match name {
        "serviceName" => text(reader).map(|name| service = name),
        "tags" => tags(reader, &mut attributes),
        _ => reader.skip(),
    })?;
    if !service.is_empty() {
        attributes.retain(|(key, _)| key != "service.name");
        let name = ("service.name".to_owned(), AttributeValue::Text(service));
        attributes.insert(0, name);
    }
    Ok(Process::of(attributes))
}

/// What Jaeger says of a span stays with it, under the name that its `/api/v3` has for it.
fn warned(parts: &mut SpanParts, mut warnings: Vec<String>, taken: &mut Taken<'_>) {
    warnings.retain(|warning| warning != NOT_ENDED && !warning.is_empty());
    for warning in &warnings {
        taken.warn(warning.clone());
    }
    if !warnings.is_empty() {
        let texts = warnings.into_iter().map(AttributeValue::Text).collect();
        parts.attributes.push(("@jaeger@warnings".to_owned(), AttributeValue::Array(texts)));
    }
}
