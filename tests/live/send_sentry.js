// Sends an error, a transaction and a log line with @sentry/node; prints their ids.
const Sentry = require("@sentry/node");

Sentry.init({
  dsn: process.env.SENTRY_DSN,
  tracesSampleRate: 1,
  enableLogs: true,
  release: "live-node@1",
  // Its own detection of what runs is not what is tried here.
  integrations: (all) => all.filter((one) => one.name !== "Modules"),
});
const found = { request_id: "live-node-1" };
Sentry.startSpan({ name: "work of sentry-node", op: "task" }, (span) => {
  found.trace_id = span.spanContext().traceId;
  Sentry.setTag("request_id", found.request_id);
  Sentry.logger.warn("logged by sentry-node");
  found.event_id = Sentry.captureException(new Error("broken by sentry-node"));
});
Sentry.flush(10000).then(() => console.log(JSON.stringify(found)));
