"""Says on each answer in test mode how many effects were held back. Opt-in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest

from django_sandbox.context import current_scope
from django_sandbox.contrib.effects.counting import Count, counting

HEADER = "X-Effects-Captured"


class EffectsHeaderMiddleware:
    """Stands after ``SandboxMiddleware``, whose mode it reads. Works under WSGI and ASGI.

    Counts what is captured until the answer begins, in the request's own context and copies of
    it; not what a task, a plain thread or the making of a streamed body captures later.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        if self.is_async:
            return self._answer_async(request)
        with counting() as count:
            response = self.get_response(request)
        return _finish(response, count)

    async def _answer_async(self, request: HttpRequest) -> Any:
        with counting() as count:
            response = await self.get_response(request)
        return _finish(response, count)


def _finish(response: Any, count: Count) -> Any:
    scope = current_scope()
    if scope is not None and scope.is_test:
        response[HEADER] = str(int(count))
    return response
