//! Makes large traces and measures what `obs trace` does with them; benches/trace/run.sh runs it.
//!
//!     trace generate SPANS FILE      a trace as OTLP JSON, about 600 bytes a span
//!     trace decoders FILE            the same spans in each format: MB/s of each decoder
//!     trace growth                   analysing 1,000, 10,000 and 100,000 spans
//!     trace chain                    the critical path of 10,000 children one after another
//!
//! Times are the best of five runs, single-threaded.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a program of its own")]
#![allow(clippy::cast_precision_loss, reason = "numbers for people")]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use obs::model::{AttributeValue, Span, SpanKind, SpanStatus, UnixNanos};
use obs::traces::{CriticalPath, Tree, analyse};
use obs::wire::{decode_any_traces, write_jaeger_json, write_otlp_json};
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1 as proto;
use prost::Message as _;
use serde_json::{Value, json};

const TRACE: &str = "018f3c1e9b7a7c448d215a0b6f4e2d12";
const START_NS: u64 = 1_795_328_533_000_000_000;
/// One hour: a leaf of the largest tree still lasts milliseconds.
const ROOT_NS: u64 = 3_600_000_000_000;
/// Children of each span.
const CHILDREN: u64 = 8;
/// Spans of one export, as SDKs send them.
const BATCH: u64 = 512;
const SERVICES: [&str; 8] =
    ["web", "orders-api", "inventory", "payments", "mail-worker", "search", "users", "audit"];

fn main() {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["generate", spans, file] => {
            std::fs::write(file, generate(spans.parse().unwrap())).unwrap();
        }
        ["decoders", file] => decoders(&std::fs::read(file).unwrap()),
        ["growth"] => growth(),
        ["chain"] => chain(),
        _ => println!("generate SPANS FILE | decoders FILE | growth | chain"),
    }
}

/// Returns the best time of five runs of `work`, its input made anew for each.
fn best<T, R>(mut input: impl FnMut() -> T, mut work: impl FnMut(T) -> R) -> Duration {
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..5 {
        let made = input();
        let started = Instant::now();
        let result = work(made);
        times.push(started.elapsed());
        drop(result);
    }
    times.into_iter().min().unwrap()
}

/// Start and length of the span in an eight-fold tree, in nanoseconds after the root's start.
fn interval(span: u64) -> (u64, u64) {
    let mut path = Vec::new();
    let mut at = span;
    while at > 0 {
        path.push((at - 1) % CHILDREN);
        at = (at - 1) / CHILDREN;
    }
    let (mut start, mut length) = (0, ROOT_NS);
    for place in path.into_iter().rev() {
        let slot = length / (CHILDREN + 1);
        start += slot / 2 + place * slot;
        length = slot * 9 / 10;
    }
    (start, length)
}

fn generate(spans: u64) -> String {
    let mut text = String::from("{\"resourceSpans\":[");
    for first in (0..spans).step_by(usize::try_from(BATCH).unwrap()) {
        let service = SERVICES[usize::try_from(first / BATCH % 8).unwrap()];
        let comma = if first == 0 { "" } else { "," };
        write!(
            text,
            r#"{comma}{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"{service}"}}}},{{"key":"service.version","value":{{"stringValue":"1.4.2"}}}},{{"key":"host.name","value":{{"stringValue":"{service}-7d9f-5"}}}}]}},"scopeSpans":[{{"scope":{{"name":"opentelemetry.instrumentation.sqlalchemy","version":"0.66b1"}},"spans":["#
        )
        .unwrap();
        for span in first..(first + BATCH).min(spans) {
            if span > first {
                text.push(',');
            }
            write_span(&mut text, span);
        }
        text.push_str("]}]}");
    }
    text.push_str("]}");
    text
}

fn write_span(text: &mut String, span: u64) {
    let (start, length) = interval(span);
    let (start, end) = (START_NS + start, START_NS + start + length);
    let parent = match span {
        0 => String::new(),
        _ => format!(r#","parentSpanId":"{:016x}""#, (span - 1) / CHILDREN + 1),
    };
    let kind = 1 + span % 3;
    let sku = span * 7919 % 10_000;
    write!(
        text,
        r#"{{"traceId":"{TRACE}","spanId":"{:016x}"{parent},"name":"SELECT stock {}","kind":{kind},"startTimeUnixNano":"{start}","endTimeUnixNano":"{end}","attributes":[{{"key":"db.system.name","value":{{"stringValue":"postgresql"}}}},{{"key":"db.query.text","value":{{"stringValue":"SELECT quantity, reserved FROM stock WHERE sku = \"SKU-{sku}\""}}}},{{"key":"server.port","value":{{"intValue":"5432"}}}},{{"key":"thread.id","value":{{"intValue":"{}"}}}}],"status":{{"#,
        span + 1,
        span % 40,
        span % 16
    )
    .unwrap();
    // One in a hundred fails, with a traceback.
    if span % 100 == 99 {
        let frame =
            r#"  File \"/srv/app/stock.py\", line 101, in reserve\n    raise OutOfStock(sku)\n"#;
        write!(
            text,
            r#""code":2,"message":"OutOfStock"}},"events":[{{"timeUnixNano":"{start}","name":"exception","attributes":[{{"key":"exception.type","value":{{"stringValue":"OutOfStock"}}}},{{"key":"exception.stacktrace","value":{{"stringValue":"Traceback (most recent call last):\n{}"}}}}]}}]}}"#,
            frame.repeat(15)
        )
        .unwrap();
    } else {
        text.push_str("}}");
    }
}

fn decoders(document: &[u8]) {
    let spans = read(document);
    let trace_id = spans[0].trace_id;
    let lines: Vec<String> =
        spans.chunks(512).map(|batch| write_otlp_json(batch).to_string()).collect();
    let jaeger = json!({ "data": [write_jaeger_json(trace_id, &spans)] }).to_string();
    let zipkin = Value::from(spans.iter().map(zipkin).collect::<Vec<_>>()).to_string();
    let lines = lines.join("\n");
    let protobuf = protobuf(&spans);
    for (name, body) in [
        ("OTLP JSON", document),
        ("OTLP JSON lines", lines.as_bytes()),
        ("OTLP protobuf", &protobuf),
        ("Jaeger JSON", jaeger.as_bytes()),
        ("Zipkin JSON", zipkin.as_bytes()),
    ] {
        let time = best(|| (), |()| read(body)).as_secs_f64();
        let megabytes = body.len() as f64 / 1e6;
        let (rate, per_second) = (megabytes / time, spans.len() as f64 / time / 1e3);
        println!("{name}: {rate:.0} MB/s, {per_second:.0} k spans/s ({megabytes:.1} MB)");
        assert_eq!(read(body).len(), spans.len(), "{name}");
    }
    let parsed = best(|| (), |()| serde_json::from_slice::<Value>(document).unwrap()).as_secs_f64();
    println!(
        "serde_json::Value of the same OTLP JSON: {:.0} MB/s",
        document.len() as f64 / 1e6 / parsed
    );
}

fn read(body: &[u8]) -> Vec<Span> {
    decode_any_traces(body, &mut |_| true).unwrap().spans
}

fn zipkin(span: &Span) -> Value {
    let tags = span.attributes.iter().map(|(key, value)| (key.clone(), value.to_string().into()));
    let tags: serde_json::Map<String, Value> = tags.collect();
    json!({ "traceId": span.trace_id.to_string(), "id": span.span_id.to_string(),
        "parentId": span.parent.map(|id| id.to_string()), "name": span.name, "kind": "CLIENT",
        "timestamp": span.start.0 / 1_000, "duration": span.duration_ns().unwrap() / 1_000,
        "localEndpoint": { "serviceName": span.service }, "tags": tags })
}

/// Writes what the JSON above holds as the messages that an exporter sends.
fn protobuf(spans: &[Span]) -> Vec<u8> {
    let text = |text: &str| any_value::Value::StringValue(text.to_owned());
    let pair = |(key, value): &(String, AttributeValue)| KeyValue {
        key: key.clone(),
        value: Some(AnyValue {
            value: Some(match value {
                AttributeValue::Int(number) => any_value::Value::IntValue(*number),
                other => text(&other.to_string()),
            }),
        }),
        ..Default::default()
    };
    let unsigned = |time: UnixNanos| u64::try_from(time.0).unwrap();
    let one = |span: &Span| proto::Span {
        trace_id: span.trace_id.to_bytes().to_vec(),
        span_id: span.span_id.to_bytes().to_vec(),
        parent_span_id: span.parent.map(|id| id.to_bytes().to_vec()).unwrap_or_default(),
        name: span.name.clone(),
        kind: match span.kind {
            SpanKind::Server => 2,
            SpanKind::Client => 3,
            _ => 1,
        },
        start_time_unix_nano: unsigned(span.start),
        end_time_unix_nano: unsigned(span.end.unwrap()),
        attributes: span.attributes.iter().map(pair).collect(),
        events: span
            .events
            .iter()
            .map(|event| proto::span::Event {
                time_unix_nano: unsigned(event.time),
                name: event.name.clone(),
                attributes: event.attributes.iter().map(pair).collect(),
                ..Default::default()
            })
            .collect(),
        status: (span.status == SpanStatus::Error)
            .then(|| proto::Status { code: 2, message: span.status_message.clone() }),
        ..Default::default()
    };
    let resource_spans = spans.chunks(512).map(|batch| proto::ResourceSpans {
        resource: Some(Resource {
            attributes: batch[0].resource.iter().map(pair).collect(),
            ..Default::default()
        }),
        scope_spans: vec![proto::ScopeSpans {
            spans: batch.iter().map(one).collect(),
            ..Default::default()
        }],
        ..Default::default()
    });
    proto::TracesData { resource_spans: resource_spans.collect() }.encode_to_vec()
}

fn growth() {
    let mut before: Option<(f64, f64)> = None;
    for count in [1_000_u64, 10_000, 100_000] {
        let spans = read(generate(count).as_bytes());
        let time = best(|| spans.clone(), analyse).as_secs_f64() * 1e3;
        let count = count as f64;
        let work = count * count.log2();
        let growth = before.map(|(time_before, work_before)| {
            let (times, bound) = (time / time_before, work / work_before);
            format!(", {times:.1} times the time (n log n: {bound:.1})")
        });
        println!("analyse {count} spans: {time:.2} ms{}", growth.unwrap_or_default());
        before = Some((time, work));
    }
}

fn chain() {
    let mut spans = read(generate(10_001).as_bytes());
    let (root, length_ns) = (spans[0].span_id, 1_000_000_i64);
    let start = spans[0].start.0;
    for (place, span) in spans.iter_mut().enumerate().skip(1) {
        span.parent = Some(root);
        span.start = UnixNanos(start + i64::try_from(place).unwrap() * length_ns);
        span.end = Some(UnixNanos(span.start.0 + length_ns * 9 / 10));
    }
    let tree = Tree::assemble(spans);
    let time = best(|| (), |()| CriticalPath::of(&tree)).as_secs_f64() * 1e3;
    println!("critical path of 10000 children one after another: {time:.2} ms (at most 20)");
}
