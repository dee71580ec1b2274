"""A sandbox's rows under a name, and back to them: for a test suite's known state.

See ``docs/guides/snapshots.md``.
"""

from django_sandbox.snapshots.restoring import Restoration, restore
from django_sandbox.snapshots.taking import delete, snapshot, snapshots

__all__ = ["Restoration", "delete", "restore", "snapshot", "snapshots"]
