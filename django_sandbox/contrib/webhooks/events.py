"""The event types of a site, each with a sample, declared in ``<app>/webhook_events.py``."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.utils.module_loading import autodiscover_modules

from django_sandbox.contrib.webhooks.exceptions import UnknownEvent

MODULE = "webhook_events"
MAX_LENGTH = 100
PATTERN = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
ALL_EVENTS = "*"

Sample = Mapping[str, Any] | Callable[[], Mapping[str, Any]]


@dataclass(frozen=True)
class EventType:
    """A declared type of event."""

    name: str
    description: str = ""
    sample: Sample = field(default_factory=dict, repr=False)

    def sample_data(self) -> dict[str, Any]:
        """The sample as plain JSON data, fresh each time."""
        made = self.sample() if callable(self.sample) else self.sample
        data: dict[str, Any] = json.loads(json.dumps(made, cls=DjangoJSONEncoder))
        return data


# The package's own, which every site has.
PING = EventType(
    "webhook_endpoint.ping",
    "Sent on request, to see whether an endpoint answers.",
    {"message": "Your endpoint works."},
)
DISABLED = EventType(
    "webhook_endpoint.disabled",
    "An endpoint was disabled because its receiver is gone or has failed for days.",
    {"id": "whe_…", "url": "https://example.com/hook", "reason": "failing"},
)

_own = {kind.name: kind for kind in (PING, DISABLED)}
_declared: dict[str, EventType] = {}


def declare_event(name: str, *, description: str = "", sample: Sample | None = None) -> EventType:
    """Declare a type of event that the site sends.

    :param name: words of letters, digits, _ and -, with dots, such as ``"booking.created"``.
    :param sample: what ``data`` looks like: a mapping, or a function that makes one. It is
        what test deliveries carry and what the schema shows.
    :raises ValueError: for a name of another form, or one of the package's own.
    """
    if not PATTERN.fullmatch(name) or len(name) > MAX_LENGTH:
        raise ValueError(f'{name!r} is not an event type. Write "booking.created".')
    if name in _own:
        raise ValueError(f"{name!r} is an event of django-sandbox itself.")
    _declared[name] = EventType(name, description, sample or {})
    return _declared[name]


def declared() -> list[EventType]:
    """The site's event types, then the package's own."""
    return [*_declared.values(), *_own.values()]


def get(name: str) -> EventType:
    """A declared event type. :raises UnknownEvent: for any other name."""
    found = _declared.get(name) or _own.get(name)
    if found is None:
        raise UnknownEvent(_unknown(name))
    return found


def check_type(name: Any) -> str:
    """Whether a name may be sent and subscribed to; returns it.

    A site that declares its events sends no others, so a slip of the pen is an error in
    place of an event that nobody receives. A site that declares none may send any.

    :raises UnknownEvent: where it may not.
    """
    well_formed = isinstance(name, str) and len(name) <= MAX_LENGTH and PATTERN.fullmatch(name)
    if not well_formed or (_declared and name not in _declared and name not in _own):
        raise UnknownEvent(_unknown(name))
    return str(name)


def load() -> None:
    """Import every app's ``webhook_events.py``."""
    autodiscover_modules(MODULE)


def _unknown(name: Any) -> str:
    known = ", ".join(sorted(_declared)) or "none"
    return f"{name!r} is not a declared event. This site declares: {known}."
