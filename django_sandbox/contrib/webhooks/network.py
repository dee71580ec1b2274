"""Connections that go where :mod:`addresses` allows, and nowhere else.

The check stands in the network backend, between looking a name up and connecting to what
was found: the connection goes to the very address that was checked, while the name stays
what ``Host``, SNI and the certificate go by. A name that resolves to something else a
moment later gains nothing. Proxies, ``.netrc``, cookies and redirects are not known here.
"""

from __future__ import annotations

import atexit
import os
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx

from django_sandbox.contrib.webhooks import addresses

CONNECT_TIMEOUT = 5.0  # seconds for one of several addresses
KEEP_ALIVE = 15.0  # seconds that an idle connection is kept
MAX_IDLE = 64  # connections

_time = threading.local()


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Everything that this thread does over the network inside the block ends in time.

    One limit for the whole, however many small steps it is made of, where a time-out of
    each read would let a receiver drip its answer for ever.
    """
    _time.ends_at = time.monotonic() + seconds
    try:
        yield
    finally:
        del _time.ends_at


def _time_left(at_most: float | None = None) -> float | None:
    ends_at = getattr(_time, "ends_at", None)
    if ends_at is None:
        return at_most
    left: float = ends_at - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("The time is over.")
    return left if at_most is None else min(left, at_most)


class GuardedStream(httpcore.NetworkStream):
    """A connection to a checked address; each use minds the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, address: str) -> None:
        self._stream = stream
        self._address = address

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _time_left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # Again, for connections that were kept open: what is allowed may have changed.
        addresses.check_address(self._address)
        self._stream.write(buffer, _time_left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, _time_left(timeout))
        return GuardedStream(stream, self._address)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class GuardedBackend(httpcore.NetworkBackend):
    """Looks a name up, checks what it finds, and connects to that."""

    def __init__(self, resolver: addresses.Resolver | None = None) -> None:
        self._resolver = resolver
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """:raises UrlRefused: where an address of the host is refused."""
        try:
            found = addresses.resolve(host, port, _time_left() or CONNECT_TIMEOUT, self._resolver)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.ConnectError(f"The name does not resolve: {error}") from error
        for number, address in enumerate(found, start=1):
            several = CONNECT_TIMEOUT if number < len(found) else None
            try:
                stream = self._inner.connect_tcp(
                    address, port, _time_left(several), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if number == len(found):
                    raise
            else:
                return GuardedStream(stream, address)
        raise AssertionError("resolve() finds an address or raises")

    def connect_unix_socket(self, *args: Any, **kwargs: Any) -> httpcore.NetworkStream:
        raise httpcore.ConnectError("Webhooks go over TCP.")


class GuardedTransport(httpx.BaseTransport):
    """One request and its answer over guarded connections, which are kept and used again.

    :param resolver: what looks names up; the system's if none is given.
    :param ssl_context: what certificates are checked with; httpx's own if none is given.
    """

    def __init__(
        self,
        resolver: addresses.Resolver | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl_context or httpx.create_ssl_context(trust_env=False),
            max_connections=None,
            max_keepalive_connections=MAX_IDLE,
            keepalive_expiry=KEEP_ALIVE,
            network_backend=GuardedBackend(resolver),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """:raises httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError,
        UrlRefused: where there is no answer."""
        url = request.url
        answer = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                ),
                headers=request.headers.raw,
                content=request.stream,
            )
        )
        return httpx.Response(answer.status, headers=answer.headers, stream=_Stream(answer))

    def close(self) -> None:
        self._pool.close()


class _Stream(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        return self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


_shared: GuardedTransport | None = None
_lock = threading.Lock()


def shared_transport() -> GuardedTransport:
    """The process's own transport, made when first asked for."""
    global _shared
    with _lock:
        if _shared is None:
            _shared = GuardedTransport()
        return _shared


def close_shared() -> None:
    """Close the connections that the process keeps open; the next attempt opens its own."""
    global _shared
    with _lock:
        transport, _shared = _shared, None
    if transport is not None:
        transport.close()


atexit.register(close_shared)


def _forget() -> None:
    # A forked worker must not write into the connections of its parent.
    global _shared, _lock
    _shared, _lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
