//! Transactions and spans of Sentry's clients, as spans.
//!
//! A transaction is a root span (`contexts.trace`) with its children in `spans`; a span item holds
//! one such child, or, since 2025, a list of spans with typed attributes.
//!
//! Source: develop.sentry.dev, "Transaction Payloads", "Span Protocol"; `issues.md` section 5.2 has
//! what was recorded.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::otlp_common::UNKNOWN_SERVICE;
use super::sentry_attributes::{attributes, span_kind, span_status, text_of, typed_attributes};
use super::sentry_json::{Object, Scalar, Stored, read_json};
use super::sentry_sender::{pairs, request_id, service};
use super::sentry_time::time;
use super::{Decoded, Rejected, WireError};
use crate::model::{Attribute, AttributeValue, Span, SpanId, SpanLink, TraceId};

#[derive(Deserialize, Default)]
#[serde(default)]
struct SentTransaction {
    transaction: Scalar,
    contexts: Object<SentContexts>,
    tags: Value,
    spans: Stored<SentSpan>,
    timestamp: Scalar,
    start_timestamp: Scalar,
    release: Scalar,
    environment: Scalar,
    server_name: Scalar,
    request: Object<SentRequest>,
    user: Object<SentUser>,
    sdk: Object<SentSdk>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SentContexts {
    trace: Object<SentSpan>,
    response: Object<SentResponse>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SentResponse {
    status_code: Scalar,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SentRequest {
    method: Scalar,
    url: Scalar,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SentUser {
    id: Scalar,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SentSdk {
    name: Scalar,
    version: Scalar,
}

/// A span in either form; `end_timestamp` and `attributes` are the newer one's.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct SentSpan {
    trace_id: Scalar,
    span_id: Scalar,
    parent_span_id: Scalar,
    name: Scalar,
    op: Scalar,
    description: Scalar,
    origin: Scalar,
    status: Scalar,
    kind: Scalar,
    start_timestamp: Scalar,
    timestamp: Scalar,
    end_timestamp: Scalar,
    data: Value,
    tags: Value,
    attributes: Value,
    links: Stored<SentLink>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SentLink {
    trace_id: Scalar,
    span_id: Scalar,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SentSpans {
    items: Option<Stored<SentSpan>>,
}

/// What all spans of one process say alike.
struct Process {
    service: String,
    resource: Arc<[Attribute]>,
}

/// Reads a transaction; spans without a usable id or time are refused one by one.
///
/// The root span comes first. Errs when the payload is no JSON object. O(bytes).
pub fn decode_transaction(payload: &[u8]) -> Result<Decoded<Span>, WireError> {
    let sent: SentTransaction = read_json(payload)?;
    let tags = pairs(sent.tags);
    let sdk = sent.sdk.0.unwrap_or_default();
    let process = process(
        &tags,
        [
            ("service.version", sent.release.or_empty()),
            ("deployment.environment.name", sent.environment.or_empty()),
            ("host.name", sent.server_name.or_empty()),
            ("telemetry.sdk.name", sdk.name.or_empty()),
            ("telemetry.sdk.version", sdk.version.or_empty()),
        ],
    );
    let contexts = sent.contexts.0.unwrap_or_default();
    let mut root = contexts.trace.0.unwrap_or_default();
    root.start_timestamp = sent.start_timestamp;
    root.timestamp = sent.timestamp;
    let mut told: Vec<Attribute> = Vec::new();
    let mut tell = |name: &str, value: Scalar| {
        told.extend(AttributeValue::try_from(value).ok().map(|value| (name.to_owned(), value)));
    };
    let request = sent.request.0.unwrap_or_default();
    tell("http.request.method", request.method);
    tell("url.full", request.url);
    tell("user.id", sent.user.0.unwrap_or_default().id);
    tell("http.response.status_code", contexts.response.0.unwrap_or_default().status_code);
    told.extend(tags.into_iter().map(|(key, value)| (key, AttributeValue::Text(value))));
    let mut decoded = Decoded::default();
    let root = span(root, told, &process).map(|span| match sent.transaction.into_text() {
        Some(name) => Span { name, ..span },
        None => span,
    });
    let parent = root.as_ref().ok().map(|root| (root.trace_id, root.span_id));
    decoded.take(|_| root);
    for child in sent.spans.taken {
        decoded.take(|_| {
            child.ok_or(Rejected::Object).and_then(|mut child| {
                if let (Scalar::Nothing, Some((trace_id, _))) = (&child.trace_id, parent) {
                    child.trace_id = Scalar::Text(trace_id.to_string());
                }
                let span = span(child, Vec::new(), &process)?;
                let root = parent.map(|(_, id)| id).filter(|id| *id != span.span_id);
                Ok(Span { parent: span.parent.or(root), ..span })
            })
        });
    }
    decoded.reject(Rejected::Many, sent.spans.beyond);
    Ok(decoded)
}

/// Reads a span item: `{"items": […]}`, or one span.
///
/// Errs when the payload is no JSON object. O(bytes).
pub fn decode_sentry_spans(payload: &[u8]) -> Result<Decoded<Span>, WireError> {
    let mut decoded = Decoded::default();
    let sent: SentSpans = read_json(payload)?;
    let Some(list) = sent.items else {
        let one = read_json(payload)?;
        decoded.take(|_| alone(one));
        return Ok(decoded);
    };
    for one in list.taken {
        decoded.take(|_| one.ok_or(Rejected::Object).and_then(alone));
    }
    decoded.reject(Rejected::Many, list.beyond);
    Ok(decoded)
}

/// Reads a span that says itself what process it comes from.
pub(super) fn alone(sent: SentSpan) -> Result<Span, Rejected> {
    let mut tags = pairs(sent.tags.clone());
    for holder in [&sent.attributes, &sent.data] {
        let named = ["service.name", "sentry.release", "sentry.environment", "server.address"];
        let texts = named.iter().filter_map(|name| Some((*name, text_of(holder.get(name)?)?)));
        tags.extend(texts.map(|(name, text)| (name.to_owned(), text.to_owned())));
    }
    let tagged = |names: [&str; 2]| {
        let found = tags.iter().find(|(key, _)| names.contains(&key.as_str()));
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let process = process(
        &tags,
        [
            ("service.version", tagged(["sentry.release", "release"])),
            ("deployment.environment.name", tagged(["sentry.environment", "environment"])),
            ("host.name", tagged(["server.address", "server_name"])),
            ("telemetry.sdk.name", String::new()),
            ("telemetry.sdk.version", String::new()),
        ],
    );
    span(sent, Vec::new(), &process)
}

fn process(tags: &[(String, String)], facts: [(&str, String); 5]) -> Process {
    let [(_, release), _, (_, host), ..] = &facts;
    let named = Some(service(tags, release, host)).filter(|name| !name.is_empty());
    let service = named.unwrap_or_else(|| UNKNOWN_SERVICE.to_owned());
    let mut resource = vec![("service.name".to_owned(), AttributeValue::Text(service.clone()))];
    let known = facts.into_iter().filter(|(_, value)| !value.is_empty());
    resource.extend(known.map(|(key, value)| (key.to_owned(), AttributeValue::Text(value))));
    Process { service, resource: resource.into() }
}

/// Makes a span; `told` is said of it elsewhere, and less than what it says itself.
fn span(sent: SentSpan, told: Vec<Attribute>, process: &Process) -> Result<Span, Rejected> {
    let trace_id = sent.trace_id.text().and_then(TraceId::from_hex).ok_or(Rejected::TraceId)?;
    let span_id = sent.span_id.text().and_then(SpanId::from_hex).ok_or(Rejected::SpanId)?;
    let end = time(&sent.end_timestamp).or_else(|| time(&sent.timestamp));
    let start = time(&sent.start_timestamp).or(end).ok_or(Rejected::Time)?;
    let mut all = typed_attributes(sent.attributes);
    all.extend(attributes(sent.data));
    let tags = pairs(sent.tags);
    all.extend(tags.into_iter().map(|(key, value)| (key, AttributeValue::Text(value))));
    all.extend(told);
    let op = sent.op.into_text().or_else(|| {
        let (_, op) = all.iter().find(|(key, _)| key == "sentry.op")?;
        op.as_text().map(str::to_owned)
    });
    for (key, value) in [("sentry.op", op.clone()), ("sentry.origin", sent.origin.into_text())] {
        all.extend(value.map(|value| (key.to_owned(), AttributeValue::Text(value))));
    }
    let texts =
        all.iter().filter_map(|(key, value)| Some((key.clone(), value.as_text()?.to_owned())));
    let request_id = request_id(&texts.collect::<Vec<_>>());
    all.extend(request_id.map(|id| ("request_id".to_owned(), AttributeValue::Text(id))));
    let attributes = first_of_each(all);
    let kind = span_kind(op.as_deref(), sent.kind.text(), &attributes);
    let (status, status_message) = span_status(sent.status.text(), kind, &attributes);
    let name = sent.name.into_text().or_else(|| sent.description.into_text());
    let link = |sent: SentLink| {
        let trace_id = TraceId::from_hex(sent.trace_id.text()?)?;
        let span_id = SpanId::from_hex(sent.span_id.text()?)?;
        Some(SpanLink { trace_id, span_id, attributes: Vec::new() })
    };
    Ok(Span {
        trace_id,
        span_id,
        parent: sent.parent_span_id.text().and_then(SpanId::from_hex),
        name: name.filter(|name| !name.is_empty()).or(op).unwrap_or_default(),
        kind,
        service: process.service.clone(),
        start,
        end: end.filter(|end| *end >= start),
        status,
        status_message,
        attributes,
        events: Vec::new(),
        links: sent.links.taken.into_iter().flatten().filter_map(link).collect(),
        resource: Arc::clone(&process.resource),
        scope: String::new(),
    })
}

/// Keeps the first attribute of each name: what a span says itself comes before what is said of it.
fn first_of_each(all: Vec<Attribute>) -> Vec<Attribute> {
    let mut seen = std::collections::HashSet::new();
    all.into_iter().filter(|(key, _)| seen.insert(key.clone())).collect()
}

#[cfg(test)]
mod tests;
