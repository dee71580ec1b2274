"""Chooses the mode of a request, keeps it for as long as the answer takes, says it.

From a verified API key, else the host, else the session's toggle, else live. Nothing
else in a request has a say.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, NamedTuple

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.http import Http404, HttpRequest, JsonResponse
from django.utils.cache import patch_vary_headers

from django_sandbox import conf, documents, hints, hooks, owners, presented, rates, toggle
from django_sandbox.context import ModeBlock, environment_mode
from django_sandbox.exceptions import (
    EnvironmentMismatch,
    SandboxError,
    SandboxNotActive,
)

ENVIRONMENT_HEADER = "X-Environment"


class _World(NamedTuple):
    """The environment a request is answered in, and the refusal, if it is refused."""

    environment: str
    refusal: SandboxError | None = None


class SandboxMiddleware:
    """Stands after the session and authentication middleware. Works under WSGI and ASGI."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)
        if hooks.before_view:  # Django has each middleware with this method wait for a thread
            self.process_view = self._before_view

    def __call__(self, request: HttpRequest) -> Any:
        if self.is_async:
            return self._answer_async(request)
        world = _world_of(request)
        block = environment_mode(world.environment, owners.caller_of(request))
        with block:
            response = _refuse(world.refusal) if world.refusal else self.get_response(request)
        return _finish(request, response, world.environment, block)

    async def _answer_async(self, request: HttpRequest) -> Any:
        world = await sync_to_async(_world_of)(request)
        block = environment_mode(world.environment, owners.caller_of(request))
        with block:
            if world.refusal:
                response = _refuse(world.refusal)
            else:
                answer: Awaitable[Any] = self.get_response(request)
                response = await answer
        return _finish(request, response, world.environment, block)

    def _before_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        for look in hooks.before_view:
            look(request, view, kwargs)

    def process_exception(self, request: HttpRequest, exception: Exception) -> Any:
        """Answer a refusal raised in any view as the contract says; leave faults alone."""
        refusal: Exception | None = exception
        if isinstance(exception, Http404):
            refusal = hints.refusal_for(request, exception)
        if isinstance(refusal, SandboxError) and refusal.code:
            answers = (answer(request, refusal) for answer in hooks.on_refusal)
            return next(filter(None, answers), None) or _refuse(refusal)
        return None


def _world_of(request: Any) -> _World:
    """Decide the request's environment; notes the key on ``request.api_key``."""
    request.api_key = None
    hosted = toggle.environment_of_host(request)
    try:
        api_key = presented.key_of(request)
        if api_key is None:
            return _World(hosted or toggle.checked_environment_of(request))
        if hosted and api_key.environment != hosted:
            raise EnvironmentMismatch(
                f"This host serves the environment {hosted!r} and the API key belongs to "
                f"{api_key.environment!r}. Send it to the host of its own, or use another key."
            )
        presented.put_to_use(request, api_key)
    except SandboxNotActive as refusal:
        return _World(hosted or refusal.environment, refusal)
    except SandboxError as refusal:
        if not refusal.code:
            raise
        return _World(hosted or conf.LIVE_ENVIRONMENT, refusal)
    return _World(api_key.environment)


def _refuse(refusal: SandboxError) -> JsonResponse:
    return JsonResponse(documents.error(refusal), status=refusal.status, headers=refusal.headers)


def _finish(request: Any, response: Any, environment: str, block: ModeBlock) -> Any:
    """Put the mode on the response, and around the making of a streamed body."""
    is_live = environment == conf.LIVE_ENVIRONMENT
    response[conf.get("MODE_HEADER")] = "live" if is_live else "test"
    if conf.has_several_environments():
        response[ENVIRONMENT_HEADER] = environment
    for name, value in rates.headers_of(request).items():
        response[name] = value
    patch_vary_headers(response, ("Authorization", "X-Api-Key"))
    # A file is read by the server itself and asks nothing of the database.
    if response.streaming and getattr(response, "file_to_stream", None) is None:
        body = response.streaming_content
        wrap: Any = _in_mode_async if response.is_async else _in_mode
        # What the view's own generator does when it is closed is done in the mode too.
        response._resource_closers[:] = [block(close) for close in response._resource_closers]
        response.streaming_content = wrap(body, block)
    return response


def _in_mode(body: Iterator[Any], block: ModeBlock) -> Iterator[Any]:
    """Each part of a body is made in the mode; between two parts the mode is what it was."""

    @block
    def parts() -> Iterator[Any]:
        yield from body

    return parts()


def _in_mode_async(body: AsyncIterator[Any], block: ModeBlock) -> AsyncIterator[Any]:
    @block
    async def parts() -> AsyncIterator[Any]:
        async for part in body:
            yield part

    return parts()
