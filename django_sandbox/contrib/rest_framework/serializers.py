"""What the endpoints take."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from django_sandbox import conf
from django_sandbox.models.api_key import check_scopes

MAX_GRACE = 30 * 24 * 3600  # seconds


class IssueSerializer(serializers.Serializer[Any]):
    """Body of ``POST api-keys``."""

    name = serializers.CharField(max_length=100, required=False, allow_blank=True, default="")
    environment = serializers.CharField(required=False, default=conf.LIVE_ENVIRONMENT)
    scopes = serializers.ListField(
        child=serializers.CharField(max_length=100), required=False, default=list
    )
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)

    def validate_environment(self, value: str) -> str:
        return conf.check_environment(value)

    def validate_scopes(self, value: list[str]) -> list[str]:
        try:
            return check_scopes(value)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from error

    def validate_expires_at(self, value: Any) -> Any:
        if value is not None and value <= timezone.now():
            raise serializers.ValidationError("This moment has passed.")
        return value


class RotateSerializer(serializers.Serializer[Any]):
    """Body of ``POST api-keys/{id}/rotate``."""

    grace = serializers.IntegerField(
        min_value=0,
        max_value=MAX_GRACE,
        required=False,
        default=0,
        help_text="For how many seconds the old key goes on working.",
    )
