"""Querysets and managers that live inside the current mode.

Every read, update and delete carries the mode condition from the moment the queryset is
made; the few verbs that write go through the guards. A manager that a site declares is
given the same behaviour by :func:`scoped_manager_class`, whatever it inherits from.
"""

from __future__ import annotations

from typing import Any, Self, TypeVar

from django.db import IntegrityError, models
from django.db.models import QuerySet

from django_sandbox.context import Mode, require_scope
from django_sandbox.exceptions import CrossModeError
from django_sandbox.isolation import guards, upserts
from django_sandbox.isolation.cached import CachedByMode, CachedByModeManager, derived
from django_sandbox.isolation.columns import (
    MODE_FIELD,
    is_sandboxed,
    is_scoped,
    mode_fields,
    mode_is_own,
)
from django_sandbox.isolation.expressions import InMode, condition
from django_sandbox.isolation.inserts import inserting
from django_sandbox.isolation.links import (
    check_generic_values,
    check_linked_value,
    check_links,
)
from django_sandbox.isolation.raw import ScopedRawQuerySet

M = TypeVar("M", bound=models.Model)


class ScopedQuerySet(CachedByMode):
    """What a queryset needs to be mode-aware; mixed in before the queryset's own class."""

    model: Any
    query: Any
    db: Any

    def __init__(self, model: Any = None, query: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(model, query, *args, **kwargs)  # type: ignore[call-arg]
        if query is None and is_scoped(model):
            own: Any = self.query
            own.where.children.append(condition(model, own.get_initial_alias()))

    def raw(
        self, raw_query: str, params: Any = (), translations: Any = None, using: Any = None
    ) -> Any:
        """Rows of the current mode among those the SQL gives.

        :raises CrossModeError: when iterated, where the SQL does not select the mode.
        """
        if not is_scoped(self.model):  # the model of a migration
            return super().raw(raw_query, params, translations, using)  # type: ignore[misc]
        if using is None:
            using = self.db
        raw = ScopedRawQuerySet(
            raw_query, model=self.model, params=params, translations=translations, using=using
        )
        raw._prefetch_related_lookups = self._prefetch_related_lookups[:]  # type: ignore[attr-defined]
        return raw

    def update(self, **kwargs: Any) -> int:
        return super().update(**self._checked(kwargs))  # type: ignore[misc,no-any-return]

    update.alters_data = True  # type: ignore[attr-defined]

    def _checked(self, values: dict[str, Any]) -> dict[str, Any]:
        """The values of an update, without the mode columns where they say nothing new."""
        kept = {}
        for name, value in values.items():
            if name in self._mode_names():
                self._check_mode_value(name, value)
                continue
            field = self.model._meta.get_field(name)
            remote = field.remote_field
            if remote is not None and field.concrete and is_scoped(remote.model):
                check_linked_value(field, value, self)
            kept[name] = value
        if is_sandboxed(self.model):
            check_generic_values(kept, self)
        return kept or values

    def _mode_names(self) -> list[str]:
        return mode_fields(self.model) if is_sandboxed(self.model) else []

    def _check_mode_value(self, name: str, value: Any) -> None:
        scope = require_scope(self.model)
        own = scope.is_test if name == MODE_FIELD else scope.environment
        if scope.mode is Mode.ALL or value != own or hasattr(value, "resolve_expression"):
            raise CrossModeError(
                f"{self.model._meta.label}.{name} is set when a row is made and never changed."
            )

    def _update(self, values: Any, *args: Any, **kwargs: Any) -> Any:
        """Reached by ``Model.save()``: in ``all_modes()`` a save must not flip the row."""
        rows: Any = self
        if self.model._meta.auto_created:
            self._checked({field.name: new for field, _, new in values})
        elif is_sandboxed(self.model) and require_scope(self.model).mode is Mode.ALL:
            own = {field.name: new for field, _, new in values if field.name in self._mode_names()}
            rows = rows.filter(**own)
        return super(ScopedQuerySet, rows)._update(values, *args, **kwargs)  # type: ignore[misc]

    _update.alters_data = True  # type: ignore[attr-defined]

    def _insert(self, objs: Any, *args: Any, **kwargs: Any) -> Any:
        """Reached by every insert: saves, ``bulk_create``, many-to-many, fixtures."""
        using = kwargs.get("using") or self.db
        if self.model._meta.auto_created:
            check_links(self.model, list(objs), using)
        checked = self.__dict__.get("_keys_checked", False)
        if not checked and (kwargs.get("raw") or mode_is_own(self.model)):
            guards.check_keys(self.model, list(objs), using)
        if checked or not is_sandboxed(self.model):  # bulk_create() has stood around it all
            return super()._insert(objs, *args, **kwargs)  # type: ignore[misc]
        with inserting(self.model, list(objs), using):
            return super()._insert(objs, *args, **kwargs)  # type: ignore[misc]

    _insert.alters_data = True  # type: ignore[attr-defined]

    def bulk_create(self, objs: Any, *args: Any, **kwargs: Any) -> list[Any]:
        objs, make = list(objs), super().bulk_create  # type: ignore[misc]
        if not is_sandboxed(self.model):
            return make(objs, *args, **kwargs)  # type: ignore[no-any-return]
        for instance in objs:
            guards.stamp(instance, self.db)
        check_links(self.model, objs, self.db)
        # Before Django's own transaction, so that a refusal leaves the caller's as it was.
        guards.check_keys(self.model, objs, self.db)
        with inserting(self.model, objs, self.db):
            self.__dict__["_keys_checked"] = True
            try:
                if upserts.is_upsert(args, kwargs):
                    return upserts.run(self, make, objs, args, kwargs)
                return make(objs, *args, **kwargs)  # type: ignore[no-any-return]
            finally:
                del self.__dict__["_keys_checked"]

    bulk_create.alters_data = True  # type: ignore[attr-defined]

    def bulk_update(self, objs: Any, fields: Any, *args: Any, **kwargs: Any) -> int:
        objs, fields = tuple(objs), list(fields)
        if is_sandboxed(self.model):
            guards.check_stored(self.model, list(objs), "update", self.db)
        kept = [name for name in fields if name not in self._mode_names()]
        if fields and not kept:
            return len(objs)
        return super().bulk_update(objs, kept, *args, **kwargs)  # type: ignore[misc,no-any-return]

    bulk_update.alters_data = True  # type: ignore[attr-defined]

    def get_or_create(self, defaults: Any = None, **kwargs: Any) -> tuple[Any, bool]:
        try:
            return super().get_or_create(defaults, **kwargs)  # type: ignore[misc,no-any-return]
        except IntegrityError as error:
            # A unique value that the other mode holds: say so, whatever the database said.
            upserts.explain_conflict(self, kwargs, defaults or {}, error)
            raise

    get_or_create.alters_data = True  # type: ignore[attr-defined]


class SandboxQuerySet(ScopedQuerySet, QuerySet[M]):  # type: ignore[misc]
    """A queryset of a sandboxed model. Subclass it for methods of your own."""


class ScopedManager(CachedByModeManager):
    """What a manager needs so that no queryset leaves it without the mode condition."""

    queryset_mixin = ScopedQuerySet

    def get_queryset(self) -> Any:
        rows = super().get_queryset()
        where = rows.query.where
        if is_scoped(rows.model) and not any(isinstance(c, InMode) for c in where.children):
            rows = rows._chain()  # one that the site's manager built by hand
            alias = rows.query.get_initial_alias()
            rows.query.where.add(condition(rows.model, alias), "AND")
        return rows


def scoped_manager_class(manager_class: Any) -> Any:
    """The mode-aware form of a manager class (itself, where it is one already)."""
    return (
        SandboxManager if manager_class is models.Manager else derived(ScopedManager, manager_class)
    )


class SandboxManager(ScopedManager, models.Manager.from_queryset(SandboxQuerySet)):  # type: ignore[misc]
    """A manager of a sandboxed model, for sites with managers of their own.

    ``SandboxManager.from_queryset(MyQuerySet)()`` takes any queryset class.
    """

    @classmethod
    def from_queryset(cls, queryset_class: Any, class_name: str | None = None) -> type[Self]:
        made: type[Self] = super().from_queryset(
            derived(ScopedQuerySet, queryset_class), class_name
        )
        return made
