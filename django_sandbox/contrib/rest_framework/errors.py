"""Refusals as DRF answers."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response

from django_sandbox import documents, hints
from django_sandbox.exceptions import ApiKeyMissing, RateLimited, SandboxError


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """For a site's ``REST_FRAMEWORK["EXCEPTION_HANDLER"]``: ``{"code", "message"}``.

    Turns this package's refusals, a missing key and a spent rate into the contract's
    errors, and leaves everything else to DRF's own handler.
    """
    refusal = _refusal(error, context)
    return _by_drf(error, context) if refusal is None else _answer(refusal)


def own_exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """The same for this package's views, whose every error has a code."""
    refusal = _refusal(error, context)
    if refusal is not None:
        return _answer(refusal)
    response = _by_drf(error, context)
    if response is None:
        return None
    if isinstance(error, exceptions.ValidationError):
        response.data = {
            "code": "INVALID",
            "message": "The request is not valid; see errors.",
            "errors": response.data,
        }
    else:
        response.data = {"code": _code(error), "message": str(_message(error, response))}
    return response


# Not at the top: while rest_framework.views loads, it imports the classes that a site names
# in its settings, and so this module.


def _by_drf(error: Exception, context: dict[str, Any]) -> Response | None:
    from rest_framework import views

    return views.exception_handler(error, context)


def _answer(refusal: SandboxError) -> Response:
    from rest_framework import views

    views.set_rollback()
    return Response(documents.error(refusal), status=refusal.status, headers=refusal.headers)


def _refusal(error: Exception, context: dict[str, Any]) -> SandboxError | None:
    if isinstance(error, SandboxError) and error.code:
        return error
    if isinstance(error, exceptions.NotAuthenticated):
        return ApiKeyMissing()
    if isinstance(error, exceptions.Throttled):
        return RateLimited(int(getattr(error, "wait", None) or 0))
    if isinstance(error, (Http404, exceptions.NotFound)):
        request = context.get("request")
        return hints.refusal_for(getattr(request, "_request", request), error)
    return None


def _code(error: Exception) -> str:
    if isinstance(error, PermissionDenied):
        return "PERMISSION_DENIED"
    if isinstance(error, Http404):
        return "NOT_FOUND"
    return str(getattr(error, "default_code", "error")).upper()


def _message(error: Exception, response: Response) -> Any:
    if isinstance(error, PermissionDenied) and error.args:
        return error.args[0]
    return response.data.get("detail", "") if isinstance(response.data, dict) else ""
