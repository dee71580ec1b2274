"""One way to ask for all clients: ``ask(method, url, **options)``, whichever makes the request."""

from __future__ import annotations

import httpx
import requests
from asgiref.sync import async_to_sync

from django_sandbox.contrib.effects.http import (
    AsyncHttpxTransport,
    HttpxTransport,
    RequestsAdapter,
)


def by_requests(method, url, *, adapter=None, **options):
    with requests.Session() as session:
        session.trust_env = False
        for scheme in ("http://", "https://"):
            session.mount(scheme, adapter or RequestsAdapter())
        options["data"] = options.pop("content", options.get("data"))
        options["allow_redirects"] = options.pop("follow_redirects", False)
        return session.request(method, url, **options)


def by_httpx(method, url, **options):
    with httpx.Client(transport=HttpxTransport(verify=False)) as client:
        return client.request(method, url, **options)


def by_async_httpx(method, url, **options):
    async def ask():
        async with httpx.AsyncClient(transport=AsyncHttpxTransport(verify=False)) as client:
            return await client.request(method, url, **options)

    return async_to_sync(ask)()


CLIENTS = {"requests": by_requests, "httpx": by_httpx, "async httpx": by_async_httpx}
TIMEOUTS = (httpx.ReadTimeout, requests.ReadTimeout)
REFUSED = (httpx.ConnectError, requests.ConnectionError)
CONNECT_TIMEOUTS = (httpx.ConnectTimeout, requests.ConnectTimeout)
