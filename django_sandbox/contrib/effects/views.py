"""``captured-effects``: what test mode held back, for whoever integrates."""

from __future__ import annotations

import re
from typing import Any

from django.http import Http404
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from django_sandbox import documents
from django_sandbox.context import current_scope, sandbox_mode
from django_sandbox.contrib.effects.models import CapturedEffect, counts
from django_sandbox.contrib.effects.serializers import EffectsQuerySerializer
from django_sandbox.contrib.rest_framework.views import AnyCaller, OwnersView

_ID = re.compile(r"[1-9][0-9]{0,17}")  # whatever else an address holds is no entry's id


class LogView(OwnersView):
    """A view of the owner's log in one test environment."""

    permission_classes = [AnyCaller]

    @property
    def environment(self) -> str:
        """As everywhere; a session in test mode means its own unless it names another."""
        scope = current_scope()
        if scope and scope.is_test and "environment" not in self.request.query_params:
            return scope.environment
        return super().environment


class EffectsView(LogView):
    """``GET captured-effects``"""

    def get(self, request: Request) -> Response:
        asked = EffectsQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data
        with sandbox_mode(self.environment):
            log = CapturedEffect.objects.filter(owner=self.owner).defer("raw", "payload")
            if "since" in wanted:
                log = log.filter(created_at__gte=wanted["since"])
            totals = counts(log)
            if "kind" in wanted:
                log = log.filter(kind=wanted["kind"])
            if "before" in wanted:
                log = log.filter(pk__lt=wanted["before"])
            limit = wanted["limit"]
            found = list(log.order_by("-pk")[: limit + 1])
        page = found[:limit]
        return Response(
            {
                "counts": totals,
                "next": page[-1].pk if len(found) > limit else None,
                "results": [_entry(effect) for effect in page],
            }
        )


class EffectView(LogView):
    """``GET captured-effects/{id}``"""

    def get(self, request: Request, effect_id: str) -> Response:
        if not _ID.fullmatch(effect_id):
            raise Http404
        with sandbox_mode(self.environment):
            log = CapturedEffect.objects.filter(owner=self.owner)
            effect: CapturedEffect = get_object_or_404(log, pk=effect_id)
        raw = effect.raw_bytes
        return Response(
            {
                **_entry(effect),
                "payload": effect.payload,
                "truncated": effect.is_truncated,
                "raw": raw.decode(errors="replace") if raw else None,
            }
        )


def _entry(effect: CapturedEffect) -> dict[str, Any]:
    return {
        "id": effect.pk,
        "kind": effect.kind,
        "summary": effect.summary,
        "environment": effect.environment,
        "created_at": documents.moment(effect.created_at),
    }
