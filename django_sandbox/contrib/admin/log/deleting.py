"""Deleting what entries of the log hang on, such as the user who wrote them.

Django collects what goes along, and the admin lists it on the page of confirmation, through
the base manager. That one therefore shows one mode too, and the entries of other modes,
which Django then does not see, go first.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db.models import CASCADE, Manager, Q, QuerySet
from django.db.models.options import Options
from django.db.models.signals import pre_delete
from django.utils.functional import cached_property

from django_sandbox.context import current_scope
from django_sandbox.contrib.admin.log.showing import ModeIs, shown


class BaseLogManager(Manager[Any]):
    """What Django itself reads entries by: those of the mode, all of them where none is set."""

    def get_queryset(self) -> Any:
        return super().get_queryset().filter(Q(ModeIs(None)) | shown())


class LogOptions(Options):  # type: ignore[type-arg]
    """The ``_meta`` of the log's model, with a base manager that migrations do not see."""

    @cached_property
    def base_manager(self) -> Any:
        manager: Any = BaseLogManager()
        manager.name, manager.model, manager.auto_created = "_base_manager", self.model, True
        return manager


def watch(entry_model: Any) -> None:
    """Look at deletions of what an entry points to, proxies included. Safe to repeat."""
    for field in entry_model._meta.concrete_fields:
        if field.remote_field is None:
            continue

        def before_delete(
            sender: Any, instance: Any, using: str, field: Any = field, **_: Any
        ) -> None:
            _go_first(field, instance, using)

        target = field.remote_field.model
        for model in apps.get_models():
            if model._meta.concrete_model is target._meta.concrete_model:
                uid = f"django_sandbox.admin.log.{field.name}"
                pre_delete.connect(before_delete, sender=model, weak=False, dispatch_uid=uid)


def _go_first(field: Any, instance: Any, using: str) -> None:
    """Do to the entries of other modes what their foreign key says."""
    if current_scope() is None:
        return
    entries: QuerySet[Any] = QuerySet(field.model, using=using)
    hidden = entries.filter(~shown(), **{field.name: instance})
    if field.remote_field.on_delete is CASCADE:
        hidden.delete()
    else:
        hidden.update(**{field.name: None})
