"""Twin rows: one and the same thing in live mode and in each test environment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

from django_sandbox import conf
from django_sandbox.context import LIVE, Mode, ModeBlock, Scope, environment_mode
from django_sandbox.exceptions import CrossModeError
from django_sandbox.isolation.columns import (
    ENVIRONMENT_FIELD,
    MODE_FIELD,
    has_environment,
    is_sandboxed,
    is_scoped,
)
from django_sandbox.testing import truth
from django_sandbox.testing.report import Finding
from django_sandbox.testing.rows import RowMaker, has_field


@dataclass
class Side:
    """One mode (or test environment) and the row made in it."""

    name: str
    instance: Any = None

    def mode(self) -> ModeBlock:
        """A block of this side's mode."""
        return environment_mode(self.name)

    @property
    def scope(self) -> Scope:
        return LIVE if self.name == LIVE.environment else Scope(Mode.TEST, self.name)

    @property
    def pk(self) -> Any:
        return self.instance.pk


@dataclass
class World:
    """The model under test, its twins and what made them."""

    model: Any
    using: str
    maker: RowMaker
    sides: list[Side] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The model's name in the site's code."""
        return str(self.model.__name__)

    def pairs(self) -> Iterator[tuple[Side, Side]]:
        """Each side with each other one: where we are, and what we must not reach."""
        yield from permutations(self.sides, 2)

    def fresh(self, side: Side) -> Any:
        """A side's row, loaded anew, so that one check's changes do not reach the next."""
        return truth.load(side.instance, self.using)

    def rows(self) -> list[Any]:
        """All twins."""
        return [side.instance for side in self.sides]


def environments_of(model: Any) -> list[str]:
    """The environments whose rows a model keeps apart: at most live and two others."""
    tests = conf.test_environments()
    apart = is_sandboxed(model) and has_field(model, MODE_FIELD) and has_environment(model)
    return [conf.LIVE_ENVIRONMENT, *tests[: 2 if apart else 1]]


def make_twins(world: World) -> Iterator[Finding]:
    """Fill the world. What is stored for another mode than it was made in is a finding.

    :raises CannotBuild: where no row could be made.
    """
    for name in environments_of(world.model):
        side = Side(name)
        try:
            with side.mode():
                side.instance = world.maker.make(world.model)
        except CrossModeError as error:
            yield _not_made(world, side, str(error))
            continue
        stored = truth.state([side.instance], world.using)
        columns = {name: value for row in stored.values() for name, value in row.items()}
        yield from _wrong_mode(world, side, columns)
        world.sides.append(side)


def join_parents(world: World) -> None:
    """Hang all twins on the first one's shared parents, as far as the database lets it.

    So that a question asked of a parent (``Order.siblings()``) could be answered by the
    other mode's row. Past the site's own rules, so only where nothing is saved afterwards.
    """
    first, *others = world.rows()
    for column in world.model._meta.concrete_fields:
        remote = column.remote_field
        if remote is not None and not is_scoped(remote.model) and not remote.parent_link:
            value = getattr(first, column.attname)
            for instance in others:
                truth.write(instance, world.using, **{column.name: value})


def _not_made(world: World, side: Side, error: str) -> Finding:
    return Finding(
        path=f"{world.name}.save()",
        kind="save",
        effect=f"refuses a new row made in {side.name} mode",
        fix=f"{error} Let `is_test` be what SandboxModel declares, and let factories and "
        "save() leave it and the mode alone.",
    )


def _wrong_mode(world: World, side: Side, stored: dict[str, Any]) -> Iterator[Finding]:
    wanted = {MODE_FIELD: side.scope.is_test, ENVIRONMENT_FIELD: side.scope.environment}
    if not has_environment(world.model):
        del wanted[ENVIRONMENT_FIELD]
    wrong = [name for name, value in wanted.items() if stored.get(name) != value]
    if wrong:
        yield Finding(
            path=f"{world.name}.save()",
            kind="save",
            effect=f"stores a row made in {side.name} mode as one of another mode",
            fix=f"Its {' and '.join(wrong)} in the database is wrong. save() must hand over to "
            "super().save(), which stamps the row with the mode it is made in, and the "
            "factory must not set the mode.",
            root=True,
        )
