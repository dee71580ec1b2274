"""Transports for httpx, sync and async."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any

import anyio
import httpx
from asgiref.sync import sync_to_async

from django_sandbox.contrib.effects.answers import Asked, held_back
from django_sandbox.contrib.effects.decisions import is_held_back
from django_sandbox.contrib.effects.declarations import Answer


class HttpxTransport(httpx.BaseTransport):
    """For ``httpx.Client(transport=HttpxTransport())``: asks for the mode at every request.

    :param transport: what sends in live; one made of ``options`` if none is given.
    :param options: of :class:`httpx.HTTPTransport`, such as ``verify``, ``proxy`` and
        ``retries``; a client takes them no longer once it is given a transport.
    """

    def __init__(self, transport: httpx.BaseTransport | None = None, **options: Any) -> None:
        self.real = transport or httpx.HTTPTransport(**options)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send in live; in test record and answer.

        :raises ModeNotSet: where no mode is set; nothing has been sent.
        """
        if not is_held_back():
            return self.real.handle_request(request)
        answer = held_back(_asked(request, request.read()))
        delay = _delay_or_error(answer, request)
        if delay:
            time.sleep(delay)
        return _response(answer, request)

    def __enter__(self) -> HttpxTransport:
        self.real.__enter__()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.real.__exit__(exc_type, exc_value, traceback)

    def close(self) -> None:
        """Close the connections of the transport that sends."""
        self.real.close()


class AsyncHttpxTransport(httpx.AsyncBaseTransport):
    """The same for ``httpx.AsyncClient``, on asyncio."""

    def __init__(self, transport: httpx.AsyncBaseTransport | None = None, **options: Any) -> None:
        self.real = transport or httpx.AsyncHTTPTransport(**options)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send in live; in test record and answer.

        :raises ModeNotSet: where no mode is set; nothing has been sent.
        """
        if not is_held_back():
            return await self.real.handle_async_request(request)
        asked = _asked(request, await request.aread())
        answer = await sync_to_async(held_back)(asked)
        delay = _delay_or_error(answer, request)
        if delay:
            await anyio.sleep(delay)
        return _response(answer, request)

    async def __aenter__(self) -> AsyncHttpxTransport:
        await self.real.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.real.__aexit__(exc_type, exc_value, traceback)

    async def aclose(self) -> None:
        """Close the connections of the transport that sends."""
        await self.real.aclose()


def _asked(request: httpx.Request, body: bytes) -> Asked:
    return Asked(request.method, str(request.url), dict(request.headers), body)


def _delay_or_error(answer: Answer, request: httpx.Request) -> float:
    """How long to wait; or the error, at once, that the client would have met in the end."""
    if answer.error:
        kind, words = _ERRORS[answer.error]
        raise kind(words, request=request)
    limit = request.extensions.get("timeout", {}).get("read")
    if limit is not None and answer.delay > limit:
        kind, words = _ERRORS["read_timeout"]
        raise kind(words, request=request)
    return answer.delay


_ERRORS: dict[str, tuple[type[httpx.TransportError], str]] = {
    "connect": (httpx.ConnectError, "The vendor refused the connection (declared)."),
    "connect_timeout": (httpx.ConnectTimeout, "Connecting took too long (declared)."),
    "read_timeout": (httpx.ReadTimeout, "The answer took too long (declared)."),
}


def _response(answer: Answer, request: httpx.Request) -> httpx.Response:
    empty = request.method == "HEAD" or answer.status in (204, 304)
    return httpx.Response(
        answer.status,
        headers=dict(answer.headers),
        content=b"" if empty else answer.content,
        request=request,
        extensions={"http_version": b"HTTP/1.1"},
    )
