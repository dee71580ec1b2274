"""Makes a row of any model, with the rows it needs, from a factory or from its fields."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import DatabaseError, models, transaction

from django_sandbox import conf
from django_sandbox.exceptions import SandboxError
from django_sandbox.isolation.columns import ENVIRONMENT_FIELD, MODE_FIELD, is_scoped
from django_sandbox.testing.report import CannotBuild
from django_sandbox.testing.values import NoValue, value_for

JUMP = 5_000  # past the values of rows that were in the table before


class RowMaker:
    """Makes rows in the mode in force, on one database.

    :param using: alias of the database.
    :param factories: for the models that cannot be made from their fields: a callable that
        makes one instance. It is called in the mode the row is wanted in.
    """

    def __init__(
        self, using: str = "default", factories: Mapping[Any, Callable[..., Any]] | None = None
    ) -> None:
        self.using = using
        self.factories = dict(factories or {})
        self._numbers = itertools.count(1)
        self._making: list[Any] = []

    def make(self, model: Any, **given: Any) -> Any:
        """A saved instance of ``model``, with ``given`` values in place of generated ones.

        :raises CannotBuild: saying which field stands in the way.
        """
        factory = self.factories.get(model)
        return self._from_fields(model, given) if factory is None else self._call(model, factory)

    def _call(self, model: Any, factory: Callable[..., Any]) -> Any:
        instance = factory()
        if not isinstance(instance, model._meta.concrete_model):
            raise CannotBuild(
                f"The factory of {model._meta.label} gave a {type(instance).__name__} instead."
            )
        if instance._state.adding:
            instance.save(using=self.using)
        return instance

    def _from_fields(self, model: Any, given: dict[str, Any]) -> Any:
        """First with every link filled, then past values that are taken, then the least."""
        if model in self._making:
            raise CannotBuild(_advice(model, f"{_chain(self._making, model)} need each other"))
        self._making.append(model)
        error: Exception | None = None
        try:
            for attempt, sparse in enumerate((False, False, True)):
                if attempt == 1:
                    self._numbers = itertools.count(next(self._numbers) + JUMP)
                try:
                    with transaction.atomic(using=self.using):
                        return self._save(model, given, sparse)
                except SandboxError:
                    raise
                except (DatabaseError, ValidationError, ValueError, TypeError) as refusal:
                    error = refusal
        finally:
            self._making.pop()
        raise CannotBuild(_advice(model, f"saving a generated one failed: {error}")) from error

    def _save(self, model: Any, given: dict[str, Any], sparse: bool) -> Any:
        values = dict(given)
        values.update(self._generic_targets(model, given))
        for field in _fields_to_fill(model):
            if field.name not in values and field.attname not in values:
                self._fill(model, field, values, sparse)
        instance = model(**values)
        instance.save(using=self.using)
        return instance

    def _fill(self, model: Any, field: Any, values: dict[str, Any], sparse: bool) -> None:
        if field.remote_field is not None:
            target = self._target(field, sparse)
            if target is not None:
                values[field.name] = target
        elif field.unique or not _may_stay(field):
            try:
                values[field.name] = value_for(field, next(self._numbers), self.using)
            except NoValue as error:
                if not (field.null or field.has_default() or field.blank):
                    raise CannotBuild(_advice(model, f"{field.name}: {error}")) from error

    def _target(self, field: Any, sparse: bool) -> Any:
        target = field.remote_field.model
        circular = target in self._making or target._meta.concrete_model in self._making
        if field.null and (sparse or circular):
            return None
        if target._meta.label == "contenttypes.ContentType":
            return target.objects.db_manager(self.using).get_for_model(self._making[0])
        if not field.null and field.has_default():
            return None
        try:
            return self.make(target)
        except CannotBuild:
            if field.null:
                return None
            raise

    def _generic_targets(self, model: Any, given: dict[str, Any]) -> dict[str, Any]:
        """A generic foreign key is pointed at an owner: a row that is there in every mode."""
        values: dict[str, Any] = {}
        for link in generic_keys(model):
            if link.name in given or link.fk_field in given:
                continue
            from django.apps import apps

            values[link.name] = self.make(apps.get_model(conf.owner_model()))
        return values


def generic_keys(model: Any) -> Iterator[Any]:
    """The generic foreign keys of a model."""
    for field in model._meta.private_fields:
        if hasattr(field, "ct_field") and hasattr(field, "fk_field"):
            yield field


def _fields_to_fill(model: Any) -> Iterator[Any]:
    """Fields that need a value from outside; those behind a generic foreign key have one."""
    generic = {name for link in generic_keys(model) for name in (link.ct_field, link.fk_field)}
    for field in model._meta.concrete_fields:
        if isinstance(field, models.AutoField) or field.name in generic:
            continue
        if getattr(field, "generated", False) or not getattr(field, "column", None):
            continue
        if field.remote_field is not None and field.remote_field.parent_link:
            continue
        if field.name in (MODE_FIELD, ENVIRONMENT_FIELD) and is_scoped(model):
            continue
        if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False):
            continue
        if field.unique and drawn_by_program(field):
            continue  # a token or a UUID, made anew for each row
        yield field


def drawn_by_program(field: Any) -> bool:
    """Whether a field's values are drawn anew by a callable default, so nobody guesses them."""
    return bool(field.has_default() and callable(field.default))


def _may_stay(field: Any) -> bool:
    """Whether a field can be left as the model leaves it."""
    if field.has_default() or getattr(field, "has_db_default", lambda: False)():
        return not _in_unique_set(field)
    return bool(field.null) or (field.blank and field.empty_strings_allowed and not field.choices)


def _in_unique_set(field: Any) -> bool:
    opts = field.model._meta
    sets = [c.fields for c in opts.constraints if isinstance(c, models.UniqueConstraint)]
    return any(field.name in names for names in (*sets, *opts.unique_together))


def _chain(making: list[Any], model: Any) -> str:
    return " and ".join(m._meta.label for m in making[making.index(model) :])


def _advice(model: Any, reason: str) -> str:
    return (
        f"No row of {model._meta.label} could be made from its fields: {reason}. Pass a callable "
        f"that makes one: assert_isolated({model.__name__}, factory=...), or "
        f"factories={{{model.__name__}: ...}} where it is only a row that another one needs."
    )


def has_field(model: Any, name: str) -> bool:
    """Whether a model has a field of that name."""
    try:
        model._meta.get_field(name)
    except FieldDoesNotExist:
        return False
    return True
