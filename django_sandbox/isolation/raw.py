"""``raw()`` gives rows of the current mode only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models.query import RawQuerySet

from django_sandbox.context import require_scope
from django_sandbox.exceptions import CrossModeError
from django_sandbox.isolation.columns import is_sandboxed, mode_fields
from django_sandbox.isolation.guards import belongs


class ScopedRawQuerySet(RawQuerySet):  # type: ignore[type-arg]
    """A raw queryset that leaves out rows of other modes, by the mode each row carries."""

    model: Any
    query: Any
    params: Any
    _result_cache: Any

    def iterator(self) -> Iterator[Any]:
        scope = require_scope(self.model)
        if not is_sandboxed(self.model):
            raise CrossModeError(
                f"raw() cannot tell the mode of {self.model._meta.label}: its rows do not carry it."
            )
        names = mode_fields(self.model)
        for instance in super().iterator():
            values = instance.__dict__
            if any(name not in values for name in names):
                raise CrossModeError(
                    f"raw() on {self.model._meta.label} must select {' and '.join(names)}, "
                    "so that rows of another mode can be told and left out."
                )
            if belongs(
                tuple(bool(values[n]) if n == names[0] else values[n] for n in names), scope
            ):
                yield instance

    def _fetch_all(self) -> None:
        # Like a queryset's, the cache is good only in the mode it was filled in.
        scope = require_scope(self.model)
        if self._result_cache is not None and self.__dict__.get("_result_scope") != scope:
            self._result_cache = None
            self._prefetch_done = False
        super()._fetch_all()  # type: ignore[misc]
        self.__dict__["_result_scope"] = scope

    def using(self, alias: str | None) -> ScopedRawQuerySet:
        """The same rows from another database."""
        return ScopedRawQuerySet(
            self.raw_query,
            model=self.model,
            query=self.query.chain(using=alias),
            params=self.params,
            translations=self.translations,
            using=alias,
        )
