"""Acme Cloud itself: takes charges, calendar events and mails, and says what it was asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from socketserver import ThreadingMixIn
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from django.conf import settings

HOST = "127.0.0.1"
TAKES = {"/v1/charges": "charge", "/v1/events": "event", "/v1/mails": "mail"}


class Cloud:
    """The vendor as a WSGI application. It has no test mode: whatever arrives, happens."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        status, document = self._answer(environ)
        body = json.dumps(document).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        start_response(f"{status.value} {status.phrase}", headers)
        return [body]

    def _answer(self, environ: dict[str, Any]) -> tuple[HTTPStatus, Any]:
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        if (method, path) == ("GET", "/v1/heard"):
            return HTTPStatus.OK, self.heard
        if method != "POST" or path not in TAKES:
            return HTTPStatus.NOT_FOUND, {"error": "There is nothing here."}
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = json.loads(environ["wsgi.input"].read(length))
        key = environ.get("HTTP_AUTHORIZATION", "").removeprefix("Bearer ")
        self.heard.append({"what": TAKES[path], "key": key, "body": body})
        if key != settings.VENDOR_LIVE_KEY:
            return HTTPStatus.UNAUTHORIZED, {"error": "Unknown key."}
        return HTTPStatus.CREATED, {"id": f"{TAKES[path]}_{len(self.heard)}"}


class Server(ThreadingMixIn, WSGIServer):
    """One thread a request."""

    daemon_threads = True


class QuietHandler(WSGIRequestHandler):
    """Answers without a line of log for each request."""

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def running(port: int = 0) -> Iterator[tuple[str, Cloud]]:
    """Run the vendor in a thread while the block runs; its address and the vendor itself.

    :param port: any that is free, if none is given.
    """
    cloud = Cloud()
    server = make_server(HOST, port, cloud, Server, QuietHandler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}", cloud
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
