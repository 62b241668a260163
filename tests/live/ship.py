"""Sends a line each by Loki's and Elasticsearch's Python clients and by the standard library's syslog handlers."""

import logging
import logging.handlers
import socket
import sys

import logging_loki
from elasticsearch import Elasticsearch, helpers

url, syslog_port = sys.argv[1], int(sys.argv[2])

loki = logging_loki.LokiHandler(url=f"{url}/loki/api/v1/push", tags={"service": "live-loki"}, version="1")
by_loki = logging.getLogger("loki")
by_loki.addHandler(loki)
by_loki.error("shipped by python-logging-loki")

client = Elasticsearch(url)
assert client.info()["version"]["number"]
lines = [
    {"_index": "logs-live", "_op_type": "create", "_source": {
        "@timestamp": "2026-11-21T10:00:00Z", "message": f"shipped by elasticsearch {number}",
        "log.level": "error", "trace.id": "0af7651916cd43dd8448eb211c80319c"}}
    for number in range(50)
]
stored, errors = helpers.bulk(client, lines)
assert (stored, errors) == (50, []), (stored, errors)

for kind, word in [(socket.SOCK_DGRAM, "UDP"), (socket.SOCK_STREAM, "TCP")]:
    handler = logging.handlers.SysLogHandler(address=("127.0.0.1", syslog_port), socktype=kind)
    logger = logging.getLogger(word)
    logger.addHandler(handler)
    logger.error("shipped by SysLogHandler over %s", word)
    handler.close()
