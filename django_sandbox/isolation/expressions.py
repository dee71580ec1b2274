"""The SQL condition "this row belongs to the current mode".

It stands in a query's WHERE, or in the ON of a join, from the moment the query is made,
and asks for the mode when the SQL is compiled. So one queryset, made at import time or
kept in a variable, gives each mode its own rows.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import FullResultSet
from django.db.models import BooleanField
from django.db.models.expressions import Col, Expression

from django_sandbox.context import Mode, Scope, require_scope
from django_sandbox.isolation.columns import mode_fields, path_to_mode

# Alias of the table that holds the mode, inside the EXISTS of a model that does not.
# Only this module's SQL uses it, one level deep, so it needs no numbering.
OWNER_ALIAS = "sandbox_mode_of"


class InMode(Expression):
    """True for rows of the scope in force (or of ``scope``, where one is given).

    :param is_test: column of the mode.
    :param environment: column of the environment, where the model has one.
    :param scope: a fixed scope in place of the one in force.
    :param negated: true for the rows of every *other* scope.
    """

    conditional = True

    def __init__(
        self,
        is_test: Col,
        environment: Col | None = None,
        *,
        scope: Scope | None = None,
        negated: bool = False,
    ) -> None:
        super().__init__(output_field=BooleanField())
        self.is_test = is_test
        self.environment = environment
        self.scope = scope
        self.negated = negated

    def get_source_expressions(self) -> list[Any]:
        return [self.is_test, self.environment]

    def set_source_expressions(self, exprs: Any) -> None:
        self.is_test, self.environment = exprs

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        scope = self.scope or require_scope(self.is_test.target.model)
        if scope.mode is Mode.ALL:
            raise FullResultSet
        sql, params = self._match(compiler, scope)
        return (f"NOT ({sql})" if self.negated else sql), params

    def _match(self, compiler: Any, scope: Scope) -> tuple[str, list[Any]]:
        # The literal form, without "= true", lets the database use a partial index.
        sql, params = compiler.compile(self.is_test)
        if not scope.is_test:
            return f"NOT {sql}", list(params)
        if self.environment is None:
            return sql, list(params)
        environment_sql, environment_params = compiler.compile(self.environment)
        return (
            f"({sql} AND {environment_sql} = %s)",
            [*params, *environment_params, scope.environment],
        )


class InModeByTable(InMode):
    """The same for a row whose mode stands in another table, reached by one column.

    :param link: the column of this row that holds the other table's key.
    :param owner: the model whose table holds the mode.
    """

    def __init__(self, link: Col, owner: Any, **options: Any) -> None:
        super().__init__(*_mode_columns(owner, OWNER_ALIAS), **options)
        self.link = link
        self.owner = owner

    def get_source_expressions(self) -> list[Any]:
        return [self.link]  # the only column that a relabelling of the query touches

    def set_source_expressions(self, exprs: Any) -> None:
        (self.link,) = exprs

    def _match(self, compiler: Any, scope: Scope) -> tuple[str, list[Any]]:
        quote = compiler.connection.ops.quote_name
        link_sql, link_params = compiler.compile(self.link)
        mode_sql, mode_params = super()._match(compiler, scope)
        table, alias = quote(self.owner._meta.db_table), quote(OWNER_ALIAS)
        key = quote(self.owner._meta.pk.column)
        sql = (
            f"EXISTS (SELECT 1 FROM {table} {alias} "  # nosec B608
            f"WHERE {alias}.{key} = {link_sql} AND {mode_sql})"
        )
        return sql, [*link_params, *mode_params]


class JoinCondition(Expression):
    """A mode condition fit for the ON of a join, where ``FullResultSet`` must not escape."""

    conditional = True

    def __init__(self, condition: InMode) -> None:
        super().__init__(output_field=BooleanField())
        self.condition = condition

    def get_source_expressions(self) -> list[Any]:
        return [self.condition]

    def set_source_expressions(self, exprs: Any) -> None:
        (self.condition,) = exprs

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        try:
            return self.condition.as_sql(compiler, connection)
        except FullResultSet:
            return "1 = 1", []


def _mode_columns(model: Any, alias: str) -> list[Col]:
    return [Col(alias, model._meta.get_field(name)) for name in mode_fields(model)]


def condition(
    model: Any, alias: str, *, scope: Scope | None = None, negated: bool = False
) -> InMode:
    """The mode condition for a scoped model's table under ``alias``."""
    path = path_to_mode(model)
    if path is not None:
        field, owner = path
        return InModeByTable(Col(alias, field), owner, scope=scope, negated=negated)
    return InMode(*_mode_columns(model, alias), scope=scope, negated=negated)
