// Sends a trace as OTLP's JSON and one as its protobuf; prints the trace ids.
const { NodeSDK, resources, tracing } = require("@opentelemetry/sdk-node");
const { OTLPTraceExporter: Json } = require("@opentelemetry/exporter-trace-otlp-http");
const { OTLPTraceExporter: Protobuf } = require("@opentelemetry/exporter-trace-otlp-proto");
const { trace } = require("@opentelemetry/api");

async function send(transport, exporter, ids) {
  const sdk = new NodeSDK({
    resource: resources.resourceFromAttributes({ "service.name": "live-node" }),
    spanProcessors: [new tracing.BatchSpanProcessor(exporter)],
    instrumentations: [],
  });
  sdk.start();
  trace.getTracer("live").startActiveSpan(`node ${transport}`, (span) => {
    ids[transport] = span.spanContext().traceId;
    span.setAttribute("count", 3).end();
  });
  await sdk.shutdown();
  trace.disable();
}

(async () => {
  const ids = {};
  const url = `${process.env.OTEL_EXPORTER_OTLP_ENDPOINT}/v1/traces`;
  await send("json", new Json({ url, compression: "gzip" }), ids);
  await send("protobuf", new Protobuf({ url }), ids);
  console.log(JSON.stringify(ids));
})();
