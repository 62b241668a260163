//! Sentry's event payload, as any of its clients writes it, read leniently.
//!
//! Source: develop.sentry.dev, "Event Payloads"; the older shapes that clients still send are taken
//! too (`exception` as a list, `tags` as pairs, times as numbers or text).

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::WireError;
use super::json_text::json_value;
use super::otlp_common::hex;
use crate::model::{
    Breadcrumb, Correlation, ErrorEvent, Exception, Frame, Severity, SpanId, TraceId, UnixNanos,
};

/// The tags that carry a request's id, in the order they are looked for.
const REQUEST_ID_TAGS: [&str; 6] =
    ["request_id", "request.id", "requestId", "correlation_id", "x-request-id", "transaction_id"];

/// The most frames and breadcrumbs kept of one event; the raw event keeps all.
const KEPT_MAX: usize = 200;

/// Reads an event; `event_id` is the envelope's, which wins over the payload's.
///
/// Errs when the payload is no JSON object; a member of the wrong shape is only missing.
pub fn decode_event(
    payload: &[u8],
    event_id: Option<&str>,
    received: UnixNanos,
) -> Result<ErrorEvent, WireError> {
    let payload = String::from_utf8_lossy(payload);
    let raw: Box<RawValue> =
        serde_json::from_str(&payload).map_err(|error| WireError::Json(error.to_string()))?;
    let Value::Object(sent) = json_value(payload.as_bytes())? else {
        return Err(WireError::Json("not an object".to_owned()));
    };
    let tags = pairs(sent.get("tags"));
    let trace = sent.get("contexts").and_then(|contexts| contexts.get("trace"));
    let in_trace = |name| trace.and_then(|trace| trace.get(name)).and_then(Value::as_str);
    let exceptions: Vec<Exception> =
        listed(sent.get("exception")).into_iter().map(exception).collect();
    let own_id = event_id.or_else(|| sent.get("event_id").and_then(Value::as_str));
    Ok(ErrorEvent {
        event_id: own_id
            .and_then(TraceId::from_hex)
            .map_or_else(|| id_of_content(payload.as_bytes()), |id| id.to_string()),
        time: sent.get("timestamp").and_then(time).unwrap_or(received),
        level: text(&sent, "level").map_or(Some(Severity::Error), Severity::from_name),
        service: service(&sent, &tags),
        release: owned(&sent, "release"),
        environment: owned(&sent, "environment"),
        transaction: owned(&sent, "transaction"),
        request_id: request_id(&tags),
        trace_id: in_trace("trace_id").and_then(TraceId::from_hex).map(|id| id.to_string()),
        span_id: in_trace("span_id").and_then(SpanId::from_hex).map(|id| id.to_string()),
        user: user_id(sent.get("user")),
        message: message(&sent),
        exceptions,
        breadcrumbs: breadcrumbs(sent.get("breadcrumbs")),
        fingerprint: fingerprint(sent.get("fingerprint")),
        tags,
        issue_id: String::new(),
        raw: Some(raw),
    })
}

/// Makes an id for an event that has none: the same event sent again gets the same.
fn id_of_content(payload: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, payload);
    hex(&digest.as_ref()[..16])
}

fn request_id(tags: &[(String, String)]) -> Option<String> {
    let tagged = |name: &&str| tags.iter().find(|(key, _)| key == name);
    let (_, value) = REQUEST_ID_TAGS.iter().find_map(tagged)?;
    // Some teams put a whole traceparent in the tag.
    Correlation::parse(value).ok().map(|correlation| correlation.id().to_owned())
}

/// Returns the sender's service: a tag says it best, then the release's name, then the host.
fn service(sent: &Map<String, Value>, tags: &[(String, String)]) -> String {
    let tagged = tags.iter().find(|(key, _)| key == "service" || key == "service.name");
    if let Some((_, service)) = tagged {
        return service.clone();
    }
    // A package's name may itself start with the sign: `@shop/web@2.0.0`.
    let release = text(sent, "release").and_then(|release| release.rsplit_once('@'));
    let package = release.map(|(name, _)| name).filter(|name| !name.is_empty());
    let named = package.or_else(|| text(sent, "server_name"));
    named.unwrap_or_default().to_owned()
}

fn exception(sent: &Value) -> Exception {
    let member = |name| sent.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let stack = sent.get("stacktrace").and_then(|stack| stack.get("frames"));
    let frames = stack.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let skipped = frames.len().saturating_sub(KEPT_MAX);
    Exception {
        kind: member("type"),
        value: match sent.get("value") {
            Some(Value::String(value)) => value.clone(),
            None | Some(Value::Null) => String::new(),
            Some(other) => other.to_string(),
        },
        module: member("module"),
        handled: sent.get("mechanism").and_then(|mechanism| mechanism.get("handled")?.as_bool()),
        frames: frames.iter().skip(skipped).map(frame).collect(),
    }
}

fn frame(sent: &Value) -> Frame {
    let member = |name| sent.get(name).and_then(Value::as_str).unwrap_or_default();
    let file = [member("filename"), member("abs_path"), member("module")];
    Frame {
        function: member("function").to_owned(),
        filename: file.into_iter().find(|name| !name.is_empty()).unwrap_or_default().to_owned(),
        line: sent.get("lineno").and_then(Value::as_u64),
        in_app: sent.get("in_app").and_then(Value::as_bool).unwrap_or(false),
        source: member("context_line").to_owned(),
    }
}

fn breadcrumbs(sent: Option<&Value>) -> Vec<Breadcrumb> {
    let sent = listed(sent);
    let skipped = sent.len().saturating_sub(KEPT_MAX);
    let read = |crumb: &Value| {
        let member = |name| crumb.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let data = crumb.get("data").filter(|data| data.as_object().is_some_and(|o| !o.is_empty()));
        let message = match (member("message"), data) {
            (message, Some(data)) if message.is_empty() => data.to_string(),
            (message, _) => message,
        };
        let category = Some(member("category")).filter(|category| !category.is_empty());
        Breadcrumb {
            time: crumb.get("timestamp").and_then(time),
            category: category.unwrap_or_else(|| member("type")),
            message,
        }
    };
    sent.into_iter().skip(skipped).map(read).collect()
}

fn message(sent: &Map<String, Value>) -> String {
    let entry = |name| {
        sent.get(name).and_then(|entry| {
            let formatted =
                ["formatted", "message"].iter().find_map(|key| entry.get(key)?.as_str());
            entry.as_str().or(formatted)
        })
    };
    entry("logentry").or_else(|| entry("message")).unwrap_or_default().to_owned()
}

fn fingerprint(sent: Option<&Value>) -> Vec<String> {
    let parts = sent.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let parts: Vec<String> = parts.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    if parts == ["{{ default }}"] { Vec::new() } else { parts }
}

fn user_id(sent: Option<&Value>) -> String {
    match sent.and_then(|user| user.get("id")) {
        Some(Value::String(id)) => id.clone(),
        Some(Value::Number(id)) => id.to_string(),
        _ => String::new(),
    }
}

/// Returns the values of `{"values": […]}`, of a bare list, or of a single object.
fn listed(sent: Option<&Value>) -> Vec<&Value> {
    let values = match sent {
        Some(Value::Object(holder)) if holder.contains_key("values") => holder.get("values"),
        other => other,
    };
    match values {
        Some(Value::Array(values)) => values.iter().filter(|value| value.is_object()).collect(),
        Some(single @ Value::Object(_)) => vec![single],
        _ => Vec::new(),
    }
}

/// Returns the pairs of `{}`, of `[[key, value]]` or of `[{"key":…,"value":…}]`.
fn pairs(sent: Option<&Value>) -> Vec<(String, String)> {
    let shown = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    match sent {
        Some(Value::Object(map)) => map.iter().map(|(key, v)| (key.clone(), shown(v))).collect(),
        Some(Value::Array(list)) => list
            .iter()
            .filter_map(|pair| {
                let key = pair.get(0).or_else(|| pair.get("key"))?.as_str()?;
                Some((key.to_owned(), shown(pair.get(1).or_else(|| pair.get("value"))?)))
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn time(sent: &Value) -> Option<UnixNanos> {
    match sent {
        Value::String(text) => {
            UnixNanos::parse_rfc3339(text).or_else(|| UnixNanos::from_number(text.parse().ok()?))
        }
        other => UnixNanos::from_number(other.as_f64()?),
    }
}

fn text<'a>(sent: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    sent.get(name).and_then(Value::as_str)
}

fn owned(sent: &Map<String, Value>, name: &str) -> String {
    text(sent, name).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(json: &str) -> ErrorEvent {
        decode_event(json.as_bytes(), None, UnixNanos(7)).unwrap()
    }

    #[test]
    fn an_event_is_read_with_its_chain_and_its_ids() {
        let event = decode(
            r#"{"event_id":"9EC79C33EC9942AB8353589FCB2E04DC","timestamp":1795329000.5,
            "release":"orders-api@1.4.2","tags":{"request_id":"018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12"},
            "contexts":{"trace":{"trace_id":"018f3c1e9b7a7c448d215a0b6f4e2d12","span_id":"1122334455667788"}},
            "exception":{"values":[{"type":"ZeroDivisionError","value":"division by zero"},
            {"type":"StockError","value":"cannot compute","stacktrace":{"frames":[
            {"function":"main","filename":"lib.py"},{"function":"stock","filename":"a/app.py","lineno":121,"in_app":true}]}}]}}"#,
        );
        assert_eq!(event.event_id, "9ec79c33ec9942ab8353589fcb2e04dc");
        assert_eq!(event.time, UnixNanos(1_795_329_000_500_000_000));
        assert_eq!(event.service, "orders-api");
        assert_eq!(event.title(), "StockError: cannot compute");
        assert_eq!(event.root_cause().unwrap().title(), "ZeroDivisionError: division by zero");
        assert_eq!(event.culprit(), "app.py:121 in stock");
        assert_eq!(event.trace_id.as_deref(), Some("018f3c1e9b7a7c448d215a0b6f4e2d12"));
        assert_eq!(event.request_id.as_deref(), Some("018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12"));
    }

    #[test]
    fn older_shapes_and_nulls_are_taken() {
        let event = decode(
            r#"{"exception":[{"type":"E","value":null}],"tags":[["request_id","req_1"],["x",null]],
            "breadcrumbs":[{"message":"a","timestamp":"2026-11-22T06:30:00"}],"level":null,
            "timestamp":null,"user":null,"contexts":null}"#,
        );
        assert_eq!(event.title(), "E");
        assert_eq!(event.request_id.as_deref(), Some("req_1"));
        assert_eq!(event.breadcrumbs.len(), 1);
        assert_eq!((event.time, event.level), (UnixNanos(7), Some(Severity::Error)));
        assert_eq!(event.event_id.len(), 32);
    }

    #[test]
    fn the_service_is_the_package_of_the_release() {
        for (release, service) in [
            ("orders-api@1.4.2", "orders-api"),
            ("@shop/web@2.0.0+3", "@shop/web"),
            ("8f3a1c", "host-1"),
            ("@2.0.0", "host-1"),
        ] {
            let json = serde_json::json!({ "release": release, "server_name": "host-1" });
            assert_eq!(decode(&json.to_string()).service, service, "{release}");
        }
    }

    #[test]
    fn text_that_was_cut_within_a_character_does_not_lose_the_event() {
        let payload = [&b"{\"message\":\"half \\ud83d, bytes \xf0\x9f"[..], b"\"}"].concat();
        let event = decode_event(&payload, None, UnixNanos(7)).unwrap();
        assert_eq!(event.message, "half \u{fffd}, bytes \u{fffd}");
    }

    #[test]
    fn what_is_no_object_is_refused() {
        assert!(decode_event(b"[]", None, UnixNanos(0)).is_err());
        assert!(decode_event(b"{\"a\":", None, UnixNanos(0)).is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_object_is_an_event(key in "[a-z_]{1,12}", value in ".{0,20}") {
            let json = serde_json::json!({ key: value }).to_string();
            proptest::prop_assert!(decode_event(json.as_bytes(), None, UnixNanos(0)).is_ok());
        }
    }
}
