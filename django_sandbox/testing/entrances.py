"""Where a query on a model can begin: its managers, and what else hangs on its class."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.apps import apps
from django.db.models import QuerySet
from django.db.models.manager import BaseManager

from django_sandbox.context import live_mode
from django_sandbox.isolation.columns import is_scoped
from django_sandbox.isolation.expressions import InMode
from django_sandbox.isolation.managers import ScopedManager, ScopedQuerySet
from django_sandbox.testing import truth
from django_sandbox.testing.twins import World


@dataclass(frozen=True)
class Entrance:
    """A place a query begins at.

    :ivar path: as the site writes it (``Order.published``).
    :ivar kind: ``manager``, ``base manager`` or ``attribute``.
    :ivar source: gives the manager or queryset, anew each time.
    """

    path: str
    kind: str
    source: Callable[[], Any]

    def rows(self, using: str) -> Any:
        """A fresh queryset of it on one database."""
        source = self.source()
        return (
            source.using(using) if isinstance(source, QuerySet) else source.db_manager(using).all()
        )

    def model(self, using: str) -> Any:
        """The model of its rows; ``None`` where it cannot be read at all."""
        try:
            with live_mode():  # some managers ask for the mode while they make a queryset
                return self.rows(using).model
        except Exception:
            return None

    def fix(self, using: str) -> str:
        """What is wrong with it, as far as one can tell by looking at it."""
        with live_mode():
            return self._fix(self.source(), self.rows(using))

    def _fix(self, source: Any, rows: Any) -> str:
        if not is_scoped(rows.model):
            return (
                f"{rows.model.__name__} says it is not sandboxed (`_sandbox_model` is not True): "
                "remove that from the class, so that its managers follow the mode."
            )
        if isinstance(source, QuerySet):
            return _AROUND_MANAGERS
        if not isinstance(source, ScopedManager):
            return _LATE_MANAGER
        if not isinstance(rows, ScopedQuerySet):
            return _WITHOUT_SUPER
        if not any(isinstance(child, InMode) for child in rows.query.where.children):
            return _CONDITION_LOST
        return "Its get_queryset() must start from super().get_queryset() and only narrow it."


_AROUND_MANAGERS = (
    "It gives a queryset made by hand, which knows no mode: take one from a manager "
    "(`cls.objects.all()`) or make it a SandboxQuerySet (from django_sandbox.models)."
)
_LATE_MANAGER = (
    "It is a plain manager that was put on the class after Django had made it: declare it in "
    "the class body, or derive it from SandboxManager (from django_sandbox.models)."
)
_WITHOUT_SUPER = (
    "Its get_queryset() builds its queryset without super(): start from "
    "super().get_queryset(), or return a SandboxQuerySet(self.model, using=self._db)."
)
_CONDITION_LOST = (
    "Its get_queryset() gives a queryset that has lost the mode condition: start from "
    "super().get_queryset() and do not replace its query or its WHERE."
)


def entrances(world: World) -> list[Entrance]:
    """Every place to begin a query on the model, its proxies' and parents' included."""
    found: list[Entrance] = []
    for model in [world.model, *_relatives(world.model)]:
        found += _managers(model)
        found += _attributes(model)
    return found


def _relatives(model: Any) -> Iterator[Any]:
    """Proxies of the model, and the tables below it."""
    concrete = model._meta.concrete_model
    for other in apps.get_models():
        if other is not model and other._meta.proxy and other._meta.concrete_model is concrete:
            yield other
    for parent in truth.tables(model):
        if parent is not model and is_scoped(parent):
            yield parent


def _managers(model: Any) -> Iterator[Entrance]:
    for manager in model._meta.managers:
        path = f"{model.__name__}.{manager.name}"
        yield Entrance(path, "manager", partial(_manager, model, manager.name))
    yield Entrance(f"{model.__name__}._base_manager", "base manager", lambda: model._base_manager)


def _manager(model: Any, name: str) -> Any:
    return model._meta.managers_map[name]


def own_classes(model: Any) -> list[Any]:
    """The classes of a model that the site wrote: not Django's, not this package's."""
    return [c for c in model.__mro__ if not is_foreign(c) and c is not object]


def is_foreign(cls: Any) -> bool:
    """Whether a class is Django's or this package's."""
    return cls.__module__.partition(".")[0] in ("django", "django_sandbox")


def _attributes(model: Any) -> Iterator[Entrance]:
    """Class attributes that give a manager or a queryset without being one of Django's."""
    known = {manager.name for manager in model._meta.managers}
    known |= {field.name for field in model._meta.get_fields()}
    seen: set[str] = set()
    for cls in own_classes(model):
        for name in vars(cls):
            if name in known or name in seen or name.startswith("__"):
                continue
            seen.add(name)
            if isinstance(_read(model, name), (BaseManager, QuerySet)):
                path = f"{model.__name__}.{name}"
                yield Entrance(path, "attribute", partial(getattr, model, name))


def _read(model: Any, name: str) -> Any:
    try:
        with live_mode():
            value = getattr(model, name)
    except Exception:  # a descriptor that wants an instance, or more than we can give
        return None
    if isinstance(value, BaseManager) and value.model is None:
        return None  # a manager that was never bound to a model answers nothing at all
    if getattr(value, "model", None) is None or not issubclass(
        value.model._meta.concrete_model, model._meta.concrete_model
    ):
        return None
    return value
