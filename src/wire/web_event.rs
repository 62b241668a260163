//! Error events as the JSON of Sentry's web API, which names what events hold otherwise than the
//! clients' JSON does (`lineNo` for `lineno`, `entries` for what lies at the top).
//!
//! Source: docs.sentry.io, "Retrieve an Event for a Project"; `issues.md`, section 1.1.

use serde_json::{Value, json};

use super::web_issue::{level, metadata};
use crate::model::{Breadcrumb, ErrorEvent, Exception, Frame};

/// Writes an event of the issue `issue` in the project `project`, both by their numbers.
///
/// What the model does not hold (user, contexts, source around a frame's line) comes out of the event
/// as it was sent; of an event whose text is no JSON the model's part is all there is.
pub fn write_event(event: &ErrorEvent, issue: i64, project: i64) -> Value {
    let raw: Value =
        event.raw.as_ref().and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
    let of = |name: &str| raw.get(name).cloned().unwrap_or(Value::Null);
    let map = |name: &str| match of(name) {
        map @ Value::Object(_) => map,
        _ => json!({}),
    };
    let (kind, metadata) = metadata(event);
    let release = (!event.release.is_empty()).then(|| json!({ "version": event.release }));
    let location = event.outermost().and_then(Exception::crash_frame).map(|frame| &frame.filename);
    json!({
        "id": event.event_id,
        "eventID": event.event_id,
        "groupID": issue.to_string(),
        "projectID": project.to_string(),
        "title": event.title(),
        "message": event.message,
        "type": kind,
        "metadata": metadata,
        "platform": of("platform"),
        "level": level(event.level),
        "dateCreated": event.time,
        "culprit": event.culprit(),
        "location": location,
        "release": release,
        "dist": of("dist"),
        "environment": (!event.environment.is_empty()).then_some(&event.environment),
        "tags": tags(event),
        "user": of("user"),
        "contexts": map("contexts"),
        "context": map("extra"),
        "sdk": of("sdk"),
        "packages": map("modules"),
        "fingerprints": event.fingerprint,
        "errors": [],
        "entries": entries(event, &raw),
    })
}

/// The sender's tags, and those that Sentry makes of what is no tag.
fn tags(event: &ErrorEvent) -> Vec<Value> {
    let tag = |key: &str, value: &str| json!({ "key": key, "value": value });
    let mut tags: Vec<Value> = event.tags.iter().map(|(key, value)| tag(key, value)).collect();
    for (key, value) in [
        ("level", level(event.level)),
        ("environment", &event.environment),
        ("release", &event.release),
        ("transaction", &event.transaction),
    ] {
        if !value.is_empty() && event.tags.iter().all(|(known, _)| known != key) {
            tags.push(tag(key, value));
        }
    }
    tags
}

fn entries(event: &ErrorEvent, raw: &Value) -> Vec<Value> {
    let mut entries = Vec::new();
    let mut add = |kind: &str, data: Value| entries.push(json!({ "type": kind, "data": data }));
    let values = |name: &str| list(raw, name);
    if let Some(sent) = values("exception") {
        add("exception", json!({ "values": sent.iter().map(exception_sent).collect::<Vec<_>>() }));
    } else if !event.exceptions.is_empty() {
        let known: Vec<Value> = event.exceptions.iter().map(exception_known).collect();
        add("exception", json!({ "values": known }));
    }
    if !event.message.is_empty() {
        let logged = raw.get("logentry").or_else(|| raw.get("message"));
        let part = |name: &str| logged.and_then(|logged| logged.get(name)).cloned();
        let data = json!({ "formatted": event.message,
            "message": part("message").unwrap_or_else(|| event.message.as_str().into()),
            "params": part("params") });
        add("message", data);
    }
    if let Some(sent) = values("breadcrumbs") {
        add("breadcrumbs", json!({ "values": sent }));
    } else if !event.breadcrumbs.is_empty() {
        let known: Vec<Value> = event.breadcrumbs.iter().map(breadcrumb_known).collect();
        add("breadcrumbs", json!({ "values": known }));
    }
    if let Some(request) = raw.get("request").filter(|request| request.is_object()) {
        add("request", request_sent(request));
    }
    if let Some(threads) = values("threads") {
        add("threads", json!({ "values": threads }));
    }
    entries
}

/// Returns what is sent as `{"values": […]}`, as a list, or as the one value.
fn list(raw: &Value, name: &str) -> Option<Vec<Value>> {
    let sent = raw.get(name)?;
    let listed = sent.get("values").unwrap_or(sent);
    let listed = match listed {
        Value::Array(values) => values.iter().filter(|value| value.is_object()).cloned().collect(),
        Value::Object(_) => vec![listed.clone()],
        _ => Vec::new(),
    };
    (!listed.is_empty()).then_some(listed)
}

fn exception_sent(sent: &Value) -> Value {
    let stacktrace = |name: &str| {
        let frames = sent.get(name)?.get("frames")?.as_array()?;
        let frames: Vec<Value> = frames.iter().map(frame_sent).collect();
        Some(json!({ "frames": frames, "framesOmitted": sent[name].get("frames_omitted"),
            "hasSystemFrames": frames.iter().any(|frame| frame["inApp"] != true) }))
    };
    json!({
        "type": sent.get("type"),
        "value": sent.get("value"),
        "module": sent.get("module"),
        "mechanism": sent.get("mechanism"),
        "threadId": sent.get("thread_id"),
        "stacktrace": stacktrace("stacktrace"),
        "rawStacktrace": stacktrace("raw_stacktrace"),
    })
}

fn frame_sent(sent: &Value) -> Value {
    json!({
        "filename": sent.get("filename"),
        "absPath": sent.get("abs_path"),
        "module": sent.get("module"),
        "package": sent.get("package"),
        "function": sent.get("function"),
        "lineNo": sent.get("lineno"),
        "colNo": sent.get("colno"),
        "inApp": sent.get("in_app").and_then(Value::as_bool).unwrap_or(false),
        "context": source(sent),
        "vars": sent.get("vars"),
    })
}

/// Returns the lines around a frame's own as `[number, text]`.
fn source(sent: &Value) -> Vec<Value> {
    let (Some(line), Some(own)) =
        (sent.get("lineno").and_then(Value::as_u64), sent.get("context_line"))
    else {
        return Vec::new();
    };
    let lines = |name: &str| sent.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let before = lines("pre_context");
    let first = line.saturating_sub(before.len() as u64);
    let all = before.into_iter().chain([own.clone()]).chain(lines("post_context"));
    (first..).zip(all).map(|(number, text)| json!([number, text])).collect()
}

fn request_sent(sent: &Value) -> Value {
    let pairs = |name: &str| match sent.get(name) {
        Some(Value::Object(map)) => map.iter().map(|(key, value)| json!([key, value])).collect(),
        Some(Value::Array(pairs)) => pairs.clone(),
        _ => Vec::new(),
    };
    json!({
        "method": sent.get("method"),
        "url": sent.get("url"),
        "query": sent.get("query_string"),
        "headers": pairs("headers"),
        "cookies": pairs("cookies"),
        "data": sent.get("data"),
        "env": sent.get("env"),
        "fragment": sent.get("fragment"),
    })
}

fn exception_known(exception: &Exception) -> Value {
    let frame = |frame: &Frame| {
        json!({ "filename": frame.filename, "function": frame.function, "lineNo": frame.line,
            "inApp": frame.in_app,
            "context": frame.line.map_or_else(Vec::new, |line| vec![json!([line, frame.source])]) })
    };
    let frames: Vec<Value> = exception.frames.iter().map(frame).collect();
    let stacktrace = (!frames.is_empty()).then(|| json!({ "frames": frames }));
    let mechanism = exception.handled.map(|handled| json!({ "handled": handled }));
    json!({ "type": exception.kind, "value": exception.value, "module": exception.module,
        "mechanism": mechanism, "stacktrace": stacktrace })
}

fn breadcrumb_known(crumb: &Breadcrumb) -> Value {
    json!({ "timestamp": crumb.time, "category": crumb.category, "message": crumb.message })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::UnixNanos;
    use crate::wire::decode_event;

    /// Returns what is written of an event with and without its text.
    fn written(sent: &Value) -> (Value, Value) {
        let text = sent.to_string();
        let mut event = decode_event(text.as_bytes(), None, UnixNanos(0)).unwrap();
        event.raw = serde_json::from_str(&text).ok();
        let whole = write_event(&event, 7, 3);
        event.raw = None;
        (whole, write_event(&event, 7, 3))
    }

    fn entry<'a>(event: &'a Value, kind: &str) -> &'a Value {
        let entries = event["entries"].as_array().unwrap();
        &entries.iter().find(|entry| entry["type"] == kind).unwrap()["data"]
    }

    #[test]
    fn a_frame_has_its_source_with_numbers_and_the_other_names() {
        let frame = json!({ "filename": "a.py", "abs_path": "/a.py", "lineno": 8, "in_app": true,
            "function": "f", "pre_context": ["x", "y"], "context_line": "z", "post_context": ["w"] });
        let sent = json!({ "event_id": "0123456789abcdef0123456789abcdef", "platform": "python",
            "exception": [{ "type": "KeyError", "value": "'k'", "stacktrace": { "frames": [frame] } }],
            "request": { "method": "GET", "query_string": "a=1", "headers": { "Host": "h" } },
            "tags": { "request_id": "r-1" }, "user": { "id": "u" } });
        let (whole, known) = written(&sent);
        let frame = &entry(&whole, "exception")["values"][0]["stacktrace"]["frames"][0];
        assert_eq!(frame["context"], json!([[6, "x"], [7, "y"], [8, "z"], [9, "w"]]));
        assert_eq!(
            (&frame["absPath"], &frame["lineNo"], &frame["inApp"]),
            (&json!("/a.py"), &json!(8), &json!(true))
        );
        assert_eq!(entry(&whole, "request")["headers"], json!([["Host", "h"]]));
        assert_eq!(entry(&whole, "request")["query"], "a=1");
        assert_eq!((&whole["groupID"], &whole["user"]["id"]), (&json!("7"), &json!("u")));
        assert!(whole["tags"].as_array().unwrap().contains(&json!(
            { "key": "request_id", "value": "r-1" }
        )));
        let frame = &entry(&known, "exception")["values"][0]["stacktrace"]["frames"][0];
        assert_eq!((&frame["filename"], &frame["lineNo"]), (&json!("a.py"), &json!(8)));
    }

    proptest::proptest! {
        /// Clients send anything in any place.
        #[test]
        fn writing_never_panics(
            name in "exception|request|breadcrumbs|threads|logentry|user",
            value in proptest::sample::select(vec![
                json!(null), json!([]), json!(1), json!("a"), json!({}), json!([[1], {}, "a"]),
                json!({ "values": [1, {}] }), json!({ "values": 1, "headers": [1] }),
                json!([{ "stacktrace": { "frames": [1, { "lineno": 0, "context_line": 1 }] } }]),
            ]),
        ) {
            let (whole, _) = written(&json!({ name: value }));
            proptest::prop_assert!(whole["entries"].is_array());
        }
    }
}
