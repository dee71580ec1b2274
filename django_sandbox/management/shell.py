"""What ``manage.py sandbox shell`` adds to the site's own ``shell`` command."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand

from django_sandbox import conf
from django_sandbox.context import ModeBlock, all_modes, current_scope, environment_mode

ALL = "all"
IMPORTS = (
    *(f"django_sandbox.{name}" for name in ("live_mode", "sandbox_mode", "all_modes")),
    "django_sandbox.current_mode",
    "django_sandbox.management.shell.switch",
)
_entered: list[ModeBlock] = []


def block_of(environment: str) -> ModeBlock:
    """The mode of an environment's name: ``live``, a test environment's, or ``all``.

    :raises UnknownEnvironment: for any other name.
    """
    return all_modes() if environment == ALL else environment_mode(environment)


def switch(environment: str) -> None:
    """Have all that follows in this shell work in another environment.

    :param environment: ``"live"``, ``"all"``, or the name of a test environment.
    :raises UnknownEnvironment: for any other name; the mode is then as it was.
    """
    block = block_of(environment)
    if _entered:
        _entered.pop().__exit__(None, None, None)
    block.__enter__()
    _entered.append(block)


@contextmanager
def switched(environment: str) -> Iterator[None]:
    """Work in an environment, with :func:`switch` at hand."""
    switch(environment)
    try:
        yield
    finally:
        _entered.pop().__exit__(None, None, None)


class Prompt:
    """``[test] >>>``: what Python's own shell asks with, in whichever mode it is by then."""

    def __init__(self, mark: str) -> None:
        self.mark = mark

    def __str__(self) -> str:
        scope = current_scope()
        return f"[{scope.environment if scope else 'no mode'}] {self.mark} "


class ModeShell:
    """Mixed in before a ``shell`` command: the functions of the mode are imported too."""

    def get_auto_imports(self) -> list[str]:
        return [*(super().get_auto_imports() or ()), *IMPORTS]  # type: ignore[misc]

    def python(self, options: Any) -> None:
        there_before = {name: getattr(sys, name, None) for name in ("ps1", "ps2")}
        sys.ps1, sys.ps2 = Prompt(">>>"), Prompt("...")
        try:
            super().python(options)  # type: ignore[misc]
        finally:
            for name, value in there_before.items():
                if value is None:
                    delattr(sys, name)
                else:
                    setattr(sys, name, value)


def site_shell() -> BaseCommand:
    """The site's ``shell`` command, whichever app it is of, with :class:`ModeShell` before it."""
    source = get_commands()["shell"]
    command = source if isinstance(source, BaseCommand) else load_command_class(source, "shell")
    command.__class__ = type("Command", (ModeShell, type(command)), {})
    return command


def known_environments() -> str:
    """The names that :func:`switch` takes, for people."""
    names = [conf.LIVE_ENVIRONMENT, *conf.test_environments(), *conf.throwaway_patterns(), ALL]
    return ", ".join(names)
