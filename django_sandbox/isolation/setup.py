"""Prepares each model class as Django makes it: managers, joins, descriptors.

Works from ``class_prepared`` for models to come and over the registry for those that
were there first, so neither the order of imports nor of ``INSTALLED_APPS`` matters.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.db.models.fields.related import lazy_related_operation
from django.db.models.options import Options
from django.db.models.signals import class_prepared
from django.utils.functional import cached_property

from django_sandbox.isolation import deletion, many_to_many, relations, same_mode
from django_sandbox.isolation.cached import CachedByModeManager, derived
from django_sandbox.isolation.columns import (
    has_environment,
    is_historical,
    is_link,
    is_sandboxed,
    is_scoped,
)
from django_sandbox.isolation.constraints import follow_environment
from django_sandbox.isolation.managers import SandboxManager, ScopedManager, scoped_manager_class


def install() -> None:
    """Prepare the models there are and those to come."""
    for models in list(apps.all_models.values()):
        for model in list(models.values()):
            prepare(model)
    class_prepared.connect(_on_class_prepared, dispatch_uid="django_sandbox.setup")


def _on_class_prepared(sender: Any, **kwargs: Any) -> None:
    prepare(sender)


def prepare(model: Any) -> None:
    """Make one model mode-aware where it is sandboxed, or related to one that is."""
    if is_historical(model):
        return
    if is_sandboxed(model):
        scope_managers(model)
        follow_environment(model, has_environment(model))
        same_mode.prepare(model)
    deletion.watch_proxy(model)
    for field in model._meta.local_fields:
        if field.remote_field is not None:
            lazy_related_operation(_on_foreign_key, model, field.remote_field.model, field=field)
    for field in model._meta.local_many_to_many:
        ends = (field.remote_field.model, field.remote_field.through)
        lazy_related_operation(_on_many_to_many, model, *ends, field=field)
    for field in model._meta.private_fields:
        if hasattr(field, "bulk_related_objects"):
            lazy_related_operation(_on_generic, model, field.remote_field.model, field=field)
        elif hasattr(field, "ct_field") and not is_sandboxed(model):
            relations.wire_generic_key(field)


def _on_foreign_key(model: Any, remote: Any, field: Any) -> None:
    if model._meta.auto_created and is_link(model) and not is_sandboxed(model):
        scope_managers(model)
        for other in model._meta.local_fields:  # also the end that was resolved earlier
            if other.remote_field is not None and isinstance(other.remote_field.model, type):
                _wire(model, other)
    _wire(model, field)


def _wire(model: Any, field: Any) -> None:
    relations.wire_foreign_key(field)
    remote = field.remote_field.model
    if is_scoped(model) and not is_sandboxed(remote):
        deletion.watch(remote)
    if is_scoped(model) or is_scoped(remote):
        cache_by_mode(model)
        cache_by_mode(remote)


def _on_many_to_many(model: Any, remote: Any, through: Any, field: Any) -> None:
    many_to_many.wire_many_to_many(field)


def _on_generic(model: Any, remote: Any, field: Any) -> None:
    relations.wire_generic_relation(field)
    if is_sandboxed(remote) and not is_sandboxed(model):
        deletion.watch(model)
        cache_by_mode(model)


class ScopedOptions(Options):  # type: ignore[type-arg]
    """The ``_meta`` of a scoped model: its base manager is mode-aware.

    Not a named manager, because Django would write that into the site's migrations.
    """

    def add_manager(self, manager: Any) -> None:
        # Also reached by managers that come after the class, as some packages' do.
        super().add_manager(_scoped(manager))

    @cached_property
    def base_manager(self) -> Any:
        manager = Options.base_manager.func(self)  # type: ignore[attr-defined]
        if isinstance(manager, ScopedManager):  # the site's own choice, by Meta
            return manager
        scoped: Any = SandboxManager()
        scoped.name, scoped.model, scoped.auto_created = "_base_manager", self.model, True
        return scoped


def scope_managers(model: Any) -> None:
    """Make every manager of a model mode-aware, and its base manager too.

    The base manager is what Django itself reads by: related objects, ``refresh_from_db``
    and the update in ``save()``. Managers keep their names, their order and which of
    them is the default. Safe to repeat.
    """
    model._meta.__class__ = ScopedOptions
    _replace_managers(model, _scoped)


def cache_by_mode(model: Any) -> None:
    """Have querysets of a shared model forget, in another mode, what they fetched in one.

    For models to which sandboxed rows are related: what they are annotated with or joined
    to hangs on the mode. Content types keep a cache of their own and are left alone.
    """
    if not is_scoped(model) and model._meta.app_label != "contenttypes":
        _replace_managers(model, _cached)


def derive_managers(model: Any, mixin: Any) -> None:
    """Have each manager of a shared model be of ``mixin``, a CachedByModeManager. Repeatable."""
    _replace_managers(model, lambda m: _of_class(m, derived(mixin, m.__class__)))


def _replace_managers(model: Any, form: Callable[[Any], Any]) -> None:
    """Put managers in the form given, keeping names and order. Safe to repeat."""
    opts = model._meta
    managers = list(opts.managers)
    if any(form(manager) is not manager for manager in managers):
        opts.local_managers.clear()
        for manager in managers:
            replaced = copy.copy(form(manager))
            replaced._set_creation_counter()
            model.add_to_class(manager.name, replaced)
    opts._expire_cache()


def _scoped(manager: Any) -> Any:
    """A mode-aware copy of a manager (itself, where it is one already)."""
    return _of_class(manager, scoped_manager_class(manager.__class__))


def _cached(manager: Any) -> Any:
    return _of_class(manager, derived(CachedByModeManager, manager.__class__))


def _of_class(manager: Any, manager_class: Any) -> Any:
    if manager_class is manager.__class__:
        return manager
    made = copy.copy(manager)
    made.__class__ = manager_class
    return made
