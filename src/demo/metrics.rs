//! `/metrics`: latency, traffic, the process, the database's pool, and the application's own counters.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use prometheus::{
    Encoder as _, HistogramOpts, HistogramVec, IntCounter, IntGauge, Registry, TextEncoder,
};

use crate::demo::request_scope::RequestScope;
use crate::process_metrics::ProcessCollector;

/// The buckets that the semantic conventions advise for HTTP durations, in seconds.
const BUCKETS: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// What an application counts.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    requests: HistogramVec,
    active: IntGauge,
    queries: HistogramVec,
}

impl Metrics {
    pub(super) fn new() -> Self {
        let registry = Registry::new();
        let histogram = |name: &str, help: &str, labels: &[&str]| {
            let options = HistogramOpts::new(name, help).buckets(BUCKETS.to_vec());
            let histogram = HistogramVec::new(options, labels).expect("a valid metric");
            register(&registry, histogram.clone());
            histogram
        };
        let requests = histogram(
            "http_server_request_duration_seconds",
            "Duration of HTTP server requests.",
            &["http_request_method", "http_route", "http_response_status_code"],
        );
        let queries = histogram(
            "db_client_operation_duration_seconds",
            "Duration of database client operations.",
            &["db_operation_name", "db_collection_name"],
        );
        let active = IntGauge::new("http_server_active_requests", "Requests being served.")
            .expect("a valid metric");
        register(&registry, active.clone());
        register(&registry, ProcessCollector::new());
        Self { registry, requests, active, queries }
    }

    /// Adds a counter of the application's own.
    pub(super) fn counter(&self, name: &str, help: &str) -> IntCounter {
        let counter = IntCounter::new(name, help).expect("a valid metric");
        register(&self.registry, counter.clone());
        counter
    }

    /// Adds what is measured only when it is asked for.
    pub(super) fn collect_from(&self, collector: impl prometheus::core::Collector + 'static) {
        register(&self.registry, collector);
    }

    pub(super) fn observe_query(&self, operation: &str, collection: &str, duration: Duration) {
        self.queries.with_label_values(&[operation, collection]).observe(duration.as_secs_f64());
    }

    /// Returns the page in the text format 0.0.4.
    fn page(&self) -> Vec<u8> {
        let mut page = Vec::new();
        TextEncoder::new()
            .encode(&self.registry.gather(), &mut page)
            .expect("writing to memory does not fail");
        page
    }
}

fn register(registry: &Registry, collector: impl prometheus::core::Collector + 'static) {
    registry.register(Box::new(collector)).expect("each metric is registered once");
}

/// The layer that measures each request. Never labelled with the path: one series an id has no end.
pub(super) async fn observe(
    State(metrics): State<Arc<Metrics>>,
    request: Request,
    next: Next,
) -> Response {
    let scope = RequestScope::current();
    let started = Instant::now();
    metrics.active.inc();
    let response = next.run(request).await;
    metrics.active.dec();
    let method = scope.as_ref().map_or("", |scope| scope.method.as_str());
    let route = scope.as_ref().and_then(|scope| scope.route.as_deref()).unwrap_or_default();
    metrics
        .requests
        .with_label_values(&[method, route, response.status().as_str()])
        .observe(started.elapsed().as_secs_f64());
    response
}

/// `GET /metrics`.
pub(super) async fn serve(State(metrics): State<Arc<Metrics>>) -> impl IntoResponse {
    ([(CONTENT_TYPE, prometheus::TEXT_FORMAT)], metrics.page())
}
