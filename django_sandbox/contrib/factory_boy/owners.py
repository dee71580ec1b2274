"""A factory as a seeder: all that it makes leads to the sandbox's owner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from factory.declarations import RelatedFactory, SubFactory
from factory.django import DjangoModelFactory

from django_sandbox import conf, registry


def seed(factory: Any, owner: Any, size: int = 1, values: Mapping[str, Any] | None = None) -> Any:
    """Make ``size`` rows by a factory, for one owner.

    :param values: arguments for the factory; they count before the owner.
    """
    given = dict(values or {})
    roots = {name.partition("__")[0] for name in given if "__" not in name}
    of_owner = {
        name: value
        for name, value in owner_arguments(factory, owner).items()
        if name.partition("__")[0] not in roots
    }
    return factory.create_batch(size, **{**of_owner, **given})


def owner_arguments(factory: Any, owner: Any, *above: Any) -> dict[str, Any]:
    """The arguments that make a factory, and its sub-factories, work for an owner.

    Such as ``{"organization": owner, "event_type__organization": owner}``: every relation
    to the owner's model that a factory would fill with an owner of its own.
    """
    if factory in above:
        return {}
    options: Any = factory._meta
    found: dict[str, Any] = {}
    path = registry.owner_path(options.get_model_class())
    if path and "__" not in path:
        found[path] = owner
    for name, (declaration, parent) in _sub_factories(options).items():
        made = declaration.get_factory()
        if not issubclass(made, DjangoModelFactory):
            continue
        if _makes_owners(made):
            found[name] = owner
        elif name not in found:
            for inner, value in owner_arguments(made, owner, factory, *above).items():
                if inner.partition("__")[0] != parent:
                    found[f"{name}__{inner}"] = value
    return found


def _sub_factories(options: Any) -> dict[str, tuple[Any, str | None]]:
    """By name: the declaration, and the relation in which it is given the object it is made for."""
    found: dict[str, tuple[Any, str | None]] = {}
    for name, declaration in options.pre_declarations.declarations.items():
        if isinstance(declaration, SubFactory) and hasattr(declaration, "get_factory"):
            found[name] = (declaration, None)
    for name, declaration in options.post_declarations.declarations.items():
        if isinstance(declaration, RelatedFactory):
            found[name] = (declaration, declaration.name or None)
    return found


def _makes_owners(factory: Any) -> bool:
    label = conf.owner_model()
    return bool(factory._meta.get_model_class()._meta.concrete_model._meta.label == label)
