"""Views that have effects, and the addresses under which tests reach them."""

from __future__ import annotations

import httpx
from asgiref.sync import sync_to_async
from django.core.mail import send_mail
from django.db import transaction
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import include, path

from django_sandbox.contrib.effects import acapture, capture
from django_sandbox.contrib.effects.http import AsyncHttpxTransport
from tests.contrib.effects.clients import by_httpx, by_requests


def sends(request):
    """A mail to whom the query names."""
    send_mail("Hello", "Text", "a@x.test", [request.GET["to"]])
    return HttpResponse()


def asks(request):
    """The vendor, by two clients, now and on commit."""
    url = request.GET["url"]
    by_requests("POST", f"{url}&by=requests", json={})
    by_httpx("POST", f"{url}&by=httpx", json={})
    transaction.on_commit(lambda: by_httpx("POST", f"{url}&by=commit", json={}))
    return HttpResponse()


async def asks_async(request):
    url = request.GET["url"]
    async with httpx.AsyncClient(transport=AsyncHttpxTransport(verify=False)) as client:
        await client.post(f"{url}&by=async", json={})
    await acapture("call", "async", {})
    await sync_to_async(capture)("call", "in a thread of its own", {})
    return HttpResponse()


def fails(request):
    capture("call", "before the fault", {})
    raise LookupError("a fault of the site")


def streams(request):
    def parts():
        capture("call", "while streaming", {})
        yield b"x"

    return StreamingHttpResponse(parts())


urlpatterns = [
    path("v1/", include("django_sandbox.contrib.rest_framework.urls")),
    path("sends", sends),
    path("asks", asks),
    path("asks-async", asks_async),
    path("fails", fails),
    path("streams", streams),
    path("quiet", lambda request: HttpResponse()),
]
