"""SMTP servers, gRPC services and a mock cluster of Kafka, for brokers.sh: says in FOLDER/ports.json where."""

import asyncio
import json
import os
import socketserver
import ssl
import sys
import threading
from concurrent import futures

import grpc
from aiosmtpd.smtp import SMTP, AuthResult
from confluent_kafka.admin import AdminClient
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

folder = sys.argv[1]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(f"{folder}/cert.pem", f"{folder}/key.pem")


class Handler:
    """Takes no mail: none is sent."""


def authenticate(server, session, envelope, mechanism, login):
    good = (login.login, login.password) == (b"obs", b"hunter2")
    return AuthResult(success=good, handled=False)


class Stopping(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(b"421 4.3.2 service shutting down\r\n")


def smtp(at_once=None, **options):
    async def listen():
        make = lambda: SMTP(Handler(), hostname="mail.test", **options)
        server = await loop.create_server(make, "127.0.0.1", 0, ssl=at_once)
        return server.sockets[0].getsockname()[1]

    return asyncio.run_coroutine_threadsafe(listen(), loop).result(10)


def serve(add, credentials=None):
    server = grpc.server(futures.ThreadPoolExecutor(4))
    add(server)
    if credentials:
        port = server.add_secure_port("localhost:0", credentials)
    else:
        port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def healthy(server):
    servicer = health.HealthServicer()
    servicer.set("shop.Orders", health_pb2.HealthCheckResponse.SERVING)
    servicer.set("shop.Stock", health_pb2.HealthCheckResponse.NOT_SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)


loop = asyncio.new_event_loop()
threading.Thread(target=loop.run_forever, daemon=True).start()
stopping = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Stopping)
threading.Thread(target=stopping.serve_forever, daemon=True).start()
with open(f"{folder}/key.pem", "rb") as key, open(f"{folder}/cert.pem", "rb") as certificate:
    credentials = grpc.ssl_server_credentials([(key.read(), certificate.read())])
servers = [serve(healthy), serve(lambda server: None), serve(healthy, credentials)]
kafka = AdminClient({"test.mock.num.brokers": 3, "bootstrap.servers": "replaced", "log_level": 0})
kafka.list_topics("orders", timeout=10)  # asked for by name, the mock makes it
brokers = kafka.list_topics(timeout=10).brokers
ports = {
    "smtp": smtp(tls_context=context, authenticator=authenticate),
    "smtp_plain": smtp(),
    "smtps": smtp(at_once=context),
    "smtp_421": stopping.server_address[1],
    "grpc": servers[0][1],
    "grpc_bare": servers[1][1],
    "grpc_tls": servers[2][1],
    "kafka": brokers[1].port,
}
with open(f"{folder}/ports.new", "w") as file:
    json.dump(ports, file)
os.rename(f"{folder}/ports.new", f"{folder}/ports.json")
threading.Event().wait()
