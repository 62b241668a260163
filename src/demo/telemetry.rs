//! Switches logs, spans and error events on, and flushes them at the end.

use std::io;
use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::ExporterBuildError;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use sentry::integrations::tracing::BreadcrumbLayer;
use tokio::runtime::Handle;
use tracing::{Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::demo::error_tracking;
use crate::demo::http_client;
use crate::demo::log_format::JsonLine;
use crate::demo::otlp_client::OtlpClient;
use crate::demo::settings::Settings;
use crate::demo::span_export;

/// Where the application's own spans and messages come from.
const APPLICATION: &str = "obs::demo";

/// Running telemetry.
pub(super) struct Telemetry {
    spans: SdkTracerProvider,
    errors: sentry::ClientInitGuard,
}

/// Telemetry that cannot start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// No HTTP client to send it with.
    #[error("cannot build an HTTP client")]
    Client(#[from] reqwest::Error),
    /// `OTEL_EXPORTER_OTLP_*` has a value that the exporter refuses.
    #[error("cannot build the span exporter")]
    Exporter(#[from] ExporterBuildError),
    /// The process has a subscriber already.
    #[error("cannot install the log subscriber")]
    Subscriber(#[from] tracing_subscriber::util::TryInitError),
}

/// Starts telemetry for the whole process.
///
/// Each layer has a filter of its own: `LOG_LEVEL` decides about log lines and not about spans.
pub(super) fn start(settings: &Settings, runtime: &Handle) -> Result<Telemetry, TelemetryError> {
    // One client each: a pooled connection lives on the runtime that opened it, and Sentry's
    // transport has its own, which stands still between two events.
    let errors = error_tracking::start(settings, http_client::build(settings.uses_tls())?);
    let client = OtlpClient::new(http_client::build(settings.uses_tls())?, runtime.clone());
    let spans = span_export::provider(settings, client)?;

    let breadcrumb_layer = BreadcrumbLayer::new().with_filter(filter_fn(|metadata| {
        metadata.is_event()
            && matches!(*metadata.level(), Level::INFO | Level::WARN)
            && metadata.target().starts_with(APPLICATION)
    }));
    let log_layer = tracing_subscriber::fmt::layer()
        .event_format(JsonLine { service: settings.service.name() })
        // Stdout is locked and line-buffered, and a line is one write: lines never interleave.
        .with_writer(io::stdout)
        .with_filter(
            Targets::new()
                .with_default(settings.log_level.min(LevelFilter::WARN))
                .with_target(APPLICATION, settings.log_level),
        );
    tracing_subscriber::registry()
        .with(span_layer(spans.tracer(settings.service.name())))
        .with(breadcrumb_layer)
        .with(log_layer)
        .try_init()?;
    Ok(Telemetry { spans, errors })
}

/// Turns the application's `tracing` spans into OpenTelemetry spans.
pub(super) fn span_layer<S>(tracer: SdkTracer) -> impl Layer<S>
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
{
    tracing_opentelemetry::layer()
        .with_tracer(tracer)
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        // Spans only: log lines carry the span's id and need not be copied into the span.
        .with_filter(filter_fn(|metadata| {
            metadata.is_span() && metadata.target().starts_with(APPLICATION)
        }))
}

impl Telemetry {
    /// Sends what is waiting; returns after `deadline` at the latest, dead backends included.
    pub(super) fn stop(self, deadline: Duration) {
        let Self { spans, errors } = self;
        std::thread::scope(|scope| {
            // A collector that did not answer has been logged by the client.
            scope.spawn(|| drop(spans.shutdown_with_timeout(deadline)));
            errors.flush(Some(deadline));
        });
        // Closing the client would wait for the request that a dead backend keeps open.
        std::mem::forget(errors);
    }
}
