//! Spans: whose they are, which ids they get, where they are sent.

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::{SpanId, TraceId};
use opentelemetry_otlp::{
    ExporterBuildError, Protocol, RetryPolicy, SpanExporter, WithExportConfig as _,
    WithHttpConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, IdGenerator, RandomIdGenerator, SdkTracerProvider,
};
use uuid::Uuid;

use crate::demo::otlp_client::OtlpClient;
use crate::demo::request_scope::RequestScope;
use crate::demo::settings::Settings;

/// Short, so that a trace can be looked at right after its request.
const EXPORT_DELAY: Duration = Duration::from_millis(200);

/// Builds the provider of tracers; without an OTLP endpoint spans have ids and are not exported.
///
/// The endpoint, headers and sampler are read from `OTEL_*` by the SDK.
pub(super) fn provider(
    settings: &Settings,
    client: OtlpClient,
) -> Result<SdkTracerProvider, ExporterBuildError> {
    let mut builder = SdkTracerProvider::builder()
        .with_id_generator(RequestIdGenerator::default())
        .with_resource(resource(settings));
    if settings.otlp_endpoint.is_some() {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_http_client(client)
            // A retry would outlive the deadline in which a stopping application sends its rest.
            .with_retry_policy(RetryPolicy::disabled())
            .build()?;
        let batch = BatchConfigBuilder::default().with_scheduled_delay(EXPORT_DELAY).build();
        let processor = BatchSpanProcessor::builder(exporter).with_batch_config(batch).build();
        builder = builder.with_span_processor(processor);
    }
    Ok(builder.build())
}

fn resource(settings: &Settings) -> Resource {
    // OTEL_SERVICE_NAME is read by the SDK's detectors; a name given here would win over it.
    let detected = Resource::builder().with_attributes([
        KeyValue::new("service.version", settings.version().to_owned()),
        KeyValue::new("service.instance.id", Uuid::now_v7().to_string()),
        KeyValue::new("deployment.environment.name", settings.environment.clone()),
    ]);
    if settings.service_name_given {
        detected
    } else {
        detected.with_service_name(settings.service.name())
    }
    .build()
}

/// Gives a root span the trace id that its request adopted.
///
/// Inventing a remote parent would do so too, but each trace would then begin with a span that is
/// missing, and the sampler would not be asked.
#[derive(Debug, Default)]
pub(super) struct RequestIdGenerator(RandomIdGenerator);

impl IdGenerator for RequestIdGenerator {
    fn new_trace_id(&self) -> TraceId {
        RequestScope::current().map_or_else(|| self.0.new_trace_id(), |scope| scope.trace_id)
    }

    fn new_span_id(&self) -> SpanId {
        self.0.new_span_id()
    }
}
