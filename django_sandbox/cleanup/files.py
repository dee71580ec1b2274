"""The files of deleted test rows: removed from their storage after the commit.

A name that any row still has, in whatever mode and model, is left alone: copies of live
configuration point to live's own files. A model whose files are not its own (a sample
that seeders point to) says ``SandboxMeta.files = "keep"``.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from django.apps import apps
from django.db import transaction
from django.db.models import FileField

from django_sandbox import registry
from django_sandbox.cleanup.rows import queryset
from django_sandbox.context import all_modes, require_scope, sandbox_mode
from django_sandbox.isolation.columns import is_sandboxed

logger = logging.getLogger(__name__)
_BATCH = 500  # names looked up in one query


def file_fields(model: Any) -> list[Any]:
    """The fields of a sandboxed model's own table whose files go with the row."""
    if not is_sandboxed(model) or registry.option(model, "files") == "keep":
        return []
    return [field for field in model._meta.local_fields if isinstance(field, FileField)]


def note_rows(rows: Any) -> None:
    """Have the files of rows about to be deleted removed once that is committed."""
    for field in file_fields(rows.model):
        named = rows.order_by().exclude(**{field.name: ""}).exclude(**{field.name: None})
        _note(field, set(named.values_list(field.name, flat=True).iterator()), rows.db)


def note_instances(model: Any, instances: Iterable[Any], using: str) -> None:
    """The same for rows that are loaded."""
    for field in file_fields(model):
        files = (getattr(instance, field.name) for instance in instances)
        _note(field, {file.name for file in files if file}, using)


def _note(field: Any, names: set[str], using: str) -> None:
    if names:
        remove = partial(_remove, field, names, require_scope().environment)
        transaction.on_commit(remove, using=using, robust=True)


def _remove(field: Any, names: set[str], environment: str) -> None:
    waiting = sorted(names)
    for start in range(0, len(waiting), _BATCH):
        batch = waiting[start : start + _BATCH]
        for name in set(batch).difference(_named_elsewhere(batch)):
            try:
                with sandbox_mode(environment):  # SandboxStorage asks for it
                    field.storage.delete(name)
            except Exception:  # a storage raises what its vendor raises
                logger.exception("The file %s of a deleted test row could not be removed", name)


def _named_elsewhere(names: list[str]) -> Iterator[str]:
    with all_modes():
        for model in apps.get_models(include_auto_created=True):
            for field in model._meta.local_fields:
                if isinstance(field, FileField) and not model._meta.proxy:
                    rows = queryset(model).filter(**{f"{field.name}__in": names})
                    yield from rows.order_by().values_list(field.name, flat=True)
