"""``activity``: the log of the caller's own mode."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from django_sandbox import documents
from django_sandbox.contrib.activity.models import Entry
from django_sandbox.contrib.activity.serializers import QuerySerializer
from django_sandbox.contrib.rest_framework.permissions import HasScope
from django_sandbox.contrib.rest_framework.views import OwnersView

SCOPE = "activity:read"


class ActivityView(OwnersView):
    """``GET activity``: a test key, or a session in test mode, sees that environment's entries."""

    permission_classes = [HasScope(SCOPE)]

    def get(self, request: Request) -> Response:
        asked = QuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data
        entries = _found(Entry.objects.filter(owner=self.owner).in_current_mode(), wanted)
        limit = wanted["limit"]
        found = list(entries.order_by("-pk")[: limit + 1])
        page = found[:limit]
        return Response(
            {
                "next": page[-1].pk if len(found) > limit else None,
                "results": [_document(entry) for entry in page],
            }
        )


LOOKUPS = {
    "code": "error_code",
    "method": "method__iexact",
    "key": "key_id",
    "request_id": "request_id",
    "status": "status__range",
    "since": "created_at__gte",
    "before": "pk__lt",
}


def _found(entries: Any, wanted: dict[str, Any]) -> Any:
    given = {lookup: wanted[name] for name, lookup in LOOKUPS.items() if name in wanted}
    return entries.filter(**given)


def _document(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.pk,
        "created_at": documents.moment(entry.created_at),
        "environment": entry.environment,
        "is_test": entry.is_test,
        "key_id": entry.key_id,
        "method": entry.method,
        "path": entry.path,
        "status": entry.status,
        "error_code": entry.error_code,
        "duration_ms": entry.duration_ms,
        "request_id": entry.request_id,
        "address": entry.address,
    }
