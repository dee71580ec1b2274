"""What a site imports for its own models, and the tables of the package itself."""

from django_sandbox.isolation.constraints import ModeUniqueConstraint
from django_sandbox.isolation.managers import SandboxManager, SandboxQuerySet
from django_sandbox.isolation.mode_keys import ModeKey
from django_sandbox.isolation.same_mode import SameModeConstraint
from django_sandbox.models.api_key import ApiKey
from django_sandbox.models.base import EnvironmentModel, SandboxModel
from django_sandbox.models.clone_link import CloneLink
from django_sandbox.models.job import Job
from django_sandbox.models.sandbox import Sandbox
from django_sandbox.models.snapshot import Snapshot, SnapshotChunk

__all__ = [
    "ApiKey",
    "CloneLink",
    "EnvironmentModel",
    "Job",
    "ModeKey",
    "ModeUniqueConstraint",
    "SameModeConstraint",
    "Sandbox",
    "SandboxManager",
    "SandboxModel",
    "SandboxQuerySet",
    "Snapshot",
    "SnapshotChunk",
]
