"""Empties one owner's test environment, with statements that work on whole sets of rows.

What Django's own deletion does is done where somebody can notice: ``on_delete`` of every
kind, signals where a receiver listens for the model, many-to-many and generic rows,
parents of multi-table children. See ``docs/guides/cleanup.md``.
"""

from django_sandbox.cleanup.bound import delete_bound_rows
from django_sandbox.cleanup.emptying import (
    Emptying,
    Progress,
    count_rows,
    delete_rows,
    plan_rows,
)

__all__ = ["Emptying", "Progress", "count_rows", "delete_bound_rows", "delete_rows", "plan_rows"]
