//! What Sentry's clients say about a span beside its times: attributes, its role, how it ended.
//!
//! Source: develop.sentry.dev, "Span Operations", "Span Status", "Attributes".

use serde_json::Value;

use super::sentry_json::Scalar;
use crate::model::{Attribute, AttributeValue, SpanKind, SpanStatus};

/// How deep lists and maps in attributes may nest; what lies deeper is dropped.
const DEPTH_MAX: usize = 16;

impl TryFrom<Scalar> for AttributeValue {
    type Error = ();

    /// Errs for nothing.
    fn try_from(sent: Scalar) -> Result<Self, ()> {
        Ok(match sent {
            Scalar::Nothing => return Err(()),
            Scalar::Text(text) => Self::Text(text),
            Scalar::Count(number) => {
                i64::try_from(number).map_or_else(|_| Self::Text(number.to_string()), Self::Int)
            }
            Scalar::Number(number) => Self::Double(number),
            Scalar::Bool(truth) => Self::Bool(truth),
        })
    }
}

/// Returns the members of an object, `{"db.system": "sqlite"}`; none of all else.
pub(super) fn attributes(sent: Value) -> Vec<Attribute> {
    let Value::Object(members) = sent else { return Vec::new() };
    members.into_iter().map(|(key, sent)| (key, value(sent, DEPTH_MAX))).collect()
}

/// Returns the members of an object with typed values, `{"sku": {"value": "x", "type": "string"}}`.
pub(super) fn typed_attributes(sent: Value) -> Vec<Attribute> {
    let Value::Object(members) = sent else { return Vec::new() };
    members.into_iter().map(|(key, sent)| (key, value(untyped(sent), DEPTH_MAX))).collect()
}

/// Returns the value within `{"value": …, "type": …}`; a bare value is itself.
pub(super) fn untyped(mut sent: Value) -> Value {
    match sent.get_mut("value") {
        Some(inner) => inner.take(),
        None => sent,
    }
}

/// Returns the text of a typed or a bare value.
pub(super) fn text_of(sent: &Value) -> Option<&str> {
    sent.get("value").unwrap_or(sent).as_str()
}

fn value(sent: Value, depth: usize) -> AttributeValue {
    match sent {
        _ if depth == 0 => AttributeValue::Empty,
        Value::Null => AttributeValue::Empty,
        Value::Bool(truth) => AttributeValue::Bool(truth),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => AttributeValue::Int(number),
            (None, Some(double)) if number.is_f64() => AttributeValue::Double(double),
            _ => AttributeValue::Text(number.to_string()),
        },
        Value::String(text) => AttributeValue::Text(text),
        Value::Array(list) => {
            AttributeValue::Array(list.into_iter().map(|sent| value(sent, depth - 1)).collect())
        }
        Value::Object(members) => AttributeValue::Map(
            members.into_iter().map(|(key, sent)| (key, value(sent, depth - 1))).collect(),
        ),
    }
}

/// Returns the role of a span: as it says itself, else by its operation.
///
/// The same span that is sent by OTLP too must have the same role: the store knows it by that.
pub(super) fn span_kind(op: Option<&str>, said: Option<&str>, all: &[Attribute]) -> SpanKind {
    let attribute =
        |name: &str| all.iter().find(|(key, _)| key == name).and_then(|(_, value)| value.as_text());
    let said = said.or_else(|| attribute("otel.kind")).or_else(|| attribute("sentry.kind"));
    match said.map(str::to_ascii_lowercase).as_deref() {
        Some("server") => return SpanKind::Server,
        Some("client") => return SpanKind::Client,
        Some("producer") => return SpanKind::Producer,
        Some("consumer") => return SpanKind::Consumer,
        Some("internal") => return SpanKind::Internal,
        _ => {}
    }
    let parts: Vec<&str> = op.unwrap_or_default().split('.').collect();
    match parts.as_slice() {
        ["queue", "publish" | "submit" | "create", ..] => SpanKind::Producer,
        ["queue", ..] => SpanKind::Consumer,
        [_, "server", ..] => SpanKind::Server,
        ["db" | "cache", ..] | [_, "client", ..] => SpanKind::Client,
        _ => SpanKind::Internal,
    }
}

/// Returns how a span ended, and the sender's word for a failure.
///
/// An HTTP status decides where there is one, as OpenTelemetry has it: `not_found` is no fault of
/// who answers it.
pub(super) fn span_status(
    said: Option<&str>,
    kind: SpanKind,
    all: &[Attribute],
) -> (SpanStatus, String) {
    let said = said.unwrap_or_default();
    let names = ["http.response.status_code", "http.status_code"];
    let code = names.iter().find_map(|name| {
        all.iter().find(|(key, _)| key == name).and_then(|(_, value)| value.as_int())
    });
    let first_error = if kind == SpanKind::Server { 500 } else { 400 };
    match (said, code) {
        ("ok", _) => (SpanStatus::Ok, String::new()),
        ("" | "unset" | "unknown", None) => (SpanStatus::Unset, String::new()),
        (_, Some(code)) if code < first_error => (SpanStatus::Unset, String::new()),
        ("" | "unset" | "unknown" | "error", _) => (SpanStatus::Error, String::new()),
        (word, _) => (SpanStatus::Error, word.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn operations_give_roles() {
        for (op, kind) in [
            ("http.server", SpanKind::Server),
            ("websocket.server", SpanKind::Server),
            ("http.client", SpanKind::Client),
            ("db", SpanKind::Client),
            ("db.sql.query", SpanKind::Client),
            ("cache.get", SpanKind::Client),
            ("queue.submit.celery", SpanKind::Producer),
            ("queue.process", SpanKind::Consumer),
            ("function", SpanKind::Internal),
            ("", SpanKind::Internal),
        ] {
            assert_eq!(span_kind(Some(op), None, &[]), kind, "{op}");
        }
        assert_eq!(span_kind(Some("http.server"), Some("CLIENT"), &[]), SpanKind::Client);
        let otel = attributes(json!({ "otel.kind": "SERVER" }));
        assert_eq!(span_kind(None, None, &otel), SpanKind::Server);
    }

    #[test]
    fn an_http_status_says_better_than_a_word_whether_a_span_failed() {
        let status = |said, kind, all: Value| span_status(Some(said), kind, &attributes(all));
        let failed = |word: &str| (SpanStatus::Error, word.to_owned());
        let unset = (SpanStatus::Unset, String::new());
        let code = |code: u16| json!({ "http.response.status_code": code });
        assert_eq!(status("ok", SpanKind::Server, json!({})).0, SpanStatus::Ok);
        assert_eq!(status("", SpanKind::Server, json!({})), unset);
        assert_eq!(status("not_found", SpanKind::Server, code(404)), unset);
        assert_eq!(status("not_found", SpanKind::Client, code(404)), failed("not_found"));
        assert_eq!(status("internal_error", SpanKind::Server, code(500)), failed("internal_error"));
        assert_eq!(
            status("unknown", SpanKind::Server, json!({ "http.status_code": "503" })),
            failed("")
        );
        assert_eq!(
            status("deadline_exceeded", SpanKind::Internal, json!({})),
            failed("deadline_exceeded")
        );
        assert_eq!(status("error", SpanKind::Internal, json!({})), failed(""));
    }

    #[test]
    fn values_keep_their_types_and_are_bounded_in_depth() {
        let sent = json!({ "a": { "value": [1, -2, 0.5, true, null], "type": "array" },
            "b": "bare", "c": { "value": u64::MAX }, "d": { "x": "y" } });
        let all = typed_attributes(sent);
        let shown: Vec<String> = all.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let expected =
            ["a=[1,-2,0.5,true,null]", "b=bare", "c=18446744073709551615", "d={\"x\":\"y\"}"];
        assert_eq!(shown, expected);
        let deep =
            serde_json::from_str(&format!("{{\"a\":{}1{}}}", "[".repeat(50), "]".repeat(50)));
        let shown = attributes(deep.unwrap())[0].1.to_string();
        assert_eq!(shown, format!("{}null{}", "[".repeat(DEPTH_MAX), "]".repeat(DEPTH_MAX)));
    }
}
