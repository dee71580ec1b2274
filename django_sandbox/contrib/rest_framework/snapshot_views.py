"""The endpoints of snapshots. Each is a service of ``django_sandbox.snapshots`` put into HTTP."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from django_sandbox import documents, jobs, snapshots
from django_sandbox.contrib.rest_framework.background import accepted
from django_sandbox.contrib.rest_framework.serializers import SnapshotSerializer
from django_sandbox.contrib.rest_framework.views import AnyCaller, OwnersView


class SnapshotsView(OwnersView):
    """``GET sandbox/snapshots`` and ``POST sandbox/snapshots``"""

    permission_classes = [AnyCaller]

    def get(self, request: Request) -> Response:
        kept = snapshots.snapshots(self.owner, self.environment)
        return Response(documents.snapshots(kept))

    def post(self, request: Request) -> Response:
        environment = self.environment
        serializer = SnapshotSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        taken = snapshots.snapshot(self.owner, environment, **serializer.validated_data)
        return Response(documents.snapshot(taken), status=201)


class SnapshotView(OwnersView):
    """``DELETE sandbox/snapshots/{name}``"""

    permission_classes = [AnyCaller]

    def delete(self, request: Request, name: str) -> Response:
        snapshots.delete(self.owner, self.environment, name)
        return Response(status=204)


class RestoreView(OwnersView):
    """``POST sandbox/snapshots/{name}/restore``"""

    makes_jobs = True
    permission_classes = [AnyCaller]

    def post(self, request: Request, name: str) -> Response:
        owner, environment = self.owner, self.environment
        if jobs.is_on():
            return accepted(self, jobs.ask("restore", owner, environment, name=name))
        done = snapshots.restore(owner, environment, name)
        return Response(documents.restoration(done))
