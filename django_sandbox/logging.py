"""Says on each log record which mode, environment and owner it is from.

For a site's ``LOGGING``::

    "filters": {"mode": {"()": "django_sandbox.logging.ModeFilter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "filters": ["mode"], ...}},

The same values for structlog, OpenTelemetry and whatever else takes a dict come from
:func:`mode_fields`. Nothing here asks the database.
"""

from __future__ import annotations

import logging

from django_sandbox.context import current_caller, current_scope

UNKNOWN = "-"


def mode_fields() -> dict[str, str]:
    """``mode``, ``environment`` and ``owner`` (its primary key), each where it is known.

    A session's owner is known once something has asked for it; a log line does not ask.
    """
    scope, caller = current_scope(), current_caller()
    fields = {}
    if scope is not None:
        fields = {"mode": str(scope.mode), "environment": scope.environment}
    if caller is not None and caller.known_key is not None:
        fields["owner"] = str(caller.known_key)
    return fields


class ModeFilter(logging.Filter):
    """Gives each record ``mode``, ``environment`` and ``owner``; lets every record pass.

    What is not known is ``"-"``. A value that the caller gave by ``extra=`` is kept. Goes
    on a handler that runs in the thread that logs; before a queue, not behind it.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        fields = mode_fields()
        for name in ("mode", "environment", "owner"):
            if not hasattr(record, name):
                setattr(record, name, fields.get(name, UNKNOWN))
        return True
