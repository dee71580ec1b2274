"""In which environments anything is delivered."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django_sandbox import conf
from django_sandbox.models import Sandbox


def is_open(owner_id: Any, environment: str) -> bool:
    """Whether an owner's events of an environment are delivered."""
    return (owner_id, environment) in open_ones([(owner_id, environment)])


def open_ones(pairs: Iterable[tuple[Any, str]]) -> set[tuple[Any, str]]:
    """Those of the (owner, environment) pairs whose events are delivered.

    Live always; a test environment unless its sandbox is inactive, or was never activated
    where the site wants that done first. One query at most.
    """
    wanted = set(pairs)
    test = {pair for pair in wanted if pair[1] != conf.LIVE_ENVIRONMENT}
    if not test:
        return wanted
    owners, environments = {owner for owner, _ in test}, {name for _, name in test}
    rows = Sandbox.objects.filter(owner__in=owners, environment__in=environments)
    known = {(row.owner_id, row.environment): row.is_active for row in rows}
    return {
        pair for pair in wanted if pair not in test or known.get(pair, _may_be_unknown(pair[1]))
    }


def _may_be_unknown(environment: str) -> bool:
    return bool(conf.get("AUTO_ACTIVATE")) and conf.throwaway_pattern(environment) is None
