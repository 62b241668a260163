//! Spans: whose they are, which ids they get, how they are sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::{SpanId, TraceId, TracerProvider as _};
use opentelemetry_otlp::{
    ExporterBuildError, Protocol, RetryPolicy, SpanExporter, WithExportConfig as _,
    WithHttpConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkError;
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator, SdkTracerProvider};
use tokio::runtime::Handle;
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

use super::Plan;
use super::collector::{Collector, Failure};
use crate::http::RunIds;

/// Builds the exporter; endpoint, headers and compression are read from `OTEL_*` by the SDK.
pub(super) fn exporter(
    plan: &Plan,
    runtime: Handle,
    failure: Arc<Failure>,
) -> Result<Option<SpanExporter>, ExporterBuildError> {
    SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_http_client(Collector::new(runtime, plan.export_max, failure))
        // A retry would outlive the time that the end of a run has.
        .with_retry_policy(RetryPolicy::disabled())
        .build()
        .map(Some)
}

/// Builds the provider of tracers; without an exporter spans have ids and go nowhere.
pub(super) fn provider(
    plan: &Plan,
    ids: &RunIds,
    exporter: Option<SpanExporter>,
) -> SdkTracerProvider {
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let mut resource = Resource::builder().with_attribute(version);
    if !plan.service_named {
        // The SDK's own default would be `unknown_service`.
        resource = resource.with_service_name("obs");
    }
    let builder = SdkTracerProvider::builder()
        .with_id_generator(RunIdGenerator::new(ids))
        .with_resource(resource.build());
    match exporter {
        Some(exporter) => builder.with_batch_exporter(exporter),
        None => builder,
    }
    .build()
}

/// Turns the `tracing` spans of `obs` into OpenTelemetry spans.
pub(super) fn layer<S>(provider: &SdkTracerProvider) -> impl Layer<S> + use<S>
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
{
    tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("obs"))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        // Log lines carry the span's id and need not be copied into the span.
        .with_filter(filter_fn(|metadata| {
            metadata.is_span() && metadata.target().starts_with("obs::")
        }))
}

/// Sends the rest; returns why spans were lost, now or earlier in the run.
pub(super) fn shut_down(
    provider: &SdkTracerProvider,
    failure: &Failure,
    within: Duration,
) -> Option<String> {
    let ended = provider.shutdown_with_timeout(within);
    failure.reason().or_else(|| match ended {
        Ok(()) | Err(OTelSdkError::AlreadyShutdown) => None,
        Err(OTelSdkError::InternalFailure(_) | OTelSdkError::Timeout(_)) => {
            Some(format!("no answer within {within:?} ({})", failure.asked()))
        }
    })
}

/// Gives the root span the trace id of the run, and the first span the run's span id.
///
/// Inventing a remote parent would do the former too, but the trace would then begin with a span that
/// is missing, and the sampler would not be asked.
#[derive(Debug)]
struct RunIdGenerator {
    trace_id: TraceId,
    span_id: SpanId,
    given: AtomicBool,
}

impl RunIdGenerator {
    fn new(ids: &RunIds) -> Self {
        Self {
            trace_id: TraceId::from_bytes(ids.trace_id.to_bytes()),
            span_id: SpanId::from_bytes(ids.span_id.to_bytes()),
            given: AtomicBool::new(false),
        }
    }
}

impl IdGenerator for RunIdGenerator {
    fn new_trace_id(&self) -> TraceId {
        self.trace_id
    }

    fn new_span_id(&self) -> SpanId {
        if self.given.swap(true, Ordering::Relaxed) {
            RandomIdGenerator::default().new_span_id()
        } else {
            self.span_id
        }
    }
}
