"""A customer's server on this machine, which takes webhooks and believes only signed ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from threading import Thread
from typing import Any

from standardwebhooks.webhooks import Webhook

TIMEOUT = 60  # seconds


class Receiver:
    """Its address, and what has come in."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._received: Queue[tuple[dict[str, str], bytes]] = Queue()

    def put(self, headers: dict[str, str], body: bytes) -> None:
        """Take what came in."""
        self._received.put((headers, body))

    def next(self, secret: str) -> tuple[str, dict[str, Any]] | None:
        """The ``webhook-id`` and payload of the next request; ``None`` where none comes.

        :raises WebhookVerificationError: where it is not signed with the secret.
        """
        try:
            headers, body = self._received.get(timeout=TIMEOUT)
        except Empty:
            return None
        return headers["webhook-id"], Webhook(secret).verify(body, headers)

    @property
    def is_empty(self) -> bool:
        """Whether nothing has come in but what was looked at."""
        return self._received.empty()


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Listen on a free port while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.put({name.lower(): value for name, value in self.headers.items()}, body)
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing: the story does."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}/acme")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
