//! Zipkin's JSON, version 2: a list of spans whose times are microseconds and whose tags are texts.
//!
//! The two sides of a call may share one id; the tree of a trace hangs one under the other. Source:
//! openzipkin/zipkin-api, `zipkin2-api.yaml`; OpenTelemetry, "OpenTelemetry to Zipkin Transformation".

use serde_json::Value;

use super::super::json_reader::{Fault, JsonReader, Scalar};
use super::super::span_parts::SpanParts;
use super::TraceFormat;
use super::members::{integer, kind, micros_as_ns, span_id, status, text, trace_id};
use super::taken::{Process, Taken};
use crate::model::{Attribute, AttributeValue, SpanEvent, SpanKind, SpanStatus, UnixNanos};

type Result<T> = std::result::Result<T, Fault>;

/// One span as it is read; nothing where the object around it is another thing.
#[derive(Debug, Default)]
pub(super) struct ZipkinSpan {
    parts: SpanParts,
    is_span: bool,
    shared: bool,
    duration_ns: Option<i64>,
    service: String,
}

impl ZipkinSpan {
    /// Takes a member, or passes over one that no Zipkin span has.
    pub(super) fn member(&mut self, reader: &mut JsonReader<'_>, name: &str) -> Result<()> {
        let parts = &mut self.parts;
        match name {
            "traceId" => {
                self.is_span = true;
                parts.trace_id = trace_id(reader)?;
            }
            "id" => parts.span_id = span_id(reader)?,
            "parentId" => parts.parent = span_id(reader)?,
            "name" => parts.name = text(reader)?,
            "kind" => parts.kind = kind(&reader.scalar()?),
            "shared" => self.shared = text(reader)? == "true",
            "timestamp" => {
                let start = micros_as_ns(&reader.scalar()?).filter(|nanos| *nanos > 0);
                parts.start = start.map(UnixNanos);
            }
            "duration" => self.duration_ns = micros_as_ns(&reader.scalar()?),
            "localEndpoint" => drop(reader.object(|reader, name| match name {
                "serviceName" => text(reader).map(|name| self.service = name),
                _ => reader.skip(),
            })?),
            "remoteEndpoint" => peer(reader, &mut parts.attributes)?,
            "annotations" => {
                reader.list(|reader| annotation(reader, &mut parts.events))?;
            }
            "tags" => drop(reader.object(|reader, key| {
                let value = AttributeValue::Text(text(reader)?);
                parts.attributes.push((key.to_owned(), value));
                Ok(())
            })?),
            _ => reader.skip()?,
        }
        Ok(())
    }

    /// Takes the span, if it is one.
    pub(super) fn finish(self, taken: &mut Taken<'_>) {
        let Self { mut parts, is_span, shared, duration_ns, service } = self;
        if !is_span {
            return;
        }
        taken.recognise(TraceFormat::ZipkinJson);
        if shared && parts.kind == SpanKind::Internal {
            parts.kind = SpanKind::Server;
        }
        // A span that only its annotations give a time began no later than the first of them.
        let first = || parts.events.iter().map(|event| event.time).min();
        parts.start = parts.start.or_else(first);
        let end = |start: UnixNanos| Some(UnixNanos(start.0.saturating_add(duration_ns?)));
        parts.end = parts.start.and_then(end);
        let mut named = Vec::new();
        if !service.is_empty() {
            named.push(("service.name".to_owned(), AttributeValue::Text(service)));
        }
        let process = Process::of(named);
        (parts.service, parts.resource) = (process.service, process.attributes);
        meanings(&mut parts);
        taken.take(parts.finish());
    }
}

/// The tag `error` fails a span whatever it holds; what it holds is the message.
fn meanings(parts: &mut SpanParts) {
    let mut message = None;
    let mut left = Vec::with_capacity(parts.attributes.len());
    for (key, value) in std::mem::take(&mut parts.attributes) {
        let word = value.to_string();
        match key.as_str() {
            "error" => message = Some(if word == "true" { String::new() } else { word }),
            "otel.status_code" => parts.status = status(&Scalar::Text(word.into())),
            "otel.status_description" => parts.status_message = word,
            "otel.scope.name" | "otel.library.name" => parts.scope = word,
            "otel.scope.version" | "otel.library.version" => {}
            _ => left.push((key, value)),
        }
    }
    parts.attributes = left;
    if let Some(message) = message {
        parts.status = SpanStatus::Error;
        if parts.status_message.is_empty() {
            parts.status_message = message;
        }
    }
}

fn peer(reader: &mut JsonReader<'_>, attributes: &mut Vec<Attribute>) -> Result<()> {
    reader.object(|reader, name| {
        let key = match name {
            "serviceName" => "peer.service",
            "ipv4" | "ipv6" => "network.peer.address",
            "port" => {
                if let Some(port) = integer(&reader.scalar()?) {
                    let key = "network.peer.port".to_owned();
                    attributes.push((key, AttributeValue::Int(port)));
                }
                return Ok(());
            }
            _ => return reader.skip(),
        };
        let value = text(reader)?;
        if !value.is_empty() {
            attributes.push((key.to_owned(), AttributeValue::Text(value)));
        }
        Ok(())
    })?;
    Ok(())
}

fn annotation(reader: &mut JsonReader<'_>, events: &mut Vec<SpanEvent>) -> Result<()> {
    let (mut time, mut value) = (None, String::new());
    reader.object(|reader, name| {
        match name {
            "timestamp" => time = micros_as_ns(&reader.scalar()?),
            "value" => value = text(reader)?,
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    if let Some(time) = time {
        let (name, attributes) = event(value);
        events.push(SpanEvent { time: UnixNanos(time), name, attributes });
    }
    Ok(())
}

/// OpenTelemetry writes an event's attributes behind its name: `"exception":{"exception.type":"…"}`.
fn event(value: String) -> (String, Vec<Attribute>) {
    let written = || {
        let name_end = value.starts_with('"').then(|| value.find("\":"))??;
        let name = value.get(1..name_end)?.to_owned();
        let attributes: Value = serde_json::from_str(value.get(name_end + 2..)?).ok()?;
        let Value::Object(members) = attributes else { return None };
        let of_json = |value| serde_json::from_value(value).unwrap_or(AttributeValue::Empty);
        Some((name, members.into_iter().map(|(key, value)| (key, of_json(value))).collect()))
    };
    written().unwrap_or((value, Vec::new()))
}
