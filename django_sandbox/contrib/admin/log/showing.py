"""Which entries of the log the current mode shows, decided when a query is compiled.

Where no mode is set, those about shared rows, as for any other shared model.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db.models import BooleanField, CharField, Exists, OuterRef, Q
from django.db.models.expressions import Expression

from django_sandbox.context import Mode, current_scope
from django_sandbox.contrib.admin.models import ANY_TEST, EntryEnvironment
from django_sandbox.isolation.columns import is_sandboxed


class ModeIs(Expression):
    """True in one mode, and false in others; of ``None``, true where no mode is set."""

    def __init__(self, mode: Mode | None) -> None:
        super().__init__(output_field=BooleanField())
        self.mode = mode

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        scope = current_scope()
        mode = None if scope is None else scope.mode
        raise FullResultSet if mode is self.mode else EmptyResultSet


class CurrentEnvironment(Expression):
    """The name of the environment in force; equal to nothing where no mode is set."""

    def __init__(self) -> None:
        super().__init__(output_field=CharField())

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        scope = current_scope()
        if scope is None:
            raise EmptyResultSet
        return "%s", [scope.environment]


def shown() -> Q:
    """The condition on entries of the log."""
    noted = EntryEnvironment.objects.filter(entry=OuterRef("pk"))
    here = noted.filter(
        Q(environment=CurrentEnvironment()) | Q(ModeIs(Mode.TEST)) & Q(environment=ANY_TEST)
    )
    shared = Q(content_type__isnull=False) & ~Q(content_type__in=sandboxed_types())
    unnoted = ~Q(Exists(noted)) & (Q(ModeIs(Mode.LIVE)) | shared)
    return Q(ModeIs(Mode.ALL)) | Q(Exists(here)) | unnoted


def sandboxed_types() -> Any:
    """The content types of sandboxed models, proxies among them."""
    names: dict[str, list[str]] = {}
    for model in apps.get_models():
        if is_sandboxed(model):
            names.setdefault(model._meta.app_label, []).append(str(model._meta.model_name))
    if not names:
        return ContentType.objects.none()
    of_app = (Q(app_label=label, model__in=models) for label, models in names.items())
    wanted = Q()
    for condition in of_app:
        wanted |= condition
    return ContentType.objects.filter(wanted)
