"""Objects that wait to be written, and tell when somebody reads a key they do not have yet.

While it waits an object is of a class of its own, below its model's, that no registry
knows: there the key, and the columns of foreign keys, say that they were read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models.fields.related import ForeignKey


class Kind:
    """The objects of one factory in one batch.

    :param asked: called when a key is read that is not known before writing.
    """

    def __init__(self, model: Any, manager: Any, asked: Callable[[], None]) -> None:
        self.model = model
        self.manager = manager
        links = [f for f in model._meta.concrete_fields if isinstance(f, ForeignKey)]
        self.links = {field.name for field in links}
        watched: dict[str, Any] = {
            field.attname: _Watched(field.attname, getattr(model, field.attname), asked, field)
            for field in links
        }
        key = model._meta.pk.attname
        watched[key] = _Watched(key, getattr(model, key), asked)
        # Not by ModelBase: it would register another model.
        self._waiting = type.__new__(
            type(model),
            model.__name__,
            (model,),
            {**watched, "__module__": model.__module__, "__qualname__": model.__qualname__},
        )

    def hold(self, row: Any) -> None:
        """From now on the object waits."""
        row.__class__ = self._waiting

    def release(self, row: Any) -> None:
        """It is about to be written."""
        row.__class__ = self.model


class _Watched:
    """A column of objects that wait."""

    def __init__(
        self, attname: str, plain: Any, asked: Callable[[], None], link: Any = None
    ) -> None:
        self.attname = attname
        self.plain = plain
        self.asked = asked
        self.link = link

    def __get__(self, row: Any, cls: Any = None) -> Any:
        if row is None:
            return self.plain
        if row.__dict__.get(self.attname) is None and self._is_to_come(row):
            self.asked()
        return row.__dict__.get(self.attname)

    def _is_to_come(self, row: Any) -> bool:
        """Whether writing will fill it in: a key always, a link where it was given an object."""
        return self.link is None or self.link.get_cached_value(row, default=None) is not None

    def __set__(self, row: Any, value: Any) -> None:
        if hasattr(self.plain, "__set__"):
            self.plain.__set__(row, value)
        else:
            row.__dict__[self.attname] = value
