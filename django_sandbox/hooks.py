"""Where an optional part takes a hand in a request: the core calls it and does not know it.

A part adds its functions while the apps are made ready, before any request.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

# (request, view, arguments by name), in the mode of the request, before the view. To keep
# the view from being called it raises, as a view would: ``Http404``.
before_view: list[Callable[[Any, Callable[..., Any], dict[str, Any]], None]] = []

# (request, refusal) -> the response to it, or None for the answer that the core gives.
on_refusal: list[Callable[[Any, Exception], Any]] = []

# (request, address, environment) -> where to go after the toggle has changed a session's
# environment, from a page of this site. The address itself where there is nothing to say.
way_back: list[Callable[[Any, str, str], str]] = []


def add(functions: list[F], function: F) -> None:
    """Add a function to one of the lists. Safe to repeat."""
    if function not in functions:
        functions.append(function)
