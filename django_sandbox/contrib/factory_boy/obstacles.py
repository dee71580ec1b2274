"""What forbids that a factory's rows are written in bulk, so that they are created one by one."""

from __future__ import annotations

from typing import Any

from django.db import connections, models
from django.db.models import QuerySet
from django.db.models.fields import AutoField
from django.db.models.fields.related import ForeignKey
from django.db.models.signals import post_save, pre_save
from django.db.models.utils import AltersData
from factory import builder
from factory.django import DjangoModelFactory, DjangoOptions

from django_sandbox.isolation.managers import ScopedQuerySet
from django_sandbox.models import SandboxModel

# What a factory may override to make its objects differently.
FACTORY_HOOKS = (
    "create",
    "_create",
    "_build",
    "_generate",
    "_get_or_create",
    "_after_postgeneration",
)
# What a model may override to do more when it is saved. These classes' own are known.
MODEL_HOOKS = (
    "save",
    "save_base",
    "_save_table",
    "_save_parents",
    "_do_insert",
    "_prepare_related_fields_for_save",
    "__init_subclass__",
)
KNOWN_MODELS = (object, AltersData, models.Model, SandboxModel)
QUERYSET_HOOKS = ("create", "bulk_create")
KNOWN_QUERYSETS = (QuerySet, ScopedQuerySet)


def obstacle(factory: Any, post: Any = None) -> str | None:
    """Why rows of a factory are created one by one inside a seeder; ``None`` where they are not.

    In words, for whoever wonders why a seeder is slow::

        >>> obstacle(BookingFactory)
        "Booking has a save() of its own"

    :param post: the post-generation declarations of one batch, where it has more than the
        factory itself.
    """
    if not (isinstance(factory, type) and issubclass(factory, DjangoModelFactory)):
        return "it is no DjangoModelFactory"
    options: Any = factory._meta
    if options.abstract or type(options) is not DjangoOptions:
        return "its Meta is abstract, or of a class of its own"
    return (
        _of_factory(factory, options, options.post_declarations if post is None else post)
        or _of_model(options.get_model_class())
        or _of_manager(factory._get_manager(options.get_model_class()))
    )


def _of_factory(factory: Any, options: Any, post: builder.DeclarationSet) -> str | None:
    for name in FACTORY_HOOKS:
        own, plain = getattr(factory, name), getattr(DjangoModelFactory, name)
        if getattr(own, "__func__", own) is not plain.__func__:
            return f"{factory.__name__} has a {name}() of its own"
    if options.django_get_or_create:
        return f"{factory.__name__} has django_get_or_create"
    for name in post:
        return f"{factory.__name__} has the post-generation hook {name}"
    return None


def _of_model(model: Any) -> str | None:
    for name in MODEL_HOOKS:
        for parent in model.__mro__:
            if name in parent.__dict__:
                if parent not in KNOWN_MODELS:
                    return f"{model.__name__} has a {name}() of its own"
                break
    if model._meta.concrete_model._meta.parents:
        return f"{model.__name__} is a multi-table child"
    if model._meta.order_with_respect_to is not None:
        return f"{model.__name__} has order_with_respect_to"
    if not _is_plain_key(model._meta.pk):
        return f"the primary key of {model.__name__} is of a kind of its own"
    for signal, name in ((pre_save, "pre_save"), (post_save, "post_save")):
        if signal.has_listeners(model):
            return f"a receiver listens to {name} of {model.__name__}"
    return None


def _is_plain_key(key: Any) -> bool:
    """Whether a key is either there when an object is made, or is the database's own number."""
    return isinstance(key, AutoField) or (
        key.column is not None
        and not isinstance(key, ForeignKey)
        and not getattr(key, "has_db_default", lambda: False)()
    )


def _of_manager(manager: Any) -> str | None:
    queryset = manager if isinstance(manager, QuerySet) else manager.get_queryset()
    for name in QUERYSET_HOOKS:
        for parent in type(queryset).__mro__:
            if name in parent.__dict__:
                if parent not in KNOWN_QUERYSETS:
                    return f"{queryset.model.__name__} has a {name}() of its own on its manager"
                break
        if _is_own(manager, name):
            return f"{queryset.model.__name__} has a {name}() of its own on its manager"
    returns_keys = connections[queryset.db].features.can_return_rows_from_bulk_insert
    if isinstance(queryset.model._meta.pk, AutoField) and not returns_keys:
        return "the database does not tell the keys of rows written in bulk"
    return None


def _is_own(manager: Any, name: str) -> bool:
    """Whether a manager has its own method, and not the one made from its queryset's."""
    method = getattr(type(manager), name, None)
    made_from = getattr(type(manager), "_queryset_class", None)
    if isinstance(manager, QuerySet) or method is None or made_from is None:
        return False
    # Django's copies of queryset methods are called so, and are made in its own module.
    return bool(getattr(method, "__code__", None) != _COPIED.__code__)


# Any copied method will do: they share one code object.
_COPIED: Any = models.Manager.create
