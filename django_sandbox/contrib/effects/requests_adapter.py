"""The adapter for requests."""

from __future__ import annotations

import time
from http.client import HTTPMessage
from http.client import responses as REASONS
from io import BytesIO
from typing import Any

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPResponse
from urllib3.util import Timeout

from django_sandbox.contrib.effects.answers import Asked, held_back
from django_sandbox.contrib.effects.decisions import is_held_back
from django_sandbox.contrib.effects.declarations import Answer


class RequestsAdapter(HTTPAdapter):
    """For ``session.mount("https://", RequestsAdapter())``: asks for the mode at every request.

    :param adapter: what sends in live, where that is another than requests' own.
    :param options: of :class:`requests.adapters.HTTPAdapter`, such as ``max_retries``.
    """

    __attrs__ = [*HTTPAdapter.__attrs__, "real"]

    def __init__(self, adapter: BaseAdapter | None = None, **options: Any) -> None:
        self.real = adapter
        super().__init__(**options)

    def send(self, request: Any, *args: Any, **kwargs: Any) -> requests.Response:
        """Send in live; in test record and answer.

        :raises ModeNotSet: where no mode is set; nothing has been sent.
        """
        if not is_held_back():
            if self.real is not None:
                return self.real.send(request, *args, **kwargs)
            return super().send(request, *args, **kwargs)
        timeout = kwargs.get("timeout", args[1] if len(args) > 1 else None)
        answer = held_back(_asked(request))
        _wait(answer, _read_timeout(timeout), request)
        self._retry(answer, request)
        return self.build_response(request, _raw_response(answer, request))

    def _retry(self, answer: Answer, request: Any) -> None:
        """A declared answer is the same at every try: say at once what the last one would.

        :raises requests.RetryError: where live would retry this status until it gave up.
        """
        retries = self.max_retries
        after = any(name.lower() == "retry-after" for name in answer.headers)
        if retries.is_retry(request.method, answer.status, after) and retries.raise_on_status:
            raise requests.exceptions.RetryError(
                f"too many {answer.status} error responses (declared)", request=request
            )

    def close(self) -> None:
        """Close the connections of whatever sends."""
        if self.real is not None:
            self.real.close()
        super().close()


def _asked(request: Any) -> Asked:
    headers = {str(name): _text(value) for name, value in request.headers.items()}
    return Asked(request.method or "GET", request.url, headers, _body(request.body))


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _body(body: Any) -> bytes:
    """The whole body, of a file or a generator too, which are used up as by sending them."""
    if body is None:
        return b""
    if hasattr(body, "read"):
        body = body.read()
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, bytes | bytearray | memoryview):
        return bytes(body)
    return b"".join(part.encode() if isinstance(part, str) else part for part in body)


def _read_timeout(timeout: Any) -> float | None:
    if isinstance(timeout, Timeout):
        limit = timeout.read_timeout
        return limit if isinstance(limit, int | float) else None
    if isinstance(timeout, tuple):
        timeout = timeout[1]
    return None if timeout is None else float(timeout)


def _wait(answer: Answer, limit: float | None, request: Any) -> None:
    """Wait as declared; or raise at once the error that the client would have met in the end."""
    error = answer.error
    if not error and limit is not None and answer.delay > limit:
        error = "read_timeout"
    if error:
        kind, words = _ERRORS[error]
        raise kind(words, request=request)
    if answer.delay:
        time.sleep(answer.delay)


_ERRORS: dict[str, tuple[type[requests.RequestException], str]] = {
    "connect": (requests.ConnectionError, "The vendor refused the connection (declared)."),
    "connect_timeout": (requests.ConnectTimeout, "Connecting took too long (declared)."),
    "read_timeout": (requests.ReadTimeout, "The answer took too long (declared)."),
}


def _raw_response(answer: Answer, request: Any) -> HTTPResponse:
    empty = request.method == "HEAD" or answer.status in (204, 304)
    content = b"" if empty else answer.content
    return HTTPResponse(
        body=BytesIO(content),
        headers={"Content-Length": str(len(content)), **answer.headers},
        status=answer.status,
        version=11,
        reason=REASONS.get(answer.status, ""),
        preload_content=False,
        request_method=request.method,
        original_response=_Original(answer),  # type: ignore[arg-type]
    )


class _Original:
    """What cookies are read from: the headers as the standard library would hold them."""

    def __init__(self, answer: Answer) -> None:
        self.msg = HTTPMessage()
        for name, value in answer.headers.items():
            self.msg[name] = value

    def isclosed(self) -> bool:
        return True

    def close(self) -> None:
        """There is nothing to close."""
