"""What the endpoints of the lifecycle, the keys and the mode take, give and refuse."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from django_sandbox.contrib.rest_framework import (
    answers,
    job_views,
    key_views,
    snapshot_views,
    views,
)
from django_sandbox.contrib.rest_framework.operation import ENVIRONMENT, Operation
from django_sandbox.contrib.rest_framework.serializers import (
    ActivateSerializer,
    CloneSerializer,
    IssueSerializer,
    RotateSerializer,
    SnapshotSerializer,
)
from django_sandbox.exceptions import (
    ApiKeyExpired,
    ApiKeyRevoked,
    CloneRefused,
    CrossModeError,
    EnvironmentMismatch,
    InsufficientScope,
    QuotaExceeded,
    SandboxNotActive,
    SeederFailed,
    SnapshotConflict,
    SnapshotExists,
    SnapshotOutdated,
    TestKeyRequired,
    UnknownEnvironment,
    UnknownScenario,
    UnknownSnapshot,
)


class EnvironmentSerializer(serializers.Serializer[Any]):
    """Which test environment a call is about."""

    environment = answers.TestEnvironmentField(
        required=False,
        help_text="Without it, that of the caller's test key, else the one named test.",
    )


class ScenarioSerializer(EnvironmentSerializer):
    """Which test environment a call is about, and what sample data it is to hold."""

    scenario = serializers.CharField(
        required=False, help_text="One of `GET sandbox/scenarios`; without it, `default`."
    )


class ActivationRequestSerializer(ScenarioSerializer, ActivateSerializer):
    """Which test environment to open, what it is to hold and, of a throwaway one, for how long."""


class TakeSerializer(EnvironmentSerializer, SnapshotSerializer):
    """What a snapshot is called, and of which test environment it is."""


class ChooseSerializer(serializers.Serializer[Any]):
    """What a session is to work in."""

    environment = answers.EnvironmentField(required=False)
    mode = answers.EnvironmentField(
        required=False, help_text="The same under another name; environment counts more."
    )


KEY = {"key_id": "The key's public id, which is no secret."}
KEYS = "API keys"
NAME = {"name": "The snapshot's name."}
SNAPSHOTS = "Snapshots"

OPERATIONS: dict[tuple[type, str], Operation] = {
    (views.ActivateView, "post"): Operation(
        "Activate a sandbox",
        id="activate_sandbox",
        description="Seeds it, unless it still holds data, and issues a test key.",
        takes=ActivationRequestSerializer,
        answers={201: answers.ActivationSerializer, 200: answers.ActiveSerializer},
        refusals=(*ENVIRONMENT, UnknownScenario, SeederFailed, QuotaExceeded),
    ),
    (views.ResetView, "post"): Operation(
        "Reset a sandbox",
        id="reset_sandbox",
        description="Deletes its data and seeds it afresh. Keys are kept.",
        takes=ScenarioSerializer,
        answers={200: answers.ResetSerializer, 202: answers.JobSerializer},
        refusals=(*ENVIRONMENT, UnknownScenario, SandboxNotActive, SeederFailed),
    ),
    (views.ScenariosView, "get"): Operation(
        "List the scenarios",
        id="list_scenarios",
        description="The sample data that a sandbox can be reset to, by name.",
        answers={200: answers.ScenariosSerializer},
    ),
    (views.StatusView, "get"): Operation(
        "Look up where a sandbox stands",
        id="sandbox_status",
        query=EnvironmentSerializer,
        answers={200: answers.StatusSerializer},
        refusals=ENVIRONMENT,
    ),
    (views.DeactivateView, "post"): Operation(
        "Deactivate a sandbox",
        id="deactivate_sandbox",
        description="Revokes its keys. Its data is kept until `purge_at`.",
        takes=EnvironmentSerializer,
        answers={200: answers.StatusSerializer},
        refusals=(*ENVIRONMENT, SandboxNotActive),
    ),
    (views.CloneView, "post"): Operation(
        "Clone configuration from live",
        id="clone_configuration",
        description="Copies the models marked as configuration, or updates the copies there are. "
        "Rows that were changed in the sandbox are kept, unless `conflicts` says otherwise.",
        takes=CloneSerializer,
        answers={200: answers.ClonedSerializer, 202: answers.JobSerializer},
        refusals=(UnknownEnvironment, CloneRefused, SandboxNotActive, QuotaExceeded),
    ),
    (snapshot_views.SnapshotsView, "get"): Operation(
        "List the snapshots",
        id="list_snapshots",
        tag=SNAPSHOTS,
        query=EnvironmentSerializer,
        answers={200: answers.SnapshotsSerializer},
        refusals=ENVIRONMENT,
    ),
    (snapshot_views.SnapshotsView, "post"): Operation(
        "Take a snapshot",
        id="take_snapshot",
        tag=SNAPSHOTS,
        description="Keeps the sandbox's rows as they are now, under a name.",
        takes=TakeSerializer,
        answers={201: answers.KeptSnapshotSerializer},
        refusals=(
            *ENVIRONMENT,
            SandboxNotActive,
            SnapshotExists,
            SnapshotConflict,
            QuotaExceeded,
        ),
    ),
    (snapshot_views.SnapshotView, "delete"): Operation(
        "Delete a snapshot",
        id="delete_snapshot",
        tag=SNAPSHOTS,
        description="The sandbox stays as it is.",
        path=NAME,
        query=EnvironmentSerializer,
        answers={204: None},
        refusals=(*ENVIRONMENT, UnknownSnapshot),
    ),
    (snapshot_views.RestoreView, "post"): Operation(
        "Restore a snapshot",
        id="restore_snapshot",
        tag=SNAPSHOTS,
        description="Brings the sandbox's rows back to the snapshot: all of them, or none.",
        path=NAME,
        takes=EnvironmentSerializer,
        answers={200: answers.RestorationSerializer, 202: answers.JobSerializer},
        refusals=(
            *ENVIRONMENT,
            SandboxNotActive,
            UnknownSnapshot,
            SnapshotOutdated,
            SnapshotConflict,
            CrossModeError,
            QuotaExceeded,
        ),
    ),
    (views.TestDataView, "delete"): Operation(
        "Delete all test data",
        id="delete_test_data",
        description="Of the environment of the test key that makes the call.",
        answers={200: answers.DeletedSerializer, 202: answers.JobSerializer},
        refusals=(TestKeyRequired,),
    ),
    (job_views.JobsView, "get"): Operation(
        "List the jobs",
        id="list_jobs",
        description="The latest of one environment, newest first: what long calls have made "
        "where this service carries them out in the background.",
        query=EnvironmentSerializer,
        answers={200: answers.JobsSerializer},
        refusals=ENVIRONMENT,
    ),
    (job_views.JobView, "get"): Operation(
        "Look up a job",
        id="job",
        description="How far it is, and once it is over what came of it.",
        path={"job_id": "The job's id."},
        answers={200: answers.JobSerializer},
    ),
    (key_views.ApiKeysView, "get"): Operation(
        "List the API keys",
        id="list_api_keys",
        tag=KEYS,
        answers={200: answers.ApiKeySerializer(many=True)},
    ),
    (key_views.ApiKeysView, "post"): Operation(
        "Issue an API key",
        id="issue_api_key",
        tag=KEYS,
        description="The answer holds the raw key, which is not to be had again.",
        takes=IssueSerializer,
        answers={201: answers.IssuedKeySerializer},
        refusals=(UnknownEnvironment, SandboxNotActive, InsufficientScope),
    ),
    (key_views.ApiKeyView, "delete"): Operation(
        "Revoke an API key",
        id="revoke_api_key",
        tag=KEYS,
        path=KEY,
        answers={204: None},
        refusals=(InsufficientScope,),
    ),
    (key_views.RotateView, "post"): Operation(
        "Rotate an API key",
        id="rotate_api_key",
        tag=KEYS,
        description="Issues a new key like the old one, which ends now or after a grace period.",
        path=KEY,
        takes=RotateSerializer,
        answers={201: answers.IssuedKeySerializer},
        refusals=(ApiKeyExpired, ApiKeyRevoked, InsufficientScope, SandboxNotActive),
    ),
    (views.ModeView, "get"): Operation(
        "Look up the session's mode",
        id="session_mode",
        tag="Mode",
        answers={200: answers.ModeSerializer},
        by_key=False,
    ),
    (views.ModeView, "put"): Operation(
        "Choose the session's mode",
        id="choose_session_mode",
        tag="Mode",
        description="Counts from the next request on: `X-Mode` of this answer is the mode before.",
        takes=ChooseSerializer,
        answers={200: answers.ModeSerializer},
        refusals=(
            UnknownEnvironment,
            SandboxNotActive,
            EnvironmentMismatch,
            SeederFailed,
            QuotaExceeded,
        ),
        by_key=False,
    ),
}
