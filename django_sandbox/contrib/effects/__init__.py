"""Effects: what would reach the outside world, held back in test mode and kept to be read.

An app of its own, ``"django_sandbox.contrib.effects"``, because its log has a table. The email
backend is in :mod:`~django_sandbox.contrib.effects.mail`, the adapters of HTTP clients in
:mod:`~django_sandbox.contrib.effects.http`. Importing this package imports no model.
"""

from django_sandbox.contrib.effects.calls import live_only, per_mode
from django_sandbox.contrib.effects.capturing import acapture, capture

__all__ = ["acapture", "capture", "live_only", "per_mode"]
