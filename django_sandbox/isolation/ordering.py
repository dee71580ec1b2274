"""In which order models can be emptied: what points to others goes before them."""

from __future__ import annotations

from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import Any


def children_first(models: Iterable[Any]) -> list[Any]:
    """Sort models so that each stands before those its foreign keys and parents point to.

    Self-references do not count. Where foreign keys run in a circle there is no such
    order; then one that may be empty is left out of account, if there is one.
    """
    names = {model._meta.label: model for model in models}
    graph: dict[str, set[str]] = {label: set() for label in names}
    required: set[tuple[str, str]] = set()
    for label, model in names.items():
        for field in model._meta.concrete_fields:
            remote = field.remote_field
            if remote is None:
                continue
            target = remote.model._meta.concrete_model._meta.label
            if target != label and target in graph:
                graph[target].add(label)  # the target waits until its children are gone
                if not field.null:
                    required.add((label, target))
    return [names[label] for label in _sorted(graph, required)]


def _sorted(graph: dict[str, set[str]], required: set[tuple[str, str]]) -> list[str]:
    waiting = {label: set(children) for label, children in sorted(graph.items())}
    while True:
        try:
            return list(TopologicalSorter(waiting).static_order())
        except CycleError as error:
            links = list(pairwise(error.args[1]))
            before, after = next((x for x in links if x not in required), links[0])
            waiting[after].discard(before)
