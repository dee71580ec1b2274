"""For plain Django views that API keys call."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

from asgiref.sync import iscoroutinefunction

from django_sandbox.exceptions import ApiKeyMissing, InsufficientScope
from django_sandbox.models.key_manager import check_scopes

V = TypeVar("V", bound=Callable[..., Any])


def api_key_required(*scopes: str) -> Callable[[V], V]:
    """Let only requests with an API key pass, one that has every scope named.

    For views sync and async: ``@api_key_required("bookings:read")``. The key is
    ``request.api_key``. ``SandboxMiddleware`` answers what is refused: 401
    ``API_KEY_MISSING``, 403 ``INSUFFICIENT_SCOPE``. A session does not pass, so the view
    may be ``csrf_exempt``: a browser sends no API key by itself.

    :raises ValueError: for what is no scope, when the view is defined.
    """
    wanted = check_scopes(scopes)

    def decorate(view: V) -> V:
        if iscoroutinefunction(view):

            @functools.wraps(view)
            async def checked_async(request: Any, *args: Any, **kwargs: Any) -> Any:
                _check(request, wanted)
                return await view(request, *args, **kwargs)

            return cast(V, checked_async)

        @functools.wraps(view)
        def checked(request: Any, *args: Any, **kwargs: Any) -> Any:
            _check(request, wanted)
            return view(request, *args, **kwargs)

        return cast(V, checked)

    return decorate


def _check(request: Any, scopes: list[str]) -> None:
    api_key = getattr(request, "api_key", None)
    if api_key is None:
        raise ApiKeyMissing()
    for scope in scopes:
        if not api_key.has_scope(scope):
            raise InsufficientScope.of(scope)
