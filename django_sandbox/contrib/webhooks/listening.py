"""Shows the events of one sandbox as they happen, and forwards them to a developer's machine."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
from django.utils import timezone

from django_sandbox import conf
from django_sandbox.contrib.webhooks import sending
from django_sandbox.contrib.webhooks.models import Event

INTERVAL = 0.5  # seconds between two looks
# An event is dated when it is written, and seen when its transaction has committed.
LONGEST_TRANSACTION = timedelta(minutes=5)
TIMEOUT = 15.0  # seconds


class Listener:
    """Looks for events that were sent since it was made.

    :param forward_to: an address of the developer's own, such as ``localhost:9000``; it is
        not held to the rules for endpoints. Without one, events are only shown.
    :param secret: signs what is forwarded. :param say: is given each line to show.
    """

    def __init__(
        self,
        owner: Any,
        environment: str,
        *,
        forward_to: str | None,
        secret: str,
        say: Callable[[str], Any],
    ) -> None:
        self.seen = 0
        self._events = Event.objects.filter(
            owner=owner, environment=conf.check_test_environment(environment)
        ).order_by("created_at")
        self._address = _with_scheme(forward_to) if forward_to else None
        self._secret = secret
        self._say = say
        self._known = {event.pk for event in self._recent()}
        # Neither proxies nor .netrc of the environment: the receiver is on this machine.
        self._client = httpx.Client(trust_env=False, timeout=TIMEOUT)

    def listen(self, stop: threading.Event) -> None:
        """Look until told to stop."""
        with self._client:
            while not stop.is_set():
                self.poll()
                stop.wait(INTERVAL)

    def poll(self) -> None:
        """Show and forward what is new."""
        found = self._recent()
        for event in found:
            if event.pk not in self._known:
                self._known.add(event.pk)
                self.seen += 1
                self._show(event)
        self._known &= {event.pk for event in found}

    def _recent(self) -> list[Event]:
        return list(self._events.filter(created_at__gte=timezone.now() - LONGEST_TRANSACTION))

    def _show(self, event: Event) -> None:
        answer = f" → {self._forward(event)}" if self._address else ""
        self._say(f"{event.created_at:%H:%M:%S}  {event.type}  {event.pk}{answer}")
        self._say(json.dumps(json.loads(event.body), indent=2, ensure_ascii=False))

    def _forward(self, event: Event) -> str:
        message = sending.Message(event.pk, self._address or "", event.body, [self._secret])
        try:
            response = self._client.post(
                message.url,
                content=event.body.encode(),
                headers=sending.headers(message, timezone.now()),
            )
        except httpx.HTTPError as fault:
            return str(fault) or type(fault).__name__
        milliseconds = round(response.elapsed.total_seconds() * 1000)
        return f"{response.status_code} ({milliseconds} ms)"


def _with_scheme(address: str) -> str:
    return address if "://" in address else f"http://{address}"
