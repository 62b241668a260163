"""Applications whose metrics `obs metrics` reads: one for each library.

METRICS_LIBRARY=starlette-prometheus|instrumentator|client uvicorn metrics_app:app
"""
import os

from fastapi import FastAPI, HTTPException

library = os.environ["METRICS_LIBRARY"]
app = FastAPI()

if library == "starlette-prometheus":
    from starlette_prometheus import PrometheusMiddleware, metrics

    app.add_middleware(PrometheusMiddleware)
    app.add_route("/metrics", metrics)
elif library == "instrumentator":
    from prometheus_fastapi_instrumentator import Instrumentator

    Instrumentator().instrument(app).expose(app)
else:
    import prometheus_client

    hostile = prometheus_client.Counter("hostile", "A label\nof \\ all kinds.", ["value"])
    for value in ['}', '{a="b"}', 'a,b="c"', '\\', '"', 'a\nb', "ünï ✓", "# x", ""]:
        hostile.labels(value).inc()
    sizes = prometheus_client.Histogram("size_bytes", "Sizes.", ["route"], buckets=(1, 10, float("inf")))
    sizes.labels("/a/{b}").observe(5, {"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736"})
    prometheus_client.Info("build", "Build.").info({"version": "1"})
    prometheus_client.Enum("state", "State.", states=["on", "off"]).state("off")
    app.mount("/metrics", prometheus_client.make_asgi_app())


@app.get("/items/{item}")
def item(item: int):
    if item % 10 == 0:
        raise HTTPException(500)
    return item


@app.get("/who")
def who():
    return os.getpid()
