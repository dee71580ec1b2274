"""Test mail for the owner's own people: a copy of it, to them and to nobody else."""

from __future__ import annotations

import copy
from email.utils import parseaddr
from typing import Any

from django.apps import apps
from django.utils.module_loading import import_string

from django_sandbox import conf
from django_sandbox.context import current_environment
from django_sandbox.contrib.effects import options
from django_sandbox.owners import current_owner_key

# Headers that name recipients: a backend may take them for the envelope's.
_RECIPIENT_HEADERS = ("to", "cc", "bcc", "resent-to", "resent-cc", "resent-bcc")
# A vendor's raw parameters, which may name recipients in ways of their own.
_RAW_PARAMETERS = ("esp_extra",)


def copy_for_team(message: Any) -> Any:
    """A copy of a message for those of its recipients who are on the owner's team.

    ``SANDBOX["EFFECTS"]["TEAM_ADDRESSES"]`` names a function ``owner -> addresses``. The copy
    goes to no other address, and its subject begins with the environment's name.

    :returns: the copy; ``None`` where the site has no such function, nobody knows the owner,
        or no recipient is on the team.
    """
    allowed = team_addresses()
    if not allowed:
        return None
    made = copy.copy(message)
    for field in ("to", "cc", "bcc"):
        kept = [address for address in getattr(message, field) if _plain(address) in allowed]
        setattr(made, field, kept)
    made.extra_headers = {
        name: value
        for name, value in message.extra_headers.items()
        if str(name).lower() not in _RECIPIENT_HEADERS
    }
    for name in _RAW_PARAMETERS:
        if name in vars(made):
            delattr(made, name)
    made.subject = f"[{current_environment()}] {message.subject}"
    recipients = made.recipients()
    # A message of a site's own class may find its recipients elsewhere.
    if not recipients or any(_plain(address) not in allowed for address in recipients):
        return None
    return made


def team_addresses() -> frozenset[str]:
    """The addresses of the current owner's team, in lower case; empty where there are none."""
    path = options.get("TEAM_ADDRESSES")
    key = current_owner_key() if path else None
    if key is None:
        return frozenset()
    owner = apps.get_model(conf.owner_model())._base_manager.filter(pk=key).first()
    if owner is None:
        return frozenset()
    found = import_string(path)(owner)
    return frozenset(filter(None, map(_plain, found)))


def _plain(address: Any) -> str:
    """``ann@example.com`` of ``Ann <Ann@example.com>``; empty where there is more than one."""
    text = str(address)
    _name, found = parseaddr(text)
    return found.lower() if text.count("@") == 1 else ""
