"""App configuration: the guard stands from here on."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OutboundConfig(AppConfig):
    """``INSTALLED_APPS`` takes plain ``"django_sandbox.contrib.outbound"``."""

    name = "django_sandbox.contrib.outbound"
    label = "django_sandbox_outbound"
    verbose_name = _("Sandbox outbound guard")

    def ready(self) -> None:
        from django.core.checks import register

        from django_sandbox.contrib.outbound import checks, guard

        register(checks.check_hosts)
        guard.install()
