"""The battery: all checks on one model, inside a transaction that is rolled back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from django.apps import apps
from django.db import transaction

from django_sandbox.exceptions import ConfigurationError
from django_sandbox.isolation.columns import SANDBOXED_MARK, is_sandboxed
from django_sandbox.testing import truth
from django_sandbox.testing.links import check_links_out
from django_sandbox.testing.methods import check_methods
from django_sandbox.testing.parents import check_parents
from django_sandbox.testing.reading import check_reading
from django_sandbox.testing.report import CannotBuild, Finding, NotIsolated, follow, gather
from django_sandbox.testing.rows import RowMaker
from django_sandbox.testing.structure import check_structure
from django_sandbox.testing.twins import World, environments_of, make_twins
from django_sandbox.testing.writing import check_writing

Factory = Callable[..., Any]


def assert_isolated(
    model: Any,
    *,
    factory: Factory | None = None,
    using: str = "default",
    factories: Mapping[Any, Factory] | None = None,
    probes: Mapping[str, Callable[[], Any]] | None = None,
    allow: Collection[str] = (),
) -> None:
    """Try every way out of the mode that a sandboxed model of the site might have.

    Makes twin rows in live and in test mode, tries each path in each direction, and leaves
    no row behind: all of it is rolled back. Signals and ``save()`` of the site do run.

    :param model: the model, or its label (``"shop.Order"``).
    :param factory: makes one instance of the model, saved or not, in the mode it is called
        in. Without one the row is made from the model's fields.
    :param using: alias of the database.
    :param factories: factories of other models that a row of this one needs.
    :param probes: calls to look at as well, by the name to report them under: none may
        answer differently for a row of another mode.
    :param allow: paths (as a failure names them) that the site knows of and accepts.
    :raises NotIsolated: an ``AssertionError`` with all ``leaks``, in plain words.
    :raises CannotBuild: where no row can be made without a factory.
    :raises ConfigurationError: for a model that is not sandboxed, and for a database
        without transactions.
    """
    model = _model(model)
    _refuse_what_cannot_be_tried(model, using)
    known = {_model(key): value for key, value in (factories or {}).items()}
    if factory is not None:
        known[model] = factory
    findings = _run(model, using, known, probes or {})
    leaks = [leak for leak in gather(findings) if leak.path not in allow]
    if leaks:
        raise NotIsolated(model, leaks)


def _refuse_what_cannot_be_tried(model: Any, using: str) -> None:
    if not declared_sandboxed(model):
        raise ConfigurationError(
            f"{model._meta.label} is a shared model, with one set of rows for all modes: "
            "there is nothing to isolate. Derive it from SandboxModel if there should be."
        )
    if not truth.check_database(using):
        raise ConfigurationError(f"The database {using!r} has no transactions to roll back.")


def declared_sandboxed(model: Any) -> bool:
    """Whether a model is sandboxed, or was meant to be: a class above it says so."""
    return is_sandboxed(model) or any(vars(c).get(SANDBOXED_MARK) is True for c in model.__mro__)


def _model(model: Any) -> Any:
    return apps.get_model(model) if isinstance(model, str) else model


def _run(
    model: Any, using: str, factories: Mapping[Any, Factory], probes: Mapping[str, Any]
) -> list[Finding]:
    findings = list(check_structure(model))
    world = World(model, using, RowMaker(using, factories))
    try:
        with transaction.atomic(using=using), truth.undone(using):
            try:
                findings += make_twins(world)
            except CannotBuild as error:
                for leak in gather(findings):
                    error.add_note(f"Found without a row: {leak}")
                raise
            if len(world.sides) == len(environments_of(model)):
                findings += follow(_checks(world, probes), findings)
    finally:
        _forget_content_types()
    return findings


def _checks(world: World, probes: Mapping[str, Any]) -> Iterator[Finding]:
    yield from check_reading(world)
    yield from check_writing(world)
    yield from check_links_out(world)
    yield from check_parents(world)
    yield from check_methods(world, probes)


def _forget_content_types() -> None:
    """Content types made on the way are rolled back, so their cache must go too."""
    if apps.is_installed("django.contrib.contenttypes"):
        apps.get_model("contenttypes", "ContentType").objects.clear_cache()
