"""Fills a sandbox with the site's sample data."""

from __future__ import annotations

import logging
from typing import Any

from django.db import transaction
from django.utils import timezone

from django_sandbox import conf, registry, signals
from django_sandbox.cleanup import count_rows
from django_sandbox.context import sandbox_mode
from django_sandbox.exceptions import SeederFailed
from django_sandbox.lifecycle.held import announce, atomic, hold_active, is_deadlock
from django_sandbox.models import Sandbox
from django_sandbox.seeding import DEFAULT_SCENARIO, Seeder, alone, running

logger = logging.getLogger(__name__)


def seed(
    owner: Any,
    environment: str = conf.DEFAULT_ENVIRONMENT,
    *,
    scenario: str = DEFAULT_SCENARIO,
) -> dict[str, int]:
    """Run the seeders of a scenario, unless the sandbox is seeded already.

    :returns: rows made, by model label.
    :raises SandboxNotActive: where the sandbox is not active.
    :raises UnknownScenario: for a name that the site has not.
    :raises SeederFailed: naming the seeder; nothing has changed then.
    """
    conf.check_test_environment(environment)
    registry.check_scenario(scenario)
    with alone(), atomic():
        return fill(hold_active(owner, environment), scenario)


def fill(sandbox: Sandbox, scenario: str = DEFAULT_SCENARIO) -> dict[str, int]:
    """Seed a sandbox that is held, unless it is seeded already; rows made, by model label.

    To be called inside :func:`~django_sandbox.seeding.alone`.
    """
    if sandbox.seeded_at is not None:
        return {}
    owner, environment = sandbox.owner, sandbox.environment
    before = count_rows(owner, environment)
    for seeder in registry.seeders(scenario):
        _run_seeder(seeder, sandbox)
    after = count_rows(owner, environment)
    sandbox.seeded_at = timezone.now()
    sandbox.save()
    announce(signals.sandbox_seeded, sandbox)
    made = {label: rows - before[label] for label, rows in after.items()}
    return {label: rows for label, rows in made.items() if rows}


def _run_seeder(seeder: Seeder, sandbox: Sandbox) -> None:
    owner = sandbox.owner
    try:
        in_sandbox = sandbox_mode(sandbox.environment, owner=owner)
        with in_sandbox, transaction.atomic(), running(seeder, owner):
            seeder(owner)
    except Exception as error:
        if is_deadlock(error):  # no fault of the seeder's: who called does it all again
            raise
        # Logged here: who asked by REST is not told, and the answer ends the exception.
        logger.exception("The seeder %s failed", seeder.name)
        raise SeederFailed(seeder.name, error) from error
