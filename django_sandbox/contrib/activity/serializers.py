"""What the endpoint of the log takes and gives."""

from __future__ import annotations

import re
from typing import Any

from rest_framework import serializers

from django_sandbox.contrib.activity.models import (
    CODE_LENGTH,
    METHOD_LENGTH,
    REQUEST_ID_LENGTH,
)
from django_sandbox.contrib.rest_framework.answers import EnvironmentField, MomentField
from django_sandbox.keys import ID_LENGTH

MAX_LIMIT = 200
STATUS = re.compile(r"[1-5](\d\d|xx)", re.ASCII)


class QuerySerializer(serializers.Serializer[Any]):
    """Which part of the log."""

    status = serializers.RegexField(
        STATUS.pattern, required=False, help_text='Such as "404", or "4xx" for all of that class.'
    )
    code = serializers.CharField(
        max_length=CODE_LENGTH, required=False, help_text='The error\'s code: "RATE_LIMITED".'
    )
    method = serializers.CharField(max_length=METHOD_LENGTH, required=False)
    key = serializers.CharField(
        max_length=ID_LENGTH, required=False, help_text="The id of the API key."
    )
    request_id = serializers.CharField(max_length=REQUEST_ID_LENGTH, required=False)
    since = MomentField(required=False, help_text="Only what was received at this moment or later.")
    before = serializers.IntegerField(
        min_value=1, required=False, help_text="Only what is older than this id: the next page."
    )
    limit = serializers.IntegerField(
        min_value=1, max_value=MAX_LIMIT, default=50, help_text="The most entries to answer with."
    )

    def validate_status(self, value: str) -> tuple[int, int]:
        """The first and the last status that is meant."""
        if not STATUS.fullmatch(value):
            raise serializers.ValidationError('Write "404", or "4xx".')
        return int(value.replace("xx", "00")), int(value.replace("xx", "99"))


class EntrySerializer(serializers.Serializer[Any]):
    """A request with an API key."""

    id = serializers.IntegerField()
    created_at = serializers.DateTimeField(help_text="When it was received.")
    environment = EnvironmentField()
    is_test = serializers.BooleanField()
    key_id = serializers.CharField()
    method = serializers.CharField()
    path = serializers.CharField(help_text="Percent-encoded, without the query string.")
    status = serializers.IntegerField()
    error_code = serializers.CharField(allow_blank=True)
    duration_ms = serializers.IntegerField(
        min_value=0, help_text="Until the answer's headers were made."
    )
    request_id = serializers.CharField(help_text="As in the header X-Request-Id of the answer.")
    address = serializers.CharField(allow_null=True)


class PageSerializer(serializers.Serializer[Any]):
    """A page of the log, newest first."""

    next = serializers.IntegerField(
        allow_null=True, help_text="What to send as `before` for the next page."
    )
    results = EntrySerializer(many=True)
