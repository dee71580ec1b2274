"""Gives every request an id, and enters those with an API key in the log."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.http import HttpRequest

from django_sandbox.contrib.activity.entries import Arrival, entry_of, request_id_of
from django_sandbox.contrib.activity.models import Entry
from django_sandbox.contrib.activity.writing import record

logger = logging.getLogger(__name__)

REQUEST_ID_HEADER = "X-Request-Id"


class ActivityMiddleware:
    """Stands before ``SandboxMiddleware``, so that its refusals are logged too.

    Being outside the view, it is outside the view's transaction (``ATOMIC_REQUESTS``).
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: Any) -> Any:
        if self.is_async:
            return self._answer_async(request)
        arrival = _receive(request)
        response = self.get_response(request)
        entry = _finish(request, response, arrival)
        if entry is not None:
            record(entry)
        return response

    async def _answer_async(self, request: Any) -> Any:
        arrival = _receive(request)
        answer: Awaitable[Any] = self.get_response(request)
        response = await answer
        entry = _finish(request, response, arrival)
        if entry is not None:
            await sync_to_async(record)(entry)
        return response


def _receive(request: Any) -> Arrival:
    request.request_id = request_id_of(request)
    return Arrival()


def _finish(request: Any, response: Any, arrival: Arrival) -> Entry | None:
    response.headers.setdefault(REQUEST_ID_HEADER, request.request_id)
    try:
        return entry_of(request, response, arrival)
    except Exception:  # of a view's strange answer; never a reason to fail the request
        logger.exception("A request could not be entered in the activity log.")
        return None
