//! The same spans out of every format: recorded answers against the capture of what the SDK sent.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use obs::model::{Attribute, Span, SpanId, SpanKind, TraceId};
use obs::traces::{FindingKind, analyse};
use obs::wire::{
    OtlpFormat, TraceAnswer, TraceFormat, decode_any_traces, write_jaeger_json, write_otlp_json,
};
use serde_json::{Value, json};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn read(body: &[u8]) -> TraceAnswer {
    decode_any_traces(body, &mut |_| true).unwrap()
}

fn recorded(name: &str) -> TraceAnswer {
    read(&std::fs::read(fixtures().join("traces").join(name)).unwrap())
}

/// The spans that the SDK sent over gRPC: nanoseconds, and every attribute with its type.
fn capture() -> Vec<Span> {
    let mut spans = Vec::new();
    for entry in std::fs::read_dir(fixtures().join("otlp")).unwrap() {
        let path = entry.unwrap().path();
        if path.to_string_lossy().ends_with("_grpc.bin") {
            let answer = read(&std::fs::read(&path).unwrap());
            assert_eq!(answer.format, Some(TraceFormat::OtlpProtobuf), "{}", path.display());
            assert!(answer.incomplete.is_empty() && answer.warnings.is_empty(), "{answer:?}");
            spans.extend(answer.spans);
        }
    }
    spans.sort_by_key(|span| (span.trace_id, span.span_id, span.kind));
    spans
}

fn by_trace(spans: Vec<Span>) -> BTreeMap<TraceId, Vec<Span>> {
    let mut traces: BTreeMap<TraceId, Vec<Span>> = BTreeMap::new();
    for span in spans {
        traces.entry(span.trace_id).or_default().push(span);
    }
    traces
}

type Texts = BTreeMap<String, String>;

fn texts(attributes: &[Attribute]) -> Texts {
    attributes.iter().map(|(key, value)| (key.clone(), value.to_string())).collect()
}

/// A span at microseconds, its attributes as text: what Jaeger's and Zipkin's JSON can hold.
#[derive(Debug, PartialEq, Clone)]
struct Plain {
    ids: (TraceId, SpanId, Option<SpanId>),
    names: (String, String, SpanKind),
    start_us: i64,
    duration_us: Option<i64>,
    status: String,
    attributes: Texts,
    events: Vec<(i64, String, Texts)>,
    links: Vec<(TraceId, SpanId)>,
    resource: Texts,
    scope: String,
}

fn plain(span: &Span) -> Plain {
    let events = span.events.iter();
    Plain {
        ids: (span.trace_id, span.span_id, span.parent),
        names: (span.name.clone(), span.service.clone(), span.kind),
        start_us: span.start.0 / 1_000,
        duration_us: span.duration_ns().map(|nanos| nanos / 1_000),
        status: format!("{:?} {}", span.status, span.status_message),
        attributes: texts(&span.attributes),
        events: events
            .map(|event| (event.time.0 / 1_000, event.name.clone(), texts(&event.attributes)))
            .collect(),
        links: span.links.iter().map(|link| (link.trace_id, link.span_id)).collect(),
        resource: texts(&span.resource),
        scope: span.scope.clone(),
    }
}

fn assert_same(one: &[Plain], two: &[Plain]) {
    let sorted = |spans: &[Plain]| {
        let mut spans = spans.to_vec();
        spans.sort_by_key(|span| (span.ids.0, span.ids.1, span.names.2));
        spans
    };
    let (one, two) = (sorted(one), sorted(two));
    assert_eq!(one.len(), two.len());
    for (one, two) in one.iter().zip(&two) {
        assert_eq!(one, two);
    }
}

/// `VictoriaTraces` keeps an empty text as a dash: its store has no empty values.
fn without_empty_texts(mut span: Plain) -> Plain {
    let events = span.events.iter_mut().map(|(_, _, attributes)| attributes);
    for attributes in [&mut span.attributes, &mut span.resource].into_iter().chain(events) {
        for value in attributes.values_mut().filter(|value| value.is_empty()) {
            "-".clone_into(value);
        }
    }
    span
}

const VICTORIA: [&str; 6] = [
    "trace_ok",
    "trace_flaky",
    "trace_down",
    "trace_leading_zero32",
    "trace_leading_zero64",
    "trace_skew_orphan",
];

#[test]
fn what_victoriatraces_answers_is_what_the_sdk_sent_span_by_span() {
    let traces = by_trace(capture());
    assert_eq!(traces.values().map(Vec::len).sum::<usize>(), 177);
    let mut compared = 0;
    for name in VICTORIA {
        let answer = recorded(&format!("victoriatraces/{name}.json"));
        assert_eq!(answer.format, Some(TraceFormat::JaegerJson));
        assert!(answer.incomplete.is_empty() && answer.warnings.is_empty(), "{name}");
        let sent = traces[&answer.spans[0].trace_id].iter().map(plain).map(without_empty_texts);
        let sent: Vec<Plain> = sent.collect();
        let answered: Vec<Plain> = answer.spans.iter().map(plain).collect();
        assert_same(&answered, &sent);
        compared += sent.len();
    }
    // The other four are traces of one span each, of requests that it was not asked for.
    assert_eq!(compared, 173);
}

#[test]
fn tempos_three_answers_about_one_trace_are_equal() {
    let names = ["v1_trace_ok.json", "v2_trace_ok.json", "v1_trace_ok_protobuf.bin"];
    let sorted = |name: &str| {
        let mut answer = recorded(&format!("tempo/{name}"));
        assert!(answer.incomplete.is_empty(), "{answer:?}");
        answer.spans.sort_by_key(|span| span.span_id);
        answer
    };
    let whole = sorted("v2_trace_ok_protobuf.bin");
    assert_eq!((whole.spans.len(), whole.format), (32, Some(TraceFormat::TempoProtobuf)));
    for name in names {
        let answer = sorted(name);
        assert_eq!(answer.spans, whole.spans, "{name}");
        let json = !name.contains("protobuf");
        let format = if json { TraceFormat::TempoJson } else { TraceFormat::OtlpProtobuf };
        assert_eq!(answer.format, Some(format), "{name}");
    }
}

/// What a trace is like beside its ids and times: its rows as they are indented.
fn shape(spans: Vec<Span>) -> (Vec<String>, Vec<String>) {
    let analysis = analyse(spans);
    let rows = analysis.tree.nodes().iter().map(|node| {
        let span = &node.span;
        format!("{} {} {:?} {} {:?}", node.depth, span.service, span.kind, span.name, span.status)
    });
    let mut rows: Vec<String> = rows.collect();
    rows.sort();
    // How long the network took is another thing in every run.
    let kinds = analysis.findings.iter().map(|finding| finding.kind);
    let kinds = kinds.filter(|kind| *kind != FindingKind::Network);
    let mut findings: Vec<String> = kinds.map(|kind| format!("{kind:?}")).collect();
    findings.sort();
    // How many pauses are long enough to be told is a matter of each run's times.
    findings.dedup();
    let cause = analysis.errors.root_cause.map(|cause| (cause.service, cause.exception_type));
    findings.push(format!("{cause:?}"));
    (rows, findings)
}

#[test]
fn other_runs_of_the_scenario_have_the_shape_and_the_findings_of_the_capture() {
    let captured = by_trace(capture());
    let file = std::fs::read(fixtures().join("otlp/traces.otlp.jsonl")).unwrap();
    let file = read(&file);
    assert_eq!((file.spans.len(), file.format), (177, Some(TraceFormat::OtlpJson)));
    let file = by_trace(file.spans);
    let mut compared = 0;
    for (id, spans) in &captured {
        // The other four have ids that every run makes anew.
        let Some(other) = file.get(id) else { continue };
        assert_eq!(shape(other.clone()), shape(spans.clone()), "{id}");
        compared += other.len();
    }
    assert_eq!(compared, 173);
    for name in ["v2_trace_ok", "v2_trace_flaky", "v2_trace_down", "v2_trace_skew_orphan"] {
        let answer = recorded(&format!("tempo/{name}.json"));
        let spans = &captured[&answer.spans[0].trace_id];
        assert_eq!(shape(answer.spans), shape(spans.clone()), "{name}");
    }
}

#[test]
fn jaegers_answers_derived_from_the_capture_give_it_back() {
    for (id, spans) in by_trace(capture()) {
        let v3 = json!({ "result": write_otlp_json(&spans) });
        let answer = read(v3.to_string().as_bytes());
        assert_eq!(sorted(answer.spans), sorted(spans.clone()), "{id}");

        let legacy = json!({ "data": [write_jaeger_json(id, &spans)], "total": 0, "errors": null });
        let answer = read(legacy.to_string().as_bytes());
        assert_eq!(answer.format, Some(TraceFormat::JaegerJson));
        let read: Vec<Plain> = answer.spans.iter().map(plain).collect();
        assert_same(&read, &spans.iter().map(plain).collect::<Vec<_>>());
    }
}

fn sorted(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_by_key(|span| (span.span_id, span.kind));
    spans
}

/// Writes a span as OpenTelemetry's exporters write it for Zipkin, which has no place for resources.
fn zipkin(span: &Span) -> Value {
    let pairs = |attributes: &[Attribute]| -> serde_json::Map<String, Value> {
        attributes.iter().map(|(key, value)| (key.clone(), value.to_string().into())).collect()
    };
    let mut tags = pairs(&span.attributes);
    tags.insert("otel.scope.name".into(), span.scope.clone().into());
    if format!("{:?}", span.status) == "Error" {
        tags.insert("otel.status_code".into(), "ERROR".into());
        tags.insert("error".into(), span.status_message.clone().into());
    }
    let annotation = |name: &str, attributes: &[Attribute]| match attributes {
        [] => name.to_owned(),
        _ => format!("\"{name}\":{}", Value::Object(pairs(attributes))),
    };
    let annotations: Vec<Value> = span
        .events
        .iter()
        .map(|event| {
            let value = annotation(&event.name, &event.attributes);
            json!({ "timestamp": event.time.0 / 1_000, "value": value })
        })
        .collect();
    let kind = match span.kind {
        SpanKind::Internal => Value::Null,
        kind => format!("{kind:?}").to_ascii_uppercase().into(),
    };
    json!({ "traceId": span.trace_id.to_string(), "id": span.span_id.to_string(),
        "parentId": span.parent.map(|id| id.to_string()), "kind": kind, "name": span.name,
        "timestamp": span.start.0 / 1_000, "duration": span.duration_ns().unwrap() / 1_000,
        "localEndpoint": { "serviceName": span.service }, "annotations": annotations, "tags": tags })
}

#[test]
fn zipkins_answers_derived_from_the_capture_give_it_back() {
    let spans = capture();
    let written: Vec<Value> = spans.iter().map(zipkin).collect();
    let traces = json!([written]).to_string();
    for body in [&traces, traces.trim_matches(['[', ']'])] {
        let body = format!("[{body}]");
        let answer = read(body.as_bytes());
        assert_eq!((answer.format, answer.spans.len()), (Some(TraceFormat::ZipkinJson), 177));
        let without_resource = |span: &Span| {
            let service = ("service.name".to_owned(), span.service.clone());
            // Zipkin has no links between traces either.
            Plain { resource: [service].into(), links: Vec::new(), ..plain(span) }
        };
        let read: Vec<Plain> = answer.spans.iter().map(plain).collect();
        assert_same(&read, &spans.iter().map(without_resource).collect::<Vec<_>>());
    }
}

#[test]
fn answers_without_a_trace_and_of_a_part_of_one_are_told_apart() {
    for name in ["victoriatraces/trace_not_found.json", "tempo/v2_not_found.json"] {
        let answer = recorded(name);
        assert!(answer.spans.is_empty() && answer.incomplete.is_empty(), "{name}: {answer:?}");
    }
    assert!(recorded("tempo/v2_not_found_protobuf.bin").spans.is_empty());
    let part = recorded("tempo/v2_filter_error.json");
    assert_eq!(part.spans.len(), 12);
    assert_eq!(
        part.incomplete,
        [
            "the backend answered in part: Trace filtered, only a subset of spans matching the filter is returned"
        ]
    );
}

#[test]
fn the_reader_and_the_receiver_read_the_same_out_of_a_file_of_otlp() {
    let file = std::fs::read(fixtures().join("otlp/traces.otlp.jsonl")).unwrap();
    let lines = file.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let received: Vec<Span> = lines
        .flat_map(|line| obs::wire::decode_traces(line, OtlpFormat::Json).unwrap().accepted)
        .collect();
    assert_eq!(read(&file).spans, received);
}
