//! What the backend counts about itself.
//!
//! Names, units and labels follow Prometheus' conventions; a label's value is one of few words, never
//! text from outside, so that the number of series is bounded by the program.

use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{
    HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
};

use crate::process_metrics::ProcessCollector;
use crate::store::{RecordKind, Stored, Writer};

/// Buckets of latency in seconds: an acknowledged batch should take less than the fourth.
const BUCKETS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Counters of what came in and what became of it, by kind; read at `/metrics`.
#[derive(Debug)]
pub(super) struct Counts {
    pub(super) registry: Registry,
    records: IntCounterVec,
    rejected: IntCounterVec,
    requests: HistogramVec,
    active: IntGauge,
    waiting: IntGauge,
    waiting_bytes: IntGauge,
    removed: IntCounterVec,
    commits_failed: IntCounter,
    store_bytes: IntGauge,
}

/// Adds one to a gauge as long as it lives.
#[derive(Debug)]
pub(super) struct Underway(IntGauge);

impl Underway {
    fn new(gauge: &IntGauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Counts {
    /// Makes them, all at zero, so that a rate is right from the first record on.
    pub(super) fn new() -> Self {
        let registry = Registry::new();
        let counter = |name: &str, help: &str, labels: &[&str]| {
            let made = IntCounterVec::new(Opts::new(name, help), labels);
            register(&registry, made.expect("names and labels are constants and well formed"))
        };
        let gauge = |name: &str, help: &str| {
            let made = IntGauge::new(name, help);
            register(&registry, made.expect("names are constants and well formed"))
        };
        let records = counter(
            "obs_records_total",
            "Records acknowledged to their senders: stored, or there already.",
            &["kind", "outcome"],
        );
        let rejected = counter(
            "obs_rejected_total",
            "What was refused, told to its sender: by kind, and why.",
            &["kind", "reason"],
        );
        for kind in RecordKind::ALL {
            for outcome in ["stored", "repeated"] {
                records.with_label_values(&[kind.as_str(), outcome]).reset();
            }
            rejected.with_label_values(&[kind.as_str(), "malformed"]).reset();
        }
        let removed = counter(
            "obs_removed_total",
            "Records that the retention removed, oldest first.",
            &["kind"],
        );
        let requests = HistogramOpts::new(
            "http_server_request_duration_seconds",
            "Duration of HTTP requests until their answer begins.",
        );
        let labels = ["http_request_method", "http_route", "http_response_status_code"];
        let requests = HistogramVec::new(requests.buckets(BUCKETS.to_vec()), &labels);
        let commits_failed = IntCounter::new(
            "obs_store_failed_total",
            "Batches that the store could not commit, told to their senders.",
        );
        build_info(&registry);
        registry.register(Box::new(ProcessCollector::new())).expect("it is registered once");
        Self {
            records,
            rejected,
            requests: register(&registry, requests.expect("labels are well formed")),
            active: gauge("http_server_active_requests", "Requests being served."),
            waiting: gauge("obs_store_queue_batches", "Batches handed to the store, not begun."),
            waiting_bytes: gauge(
                "obs_store_queue_bytes",
                "Bytes of rows handed to the store, not committed.",
            ),
            removed,
            commits_failed: register(&registry, commits_failed.expect("the name is well formed")),
            store_bytes: gauge("obs_store_bytes", "Size of the store's files."),
            registry,
        }
    }

    /// Counts an acknowledged batch.
    pub(super) fn stored(&self, stored: &Stored) {
        for kind in RecordKind::ALL {
            let count = |outcome: &str, number: u64| {
                if number > 0 {
                    self.records.with_label_values(&[kind.as_str(), outcome]).inc_by(number);
                }
            };
            count("stored", stored.new_of(kind));
            count("repeated", stored.repeated_of(kind));
        }
    }

    /// Counts what was refused. `kind` is a [`RecordKind`]'s name, or `request` for a whole one;
    /// `reason` is one of few constant words, never text from outside.
    pub(super) fn rejected(&self, kind: &str, reason: &'static str, number: u64) {
        self.rejected.with_label_values(&[kind, reason]).inc_by(number);
    }

    /// Counts an answered request. `route` is a route's template, never a path.
    pub(super) fn answered(&self, method: &str, route: &str, status: u16, took: Duration) {
        let labels = [method, route, &status.to_string()];
        self.requests.with_label_values(&labels).observe(took.as_secs_f64());
    }

    /// Counts a request as being served.
    pub(super) fn active(&self) -> Underway {
        Underway::new(&self.active)
    }

    /// Counts a batch that could not be committed.
    pub(super) fn commit_failed(&self) {
        self.commits_failed.inc();
    }

    /// Notes how the store is now: its size, what waits for it, what its retention removed.
    pub(super) fn store_is(&self, bytes: u64, writer: &Writer) {
        let whole = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let (batches, waiting) = writer.waiting();
        self.store_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
        self.waiting.set(whole(batches));
        self.waiting_bytes.set(whole(waiting));
        for kind in RecordKind::ALL {
            let counter = self.removed.with_label_values(&[kind.as_str()]);
            counter.inc_by(writer.removed().of(kind).saturating_sub(counter.get()));
        }
    }
}

fn register<C: Collector + Clone + 'static>(registry: &Registry, collector: C) -> C {
    registry.register(Box::new(collector.clone())).expect("each is registered once");
    collector
}

fn build_info(registry: &Registry) {
    let options = Opts::new("obs_build_info", "What runs; the value is 1.");
    let info = IntGaugeVec::new(options, &["version"]);
    let info = register(registry, info.expect("names and labels are well formed"));
    info.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
}
