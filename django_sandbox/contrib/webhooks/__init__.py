"""Webhooks that fire in both modes, each to the endpoints of its own environment.

``INSTALLED_APPS`` takes plain ``"django_sandbox.contrib.webhooks"``. Importing this
imports no model, so it is safe anywhere.
"""

from django_sandbox.contrib.webhooks import libraries

libraries.require()

from django_sandbox.contrib.webhooks.events import declare_event  # noqa: E402
from django_sandbox.contrib.webhooks.outbox import asend_event, send_event  # noqa: E402

__all__ = ["asend_event", "declare_event", "send_event"]
