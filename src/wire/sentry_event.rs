//! Sentry's event payload, as any of its clients writes it, read leniently.
//!
//! Source: develop.sentry.dev, "Event Payloads"; the older shapes that clients still send are taken
//! too (`exception` as a list, `tags` as pairs, times as numbers or text).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::WireError;
use super::json_text::json_value;
use super::otlp_common::hex;
use super::sentry_json::{KEPT_MAX, Listed, Object, Scalar, TextOr, read_json};
use super::sentry_sender::{pairs, request_id, service};
use super::sentry_time::time;
use crate::model::{
    Breadcrumb, ErrorEvent, Exception, Frame, Severity, SpanId, TraceId, UnixNanos,
};

#[derive(Deserialize, Default)]
#[serde(default)]
struct SentEvent {
    event_id: Scalar,
    timestamp: Scalar,
    level: Scalar,
    logger: Scalar,
    release: Scalar,
    environment: Scalar,
    server_name: Scalar,
    transaction: Scalar,
    user: Object<SentUser>,
    tags: Value,
    contexts: Object<SentContexts>,
    exception: Listed<SentException>,
    breadcrumbs: Listed<SentBreadcrumb>,
    logentry: TextOr<SentMessage>,
    message: TextOr<SentMessage>,
    fingerprint: Value,
    #[serde(rename = "_meta")]
    meta: Object<SentMeta>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SentUser {
    id: Scalar,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SentContexts {
    trace: Object<SentTrace>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SentTrace {
    trace_id: Scalar,
    span_id: Scalar,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SentException {
    #[serde(rename = "type")]
    kind: Scalar,
    value: Value,
    module: Scalar,
    mechanism: Object<SentMechanism>,
    stacktrace: Object<SentStack>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SentMechanism {
    handled: Scalar,
    synthetic: Scalar,
    exception_id: Scalar,
    parent_id: Scalar,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SentStack {
    frames: Listed<SentFrame>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SentFrame {
    function: Scalar,
    filename: Scalar,
    abs_path: Scalar,
    module: Scalar,
    lineno: Scalar,
    in_app: Scalar,
    context_line: Scalar,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SentBreadcrumb {
    timestamp: Scalar,
    category: Scalar,
    #[serde(rename = "type")]
    kind: Scalar,
    message: Scalar,
    /// Only read where there is no message.
    data: Option<Box<RawValue>>,
}

/// A message with its parameters, or only its text.
#[derive(Deserialize, Default)]
#[serde(default)]
struct SentMessage {
    message: Scalar,
    formatted: Scalar,
    params: Value,
}

/// What the sender says about texts that it cut: `{"exception": {"values": {"0": {"value": {"": …}}}}}`.
#[derive(Deserialize, Default)]
#[serde(default)]
struct SentMeta {
    exception: Object<SentMetaValues>,
    logentry: Value,
    message: Value,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SentMetaValues {
    values: Object<BTreeMap<String, Object<SentMetaException>>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SentMetaException {
    value: Value,
}

/// Reads an event; `event_id` is the envelope's, which wins over the payload's.
///
/// Errs when the payload is no JSON object; a member of the wrong shape is only missing. One pass;
/// holds what it returns and little more. `raw` stays empty: the store has the bytes themselves.
pub fn decode_event(
    payload: &[u8],
    event_id: Option<&str>,
    received: UnixNanos,
) -> Result<ErrorEvent, WireError> {
    let sent: SentEvent = read_json(payload)?;
    let tags = pairs(sent.tags);
    let trace = sent.contexts.0.and_then(|contexts| contexts.trace.0).unwrap_or_default();
    let own_id = event_id.or_else(|| sent.event_id.text()).and_then(TraceId::from_hex);
    let release = sent.release.or_empty();
    let (message, template) =
        message(sent.logentry).or_else(|| self::message(sent.message)).unwrap_or_default();
    Ok(ErrorEvent {
        event_id: own_id.map_or_else(|| id_of_content(payload), |id| id.to_string()),
        time: time(&sent.timestamp).unwrap_or(received),
        level: sent.level.text().map_or(Some(Severity::Error), Severity::from_name),
        service: service(&tags, &release, sent.server_name.text().unwrap_or_default()),
        release,
        environment: sent.environment.or_empty(),
        transaction: sent.transaction.or_empty(),
        request_id: request_id(&tags),
        trace_id: trace.trace_id.text().and_then(TraceId::from_hex).map(|id| id.to_string()),
        span_id: trace.span_id.text().and_then(SpanId::from_hex).map(|id| id.to_string()),
        user: sent.user.0.map(|user| user.id.shown()).unwrap_or_default(),
        message,
        template,
        logger: sent.logger.or_empty(),
        trimmed: sent.meta.0.map(trimmed).unwrap_or_default(),
        exceptions: exceptions(sent.exception),
        breadcrumbs: sent.breadcrumbs.0.into_iter().map(breadcrumb).collect(),
        fingerprint: fingerprint(sent.fingerprint),
        tags,
        issue_id: String::new(),
        raw: None,
    })
}

/// Makes an id for an event that has none: the same event sent again gets the same.
fn id_of_content(payload: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, payload);
    hex(&digest.as_ref()[..16])
}

fn exceptions(sent: Listed<SentException>) -> Vec<Exception> {
    let of = |one: &SentException, id: fn(&SentMechanism) -> &Scalar| {
        one.mechanism.0.as_ref().and_then(|mechanism| id(mechanism).count())
    };
    let mut children = BTreeMap::<u64, usize>::new();
    for one in &sent.0 {
        let id = of(one, |mechanism| &mechanism.exception_id);
        let parent = of(one, |mechanism| &mechanism.parent_id).filter(|parent| Some(*parent) != id);
        if let Some(parent) = parent {
            *children.entry(parent).or_default() += 1;
        }
    }
    let read = |one: SentException| {
        let id = of(&one, |mechanism| &mechanism.exception_id);
        let children = id.and_then(|id| children.get(&id)).copied().unwrap_or(0);
        Exception { children, ..exception(one) }
    };
    sent.0.into_iter().map(read).collect()
}

fn exception(sent: SentException) -> Exception {
    let mechanism = sent.mechanism.0.unwrap_or_default();
    Exception {
        kind: sent.kind.or_empty(),
        value: match sent.value {
            Value::String(value) => value,
            Value::Null => String::new(),
            other => other.to_string(),
        },
        module: sent.module.or_empty(),
        handled: mechanism.handled.truth(),
        frames: sent.stacktrace.0.unwrap_or_default().frames.0.into_iter().map(frame).collect(),
        synthetic: mechanism.synthetic.truth().unwrap_or(false),
        children: 0,
    }
}

fn frame(sent: SentFrame) -> Frame {
    let module = sent.module.or_empty();
    let file = [sent.filename, sent.abs_path].into_iter().map(Scalar::or_empty);
    Frame {
        function: sent.function.or_empty(),
        filename: file.into_iter().find(|name| !name.is_empty()).unwrap_or_else(|| module.clone()),
        module,
        line: sent.lineno.count(),
        in_app: sent.in_app.truth().unwrap_or(false),
        source: sent.context_line.or_empty(),
    }
}

fn breadcrumb(sent: SentBreadcrumb) -> Breadcrumb {
    let message = sent.message.or_empty();
    let data = sent.data.filter(|_| message.is_empty());
    let data = data.and_then(|data| json_value(data.get().as_bytes()).ok());
    let told = data.filter(|data| data.as_object().is_some_and(|data| !data.is_empty()));
    let category = sent.category.into_text().filter(|category| !category.is_empty());
    Breadcrumb {
        time: time(&sent.timestamp),
        category: category.unwrap_or_else(|| sent.kind.or_empty()),
        message: told.map_or(message, |data| data.to_string()),
    }
}

/// Returns the text as a reader sees it, and the text before its parameters were put in.
fn message(sent: TextOr<SentMessage>) -> Option<(String, String)> {
    let (shown, template) = match sent {
        TextOr::Nothing => return None,
        TextOr::Text(text) => (text, String::new()),
        TextOr::Object(entry) => {
            let template = entry.message.or_empty();
            let formatted = entry.formatted.into_text().filter(|text| !text.is_empty());
            (formatted.unwrap_or_else(|| with_parameters(&template, &entry.params)), template)
        }
    };
    (!shown.is_empty()).then_some((shown, template))
}

/// Puts the parameters of a list into the places of `%s`, `%d` and `{}`, as the client would have
/// done that did not send the result.
fn with_parameters(template: &str, parameters: &Value) -> String {
    let mut shown = String::with_capacity(template.len());
    let mut rest = template;
    for parameter in parameters.as_array().map(Vec::as_slice).unwrap_or_default() {
        let place = ["%s", "%d", "{}"].iter().filter_map(|place| rest.find(place)).min();
        let Some((before, after)) = place.and_then(|place| rest.split_at_checked(place)) else {
            break;
        };
        shown.push_str(before);
        match parameter {
            Value::String(text) => shown.push_str(text),
            other => shown.push_str(&other.to_string()),
        }
        rest = after.get(2..).unwrap_or_default();
    }
    shown.push_str(rest);
    shown
}

fn fingerprint(sent: Value) -> Vec<String> {
    let Value::Array(parts) = sent else { return Vec::new() };
    let text = |part| match part {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let parts: Vec<String> = parts.into_iter().filter_map(text).take(KEPT_MAX).collect();
    let only_default = matches!(parts.as_slice(), [part] if is_default(part));
    if only_default { Vec::new() } else { parts }
}

fn is_default(part: &str) -> bool {
    part.strip_prefix("{{").and_then(|part| part.strip_suffix("}}")).map(str::trim)
        == Some("default")
}

/// Returns the paths of what the sender cut; a remark stands below the empty key of its path.
fn trimmed(meta: SentMeta) -> Vec<String> {
    let is_remark = |value: &Value| value.get("").is_some();
    let values = meta.exception.0.and_then(|exception| exception.values.0).unwrap_or_default();
    let of_exceptions = values
        .into_iter()
        .filter(|(_, one)| one.0.as_ref().is_some_and(|one| is_remark(&one.value)))
        .map(|(index, _)| format!("exception.values.{index}.value"));
    let of_entry = ["message", "formatted"]
        .into_iter()
        .filter(|name| meta.logentry.get(name).is_some_and(is_remark))
        .map(|name| format!("logentry.{name}"));
    let of_message = is_remark(&meta.message).then(|| "message".to_owned());
    of_exceptions.chain(of_entry).chain(of_message).take(KEPT_MAX).collect()
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
    fn a_message_is_text_or_a_template_with_its_parameters() {
        for (sent, shown, template) in [
            (r#"{"message":"plain"}"#, "plain", ""),
            (r#"{"message":{"message":"a %s","formatted":"a b"}}"#, "a b", "a %s"),
            (r#"{"logentry":{"message":"a %s of %d","params":["b",2]}}"#, "a b of 2", "a %s of %d"),
            (r#"{"logentry":{"message":"{} and {}","params":["x"]}}"#, "x and {}", "{} and {}"),
            (r#"{"logentry":{"message":"a","params":{"b":1}},"message":"c"}"#, "a", "a"),
            (r#"{"logentry":null,"message":"c"}"#, "c", ""),
            (r#"{"logentry":{"formatted":null},"message":"c"}"#, "c", ""),
            (r#"{"logentry":"text"}"#, "text", ""),
            (r#"{"message":["no"]}"#, "", ""),
        ] {
            let event = decode(sent);
            assert_eq!(
                (event.message.as_str(), event.template.as_str()),
                (shown, template),
                "{sent}"
            );
        }
    }

    #[test]
    fn the_senders_key_is_kept_unless_it_only_says_default() {
        for (sent, kept) in [
            (r#"["{{ default }}"]"#, &[][..]),
            (r#"["{{default}}"]"#, &[]),
            (r#"["{{ default }}","a",7,null]"#, &["{{ default }}", "a", "7"]),
            ("null", &[]),
            (r#""a""#, &[]),
        ] {
            assert_eq!(decode(&format!("{{\"fingerprint\":{sent}}}")).fingerprint, kept, "{sent}");
        }
    }

    #[test]
    fn a_group_knows_how_many_it_carries_and_a_made_up_type_is_marked() {
        let event = decode(
            r#"{"exception":{"values":[
            {"type":"B","mechanism":{"exception_id":2,"parent_id":0}},
            {"type":"A","mechanism":{"exception_id":1,"parent_id":0,"synthetic":true}},
            {"type":"ExceptionGroup","mechanism":{"exception_id":0,"parent_id":0}}]}}"#,
        );
        let children: Vec<usize> = event.exceptions.iter().map(|one| one.children).collect();
        assert_eq!(children, [0, 0, 2]);
        assert_eq!(event.title(), "ExceptionGroup");
        assert!(event.exceptions[1].synthetic && !event.exceptions[0].synthetic);
    }

    #[test]
    fn what_the_sender_cut_is_said() {
        let event = decode(
            r#"{"_meta":{"exception":{"values":{"0":{"value":{"":{"len":9000}}},"1":{"type":{}},
            "2":null}},"logentry":{"message":{"":{"rem":[["!limit","x",0,9]]}}},"message":{"":{}}}}"#,
        );
        assert_eq!(event.trimmed, ["exception.values.0.value", "logentry.message", "message"]);
        assert_eq!(
            decode(r#"{"_meta":{"exception":{"values":[1]},"extra":{"":{}}}}"#).trimmed,
            [""; 0]
        );
    }

    #[test]
    fn any_member_may_have_any_shape() {
        for member in [
            "event_id",
            "timestamp",
            "level",
            "logger",
            "release",
            "environment",
            "server_name",
            "transaction",
            "user",
            "tags",
            "contexts",
            "exception",
            "breadcrumbs",
            "logentry",
            "message",
            "fingerprint",
            "_meta",
        ] {
            for shape in
                ["null", "true", "-1", "1e3", "\"x\"", "[]", "[[1]]", "[{}]", "{}", r#"{"a":{}}"#]
            {
                let json = format!("{{\"{member}\":{shape},\"platform\":\"x\"}}");
                assert!(decode_event(json.as_bytes(), None, UnixNanos(0)).is_ok(), "{json}");
            }
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
