"""The same owner gets the same data: factory-boy's and Faker's chance, counted from one seed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import factory.random
import faker.generator
from factory.base import BaseFactory
from factory.declarations import Iterator as IteratorDeclaration


@contextmanager
def reproducible(seed: str | None) -> Iterator[None]:
    """Draw from ``seed``, and count sequences from their beginning; then as before.

    ``None`` leaves everything as it is.
    """
    if seed is None:
        yield
        return
    source: Any = factory.random
    before = source.randgen.getstate(), source.randgen.state_set
    of_faker = faker.generator.random.getstate()
    counters = {options: options._counter for options in _all_options(BaseFactory)}
    for options in counters:
        options._counter = None  # made anew when it is first asked
        _rewind(options)
    source.reseed_random(seed)
    try:
        yield
    finally:
        for options, counter in counters.items():
            options._counter = counter
        source.randgen.setstate(before[0])
        source.randgen.state_set = before[1]
        faker.generator.random.setstate(of_faker)


def _all_options(base: Any) -> set[Any]:
    """The ``_meta`` of every factory of the process."""
    found = {base._meta}
    for factory_class in base.__subclasses__():
        found |= _all_options(factory_class)
    return found


def _rewind(options: Any) -> None:
    """Have the ``factory.Iterator`` declarations of a factory begin at their first value."""
    for declaration in options.pre_declarations.declarations.values():
        if isinstance(declaration, IteratorDeclaration):
            declaration.reset()
