"""The site in a thread of this process, reached by real HTTP."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from logging import ERROR, getLogger
from threading import Thread
from typing import Any

from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application

HOST = "127.0.0.1"
PREFERRED_PORT = 8000


class QuietHandler(WSGIRequestHandler):
    """Answers without a line of log for each request: the story prints them itself."""

    # Head and body go out in two writes; the second need not wait for the first one's receipt.
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def serving(port: int | None) -> Iterator[tuple[str, Thread]]:
    """Serve the site while the block runs.

    :param port: the port to listen on; with ``None`` the usual one, or any that is free.
    :returns: the site's address, and the thread, which ends when the site does.
    """
    server = _listen(port)
    server.set_app(StaticFilesHandler(get_wsgi_application()))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        with _faults_only():
            yield f"http://{HOST}:{server.server_port}", thread
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def _faults_only() -> Iterator[None]:
    """Refusals are part of the story; only faults are worth a line beside it."""
    loggers = [getLogger(name) for name in ("django.request", "django_sandbox")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _listen(port: int | None) -> ThreadedWSGIServer:
    wanted = PREFERRED_PORT if port is None else port
    try:
        return ThreadedWSGIServer((HOST, wanted), QuietHandler)
    except OSError as error:
        if port is None and error.errno == errno.EADDRINUSE:
            return ThreadedWSGIServer((HOST, 0), QuietHandler)
        raise OSError(f"cannot listen on port {wanted}: {error.strerror}") from error
