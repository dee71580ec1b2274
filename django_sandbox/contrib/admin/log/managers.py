"""Managers and querysets of the log that show one mode's entries, and note those they write."""

from __future__ import annotations

from typing import Any

from django.db import connections, transaction

from django_sandbox.contrib.admin.log import writing
from django_sandbox.contrib.admin.log.showing import shown
from django_sandbox.isolation.cached import CachedByMode, CachedByModeManager


class LogOfMode(CachedByMode):
    """What a queryset of the log needs so that entries made many at once are noted too."""

    db: str

    def bulk_create(self, objs: Any, *args: Any, **kwargs: Any) -> list[Any]:
        entries = list(objs)
        with transaction.atomic(using=self.db):
            if not connections[self.db].features.can_return_rows_from_bulk_insert:
                for entry in entries:  # there is no other way to learn their keys
                    entry.save(using=self.db)
                return entries
            for entry in entries:
                writing.prepare(entry)
            made: list[Any] = super().bulk_create(entries, *args, **kwargs)  # type: ignore[misc]
            writing.note(made, self.db)
        return made

    bulk_create.alters_data = True  # type: ignore[attr-defined]


class LogOfModeManager(CachedByModeManager):
    """A manager of the log: in a mode it has the entries of that mode, and shared ones.

    In ``all_modes()`` it has all, and where no mode is set the shared ones.
    """

    queryset_mixin = LogOfMode
    db: str

    def get_queryset(self) -> Any:
        return super().get_queryset().filter(shown())

    def log_actions(self, *args: Any, **kwargs: Any) -> Any:
        with transaction.atomic(using=self.db):  # an entry and the note of its mode
            return super().log_actions(*args, **kwargs)  # type: ignore[misc]

    log_actions.alters_data = True  # type: ignore[attr-defined]
