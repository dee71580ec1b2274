"""Who may see which page."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.mixins import AccessMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.functional import cached_property

from scheduling.models import Organization
from scheduling.owners import organization_of, sandbox_owner


class MemberMixin(AccessMixin):
    """A page for members of an organization, about that organization."""

    request: HttpRequest
    section = ""

    @cached_property
    def organization(self) -> Organization | None:
        """The organization that the page is about."""
        return organization_of(self.request)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Have strangers sign in, and tell users without an organization why they see nothing.

        The same address shows one page in live mode and another in test mode, so that no
        page is kept by the browser.
        """
        if not request.user.is_authenticated:
            return self.handle_no_permission()
        if self.organization is None:
            return render(request, "scheduling/no_access.html", status=403)
        response = super().dispatch(request, *args, **kwargs)
        add_never_cache_headers(response)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Names the section, for the navigation, and the page to show after a switch of mode.

        What an address with an id is about is not there in the other mode; its list is.
        """
        around = {"section": self.section, "sandbox_next": ""}
        if self.kwargs:
            around["sandbox_next"] = reverse(f"dashboard:{self.section}")
        return super().get_context_data(**{**around, **kwargs})


class AdminMixin(MemberMixin):
    """A page for those who manage the organization's keys and sandbox."""

    @cached_property
    def organization(self) -> Organization | None:
        """The organization, for its admins only."""
        return sandbox_owner(self.request)
