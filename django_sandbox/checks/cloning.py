"""Whether the models with ``clone = True`` can be cloned as they are written."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error

from django_sandbox.cloning.problems import problems


def check_cloned_models(**kwargs: Any) -> list[CheckMessage]:
    """What stands in the way, each by name (E020 to E027)."""
    try:
        found = problems()
    except LookupError:
        return []  # E006 says that there is no owner model
    return [Error(p.message, hint=p.hint, obj=p.model, id=p.id) for p in found]
