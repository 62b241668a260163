"""Sends an error, a transaction and a log line with sentry-sdk, then an error to Spotlight without a DSN; prints their ids."""

import json
import os

import sentry_sdk

found = {"request_id": "live-python-1", "spotlight_request_id": "live-python-2"}
sentry_sdk.init(os.environ["SENTRY_DSN"], traces_sample_rate=1.0, enable_logs=True, release="live-python@1")
with sentry_sdk.start_transaction(name="work of sentry-python", op="task") as transaction:
    found["trace_id"] = transaction.trace_id
    sentry_sdk.set_tag("request_id", found["request_id"])
    sentry_sdk.logger.warning("logged by sentry-python")
    try:
        raise LookupError("broken by sentry-python")
    except LookupError as error:
        found["event_id"] = sentry_sdk.capture_exception(error)
sentry_sdk.flush(10)

sentry_sdk.init(dsn="", spotlight=os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] + "/stream", release="live-python@1")
sentry_sdk.set_tag("request_id", found["spotlight_request_id"])
try:
    raise LookupError("broken without a DSN")
except LookupError as error:
    sentry_sdk.capture_exception(error)
sentry_sdk.flush(10)
print(json.dumps(found))
