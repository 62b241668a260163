//! Transactions and spans as three clients send them, and as they should not.

use serde_json::json;

use super::*;
use crate::model::{SpanKind, SpanStatus, UnixNanos};

const TRACE: &str = "3aaf020509507169866ab65c27c47348";

fn transaction(sent: &Value) -> Decoded<Span> {
    decode_transaction(sent.to_string().as_bytes()).unwrap()
}

fn spans(sent: &Value) -> Decoded<Span> {
    decode_sentry_spans(sent.to_string().as_bytes()).unwrap()
}

fn shown(span: &Span, key: &str) -> String {
    span.attribute(key).map(ToString::to_string).unwrap_or_default()
}

#[test]
fn a_transaction_is_a_root_and_its_children() {
    let decoded = transaction(&json!({
        "transaction": "GET /rust", "release": "rust-demo@0.3.0", "environment": "staging",
        "server_name": "vm", "tags": { "request_id": "req-1", "http.status_code": "200" },
        "user": { "id": 7 }, "sdk": { "name": "sentry.rust", "version": "0.49.5" },
        "request": { "method": "GET", "url": "http://localhost/rust" },
        "timestamp": "2026-11-22T06:55:05.339803Z", "start_timestamp": 1_795_330_505.339_786,
        "contexts": { "trace": { "trace_id": TRACE, "span_id": "b464bfde0fd8b4ef",
            "op": "http.server", "status": "ok", "origin": "auto.http",
            "data": { "thread.name": "main", "http.request.method": "HEAD" } } },
        "spans": [
            { "span_id": "a3cfa3162a1e1733", "trace_id": TRACE,
              "parent_span_id": "b464bfde0fd8b4ef", "op": "db.query", "description": "select 1",
              "timestamp": 1_795_330_505.339_795, "start_timestamp": 1_795_330_505.339_794 },
            { "span_id": "a3cfa3162a1e1734", "op": "serialize", "status": "internal_error",
              "timestamp": 1_795_330_505.339_79, "start_timestamp": 1_795_330_505.339_795 } ] }));
    assert_eq!(decoded.rejected_total(), 0);
    let [root, query, serialize] = decoded.accepted.as_slice() else { panic!("{decoded:?}") };
    assert_eq!(
        (root.name.as_str(), root.kind, root.status),
        ("GET /rust", SpanKind::Server, SpanStatus::Ok)
    );
    assert_eq!((root.service.as_str(), root.parent), ("rust-demo", None));
    assert_eq!(
        (root.start, root.duration_ns()),
        (UnixNanos(1_795_330_505_339_786_000), Some(17_000))
    );
    for (key, value) in [
        ("request_id", "req-1"),
        ("sentry.op", "http.server"),
        ("user.id", "7"),
        ("sentry.origin", "auto.http"),
        ("thread.name", "main"),
        ("url.full", "http://localhost/rust"),
        ("http.request.method", "HEAD"),
    ] {
        assert_eq!(shown(root, key), value, "{key}");
    }
    assert_eq!(root.http_status(), Some(200));
    assert!(root.resource.contains(&("deployment.environment.name".to_owned(), "staging".into())));
    assert_eq!(
        (query.name.as_str(), query.kind, query.parent),
        ("select 1", SpanKind::Client, Some(root.span_id))
    );
    assert_eq!((query.service.as_str(), query.duration_ns()), ("rust-demo", Some(1_000)));
    // Without a parent it is the root's; an end before the start is none.
    assert_eq!((serialize.parent, serialize.trace_id), (Some(root.span_id), root.trace_id));
    assert_eq!((serialize.name.as_str(), serialize.end), ("serialize", None));
    assert_eq!(
        (serialize.status, serialize.status_message.as_str()),
        (SpanStatus::Error, "internal_error")
    );
}

#[test]
fn spans_come_alone_or_in_a_list_with_typed_attributes() {
    let text = |value: &str| json!({ "value": value, "type": "string" });
    let listed = spans(&json!({ "version": 2, "items": [{
        "name": "GET /js", "span_id": "8df76de100186c89", "trace_id": TRACE, "status": "ok",
        "start_timestamp": 1.5, "end_timestamp": 2.5, "is_segment": true,
        "links": [{ "trace_id": TRACE, "span_id": "86d5d84b947771ae" }, 7, { "span_id": "1" }],
        "attributes": { "sentry.op": text("http.server"), "sentry.release": text("web@2.0.0"),
            "server.address": text("web-1"), "request_id": text("req-1"),
            "device.archs": { "value": ["x64"], "type": "array" } } }] }));
    let span = &listed.accepted[0];
    assert_eq!(
        (span.name.as_str(), span.kind, span.service.as_str()),
        ("GET /js", SpanKind::Server, "web")
    );
    assert_eq!((span.start, span.duration_ns()), (UnixNanos(1_500_000_000), Some(1_000_000_000)));
    assert_eq!(
        (shown(span, "request_id"), shown(span, "device.archs")),
        ("req-1".to_owned(), "[\"x64\"]".to_owned())
    );
    assert_eq!(span.links.len(), 1);
    let alone =
        spans(&json!({ "span_id": "8df76de100186c89", "trace_id": TRACE, "op": "http.client",
        "description": "GET http://x/", "start_timestamp": 1, "timestamp": 2,
        "data": { "sentry.release": "web@2.0.0", "http.response.status_code": 404 } }));
    let span = &alone.accepted[0];
    assert_eq!(
        (span.service.as_str(), span.kind, span.is_error()),
        ("web", SpanKind::Client, true)
    );
    assert_eq!(span.name, "GET http://x/");
}

#[test]
fn spans_without_ids_or_times_are_refused_alone() {
    let good = json!({ "span_id": "8df76de100186c89", "trace_id": TRACE, "start_timestamp": 1 });
    let zero = json!({ "span_id": "0000000000000000", "trace_id": TRACE, "start_timestamp": 1 });
    let timeless = json!({ "span_id": "8df76de100186c89", "trace_id": TRACE });
    let decoded = spans(&json!({ "items": [zero, null, 7, good, timeless, {}] }));
    assert_eq!((decoded.accepted.len(), decoded.rejected_total()), (1, 5));
    assert!(decoded.told().contains("id must be"), "{}", decoded.told());
    assert_eq!(decoded.accepted[0].service, UNKNOWN_SERVICE);
    // A transaction without a trace still has its children.
    let orphaned = transaction(&json!({ "contexts": null, "spans": [good, {}] }));
    assert_eq!((orphaned.accepted.len(), orphaned.rejected_total()), (1, 2));
    assert_eq!(orphaned.accepted[0].parent, None);
}

#[test]
fn a_list_without_end_is_cut_and_counted() {
    let many = format!("{{\"items\":[{}{{}}]}}", "{},".repeat(10_004));
    let decoded = decode_sentry_spans(many.as_bytes()).unwrap();
    assert_eq!((decoded.accepted.len(), decoded.rejected_total()), (0, 10_005));
}

proptest::proptest! {
    #[test]
    fn any_shape_of_any_member_is_read(
        member in "trace_id|span_id|status|data|attributes|tags|links|contexts|spans|items|request",
        shape in r#"null|true|-1|1e99|"x"|\[\]|\[\[1\]\]|\[\{\}\]|\{\}|\{"a":\{\}\}"#,
    ) {
        let sent = format!("{{\"{member}\":{shape}}}");
        proptest::prop_assert!(decode_transaction(sent.as_bytes()).is_ok(), "{}", sent);
        proptest::prop_assert!(decode_sentry_spans(sent.as_bytes()).is_ok(), "{}", sent);
    }
}
