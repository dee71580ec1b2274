"""The package's own tables in the admin, and what can be done with them there.

A site with an ``AdminSite`` of its own registers the same classes on it::

    from django_sandbox.admin import SandboxAdmin
    from django_sandbox.models import Sandbox

    site.register(Sandbox, SandboxAdmin)
"""

from django_sandbox.admin.api_keys import ApiKeyAdmin
from django_sandbox.admin.jobs import JobAdmin
from django_sandbox.admin.kept import KeptRows, RowsToRead
from django_sandbox.admin.owners import OwnersRows
from django_sandbox.admin.plans import Outcome, Plan, ShownOnce, Table
from django_sandbox.admin.sandboxes import SandboxAdmin
from django_sandbox.admin.shown_once import RefusedPolitely, ShowsOnce
from django_sandbox.admin.snapshots import SnapshotAdmin
from django_sandbox.admin.step_admin import StepAdmin
from django_sandbox.admin.steps import Step

__all__ = [
    "ApiKeyAdmin",
    "JobAdmin",
    "KeptRows",
    "Outcome",
    "OwnersRows",
    "Plan",
    "RefusedPolitely",
    "RowsToRead",
    "SandboxAdmin",
    "ShownOnce",
    "ShowsOnce",
    "SnapshotAdmin",
    "Step",
    "StepAdmin",
    "Table",
]
