"""The actions of ``manage.py sandbox``, each a row of a table. A new one is a row more."""

from collections.abc import Iterator
from importlib import import_module

from django.apps import apps

from django_sandbox.management.actions import (
    api_keys,
    cloning,
    doctor,
    running,
    sandboxes,
    snapshots,
)
from django_sandbox.management.actions.action import Action

# Apps of this package with actions of their own, in their module ``actions``: there where
# they are installed. By name: the core imports none.
APPS = ("django_sandbox.contrib.webhooks",)


def _of_apps() -> Iterator[Action]:
    for name in APPS:
        if apps.is_installed(name):
            yield from import_module(f"{name}.actions").ACTIONS


ACTIONS: dict[str, Action] = {
    action.name: action
    for action in (
        *sandboxes.ACTIONS,
        *snapshots.ACTIONS,
        *cloning.ACTIONS,
        *api_keys.ACTIONS,
        *running.ACTIONS,
        *doctor.ACTIONS,
        *_of_apps(),
    )
}
