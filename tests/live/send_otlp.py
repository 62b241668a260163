"""Sends a trace, a log line and a measurement over OTLP, once over HTTP and once over gRPC, with gzip; prints the trace ids."""

import json
import logging
import os

from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcLogs
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter as GrpcMetrics
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpans
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpLogs
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter as HttpMetrics
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpans
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from grpc import Compression as GrpcCompression

url = os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"]
resource = Resource.create({"service.name": "live-python"})
ids = {}


def send(transport, spans, logs, metrics):
    tracers = TracerProvider(resource=resource)
    tracers.add_span_processor(BatchSpanProcessor(spans))
    loggers = LoggerProvider(resource=resource)
    loggers.add_log_record_processor(BatchLogRecordProcessor(logs))
    meters = MeterProvider([PeriodicExportingMetricReader(metrics)], resource=resource)
    logger = logging.getLogger(transport)
    logger.addHandler(LoggingHandler(logger_provider=loggers))
    with tracers.get_tracer("live").start_as_current_span(f"python {transport}") as span:
        span.set_attribute("transport", transport)
        ids[transport] = format(span.get_span_context().trace_id, "032x")
        with tracers.get_tracer("live").start_as_current_span("inner"):
            logger.warning("logged over %s", transport)
        meters.get_meter("live").create_counter(f"sent.{transport}").add(1)
    for provider in (tracers, loggers, meters):
        assert provider.force_flush() is not False, transport
        provider.shutdown()


gzip = Compression.Gzip
send(
    "http",
    HttpSpans(endpoint=f"{url}/v1/traces", compression=gzip),
    HttpLogs(endpoint=f"{url}/v1/logs", compression=gzip),
    HttpMetrics(endpoint=f"{url}/v1/metrics", compression=gzip),
)
options = {"endpoint": url, "insecure": True, "compression": GrpcCompression.Gzip}
send("grpc", GrpcSpans(**options), GrpcLogs(**options), GrpcMetrics(**options))
print(json.dumps(ids))
