"""Signals of the app, sent after commit."""

from django.dispatch import Signal

# With endpoint=, a webhooks Endpoint; its disabled_reason says why.
endpoint_disabled = Signal()
