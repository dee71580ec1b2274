"""``manage.py sandbox <action>``: the lifecycle from the command line."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from django_sandbox import audit, conf, documents, lifecycle, registry
from django_sandbox.exceptions import SandboxError


class Command(BaseCommand):
    help = "Activate, seed, reset, clean up, deactivate, purge, show or audit sandboxes."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("action", choices=[*_FOR_OWNER, *_FOR_ALL])
        parser.add_argument("--owner", metavar="PK", help="primary key of the owner")
        parser.add_argument("--environment", default=conf.DEFAULT_ENVIRONMENT)
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, action: str, owner: str | None, **options: Any) -> None:
        try:
            if action in _FOR_ALL:
                document = _FOR_ALL[action]()
            else:
                document = _FOR_OWNER[action](_owner(action, owner), options["environment"])
        except SandboxError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(document, indent=2))
        else:
            self._print(document)
        if document.get("findings"):
            sys.exit(1)

    def _print(self, document: dict[str, Any], indent: str = "") -> None:
        for name, value in document.items():
            if name == "findings":
                self._print_findings(value)
            elif isinstance(value, dict):
                self.stdout.write(f"{indent}{name}:")
                self._print(value or {"": "nothing"}, indent + "  ")
            else:
                self.stdout.write(f"{indent}{name}: {value}" if name else f"{indent}{value}")

    def _print_findings(self, findings: list[dict[str, Any]]) -> None:
        for found in findings:
            self.stdout.write(
                f"{found['model']}.{found['relation']}: {found['rows']} rows break isolation "
                f"({found['kind']}), such as pk {', '.join(found['sample'])}"
            )
        if not findings:
            self.stdout.write("No row breaks isolation.")


def _owner(action: str, key: str | None) -> Any:
    model = apps.get_model(conf.owner_model())
    if key is None:
        raise CommandError(
            f"{action} needs --owner, the primary key of a {model._meta.verbose_name}."
        )
    try:
        return model._default_manager.get(pk=key)
    except (model.DoesNotExist, ValueError, ValidationError):
        raise CommandError(f"There is no {model._meta.verbose_name} with pk {key!r}.") from None


def _activate(owner: Any, environment: str) -> dict[str, Any]:
    return documents.activation(lifecycle.activate(owner, environment))


def _seed(owner: Any, environment: str) -> dict[str, Any]:
    return documents.counts("seeded", lifecycle.seed(owner, environment))


def _reset(owner: Any, environment: str) -> dict[str, Any]:
    return documents.reset(lifecycle.reset(owner, environment))


def _cleanup(owner: Any, environment: str) -> dict[str, Any]:
    return documents.counts("deleted", lifecycle.cleanup(owner, environment))


def _deactivate(owner: Any, environment: str) -> dict[str, Any]:
    lifecycle.deactivate(owner, environment)
    return _status(owner, environment)


def _status(owner: Any, environment: str) -> dict[str, Any]:
    return documents.status(lifecycle.status(owner, environment))


def _purge() -> dict[str, Any]:
    purged = lifecycle.purge_expired()
    return {"purged": {key: registry.named_counts(rows) for key, rows in purged.items()}}


_FOR_OWNER: dict[str, Callable[[Any, str], dict[str, Any]]] = {
    "activate": _activate,
    "seed": _seed,
    "reset": _reset,
    "cleanup": _cleanup,
    "deactivate": _deactivate,
    "status": _status,
}


def _audit() -> dict[str, Any]:
    return {"findings": [finding.as_dict() for finding in audit.audit()]}


_FOR_ALL: dict[str, Callable[[], dict[str, Any]]] = {"purge": _purge, "audit": _audit}
