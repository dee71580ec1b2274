"""Looking up the jobs that long calls make."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from django_sandbox import documents, jobs
from django_sandbox.contrib.rest_framework.views import AnyCaller, OwnersView
from django_sandbox.models import ApiKey, Job

LATEST = 50  # jobs in a list


def _document(job: Any) -> dict[str, Any]:
    return documents.job(job, jobs.progress_of(job))


class JobsView(OwnersView):
    """``GET sandbox/jobs``"""

    permission_classes = [AnyCaller]

    def get(self, request: Request) -> Response:
        found = Job.objects.filter(owner=self.owner, environment=self.environment)
        latest = found.order_by("-created_at", "-pk")[:LATEST]
        return Response({"jobs": [_document(job) for job in latest]})


class JobView(OwnersView):
    """``GET sandbox/jobs/{id}``: of any environment; a test key sees its own one's only."""

    permission_classes = [AnyCaller]

    def get(self, request: Request, job_id: str) -> Response:
        visible = Job.objects.filter(owner=self.owner)
        if isinstance(request.auth, ApiKey) and request.auth.is_test:
            visible = visible.filter(environment=request.auth.environment)
        return Response(_document(self.found(visible, job_id)))
