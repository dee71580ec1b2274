"""A dict of settings: which keys it may have, and what their values must be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.core.checks import CheckMessage, Error
from django.utils.module_loading import import_string

Wanted = Mapping[str, tuple[Callable[[Any], bool], str]]
"""For each key: whether a value fits, and in words what fits."""


def check_values(
    where: str,
    found: Mapping[Any, Any],
    known: Iterable[str],
    wanted: Wanted,
    *,
    unknown_id: str,
    value_id: str,
) -> list[CheckMessage]:
    """What is wrong with the dict ``found``, which stands at ``where`` in the settings.

    :param known: the keys it may have.
    :param unknown_id: the check's id for a key that is not among them.
    :param value_id: the check's id for a value that does not fit.
    """
    names = list(known)
    unknown = [
        Error(
            f"{where} has an unknown key {name!r}.",
            hint=f"The keys are {', '.join(names)}.",
            id=unknown_id,
        )
        for name in found
        if name not in names
    ]
    unfit = [
        Error(f"{where}[{name!r}] must be {words}.", id=value_id)
        for name, (fits, words) in wanted.items()
        if name in found and not fits(found[name])
    ]
    return [*unknown, *unfit]


def imports(path: Any) -> bool:
    """Whether ``path`` is the dotted path of something that can be imported and called."""
    try:
        return callable(import_string(path))
    except (ImportError, AttributeError, TypeError):
        return False
