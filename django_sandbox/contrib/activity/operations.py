"""What the endpoint of the log takes, gives and refuses."""

from __future__ import annotations

from django_sandbox.contrib.activity import serializers, views
from django_sandbox.contrib.rest_framework.operation import Operation

OPERATIONS: dict[tuple[type, str], Operation] = {
    (views.ActivityView, "get"): Operation(
        "List the requests made with API keys",
        id="list_activity",
        tag="Activity",
        description="Of the caller's own mode, newest first.",
        query=serializers.QuerySerializer,
        answers={200: serializers.PageSerializer},
    ),
}
