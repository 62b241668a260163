//! The traces that requests leave behind.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use opentelemetry::trace::SpanId;
use opentelemetry::trace::{SpanKind, Status, TracerProvider as _};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};
use tracing::{Dispatch, dispatcher};
use tracing_subscriber::layer::SubscriberExt as _;

use crate::demo::http_client;
use crate::demo::span_export::RequestIdGenerator;
use crate::demo::telemetry::span_layer;
use crate::demo::test_services::Services;
use crate::demo::traffic::{self, Scenario, SentRequest};

#[derive(Debug, Clone, Default)]
struct Finished(Arc<Mutex<Vec<SpanData>>>);

impl SpanExporter for Finished {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.lock().unwrap().extend(batch);
        Ok(())
    }
}

impl Finished {
    /// Waits until each request, sent from the edge or between the applications, has its server span:
    /// it ends when the reply has been written, which may be after the reply has been read.
    async fn complete(&self, sent_from_edge: usize) -> Vec<SpanData> {
        let complete = async {
            loop {
                let spans = self.0.lock().unwrap().clone();
                let served = spans.iter().filter(|span| span.span_kind == SpanKind::Server).count();
                let calls = spans.iter().filter(|span| !attribute(span, "url.full").is_empty());
                if served == calls.count() + sent_from_edge {
                    return spans;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), complete).await.unwrap()
    }
}

/// The spans of one request, in the order in which they ended.
struct Trace {
    sent: SentRequest,
    spans: Vec<SpanData>,
}

impl Trace {
    /// Runs the scenario on a runtime whose every thread logs here: the threads for blocking work close
    /// spans too. The default of the process is not touched, tests run at the same time.
    fn of(scenario: Scenario) -> Self {
        let finished = Finished::default();
        let provider = SdkTracerProvider::builder()
            .with_id_generator(RequestIdGenerator::default())
            .with_simple_exporter(finished.clone())
            .build();
        let layer = span_layer(provider.tracer("test"));
        let dispatch = Dispatch::new(tracing_subscriber::registry().with(layer));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .on_thread_start(move || std::mem::forget(dispatcher::set_default(&dispatch)))
            .enable_all()
            .build()
            .unwrap();
        let trace = runtime.spawn(async move {
            let services = Services::start().await;
            let client = http_client::build(false).unwrap();
            let sent = traffic::send(&client, &services.orders_api, scenario).await.unwrap();
            let sent_from_edge = if scenario == Scenario::ReusedRequestId { 2 } else { 1 };
            Self { sent, spans: finished.complete(sent_from_edge).await }
        });
        runtime.block_on(trace).unwrap()
    }

    fn span(&self, name: &str) -> &SpanData {
        let found = self.spans.iter().find(|span| span.name == name);
        found.unwrap_or_else(|| panic!("no span {name}"))
    }

    /// The names from the span up to the one that has no parent here.
    fn ancestry(&self, name: &str) -> Vec<&str> {
        let mut names = Vec::new();
        let mut current = Some(self.span(name));
        while let Some(span) = current {
            names.push(&*span.name);
            current = self
                .spans
                .iter()
                .find(|parent| parent.span_context.span_id() == span.parent_span_id);
        }
        names
    }
}

fn attribute(span: &SpanData, name: &str) -> String {
    let found = span.attributes.iter().find(|attribute| attribute.key.as_str() == name);
    found.map(|attribute| attribute.value.to_string()).unwrap_or_default()
}

#[test]
fn every_span_of_a_request_has_its_request_id_as_trace_id() {
    let trace = Trace::of(Scenario::Order);
    let ids: Vec<String> =
        trace.spans.iter().map(|span| span.span_context.trace_id().to_string()).collect();
    assert!(ids.len() > 6 && ids.iter().all(|id| Some(id) == trace.sent.trace_id.as_ref()));
}

#[test]
fn a_query_in_inventory_hangs_below_the_call_in_orders_api() {
    let trace = Trace::of(Scenario::Order);
    let path = ["SELECT stock", "POST /reservations", "POST", "POST /orders"];
    assert_eq!(trace.ancestry("SELECT stock"), path);
}

#[test]
fn spans_have_the_kind_and_attributes_of_the_semantic_conventions() {
    let trace = Trace::of(Scenario::Order);
    let server = trace.span("POST /orders");
    assert_eq!(server.span_kind, SpanKind::Server);
    assert_eq!(attribute(server, "http.response.status_code"), "201");
    assert_eq!(attribute(server, "request_id"), trace.sent.request_id);
    let client = trace.span("POST");
    assert_eq!(client.span_kind, SpanKind::Client);
    assert!(attribute(client, "url.full").ends_with("/reservations"));
    let query = trace.span("SELECT stock");
    assert_eq!(query.span_kind, SpanKind::Client);
    assert_eq!(attribute(query, "db.system.name"), "sqlite");
    assert_eq!(attribute(query, "db.collection.name"), "stock");
}

#[test]
fn an_unhandled_error_is_an_exception_on_the_server_span() {
    let trace = Trace::of(Scenario::DeepError);
    let server = trace.span("POST /reservations");
    assert_eq!(server.status, Status::error("cannot reserve 2 of SKU-9"));
    assert_eq!(attribute(server, "error.type"), "ReservationError");
    let exception = &server.events.events[0];
    let of = |name: &str| {
        let found = exception.attributes.iter().find(|attribute| attribute.key.as_str() == name);
        found.unwrap().value.to_string()
    };
    assert_eq!(exception.name, "exception");
    assert_eq!(of("exception.type"), "ReservationError");
    assert!(of("exception.stacktrace").contains("caused by: DivisionByZero"));
}

#[test]
fn a_foreign_request_id_is_an_attribute_and_not_the_trace_id() {
    let trace = Trace::of(Scenario::ForeignRequestId);
    for name in ["POST /orders", "POST /reservations"] {
        let server = trace.span(name);
        assert_eq!(attribute(server, "request_id"), trace.sent.request_id);
    }
    let ids = trace.spans.iter().map(|span| span.span_context.trace_id());
    assert_eq!(ids.collect::<std::collections::HashSet<_>>().len(), 1);
}

#[test]
fn a_repeated_call_is_a_second_client_span_that_says_so() {
    let trace = Trace::of(Scenario::TimeoutWithRetry);
    let calls: Vec<&SpanData> = trace.spans.iter().filter(|span| span.name == "GET").collect();
    assert_eq!(attribute(calls[0], "error.type"), "timeout");
    assert_eq!(attribute(calls[1], "http.request.resend_count"), "1");
    assert_eq!(attribute(calls[1], "http.response.status_code"), "200");
}

#[test]
fn inventory_finishes_what_orders_api_no_longer_waits_for() {
    let trace = Trace::of(Scenario::TimeoutWithRetry);
    let length = |span: &SpanData| span.end_time.duration_since(span.start_time).unwrap();
    let call = trace.span("GET");
    let mut served =
        trace.spans.iter().filter(|span| span.parent_span_id == call.span_context.span_id());
    assert!(length(served.next().unwrap()) > length(call));
}

#[test]
fn two_requests_with_one_id_are_two_roots_of_one_trace() {
    let trace = Trace::of(Scenario::ReusedRequestId);
    let roots: Vec<&SpanData> =
        trace.spans.iter().filter(|span| span.name == "POST /orders").collect();
    assert_eq!(roots.len(), 2);
    assert_eq!(roots[0].span_context.trace_id(), roots[1].span_context.trace_id());
    assert!(roots.iter().all(|root| root.parent_span_id == SpanId::INVALID));
}
