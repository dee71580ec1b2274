"""Where a site's seeders are kept once declared. Knows no model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

_seeders: dict[str, Callable[..., Any]] = {}


def seeder(function: F) -> F:
    """Declare a function that fills a new sandbox with sample data.

    Goes into ``<app>/seeds.py``, is called as ``function(owner)`` inside the sandbox's
    mode and its transaction, in the order of ``INSTALLED_APPS`` and then of declaration.
    """
    _seeders[f"{function.__module__}.{function.__qualname__}"] = function
    return function


def declared() -> dict[str, Callable[..., Any]]:
    """The seeders declared so far, by dotted name."""
    return dict(_seeders)


def forget(name: str) -> None:
    """Take a seeder out again (for tests that declare one)."""
    _seeders.pop(name, None)
