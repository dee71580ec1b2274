"""The list of hosts is one that the guard can read."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error

from django_sandbox.contrib.outbound import hosts


def check_hosts(**kwargs: Any) -> list[CheckMessage]:
    """``SANDBOX["EFFECTS"]["OUTBOUND_HOSTS"]``: a list of hosts (E040)."""
    listed = hosts.listed()
    if not isinstance(listed, (list, tuple)):
        return [
            Error(
                'SANDBOX["EFFECTS"]["OUTBOUND_HOSTS"] must be a list of hosts.',
                hint='Such as ["metrics.internal:8125", "*.example.com", "10.0.0.0/8"].',
                id="sandbox.E040",
            )
        ]
    return [
        Error(
            f'SANDBOX["EFFECTS"]["OUTBOUND_HOSTS"] has {entry!r}, which is no host.',
            hint='Write "host", "host:port", a pattern such as "*.example.com", or a network '
            'such as "10.0.0.0/8"; no scheme, no path.',
            id="sandbox.E040",
        )
        for entry in listed
        if hosts.parse(entry) is None
    ]
