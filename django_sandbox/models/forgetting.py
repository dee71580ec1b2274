"""Empties the key cache when a key or its sandbox changes, whichever way it is written."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from django.apps import apps
from django.db import models, transaction

from django_sandbox import key_cache

M = TypeVar("M", bound=models.Model)


def forget_on_commit(key_ids: Iterable[str], using: str | None) -> None:
    """Have every process read these keys anew once the surrounding transaction commits."""
    held = list(key_ids)
    if held:
        key_cache.hold(held)
        transaction.on_commit(lambda: key_cache.forget(held), using=using, robust=True)


class ForgettingQuerySet(models.QuerySet[M]):
    """Rows whose ``update()`` makes the key cache forget what hangs on them."""

    def update(self, **values: Any) -> int:
        if not key_cache.is_on() or values.keys() <= self.unimportant:
            return super().update(**values)
        self._for_write = True
        key_ids = list(self.key_ids())
        with transaction.atomic(using=self.db):
            forget_on_commit(key_ids, self.db)
            return super().update(**values)

    update.alters_data = True  # type: ignore[attr-defined]

    # Columns that have no say in what a key opens.
    unimportant: frozenset[str] = frozenset()

    def key_ids(self) -> Iterable[str]:
        """Ids of the API keys that hang on these rows."""
        raise NotImplementedError


def keys_of_sandboxes(sandboxes: models.QuerySet[Any]) -> models.QuerySet[Any, str]:
    """Ids of the keys of some sandboxes."""
    own = sandboxes.order_by().filter(
        owner=models.OuterRef("owner"), environment=models.OuterRef("environment")
    )
    api_keys = apps.get_model("django_sandbox", "ApiKey")._base_manager.using(sandboxes.db)
    found: models.QuerySet[Any, str] = api_keys.filter(models.Exists(own)).values_list(
        "pk", flat=True
    )
    return found


def forget_key(sender: Any, instance: Any, using: str, **kwargs: Any) -> None:
    """Receives ``post_save`` and ``post_delete`` of API keys."""
    if key_cache.is_on():
        forget_on_commit([instance.pk], using)


def forget_keys_of_sandbox(sender: Any, instance: Any, using: str, **kwargs: Any) -> None:
    """Receives ``post_save`` and ``post_delete`` of sandboxes."""
    if key_cache.is_on():
        api_keys = apps.get_model("django_sandbox", "ApiKey")._base_manager.using(using)
        own = api_keys.filter(owner=instance.owner_id, environment=instance.environment)
        forget_on_commit(own.values_list("pk", flat=True), using)
