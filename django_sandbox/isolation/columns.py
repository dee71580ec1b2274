"""Where a model keeps its mode: in its own table, in a parent's, or at the end of a link.

Three kinds of model are *scoped*:

* a sandboxed model with the mode columns in its own table;
* a multi-table child, whose parent's table holds them;
* the table Django makes for a plain ``ManyToManyField`` with a sandboxed end: its rows
  have the mode of that end.
"""

from __future__ import annotations

from typing import Any

from django.db import models

MODE_FIELD = "is_test"
ENVIRONMENT_FIELD = "environment"
SANDBOXED_MARK = "_sandbox_model"


def is_sandboxed(model: Any) -> bool:
    """Whether a model carries ``is_test``. Historical models of migrations never do."""
    return isinstance(model, type) and getattr(model, SANDBOXED_MARK, False)


def is_historical(model: Any) -> bool:
    """Whether a model was made for a migration: it sees all rows and knows no mode."""
    return bool(model.__module__ == "__fake__")


def is_link(model: Any) -> bool:
    """Whether a model is an automatic many-to-many table with a sandboxed end."""
    return bool(model._meta.auto_created) and link_end(model) is not None


def is_scoped(model: Any) -> bool:
    """Whether rows of a model belong to one mode."""
    return isinstance(model, type) and (is_sandboxed(model) or is_link(model))


def link_end(model: Any) -> Any:
    """The first foreign key of an automatic many-to-many table that ends at a sandboxed model."""
    for field in model._meta.local_fields:
        if field.remote_field is not None and is_sandboxed(field.remote_field.model):
            return field
    return None


def mode_table(model: Any) -> Any:
    """The model in the inheritance chain whose table holds the mode columns."""
    return model._meta.get_field(MODE_FIELD).model._meta.concrete_model


def mode_is_own(model: Any) -> bool:
    """Whether a model's own table has the mode columns, not that of a parent."""
    return is_sandboxed(model) and mode_table(model) is model._meta.concrete_model


def has_environment(model: Any) -> bool:
    """Whether rows of a sandboxed model also say which test environment they are of."""
    return any(field.name == ENVIRONMENT_FIELD for field in mode_table(model)._meta.local_fields)


def mode_fields(model: Any) -> list[str]:
    """Names of the mode columns of a sandboxed model, ``is_test`` first."""
    return [MODE_FIELD, ENVIRONMENT_FIELD] if has_environment(model) else [MODE_FIELD]


def path_to_mode(model: Any) -> tuple[models.Field[Any, Any], Any] | None:
    """For a scoped model without mode columns: its column and the model it leads to.

    ``None`` where the columns are in the model's own table.
    """
    if not is_sandboxed(model):
        field = link_end(model)
        return field, mode_table(field.remote_field.model)
    owner = mode_table(model)
    if owner is model._meta.concrete_model:
        return None
    return model._meta.get_ancestor_link(owner), owner
