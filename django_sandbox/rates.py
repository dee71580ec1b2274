"""Rate limits: how many requests an owner may make in each environment.

The rate is the environment's option ``rate``, read on every request. Counts in fixed
windows of one period. What puts the limit on views: :func:`rate_limited` on single ones,
:class:`RateLimitMiddleware` on all that come with an API key, and DRF's
``ModeRateThrottle``. A request is counted once, however many of them it meets.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.http import HttpRequest, JsonResponse
from django.utils.deprecation import MiddlewareMixin

from django_sandbox import conf, counters, documents, owners
from django_sandbox.context import current_environment
from django_sandbox.exceptions import RateLimited

V = TypeVar("V", bound=Callable[..., Any])

# Where a request keeps its Standing; SandboxMiddleware puts its headers on the response.
ATTRIBUTE = "sandbox_rate"


class Standing(NamedTuple):
    """Where an owner stands in the present window, this request counted."""

    limit: int
    remaining: int
    reset: int  # seconds until the window ends
    allowed: bool = True

    @property
    def headers(self) -> dict[str, str]:
        """The three header fields of draft-ietf-httpapi-ratelimit-headers up to its -06."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset),
        }


def check(request: Any, owner_key: Callable[[Any], str | None] | None = None) -> Standing | None:
    """Count a request, unless that is done already, and refuse one too many.

    :param request: Django's request, or DRF's.
    :param owner_key: given the request, says whose counter it is; :func:`owner_key_of` if
        left out. Not asked where the environment has no rate.
    :returns: ``None`` where nothing limits the request: the environment has no ``rate``,
        or nobody is known to ask.
    :raises RateLimited: with the seconds until the window ends.
    :raises ModeNotSet: where ``SandboxMiddleware`` has not seen the request.
    """
    plain = getattr(request, "_request", request)
    standing: Standing | None = getattr(plain, ATTRIBUTE, None)
    if standing is None:
        standing = _count(request, owner_key or owner_key_of)
        if standing is None:
            return None
        setattr(plain, ATTRIBUTE, standing)
    if not standing.allowed:
        raise RateLimited(standing.reset)
    return standing


def owner_key_of(request: Any) -> str | None:
    """Whose counter a request goes to: the key's owner, the session's, else the user.

    ``None`` for the anonymous: they have no identity to count by. (Count them by address,
    with DRF's ``AnonRateThrottle`` or in the web server.)
    """
    api_key = getattr(request, "api_key", None)
    if api_key is not None:
        return f"owner-{api_key.owner_id}"
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return None
    owner = owners.resolve(request)
    if owner is not None:
        return f"owner-{owner.pk}"
    return f"user-{user.pk}"


def headers_of(request: Any) -> dict[str, str]:
    """The header fields to put on the answer; none where the request was not counted."""
    standing: Standing | None = getattr(request, ATTRIBUTE, None)
    return {} if standing is None else standing.headers


def rate_limited(view: V) -> V:
    """Put the limit on a plain Django view, sync or async.

    Refusals are answered by ``SandboxMiddleware``: 429 ``RATE_LIMITED``.
    """
    if iscoroutinefunction(view):

        @functools.wraps(view)
        async def limited_async(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            await sync_to_async(check)(request)
            return await view(request, *args, **kwargs)

        return cast(V, limited_async)

    @functools.wraps(view)
    def limited(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        check(request)
        return view(request, *args, **kwargs)

    return cast(V, limited)


class RateLimitMiddleware(MiddlewareMixin):
    """Puts the limit on every request with an API key. Stands after ``SandboxMiddleware``.

    Sessions are left alone: a page of a dashboard is not a call of the API.
    """

    def process_request(self, request: Any) -> JsonResponse | None:
        if getattr(request, "api_key", None) is None:
            return None
        try:
            check(request)
        except RateLimited as refusal:
            return JsonResponse(
                documents.error(refusal), status=refusal.status, headers=refusal.headers
            )
        return None


def _count(request: Any, owner_key: Callable[[Any], str | None]) -> Standing | None:
    environment = current_environment()
    rate = conf.environment_options(environment).get("rate")
    if rate is None:
        return None
    counted_by = owner_key(request)
    if counted_by is None:
        return None
    limit, period = conf.parse_rate(rate)
    count = counters.hit(f"rate:{environment}:{counted_by}", period)
    return Standing(limit, max(0, limit - count.number), count.reset, count.number <= limit)
