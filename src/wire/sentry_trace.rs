//! A trace as Sentry's interface answers it: spans with their children in them.
//!
//! There is no recorded answer: this follows what Sentry's own command line reads (getsentry/cli,
//! `src/types/sentry.ts`, `TraceSpan`), and takes ids and times in each form that was seen elsewhere.

use serde_json::{Map, Value};

use super::sentry_spans::alone;
use super::{Decoded, Rejected, WireError};
use crate::model::{AttributeValue, Span, SpanEvent, SpanId, SpanStatus, TraceId};

/// Reads `GET /api/0/organizations/{organization}/trace/{id}/`.
///
/// A span has its project as its service; an error issue that hangs on it fails it, and is an event
/// `exception` at its end. What is neither a span nor has one in it, as an error without a span, is
/// passed over. Errs when the payload is no JSON list. O(bytes).
pub fn decode_sentry_trace(payload: &[u8], trace_id: TraceId) -> Result<Decoded<Span>, WireError> {
    let sent: Vec<Value> =
        serde_json::from_slice(payload).map_err(|error| WireError::Json(error.to_string()))?;
    let mut decoded = Decoded::default();
    let mut waiting: Vec<(Option<SpanId>, Value)> =
        sent.into_iter().rev().map(|sent| (None, sent)).collect();
    while let Some((parent, sent)) = waiting.pop() {
        let Value::Object(mut sent) = sent else { continue };
        let children = list(sent.remove("children"));
        let id = id_of(&sent);
        if id.is_some() || sent.contains_key("start_timestamp") {
            decoded.take(|_| span(sent, id, parent, trace_id));
        }
        waiting.extend(children.into_iter().rev().map(|child| (id.or(parent), child)));
    }
    Ok(decoded)
}

/// Returns its id: a span's own, else the event's where that has a span's length.
fn id_of(sent: &Map<String, Value>) -> Option<SpanId> {
    let text = |name| sent.get(name).and_then(Value::as_str);
    text("span_id").or_else(|| text("event_id")).and_then(SpanId::from_hex)
}

fn span(
    mut sent: Map<String, Value>,
    id: Option<SpanId>,
    parent: Option<SpanId>,
    trace_id: TraceId,
) -> Result<Span, Rejected> {
    let id = id.ok_or(Rejected::SpanId)?;
    let errors = list(sent.remove("errors"));
    sent.insert("span_id".to_owned(), id.to_string().into());
    sent.insert("trace_id".to_owned(), trace_id.to_string().into());
    let mut told = Map::new();
    for (key, name) in [("project_slug", "service.name"), ("event_id", "sentry.event_id")] {
        if let Some(value) = sent.remove(key) {
            told.insert(name.to_owned(), value);
        }
    }
    for holder in ["additional_attributes", "measurements"] {
        if let Some(Value::Object(more)) = sent.remove(holder) {
            told.extend(more);
        }
    }
    for name in ["span.status", "trace.status"] {
        if let Some(status) = told.remove(name).filter(|_| !sent.contains_key("status")) {
            sent.insert("status".to_owned(), status);
        }
    }
    // Its name says more than the kind of work, which is what `name` holds for most spans.
    for name in ["description", "transaction"] {
        let described = sent.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        if let Some(text) = described.map(str::to_owned) {
            sent.insert("name".to_owned(), text.into());
            break;
        }
    }
    sent.insert("data".to_owned(), Value::Object(told));
    let sent = serde_json::from_value(Value::Object(sent)).map_err(|_| Rejected::Object)?;
    let mut span = alone(sent)?;
    span.parent = span.parent.or(parent).filter(|parent| *parent != id);
    for error in errors {
        span.status = SpanStatus::Error;
        span.events.push(exception(&error, &span));
    }
    Ok(span)
}

/// Makes an event of an issue that hangs on a span; its title is `ValueError: too many`.
fn exception(error: &Value, span: &Span) -> SpanEvent {
    let text = |names: [&str; 2]| names.iter().find_map(|name| error.get(*name)?.as_str());
    let title = text(["title", "message"]).unwrap_or_default();
    let (kind, message) = title.split_once(": ").unwrap_or(("", title));
    let issue = error.get("short_id").or_else(|| error.get("issue_id"));
    let issue = issue.map(|id| id.as_str().map_or_else(|| id.to_string(), str::to_owned));
    let told = [
        ("exception.type", Some(kind.to_owned())),
        ("exception.message", Some(message.to_owned())),
        ("sentry.issue", issue),
    ];
    let told = told.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let attributes = told
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.to_owned(), AttributeValue::Text(value)));
    SpanEvent {
        time: span.end.unwrap_or(span.start),
        name: "exception".to_owned(),
        attributes: attributes.collect(),
    }
}

fn list(sent: Option<Value>) -> Vec<Value> {
    match sent {
        Some(Value::Array(all)) => all,
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: &str = "018f3c1e9b7a7c448d215a0b6f4e2d16";

    fn trace_id() -> TraceId {
        TraceId::from_hex(ID).unwrap()
    }

    fn read(sent: &Value) -> Decoded<Span> {
        decode_sentry_trace(&serde_json::to_vec(sent).unwrap(), trace_id()).unwrap()
    }

    #[test]
    fn spans_stand_below_those_that_hold_them() {
        let spans = read(&json!([{
            "event_id": "b7ad6b7169203331", "op": "http.server", "transaction": "GET /pay",
            "project_slug": "checkout", "start_timestamp": 1_795_327_200.5, "end_timestamp": 1_795_327_201.0,
            "additional_attributes": {"span.status": "internal_error"},
            "errors": [{"title": "ValueError: too many", "short_id": "PAY-1"}],
            "children": [{
                "span_id": "00f067aa0ba902b7", "op": "db", "description": "SELECT 1", "project_slug": "checkout",
                "start_timestamp": "2026-11-22T06:00:00.600Z", "timestamp": 1_795_327_200.75,
            }],
        }]))
        .accepted;
        let [root, child] = spans.as_slice() else { panic!("{spans:?}") };
        assert_eq!((root.name.as_str(), root.service.as_str()), ("GET /pay", "checkout"));
        assert_eq!((root.parent, root.status), (None, SpanStatus::Error));
        let told: Vec<String> =
            root.events[0].attributes.iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(
            told,
            ["exception.type=ValueError", "exception.message=too many", "sentry.issue=PAY-1"]
        );
        assert_eq!((child.name.as_str(), child.parent), ("SELECT 1", Some(root.span_id)));
        assert_eq!(child.start.0 - root.start.0, 100_000_000);
        assert_eq!(child.end.map(|end| end.since(child.start)), Some(150_000_000));
    }

    #[test]
    fn what_is_no_span_is_passed_over_and_what_lacks_its_id_is_refused() {
        let decoded = read(&json!([
            {"event_type": "error", "event_id": ID, "title": "alone"},
            {"start_timestamp": 1.0, "op": "db"},
            7,
        ]));
        assert_eq!(decoded.accepted, []);
        assert_eq!(decoded.rejected, [(Rejected::SpanId, 1)]);
        assert!(decode_sentry_trace(b"{}", trace_id()).is_err());
    }
}
