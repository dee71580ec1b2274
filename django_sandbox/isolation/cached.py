"""Rows fetched in one mode are no answer in another: querysets that know where they were filled.

The site's own queryset and manager classes are not changed. A class of the same name is
derived from each at run time, once, and put in its place on the models concerned.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django_sandbox.context import current_scope


class CachedByMode:
    """A queryset whose cache of rows is good only in the mode in which it was filled."""

    __dict__: dict[str, Any]

    @property
    def _result_cache(self) -> list[Any] | None:
        cached: list[Any] | None = self.__dict__.get("_result_cache")
        if cached is None or self.__dict__["_result_scope"] == current_scope():
            return cached
        return None

    @_result_cache.setter
    def _result_cache(self, rows: list[Any] | None) -> None:
        self.__dict__["_result_cache"] = rows
        self.__dict__["_result_scope"] = None if rows is None else current_scope()
        self.__dict__["_prefetch_done"] = False

    def __reduce__(self) -> tuple[Any, ...]:
        # A class made at run time cannot be pickled by name; what it was made from can.
        mixin, own = vars(type(self)).get("_derived_from", (None, type(self)))
        return _unpickle, (mixin, own), self.__getstate__()


class CachedByModeManager:
    """A manager of a shared model to which sandboxed rows are related.

    Its own rows are those of every mode; what a query counts or joins beside them is not.
    """

    queryset_mixin: type[Any] = CachedByMode

    def get_queryset(self) -> Any:
        return in_place(self.queryset_mixin, super().get_queryset())  # type: ignore[misc]

    def __eq__(self, other: object) -> bool:
        # The manager in a migration is the site's plain one; it is no change of the model.
        plain = [vars(type(m)).get("_derived_from", (None, type(m)))[1] for m in (self, other)]
        return plain[0] is plain[1] and bool(
            self._constructor_args == other._constructor_args  # type: ignore[attr-defined]
        )

    __hash__ = object.__hash__


@cache
def derived(mixin: Any, own: Any) -> Any:
    """A class of the name of ``own`` that also has ``mixin`` (``own``, where it has it)."""
    if issubclass(own, mixin):
        return own
    body = {
        "__module__": own.__module__,
        "__qualname__": own.__qualname__,
        "__doc__": own.__doc__,
        "_derived_from": (mixin, own),
    }
    if hasattr(own, "_queryset_class"):
        body["_queryset_class"] = derived(mixin.queryset_mixin, own._queryset_class)
    return type(own.__name__, (mixin, own), body)


def in_place(mixin: Any, queryset: Any) -> Any:
    """A queryset that a site's manager built by hand, with the mixin."""
    if isinstance(queryset, mixin):
        return queryset
    rows = queryset._chain()
    rows.__class__ = derived(mixin, queryset.__class__)
    return rows


def _unpickle(mixin: Any, own: Any) -> Any:
    made: Any = own if mixin is None else derived(mixin, own)
    return made.__new__(made)
