//! Bytes from outside: recorded ones read alike in every encoding, damaged ones never panic.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, any_value::Value as Typed,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{
    ResourceSpans, ScopeSpans, Span as SentSpan, Status, span,
};
use proptest::prelude::*;
use prost::Message as _;
use serde_json::{Value, json};

use super::otlp_common::hex;
use super::*;
use crate::model::UnixNanos;

fn files(folder: &str, ending: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(folder);
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> =
        entries.filter(|path| path.to_str().is_some_and(|name| name.ends_with(ending))).collect();
    paths.sort();
    let plain = |path| {
        let body = std::fs::read(path).unwrap();
        let encodings = Encodings::default().or_by_magic(&body);
        inflate(&body, &encodings, 1 << 22).unwrap().into_owned()
    };
    paths.into_iter().map(plain).collect()
}

/// Reads the bytes as everything that they could be said to be.
fn read_as_anything(bytes: &[u8]) {
    for format in [OtlpFormat::Protobuf, OtlpFormat::Json] {
        drop(decode_traces(bytes, format));
        drop(decode_logs(bytes, format));
        drop(decode_metrics(bytes, format));
    }
    drop(decode_any_traces(bytes, &mut |_| true));
    drop(decode_json_traces(bytes, &mut |_| true));
    drop(decode_protobuf_traces(bytes, &mut |_| true));
    drop(decode_event(bytes, None, UnixNanos(0)));
    if let Ok(envelope) = Envelope::read(bytes) {
        for item in &envelope.items {
            drop(decode_event(item.payload, envelope.event_id.as_deref(), UnixNanos(0)));
        }
    }
    for encoding in ["", "gzip", "deflate", "zstd", "br", "gzip, zstd"] {
        drop(inflate(bytes, &Encodings::from_header(encoding).unwrap(), 1 << 16));
    }
}

/// What can happen to a body on its way.
#[derive(Debug, Clone)]
enum Damage {
    CutAt(prop::sample::Index),
    Flip(prop::sample::Index, u8),
    Insert(prop::sample::Index, Vec<u8>),
    Remove(prop::sample::Index, usize),
}

impl Damage {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let place = |index: &prop::sample::Index| index.index(bytes.len().max(1)).min(bytes.len());
        match self {
            Self::CutAt(index) => bytes.truncate(place(index)),
            Self::Flip(index, mask) => {
                let place = place(index);
                if let Some(byte) = bytes.get_mut(place) {
                    *byte ^= mask;
                }
            }
            Self::Insert(index, more) => {
                let place = place(index);
                bytes.splice(place..place, more.iter().copied());
            }
            Self::Remove(index, length) => {
                let start = place(index);
                bytes.drain(start..(start + length).min(bytes.len()));
            }
        }
    }
}

fn damage() -> impl Strategy<Value = Damage> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        index().prop_map(Damage::CutAt),
        (index(), 1..=255_u8).prop_map(|(index, mask)| Damage::Flip(index, mask)),
        (index(), prop::collection::vec(any::<u8>(), 1..9))
            .prop_map(|(index, more)| Damage::Insert(index, more)),
        (index(), 1..40_usize).prop_map(|(index, length)| Damage::Remove(index, length)),
    ]
}

/// The smallest recorded bodies: they hold every part that the large ones do.
fn recorded() -> Vec<Vec<u8>> {
    let json = files("otlp", ".otlp.jsonl").concat();
    let lines = json.split(|byte| *byte == b'\n').map(<[u8]>::to_vec);
    let mut all: Vec<Vec<u8>> = lines.collect();
    all.extend(files("otlp", ".bin"));
    all.extend(files("traces/tempo", ""));
    // The answers of a few spans; the others are larger than what is damaged here.
    all.extend(files("traces/victoriatraces", ""));
    all.extend(
        ["python", "node", "rust"]
            .iter()
            .flat_map(|name| files(&format!("sentry/{name}"), ".body")),
    );
    all.retain(|body| body.len() < 16_000);
    assert!(all.len() > 90, "{}", all.len());
    all
}

#[test]
fn damaged_recordings_never_panic() {
    let bodies = recorded();
    let damages = prop::collection::vec(damage(), 1..4);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(400));
    let tested = runner.run(&(any::<prop::sample::Index>(), damages), |(index, damages)| {
        let mut body = index.get(&bodies).clone();
        for damage in &damages {
            damage.apply(&mut body);
        }
        read_as_anything(&body);
        Ok(())
    });
    tested.unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        read_as_anything(&bytes);
    }

    #[test]
    fn arbitrary_json_never_panics(text in r#"([{}\[\]:,0-9"]|"[a-z]{1,3}"|null|-?1e9|"spans":|"resourceSpans":\[){0,40}"#) {
        read_as_anything(text.as_bytes());
    }

    #[test]
    fn a_span_is_the_same_out_of_protobuf_and_out_of_json(span in sent_span()) {
        let protobuf = decode_traces(&protobuf_of(&span), OtlpFormat::Protobuf).unwrap();
        let text = json_of(&span).to_string();
        let json = decode_traces(text.as_bytes(), OtlpFormat::Json).unwrap();
        prop_assert_eq!(&protobuf, &json);
        for body in [text.as_bytes(), &protobuf_of(&span)] {
            let read = decode_any_traces(body, &mut |_| true).unwrap();
            prop_assert_eq!(&read.spans, &protobuf.accepted);
            prop_assert_eq!(read.incomplete.len(), protobuf.rejected.len());
        }
    }
}

fn value() -> impl Strategy<Value = Typed> {
    let leaf = prop_oneof![
        "\\PC{0,8}".prop_map(Typed::StringValue),
        any::<bool>().prop_map(Typed::BoolValue),
        any::<i64>().prop_map(Typed::IntValue),
        // Eighths: serde_json reads other decimals to within one unit in the last place only.
        any::<i32>().prop_map(|eighths| Typed::DoubleValue(f64::from(eighths) / 8.0)),
        prop::collection::vec(any::<u8>(), 0..5).prop_map(Typed::BytesValue),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop::collection::vec(inner.prop_map(|value| AnyValue { value: Some(value) }), 0..4)
            .prop_map(|values| Typed::ArrayValue(ArrayValue { values }))
    })
}

fn attributes() -> impl Strategy<Value = Vec<KeyValue>> {
    let pair = ("[a-z.]{1,6}", value()).prop_map(|(key, value)| KeyValue {
        key,
        value: Some(AnyValue { value: Some(value) }),
        ..Default::default()
    });
    prop::collection::vec(pair, 0..4)
}

fn sent_span() -> impl Strategy<Value = SentSpan> {
    let ids = (any::<u128>(), any::<u64>(), any::<u64>());
    let times = (any::<u64>(), 0..i64::MAX.unsigned_abs(), any::<u64>());
    let words = ("\\PC{0,12}", "\\PC{0,5}", 0..7_i32, 0..4_i32);
    (ids, times, words, attributes(), attributes()).prop_map(
        |((trace, id, parent), (start, end, at), (name, message, kind, code), outer, inner)| {
            let event = span::Event {
                time_unix_nano: at,
                name: name.clone(),
                attributes: inner,
                ..Default::default()
            };
            let link = span::Link {
                trace_id: (!trace).to_be_bytes().to_vec(),
                span_id: (!id).to_be_bytes().to_vec(),
                ..Default::default()
            };
            SentSpan {
                trace_id: trace.to_be_bytes().to_vec(),
                span_id: id.to_be_bytes().to_vec(),
                parent_span_id: if parent % 3 == 0 {
                    vec![]
                } else {
                    parent.to_be_bytes().to_vec()
                },
                name,
                kind,
                start_time_unix_nano: start,
                end_time_unix_nano: end,
                attributes: outer,
                events: vec![event],
                links: vec![link],
                status: Some(Status { message, code }),
                ..Default::default()
            }
        },
    )
}

fn protobuf_of(span: &SentSpan) -> Vec<u8> {
    let scope = InstrumentationScope { name: "lib".to_owned(), ..Default::default() };
    let name = Typed::StringValue("web".to_owned());
    let service = KeyValue {
        key: "service.name".to_owned(),
        value: Some(AnyValue { value: Some(name) }),
        ..Default::default()
    };
    let resource = Resource { attributes: vec![service], ..Default::default() };
    let spans = ScopeSpans { scope: Some(scope), spans: vec![span.clone()], ..Default::default() };
    let of_resource =
        ResourceSpans { resource: Some(resource), scope_spans: vec![spans], ..Default::default() };
    ExportTraceServiceRequest { resource_spans: vec![of_resource] }.encode_to_vec()
}

fn json_of(span: &SentSpan) -> Value {
    let events = span.events.iter().map(|event| {
        json!({ "timeUnixNano": event.time_unix_nano.to_string(), "name": event.name,
            "attributes": json_pairs(&event.attributes) })
    });
    let links = span
        .links
        .iter()
        .map(|link| json!({ "traceId": hex(&link.trace_id), "spanId": hex(&link.span_id) }));
    let status = span.status.as_ref().unwrap();
    let span = json!({
        "traceId": hex(&span.trace_id), "spanId": hex(&span.span_id),
        "parentSpanId": hex(&span.parent_span_id), "name": span.name, "kind": span.kind,
        "startTimeUnixNano": span.start_time_unix_nano.to_string(),
        "endTimeUnixNano": span.end_time_unix_nano.to_string(),
        "attributes": json_pairs(&span.attributes),
        "events": events.collect::<Vec<_>>(), "links": links.collect::<Vec<_>>(),
        "status": { "code": status.code, "message": status.message }
    });
    let service = json!([{ "key": "service.name", "value": { "stringValue": "web" } }]);
    json!({ "resourceSpans": [{ "resource": { "attributes": service },
        "scopeSpans": [{ "scope": { "name": "lib" }, "spans": [span] }] }] })
}

fn json_pairs(pairs: &[KeyValue]) -> Value {
    let pair =
        |pair: &KeyValue| json!({ "key": pair.key, "value": json_typed(pair.value.as_ref()) });
    pairs.iter().map(pair).collect()
}

fn json_typed(value: Option<&AnyValue>) -> Value {
    match value.and_then(|any| any.value.as_ref()) {
        Some(Typed::StringValue(text)) => json!({ "stringValue": text }),
        Some(Typed::BoolValue(truth)) => json!({ "boolValue": truth }),
        Some(Typed::IntValue(number)) => json!({ "intValue": number.to_string() }),
        Some(Typed::DoubleValue(number)) => json!({ "doubleValue": number }),
        Some(Typed::BytesValue(bytes)) => json!({ "bytesValue": BASE64.encode(bytes) }),
        Some(Typed::ArrayValue(array)) => {
            let values: Value = array.values.iter().map(|item| json_typed(Some(item))).collect();
            json!({ "arrayValue": { "values": values } })
        }
        _ => Value::Null,
    }
}
