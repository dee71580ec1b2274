"""The two mode columns.

In a migration they are plain Django fields with a database default, so adding them to a
full table rewrites nothing, code that does not know them yet goes on inserting live
rows, and the historical models of migrations are free of any mode.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from django_sandbox import conf
from django_sandbox.context import Mode, current_scope
from django_sandbox.isolation.columns import is_historical

ENVIRONMENT_LENGTH = 63


class _ModeColumn:
    """What both columns have in common: filled in by the package, never by a form."""

    def clean(self, value: Any, model_instance: Any) -> Any:
        # Validation has nothing to say about the mode: the guards decide when it is saved.
        return value

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()  # type: ignore[misc]
        if kwargs.get("verbose_name") == self.default_name:  # type: ignore[attr-defined]
            del kwargs["verbose_name"]  # what people read is no matter of a site's migrations
        return name, self.migration_path, args, kwargs  # type: ignore[attr-defined]


class ModeField(_ModeColumn, models.BooleanField):  # type: ignore[type-arg]
    """``is_test``: new instances take the mode they are made in; none where none is set."""

    migration_path = "django.db.models.BooleanField"
    default_name = _("test mode")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.update(db_default=False, editable=False)
        if not args:
            kwargs.setdefault("verbose_name", self.default_name)
        super().__init__(*args, **kwargs)

    def get_default(self) -> Any:
        if is_historical(self.model):
            return super().get_default()
        scope = current_scope()
        return None if scope is None or scope.mode is Mode.ALL else scope.is_test


class EnvironmentField(_ModeColumn, models.CharField):  # type: ignore[type-arg]
    """``environment``: the name of the environment an instance was made in."""

    migration_path = "django.db.models.CharField"
    default_name = _("environment")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if not args:
            kwargs.setdefault("verbose_name", self.default_name)
        kwargs.update(
            db_default=conf.LIVE_ENVIRONMENT, editable=False, max_length=ENVIRONMENT_LENGTH
        )
        super().__init__(*args, **kwargs)

    def get_default(self) -> Any:
        if is_historical(self.model):
            return super().get_default()
        scope = current_scope()
        return None if scope is None or scope.mode is Mode.ALL else scope.environment
