"""A customer's server on loopback: it verifies what it gets and answers as it is told."""

from __future__ import annotations

import ssl
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks.webhooks import Webhook


class Received:
    """One request as it came in."""

    def __init__(self, path, headers, body):
        self.path, self.headers, self.body = path, headers, body

    @property
    def id(self):
        return self.headers["webhook-id"]

    def verified(self, secret):
        """The payload, where the library accepts the signature; it raises where it does not."""
        return Webhook(secret).verify(self.body, dict(self.headers.items()))


class Receiver:
    """What the server got, and the answers it still has to give (then 204 for ever)."""

    def __init__(self, address):
        self.address = address
        self.url = f"{address}/hook"
        self.got = []
        self.answers = []
        self.arrived = threading.Condition()
        self.released = threading.Event()  # what a hanging answer waits for

    def next_answer(self):
        return self.answers.pop(0) if self.answers else 204

    def add(self, received):
        with self.arrived:
            self.got.append(received)
            self.arrived.notify_all()

    def wait_for(self, number, timeout=180):
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.got) >= number, timeout), self.got
        return self.got


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    receiver: Receiver

    def do_POST(self):
        length = int(self.headers.get("content-length", 0))
        body = self.rfile.read(length)
        answer = self.receiver.next_answer()
        self.receiver.add(Received(self.path, self.headers, body))
        if callable(answer):
            answer(self)
        else:
            self.answer(*((answer,) if isinstance(answer, int) else answer))

    def answer(self, status, headers=(), body=b""):
        self.send_response(status)
        for name, value in dict(headers).items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.do_POST()

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass  # a sender that has closed its end


@contextmanager
def receiving(ssl_context: ssl.SSLContext | None = None, host="127.0.0.1"):
    """A receiver on a free port, for the length of the block."""
    server = Server((host, 0), None)
    if ssl_context is not None:
        server.socket = ssl_context.wrap_socket(server.socket, server_side=True)
    scheme = "http" if ssl_context is None else "https"
    receiver = Receiver(f"{scheme}://{host}:{server.server_port}")
    server.RequestHandlerClass = type("Own", (Handler,), {"receiver": receiver})
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.released.set()
        server.shutdown()
        thread.join()
        server.server_close()
