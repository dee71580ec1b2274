"""What the endpoints of the log take and give."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from django_sandbox.contrib.effects.capturing import KINDS
from django_sandbox.contrib.rest_framework.answers import MomentField, TestEnvironmentField

MAX_LIMIT = 200


class EnvironmentQuerySerializer(serializers.Serializer[Any]):
    """Whose log."""

    environment = TestEnvironmentField(
        required=False,
        help_text="Without it, that of the caller's test key or test session, else test.",
    )


class EffectsQuerySerializer(EnvironmentQuerySerializer):
    """Which part of the log."""

    kind = serializers.ChoiceField(choices=KINDS, required=False)
    since = MomentField(required=False, help_text="Only what was captured at this moment or later.")
    before = serializers.IntegerField(
        min_value=1, required=False, help_text="Only what is older than this id: the next page."
    )
    limit = serializers.IntegerField(
        min_value=1, max_value=MAX_LIMIT, default=50, help_text="The most entries to answer with."
    )


class EffectSerializer(serializers.Serializer[Any]):
    """An entry of the log."""

    id = serializers.IntegerField()
    kind = serializers.CharField(help_text="email, http or call.")
    summary = serializers.CharField(help_text="The recipients, the URL or the function.")
    environment = TestEnvironmentField()
    created_at = serializers.DateTimeField()


class EffectDetailSerializer(EffectSerializer):
    """An entry with all that is kept of it."""

    payload = serializers.JSONField()
    truncated = serializers.BooleanField(
        help_text="Whether it was larger than is kept; the payload says how much."
    )
    raw = serializers.CharField(
        allow_null=True, help_text="An email as the wire would have carried it (RFC 5322)."
    )


class EffectCountsSerializer(serializers.Serializer[Any]):
    """How many there are of each kind."""

    email = serializers.IntegerField(min_value=0)
    http = serializers.IntegerField(min_value=0)
    call = serializers.IntegerField(min_value=0)


class EffectsSerializer(serializers.Serializer[Any]):
    """A page of the log, newest first."""

    counts = EffectCountsSerializer(
        help_text="Since the moment asked for, of all kinds and on all pages."
    )
    next = serializers.IntegerField(
        allow_null=True, help_text="What to send as `before` for the next page."
    )
    results = EffectSerializer(many=True)
