"""App configuration."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ActivityConfig(AppConfig):
    """``INSTALLED_APPS`` takes plain ``"django_sandbox.contrib.activity"``."""

    name = "django_sandbox.contrib.activity"
    label = "sandbox_activity"
    verbose_name = _("Sandbox activity")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.core.checks import register

        from django_sandbox.contrib.activity import checks

        register(checks.check_settings)
        register(checks.check_middleware)
