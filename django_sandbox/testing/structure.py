"""What can be told from the declaration alone: no code of the site's is run for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import AutoField, F, Field, UniqueConstraint, UUIDField

from django_sandbox.isolation.columns import (
    ENVIRONMENT_FIELD,
    MODE_FIELD,
    has_environment,
    is_sandboxed,
    is_scoped,
)
from django_sandbox.isolation.constraints import ModeUniqueConstraint
from django_sandbox.isolation.fields import ModeField
from django_sandbox.testing import truth
from django_sandbox.testing.report import SHOWS, TELLS, Finding
from django_sandbox.testing.rows import drawn_by_program, generic_keys, has_field


def check_structure(model: Any) -> Iterator[Finding]:
    """The mark, the mode column, shared parents, shared models that point here, uniqueness."""
    concrete = model._meta.concrete_model
    if not is_sandboxed(concrete):
        yield _both_ways(
            f"{model.__name__}._sandbox_model",
            "class attribute",
            SHOWS,
            "The class derives from SandboxModel and says `_sandbox_model = False`, so neither "
            "its managers nor joins to it follow the mode. Remove the line.",
            root=True,
        )
    if not has_field(concrete, MODE_FIELD):
        return
    field = concrete._meta.get_field(MODE_FIELD)
    if not isinstance(field, ModeField):
        yield Finding(
            f"{model.__name__}.is_test",
            "field",
            f"is redefined as {type(field).__name__}",
            "The package stamps and guards the field that SandboxModel declares. Give this one "
            "another name.",
            root=True,
        )
    yield from _shared_parents(model)
    yield from _shared_links(model)
    for table in truth.tables(model):
        if is_sandboxed(table):
            yield from _uniqueness(model, table)


def _both_ways(path: str, kind: str, effect: str, fix: str, root: bool = False) -> Finding:
    return Finding(path, kind, effect, fix, own="test", other="live", root=root)


def _shared_parents(model: Any) -> Iterator[Finding]:
    for table in truth.tables(model):
        if table is not model and not is_scoped(table) and is_sandboxed(model):
            yield _both_ways(
                table.__name__,
                "shared parent",
                SHOWS,
                f"{table._meta.label} is a shared parent with a table of its own, which holds "
                f"half of every {model.__name__}. Make it abstract, or a SandboxModel.",
            )


def _shared_links(model: Any) -> Iterator[Finding]:
    """Shared models that hold keys of sandboxed rows: their columns show them in any mode."""
    tables = set(truth.tables(model))
    for relation in model._meta.get_fields(include_hidden=True):
        if not (relation.auto_created and not relation.concrete and relation.is_relation):
            continue
        if relation.many_to_many or relation.related_model in tables:
            continue
        source = relation.related_model
        if is_scoped(source) or source._meta.proxy or relation.field.model is not source:
            continue
        if hasattr(relation.field, "bulk_related_objects"):
            continue  # a generic relation's reverse side: the column is on this model
        field = relation.field
        kind = "foreign key of a shared model"
        yield _both_ways(f"{source.__name__}.{field.name}", kind, SHOWS, _shared_fix(source, field))
    for field in model._meta.private_fields:
        if hasattr(field, "bulk_related_objects") and not is_scoped(field.remote_field.model):
            target = field.remote_field.model
            for key in generic_keys(target):
                yield _both_ways(
                    f"{target.__name__}.{key.name}",
                    "generic foreign key of a shared model",
                    SHOWS,
                    _shared_fix(target, key),
                )


def _shared_fix(source: Any, field: Any) -> str:
    column = getattr(field, "fk_field", None) or field.attname
    what = "through model" if _is_through(source) else "model"
    return (
        f"{source._meta.label} is a shared {what}: its rows, with the key in `{column}`, are the "
        f"same in every mode, so {source.__name__}.objects.values({column!r}) gives keys of all of "
        f"them. Make {source.__name__} a SandboxModel too, or turn the link round."
    )


def _is_through(source: Any) -> bool:
    return any(
        getattr(field.remote_field, "through", None) is source
        for target in source._meta.fields
        if target.remote_field is not None
        for field in target.remote_field.model._meta.many_to_many
    )


def _uniqueness(model: Any, table: Any) -> Iterator[Finding]:
    for field in table._meta.local_concrete_fields:
        parent_link = field.remote_field is not None and field.remote_field.parent_link
        plain = field.unique and not parent_link and not _generated(field)
        if plain and not _mode_in(table, {field.name}):
            kind = "one-to-one field" if field.one_to_one else "field"
            yield _unique(model, f"{model.__name__}.{field.name}", kind, [field.name])
    for constraint in table._meta.constraints:
        if isinstance(constraint, UniqueConstraint) and not isinstance(
            constraint, ModeUniqueConstraint
        ):
            names = _names(constraint)
            if not _mode_in(table, set(names)):
                yield _unique(
                    model, f"{model.__name__}.Meta: {constraint.name}", "constraint", names
                )
    for fields in table._meta.unique_together:
        if not _mode_in(table, set(fields)):
            yield _unique(model, f"{model.__name__}.Meta: unique_together", "constraint", fields)


def _generated(field: Field[Any, Any]) -> bool:
    """Whether a unique value is drawn by the program, so that nobody can guess at it."""
    return isinstance(field, AutoField) or drawn_by_program(field)


def _mode_in(table: Any, names: set[str]) -> bool:
    """Whether two modes can hold the same values: the set holds the mode, or what has one."""
    wanted = {MODE_FIELD, ENVIRONMENT_FIELD} if has_environment(table) else {MODE_FIELD}
    if wanted <= names or (has_environment(table) and ENVIRONMENT_FIELD in names):
        return True
    for name in names - wanted:
        field = table._meta.get_field(name)
        if isinstance(field, UUIDField) and drawn_by_program(field):
            return True
        target = field.remote_field.model if field.remote_field is not None else None
        if is_sandboxed(target) and has_environment(target) >= has_environment(table):
            return True  # whose target lives in one mode, has that mode itself
    return False


def _names(constraint: UniqueConstraint) -> list[str]:
    """The fields a constraint depends on, those in expressions and its condition included."""
    names = list(constraint.fields)
    expressions: Any = constraint.expressions
    for expression in expressions:
        parts = [expression] if isinstance(expression, F) else expression.flatten()
        names += [getattr(part, "name", "") for part in parts if isinstance(part, F)]
    if constraint.condition is not None:
        names += sorted(constraint.condition.referenced_base_fields)
    return list(dict.fromkeys(names))


def _unique(model: Any, path: str, kind: str, names: Any) -> Finding:
    fields = ", ".join(repr(name) for name in names)
    instead = f'ModeUniqueConstraint(fields=[{fields}], name="...") in Meta.constraints'
    if kind == "one-to-one field":
        instead = f"a ForeignKey with {instead}"
    return Finding(
        path,
        kind,
        TELLS,
        f"{fields} {'is' if len(names) == 1 else 'are'} unique over all modes at once: what live "
        f"holds cannot be used in test mode, and the error says so. Use {instead} instead.",
        "a unique value",
        "test",
        "live",
    )
