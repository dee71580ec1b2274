"""What the endpoints give, for the schema: the documents of ``django_sandbox.documents``."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from rest_framework import serializers

from django_sandbox import moments
from django_sandbox.jobs.kinds import KINDS
from django_sandbox.models import Job


class EnvironmentField(serializers.CharField):
    """The name of an environment, ``live`` included."""


class TestEnvironmentField(serializers.CharField):
    """The name of a test environment."""

    __test__ = False


class MomentField(serializers.DateTimeField):
    """A moment that somebody sends, as the site's models have it."""

    def enforce_timezone(self, value: datetime) -> datetime:
        if settings.USE_TZ:
            return super().enforce_timezone(value)
        try:  # where DRF would take the hour in UTC for that of TIME_ZONE
            return moments.kept(value)
        except OverflowError:
            self.fail("overflow")


class CountsField(serializers.DictField):
    """Rows by model, such as ``{"event_types": 1}``."""

    child = serializers.IntegerField(min_value=0)


class ApiKeySerializer(serializers.Serializer[Any]):
    """A key as its owner may see it."""

    id = serializers.CharField()
    name = serializers.CharField(allow_blank=True)
    environment = EnvironmentField()
    is_test = serializers.BooleanField()
    scopes = serializers.ListField(
        child=serializers.CharField(), help_text='Such as "bookings:read"; none means all.'
    )
    prefix = serializers.CharField(help_text="The key up to its secret.")
    last_four = serializers.CharField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True)


class IssuedKeySerializer(ApiKeySerializer):
    """A key in the one answer that made it."""

    raw_key = serializers.CharField(help_text="The key itself. Not to be had again.")


class ActiveSerializer(serializers.Serializer[Any]):
    """The answer to activating a sandbox that is active already."""

    sandbox_id = serializers.CharField()
    environment = TestEnvironmentField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(
        required=False, help_text="When a throwaway environment will be gone."
    )
    seeded = CountsField()


class ActivationSerializer(ActiveSerializer):
    """The answer to activating a sandbox: with its first, or a new, test key."""

    test_api_key = IssuedKeySerializer()


class ResetSerializer(serializers.Serializer[Any]):
    """What a reset deleted and made."""

    deleted = CountsField()
    seeded = CountsField()


class ScenariosSerializer(serializers.Serializer[Any]):
    """The scenarios of the site, the default one first."""

    scenarios = serializers.ListField(child=serializers.CharField())


class FieldChangeSerializer(serializers.Serializer[Any]):
    """One field of a row that a clone changed, or would change."""

    field = serializers.CharField()
    old = serializers.JSONField(help_text="In the sandbox, before.")
    new = serializers.JSONField(help_text="In live.")


class ChangeSerializer(serializers.Serializer[Any]):
    """One row in the diff of a clone."""

    model = serializers.CharField()
    kind = serializers.ChoiceField(
        ["added", "changed", "removed", "kept", "conflict", "skipped", "gone"]
    )
    key = serializers.CharField(help_text="The live row's primary key.")
    name = serializers.CharField(allow_blank=True)
    reason = serializers.CharField(allow_blank=True)
    fields = FieldChangeSerializer(many=True)  # type: ignore[assignment]


class ClonedSerializer(serializers.Serializer[Any]):
    """What a clone did, or would do."""

    cloned = CountsField(help_text="Rows added or changed.")
    added = CountsField()
    changed = CountsField()
    removed = CountsField(help_text="With prune, and with what hung on them.")
    kept = CountsField(help_text="Changed in the sandbox, and left so.")
    conflicts = CountsField(help_text="Of those kept, the ones that live has changed too.")
    skipped = CountsField(help_text="Not copied, for want of something they need.")
    gone = CountsField(help_text="No longer in live, and still in the sandbox.")
    environment = TestEnvironmentField()
    dry_run = serializers.BooleanField()
    diff = ChangeSerializer(many=True, help_text="At most 50 rows of one model and kind.")


class KeptSnapshotSerializer(serializers.Serializer[Any]):
    """A snapshot: a name for the rows that a sandbox had."""

    name = serializers.CharField()
    environment = TestEnvironmentField()
    created_at = serializers.DateTimeField()
    rows = CountsField()


class SnapshotsSerializer(serializers.Serializer[Any]):
    """The snapshots of a sandbox, oldest first."""

    snapshots = KeptSnapshotSerializer(many=True)


class RestorationSerializer(serializers.Serializer[Any]):
    """What had to be written to bring a sandbox back to a snapshot."""

    name = serializers.CharField()
    deleted = CountsField()
    created = CountsField()
    updated = CountsField()


class DeletedSerializer(serializers.Serializer[Any]):
    """What was deleted."""

    deleted = CountsField()


class StatusSerializer(serializers.Serializer[Any]):
    """Where a sandbox stands."""

    active = serializers.BooleanField()
    sandbox_id = serializers.CharField(
        allow_null=True, help_text="Null where there never was a sandbox."
    )
    environment = TestEnvironmentField()
    created_at = serializers.DateTimeField(allow_null=True)
    key_count = serializers.IntegerField(
        min_value=0, help_text="Keys of the environment that are neither revoked nor expired."
    )
    purge_at = serializers.DateTimeField(
        allow_null=True, help_text="When the data of an inactive sandbox will be deleted."
    )


class ModeSerializer(serializers.Serializer[Any]):
    """What a session works in, and what it could."""

    mode = serializers.CharField(help_text="live or test.")
    environment = EnvironmentField()
    environments = serializers.ListField(child=EnvironmentField())


class JobErrorSerializer(serializers.Serializer[Any]):
    """Why a job failed."""

    code = serializers.CharField()
    message = serializers.CharField()


class JobSerializer(serializers.Serializer[Any]):
    """A long call that is carried out in the background."""

    id = serializers.CharField()
    kind = serializers.ChoiceField(list(KINDS))
    status = serializers.ChoiceField(Job.Status.values)
    environment = TestEnvironmentField()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    progress = serializers.DictField(
        child=serializers.ListField(
            child=serializers.IntegerField(min_value=0), min_length=2, max_length=2
        ),
        help_text='Rows done and rows in all, such as `{"bookings": [500, 12000]}`.',
    )
    result = serializers.DictField(
        allow_null=True, help_text="What the call answers with where it makes no job."
    )
    error = JobErrorSerializer(allow_null=True)


class JobsSerializer(serializers.Serializer[Any]):
    """The latest jobs, newest first."""

    jobs = JobSerializer(many=True)
