//! The second process of `benches/serve.sh`: sends spans and error events to a backend as SDKs do, asks it
//! for traces, and prints what it saw as one line of JSON.
//!
//! What it sends follows from the numbers of the spans alone, so that lookups know every trace id.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::{Args, Parser, Subcommand};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message as _;
use serde_json::json;

/// Spans of one request, as SDKs send them.
const BATCH: u64 = 512;
/// Spans of one trace.
const SPANS_PER_TRACE: u64 = 10;
/// Traces whose spans arrive in turns.
const TRACES_AT_ONCE: u64 = 200;

type Failed = Box<dyn std::error::Error + Send + Sync>;

#[derive(Debug, Parser)]
struct Load {
    #[command(subcommand)]
    what: What,
    /// `cargo bench` gives it to every benchmark.
    #[arg(long, hide = true, global = true)]
    bench: bool,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Sends spans in batches of 512.
    Spans(Sending),
    /// Sends error events, one envelope each.
    Events(Sending),
    /// Asks for random traces, one after the other.
    Lookups(Sending),
}

#[derive(Debug, Args)]
struct Sending {
    /// The backend's address
    #[arg(long)]
    url: String,
    /// The first span's or event's number
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// How many; for lookups, how many spans are stored
    #[arg(long)]
    count: u64,
    /// Requests under way at once
    #[arg(long, default_value_t = 1)]
    connections: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failed> {
    // One client library for the tree: it is built without a provider of its own.
    drop(rustls::crypto::ring::default_provider().install_default());
    let seen = match Load::parse().what {
        What::Spans(sending) => send(sending, BATCH, "/v1/traces", spans).await?,
        What::Events(sending) => send(sending, 1, "/api/1/envelope/", envelope).await?,
        What::Lookups(sending) => look_up(&sending).await?,
    };
    #[expect(
        clippy::print_stdout,
        reason = "its one answer; the program's own printer is not for it"
    )]
    {
        println!("{seen}");
    }
    Ok(())
}

/// Sends `count` things in requests of `batch`, and times each until it is acknowledged.
async fn send(
    sending: Sending,
    batch: u64,
    path: &str,
    body: fn(u64, u64) -> (Vec<u8>, &'static str),
) -> Result<serde_json::Value, Failed> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let url = format!("{}{path}", sending.url);
    let end = sending.from + sending.count;
    let next = Arc::new(AtomicU64::new(sending.from));
    let started = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..sending.connections {
        let (client, url, next) = (client.clone(), url.clone(), Arc::clone(&next));
        tasks.spawn(async move {
            let (mut times, mut bytes, mut retried) = (Vec::new(), 0, 0_u64);
            loop {
                let from = next.fetch_add(batch, Ordering::Relaxed);
                if from >= end {
                    return Ok::<_, Failed>((times, bytes, retried));
                }
                let (body, media_type) = body(from, batch.min(end - from));
                bytes += body.len();
                let body = bytes::Bytes::from(body);
                loop {
                    let request = client.post(&url).header("content-type", media_type);
                    let asked = Instant::now();
                    let response = request.body(body.clone()).send().await?;
                    let status = response.status();
                    response.bytes().await?;
                    if status.as_u16() != 429 {
                        times.push(asked.elapsed());
                        if !status.is_success() {
                            return Err(format!("answered {status}").into());
                        }
                        break;
                    }
                    retried += 1;
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
        });
    }
    let (mut times, mut bytes, mut retried) = (Vec::new(), 0, 0);
    while let Some(task) = tasks.join_next().await {
        let (its_times, its_bytes, its_retried) = task??;
        times.extend(its_times);
        bytes += its_bytes;
        retried += its_retried;
    }
    let [p50, p99] = percentiles(times);
    let seconds = started.elapsed().as_secs_f64();
    Ok(json!({
        "sent": sending.count, "seconds": seconds, "bytes": bytes, "retried": retried,
        "p50_ms": p50, "p99_ms": p99,
    }))
}

/// Asks for 2,000 random traces of those that `count` spans make, and holds each to its ten spans.
async fn look_up(sending: &Sending) -> Result<serde_json::Value, Failed> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let window = TRACES_AT_ONCE * SPANS_PER_TRACE;
    let traces = sending.count / window * TRACES_AT_ONCE;
    let mut times = Vec::new();
    for n in 0..2_000 {
        let trace = hex(&trace_id(mixed(n) % traces.max(1)));
        let asked = Instant::now();
        let request = client.get(format!("{}/api/obs/v1/traces/{trace}", sending.url));
        let answer = request.send().await?.error_for_status()?.bytes().await?;
        times.push(asked.elapsed());
        let answer: serde_json::Value = serde_json::from_slice(&answer)?;
        let found = answer["spans"].as_array().map_or(0, Vec::len);
        if found != usize::try_from(SPANS_PER_TRACE)? {
            return Err(format!("trace {trace} has {found} spans").into());
        }
    }
    let [p50, p99] = percentiles(times);
    Ok(json!({ "lookups": 2_000, "spans": sending.count, "p50_ms": p50, "p99_ms": p99 }))
}

/// Returns the median and the 99th percentile in milliseconds.
fn percentiles(mut times: Vec<Duration>) -> [f64; 2] {
    times.sort_unstable();
    let at = |share: usize| {
        let place = (times.len() * share / 100).min(times.len().saturating_sub(1));
        times.get(place).map_or(0.0, |time| time.as_secs_f64() * 1e3)
    };
    [at(50), at(99)]
}

/// Scatters numbers over all 64 bits (splitmix64).
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn trace_id(trace: u64) -> Vec<u8> {
    [mixed(trace).to_be_bytes(), mixed(trace ^ 0xffff_0000_0000).to_be_bytes()].concat()
}

fn span_id(span: u64) -> Vec<u8> {
    mixed(span ^ 0xaaaa_0000_0000_0000).to_be_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn now_ns() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_nanos()).unwrap_or(u64::MAX)
}

fn text(key: &str, value: impl Into<String>) -> KeyValue {
    let value = Some(any_value::Value::StringValue(value.into()));
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value }), ..KeyValue::default() }
}

fn number(key: &str, value: i64) -> KeyValue {
    let value = Some(any_value::Value::IntValue(value));
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value }), ..KeyValue::default() }
}

/// Returns a request with `count` spans, and its media type.
fn spans(from: u64, count: u64) -> (Vec<u8>, &'static str) {
    let now = now_ns();
    let resource = Resource {
        attributes: vec![
            text("service.name", "orders-api"),
            text("service.version", "1.4.2"),
            text("deployment.environment.name", "production"),
            text("host.name", "orders-api-7c9d8b6f5-x2x9q"),
            text("telemetry.sdk.language", "python"),
            text("telemetry.sdk.name", "opentelemetry"),
            text("telemetry.sdk.version", "1.45.1"),
            number("process.pid", 4711),
        ],
        ..Resource::default()
    };
    let scope = InstrumentationScope {
        name: "opentelemetry.instrumentation.asgi".to_owned(),
        version: "0.66b1".to_owned(),
        ..InstrumentationScope::default()
    };
    let spans = (from..from + count).map(|place| span(place, now)).collect();
    let scope_spans = ScopeSpans { scope: Some(scope), spans, ..ScopeSpans::default() };
    let resource_spans = ResourceSpans {
        resource: Some(resource),
        scope_spans: vec![scope_spans],
        ..ResourceSpans::default()
    };
    let request = ExportTraceServiceRequest { resource_spans: vec![resource_spans] };
    (request.encode_to_vec(), "application/x-protobuf")
}

/// Returns the span at a place of the stream: the traces of a window take turns.
fn span(place: u64, now: u64) -> Span {
    let window = place / (TRACES_AT_ONCE * SPANS_PER_TRACE);
    let in_window = place % (TRACES_AT_ONCE * SPANS_PER_TRACE);
    let trace = window * TRACES_AT_ONCE + in_window % TRACES_AT_ONCE;
    let step = in_window / TRACES_AT_ONCE;
    let start = now.saturating_sub(500_000_000) + step * 1_000_000;
    let root = place - step * TRACES_AT_ONCE;
    let (name, kind, attributes) = match step {
        0 => ("GET /orders/{order_id}", 2, server_attributes(trace)),
        1 | 2 => ("orders_api.price_order", 1, inner_attributes(trace)),
        _ => ("SELECT orders", 3, database_attributes(trace, step)),
    };
    Span {
        trace_id: trace_id(trace),
        span_id: span_id(place),
        parent_span_id: if step == 0 { Vec::new() } else { span_id(root) },
        name: name.to_owned(),
        kind,
        start_time_unix_nano: start,
        end_time_unix_nano: start + 750_000 + mixed(place) % 4_000_000,
        attributes,
        ..Span::default()
    }
}

fn server_attributes(trace: u64) -> Vec<KeyValue> {
    vec![
        text("http.request.method", "GET"),
        text("http.route", "/orders/{order_id}"),
        text("url.path", format!("/orders/{trace}")),
        text("url.scheme", "http"),
        text("server.address", "orders-api.shop.svc.cluster.local"),
        number("server.port", 8000),
        text("network.protocol.version", "1.1"),
        text("client.address", "10.4.12.9"),
        text("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64)"),
        number("http.response.status_code", 200),
        text("request_id", hex(&trace_id(trace))),
    ]
}

fn inner_attributes(trace: u64) -> Vec<KeyValue> {
    vec![
        text("code.function.name", "orders_api.prices.price_order"),
        text("code.file.path", "/srv/orders_api/prices.py"),
        number("code.line.number", 121),
        text("order.id", format!("order-{trace}")),
        text("order.currency", "EUR"),
        number("order.lines", 3),
        text("thread.name", "AnyIO worker thread"),
        text("customer.tier", "business"),
    ]
}

fn database_attributes(trace: u64, step: u64) -> Vec<KeyValue> {
    vec![
        text("db.system.name", "postgresql"),
        text("db.namespace", "orders"),
        text("db.operation.name", "SELECT"),
        text("db.collection.name", "orders"),
        text("db.query.text", format!("SELECT id, sku, amount FROM lines WHERE id = {trace}")),
        text("server.address", "orders-db.shop.svc.cluster.local"),
        number("server.port", 5432),
        number("db.response.returned_rows", i64::try_from(step).unwrap_or(0)),
    ]
}

/// Returns an envelope with one error event: a chain of two with their frames, breadcrumbs and tags.
fn envelope(from: u64, _: u64) -> (Vec<u8>, &'static str) {
    let id = hex(&trace_id(from));
    let frame = |line: u64| {
        json!({ "filename": format!("orders_api/step_{line}.py"), "function": format!("step_{line}"),
            "module": "orders_api.prices", "lineno": line, "in_app": line.is_multiple_of(3),
            "context_line": "    return price(line.sku, line.amount)" })
    };
    let frames: Vec<_> = (1..=12).map(frame).collect();
    let crumb = |n: u64| {
        json!({ "timestamp": 1_795_329_000.5, "category": "httplib", "type": "http",
            "message": format!("GET /stock/{n}"), "data": { "status_code": 200 } })
    };
    let event = json!({
        "event_id": id, "level": "error", "platform": "python", "release": "orders-api@1.4.2",
        "environment": "production", "server_name": "orders-api-7c9d8b6f5-x2x9q",
        "transaction": "/orders/{order_id}", "user": { "id": format!("{}", from % 97) },
        "tags": { "request_id": hex(&trace_id(from ^ 1)), "region": "eu-west-1" },
        "contexts": { "trace": { "trace_id": hex(&trace_id(from ^ 2)), "span_id": hex(&span_id(from)) } },
        "breadcrumbs": { "values": (0..10).map(crumb).collect::<Vec<_>>() },
        "exception": { "values": [
            { "type": "KeyError", "value": format!("'SKU-{from}'"), "stacktrace": { "frames": frames } },
            { "type": format!("PriceError{}", from % 20), "value": format!("no price for order {from}"),
              "module": "orders_api.prices", "mechanism": { "type": "asgi", "handled": false },
              "stacktrace": { "frames": frames } },
        ] },
    });
    let payload = event.to_string();
    let header = json!({ "event_id": id });
    let item = json!({ "type": "event", "length": payload.len() });
    (format!("{header}\n{item}\n{payload}\n").into_bytes(), "application/x-sentry-envelope")
}
