"""The form behind the toggle; works without scripts."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_POST

from django_sandbox import toggle
from django_sandbox.exceptions import SandboxError


@csrf_protect  # whether or not the site has the middleware
@require_POST
def choose_mode(request: HttpRequest) -> HttpResponse:
    """Switch the session to ``environment`` and go back to ``next``, if that is of this site.

    A refusal is shown as a message where the site has messages, and answered with its
    status where it has none.
    """
    try:
        toggle.choose(request, request.POST.get("environment", ""))
    except SandboxError as refusal:
        if not refusal.code or not hasattr(request, "_messages"):
            raise
        messages.error(request, refusal.message)
    return HttpResponseRedirect(_next(request))


def _next(request: HttpRequest) -> str:
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if safe else "/"
