"""The abstract bases that make a site's models sandboxed."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, ClassVar

from django.db import (
    DatabaseError,
    IntegrityError,
    connections,
    models,
    router,
    transaction,
)

from django_sandbox.context import Mode, require_scope
from django_sandbox.exceptions import SandboxError
from django_sandbox.isolation import guards, setup
from django_sandbox.isolation.fields import EnvironmentField, ModeField
from django_sandbox.isolation.links import check_links, forget_changes


class SandboxModel(models.Model):
    """Gives a model ``is_test`` and managers that show the current mode only.

    Stands anywhere among the bases; a model keeps its own managers and its own ``Meta``.
    Options, all optional, go into an inner ``class SandboxMeta``: ``owner`` (look-up path
    to the owner), ``quota``, and ``clone``, ``mask`` and ``clone_empties`` (what is copied
    from live as configuration).
    """

    _sandbox_model: ClassVar[bool] = True

    is_test = ModeField()

    class Meta:
        abstract = True

    def save_base(self, *args: Any, **kwargs: Any) -> None:
        """Save the row; a refusal leaves the caller's transaction as it was.

        Django marks the transaction for rollback on any error in here. A refusal comes
        before anything is written, or after its own savepoint is rolled back, so there is
        nothing to undo. A multi-table child, whose parent may be written already, has a
        savepoint for both.

        :raises CrossModeError: where the row, its key or a link is of another mode.
        """
        using = kwargs.get("using") or router.db_for_write(type(self), instance=self)
        connection = connections[using]
        sound = connection.in_atomic_block and not connection.needs_rollback
        concrete: Any = self._meta.concrete_model
        both = transaction.atomic(using=using) if concrete._meta.parents else nullcontext()
        try:
            with both:
                super().save_base(*args, **kwargs)
        except SandboxError:
            if sound:
                connection.needs_rollback = False
            raise

    def _save_table(self, raw: bool = False, cls: Any = None, *args: Any, **kwargs: Any) -> bool:
        # Every way to save an instance comes through here, fixtures included, once for
        # each table; signals can be muted and a site may have its own save().
        using = kwargs.get("using") or (args[2] if len(args) > 2 else None) or self._state.db
        guards.stamp(self, using)
        links_of_stored = not self._state.adding
        check_links(cls, [self], using or "default", only_changed=links_of_stored)
        try:
            saved: bool = super()._save_table(raw, cls, *args, **kwargs)  # type: ignore[misc]
        except IntegrityError:
            raise
        except DatabaseError:
            # "did not affect any rows": of this mode. Is the key another mode's?
            guards.check_keys(cls, [self], using or "default")
            raise
        forget_changes(cls, self)
        return saved

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete the row, with what hangs on it.

        :raises CrossModeError: where it belongs to another mode.
        """
        guards.check_instance(self, "delete")
        if require_scope().mode is not Mode.ALL:
            # Model(pk=...).delete() is a way to delete a row without loading it.
            using = kwargs.get("using") or (args[0] if args else None) or self._state.db
            guards.check_keys(type(self), [self], using or "default")
        return super().delete(*args, **kwargs)

    delete.alters_data = True  # type: ignore[attr-defined]


class EnvironmentModel(SandboxModel):
    """A sandboxed model whose test rows also belong to one test environment each."""

    environment = EnvironmentField()

    class Meta:
        abstract = True


setup.install()
