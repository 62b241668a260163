"""Runs two FastAPI services, asks the first one twice, and prints the trace ids; the argument is how spans are sent.

`storefront` is instrumented by OpenTelemetry's packages, beside which FastAPI keeps its own quiet; `stock` by FastAPI itself.
"""

import json
import os
import sys
import threading
import time
import urllib.error
import urllib.request

import httpx
import uvicorn
from fastapi import FastAPI
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpans
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpans
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import get_current_span
from sqlalchemy import create_engine, text
from sqlalchemy.pool import StaticPool

url = os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"]
transport = sys.argv[1]
ids = {}
running = []


def provider(service):
    if transport == "http":
        exporter = HttpSpans(endpoint=f"{url}/v1/traces")
    else:
        exporter = GrpcSpans(endpoint=url, insecure=True)
    made = TracerProvider(resource=Resource.create({"service.name": f"{service}-{transport}"}))
    made.add_span_processor(BatchSpanProcessor(exporter))
    return made


def remember(name):
    ids[name] = format(get_current_span().get_span_context().trace_id, "032x")


providers = {"storefront": provider("storefront"), "stock": provider("stock")}
storefront, stock = (
    FastAPI(telemetry={"tracer_provider": of_service, "operation_spans": False}) for of_service in providers.values()
)

engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
with engine.begin() as connection:
    connection.execute(text("CREATE TABLE price (sku TEXT, cents INTEGER)"))
SQLAlchemyInstrumentor().instrument(engine=engine, tracer_provider=providers["storefront"])
HTTPXClientInstrumentor().instrument(tracer_provider=providers["storefront"])
FastAPIInstrumentor.instrument_app(storefront, tracer_provider=providers["storefront"])
tracer = providers["storefront"].get_tracer("storefront")


class CardDeclined(Exception):
    pass


@storefront.get("/basket")
def basket():
    remember("basket")
    with tracer.start_as_current_span("price the basket"), engine.connect() as connection:
        for number in range(6):
            connection.execute(text("SELECT cents FROM price WHERE sku = :sku"), {"sku": f"sku-{number}"}).all()
    return httpx.get(f"{addresses['stock']}/reserve").json()


@storefront.get("/pay")
def pay():
    remember("pay")
    with tracer.start_as_current_span("charge the card"):
        raise CardDeclined("the issuer said no")


@stock.get("/reserve")
def reserve():
    return {"reserved": 6}


def serve(app):
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < deadline, "uvicorn did not start"
        time.sleep(0.02)
    running.append((server, thread))
    return "http://127.0.0.1:%d" % server.servers[0].sockets[0].getsockname()[1]


def ask(path):
    try:
        return urllib.request.urlopen(addresses["storefront"] + path, timeout=20).status
    except urllib.error.HTTPError as error:
        return error.code


addresses = {"storefront": serve(storefront), "stock": serve(stock)}
statuses = [ask("/basket"), ask("/pay")]
assert statuses == [200, 500], statuses
# A request's span ends after its answer has been read: not before the servers have stopped are all spans there to send.
for server, thread in running:
    server.should_exit = True
    thread.join(20)
for one in providers.values():
    assert one.force_flush() is not False, transport
    one.shutdown()
print(json.dumps(ids))
