"""What the endpoints take."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from django_sandbox import conf
from django_sandbox.cloning import CONFLICTS
from django_sandbox.contrib.rest_framework.answers import EnvironmentField, MomentField
from django_sandbox.models.api_key import MAX_GRACE
from django_sandbox.models.key_manager import check_scopes
from django_sandbox.snapshots.taking import NAME_HELP, NAME_PATTERN


class IssueSerializer(serializers.Serializer[Any]):
    """Body of ``POST api-keys``."""

    name = serializers.CharField(max_length=100, required=False, allow_blank=True, default="")
    environment = EnvironmentField(required=False, default=conf.LIVE_ENVIRONMENT)
    scopes = serializers.ListField(
        child=serializers.CharField(max_length=100), required=False, default=list
    )
    expires_at = MomentField(required=False, allow_null=True, default=None)

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


class ActivateSerializer(serializers.Serializer[Any]):
    """Body of ``POST sandbox/activate``, beside the environment."""

    expires_in = serializers.IntegerField(
        min_value=1,
        max_value=10**9,
        required=False,
        allow_null=True,
        help_text="For how many seconds a throwaway environment is wanted; an hour, if not said.",
    )


class CloneSerializer(serializers.Serializer[Any]):
    """Body of ``POST sandbox/clone``."""

    source = serializers.CharField(  # type: ignore[assignment]
        required=False, default=conf.LIVE_ENVIRONMENT, help_text="Only live can be cloned."
    )
    environment = EnvironmentField(
        required=False, default=conf.DEFAULT_ENVIRONMENT, help_text="Where to; never live."
    )
    dry_run = serializers.BooleanField(
        required=False, default=False, help_text="Change nothing, and tell what would be done."
    )
    prune = serializers.BooleanField(
        required=False, default=False, help_text="Remove copies whose live row is gone."
    )
    conflicts = serializers.ChoiceField(
        CONFLICTS,
        required=False,
        default=CONFLICTS[0],
        help_text="What becomes of rows that were changed in the sandbox.",
    )


class SnapshotSerializer(serializers.Serializer[Any]):
    """Body of ``POST sandbox/snapshots``, beside the environment."""

    name = serializers.RegexField(
        f"^{NAME_PATTERN.pattern}$",
        help_text=f"{NAME_HELP}.",
        error_messages={"invalid": f"This is not the name of a snapshot: {NAME_HELP}."},
    )
    replace = serializers.BooleanField(
        required=False,
        default=False,
        help_text="Whether it may take the place of an older one of that name.",
    )


class RotateSerializer(serializers.Serializer[Any]):
    """Body of ``POST api-keys/{id}/rotate``."""

    grace = serializers.IntegerField(
        min_value=0,
        max_value=int(MAX_GRACE.total_seconds()),
        required=False,
        default=0,
        help_text="For how many seconds the old key goes on working.",
    )
