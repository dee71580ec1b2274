"""How a long call answers where the site has it carried out in the background."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from rest_framework.response import Response

from django_sandbox import documents, jobs


def accepted(view: Any, job: Any) -> Response:
    """202 with the job, and the address at which it can be looked up."""
    names = [*view.request.resolver_match.namespaces, "job"]
    address = reverse(":".join(names), kwargs={"job_id": job.pk})
    document = documents.job(job, jobs.progress_of(job))
    return Response(document, status=202, headers={"Location": address})
