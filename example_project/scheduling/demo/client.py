"""An HTTP client of the standard library, as little as the story needs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPMessage
from http.cookiejar import CookieJar
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import (
    HTTPCookieProcessor,
    HTTPRedirectHandler,
    ProxyHandler,
    Request,
    build_opener,
)

TIMEOUT = 60  # seconds


@dataclass(frozen=True)
class Answer:
    """What the server said."""

    status: int
    headers: HTTPMessage
    text: str

    @property
    def mode(self) -> str:
        """The ``X-Mode`` header as received; empty where there is none."""
        return self.headers.get("X-Mode", "")

    @property
    def reason(self) -> str:
        """The status in words, such as ``Created``."""
        return HTTPStatus(self.status).phrase

    @property
    def json(self) -> Any:
        """The body as JSON. :raises ValueError: where it is none."""
        return json.loads(self.text)


class NoRedirect(HTTPRedirectHandler):
    """A redirect is an answer like any other."""

    def redirect_request(self, *args: Any) -> None:
        """Follow nothing."""


class Client:
    """Somebody who makes requests: with the key given for each, or with a session."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.cookies = CookieJar()
        # No proxy of the environment stands between this process and itself.
        self._opener = build_opener(
            ProxyHandler({}), NoRedirect(), HTTPCookieProcessor(self.cookies)
        )

    def send(
        self,
        method: str,
        path: str,
        *,
        key: str = "",
        body: dict[str, Any] | None = None,
        form: dict[str, str] | None = None,
    ) -> Answer:
        """Make one request and return the answer, whatever its status.

        :param key: API key to send as a bearer token; without one the session counts.
        :param body: sent as JSON. :param form: sent as an HTML form does.
        """
        headers = {"Accept": "application/json, text/html;q=0.9"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        elif token := self.csrf_token:
            headers["X-CSRFToken"] = token
        data = None
        if body is not None:
            data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        elif form is not None:
            data = urlencode(form).encode()
        # The address is this process's own server.
        request = Request(self.address + path, data, headers, method=method)  # noqa: S310
        try:
            response = self._opener.open(request, timeout=TIMEOUT)
        except HTTPError as refusal:
            response = refusal
        with response:
            return Answer(response.status, response.headers, response.read().decode())

    @property
    def csrf_token(self) -> str:
        """The token that forms and session requests must send; empty before the first page."""
        return next((c.value or "" for c in self.cookies if c.name == "csrftoken"), "")
