"""API keys from the command line."""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from django_sandbox import conf, documents, keys, moments
from django_sandbox.management.actions.action import (
    OWNER,
    OWNER_IF_GIVEN,
    Action,
    Argument,
    Document,
)
from django_sandbox.models import ApiKey
from django_sandbox.models.api_key import MAX_GRACE
from django_sandbox.models.key_manager import check_scopes

KEY = Argument("--key", metavar="ID", required=True, help="id of the key, or its prefix")


def _issue(given: Namespace) -> Document:
    return documents.api_key(
        *ApiKey.objects.issue(
            given.owner,
            name=given.name,
            environment=given.environment,
            scopes=[scope for group in given.scopes for scope in group],
            expires_at=given.expires_at,
        )
    )


def _list(given: Namespace) -> Document:
    found = ApiKey.objects.filter(owner=given.owner)
    if given.environment is not None:
        found = found.filter(environment=conf.check_environment(given.environment))
    return {"keys": [documents.api_key(api_key) for api_key in found]}


def _revoke(given: Namespace) -> Document:
    api_key = _find(given)
    api_key.revoke()
    return documents.api_key(api_key)


def _rotate(given: Namespace) -> Document:
    return documents.api_key(*_find(given).rotate(grace=given.grace))


def _find(given: Namespace) -> ApiKey:
    found = ApiKey.objects.filter(pk=keys.id_of(given.key))
    if given.owner is not None:
        found = found.filter(owner=given.owner)
    api_key: ApiKey | None = found.first()
    if api_key is None:
        whose = "There is no key" if given.owner is None else "This owner has no key"
        raise CommandError(f"{whose} with that id. `sandbox keys` lists an owner's keys.")
    return api_key


def _scopes(text: str) -> list[str]:
    try:
        return check_scopes(text.split(","))
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from error


def _future(text: str) -> datetime:
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None:
        raise ArgumentTypeError(f"{text!r} is not a moment. Write 2030-01-31T12:00:00Z.")
    moment = moments.kept(moment)
    if moment <= timezone.now():
        raise ArgumentTypeError(f"{text} has passed: such a key would never work.")
    return moment


def _seconds(text: str) -> timedelta:
    most = int(MAX_GRACE.total_seconds())
    if not text.isdecimal() or len(text) > len(str(most)) or int(text) > most:
        raise ArgumentTypeError(f"{text!r} is not a number of seconds from 0 to {most}.")
    return timedelta(seconds=int(text))


def _show_keys(document: Document) -> Iterator[str]:
    for key in document["keys"]:
        yield "  ".join(
            [
                f"{key['prefix']}…{key['last_four']}",
                key["environment"],
                _standing(key),
                ",".join(key["scopes"]) or "all scopes",
                key["name"],
            ]
        ).rstrip()
    if not document["keys"]:
        yield "No keys."


def _standing(key: dict[str, Any]) -> str:
    if _has_come(key["revoked_at"]):
        return f"revoked {key['revoked_at']}"
    if key["expires_at"]:
        return f"{'expired' if _has_come(key['expires_at']) else 'expires'} {key['expires_at']}"
    return "usable"


def _has_come(moment: str | None) -> bool:
    return moment is not None and datetime.fromisoformat(moment) <= datetime.now(UTC)


ACTIONS = (
    Action(
        "issue-key",
        "make an API key and print it, this once",
        _issue,
        (
            OWNER,
            Argument("--environment", default=conf.LIVE_ENVIRONMENT),
            Argument("--name", default="", help="where it will be used"),
            Argument(
                "--scopes",
                type=_scopes,
                nargs="+",
                default=(),
                metavar="SCOPE",
                help="such as bookings:read; all if none is given",
            ),
            Argument(
                "--expires-at",
                type=_future,
                metavar="MOMENT",
                help="ISO 8601, such as 2030-01-31T12:00:00Z; never if none is given",
            ),
        ),
    ),
    Action(
        "keys",
        "list an owner's API keys",
        _list,
        (OWNER, Argument("--environment", help="of one environment only")),
        show=_show_keys,
    ),
    Action("revoke-key", "end an API key now", _revoke, (KEY, OWNER_IF_GIVEN)),
    Action(
        "rotate-key",
        "replace an API key and print the new one, this once",
        _rotate,
        (
            KEY,
            OWNER_IF_GIVEN,
            Argument(
                "--grace",
                type=_seconds,
                default=timedelta(0),
                metavar="SECONDS",
                help="for how long the old key goes on working",
            ),
        ),
    ),
)
