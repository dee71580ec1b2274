"""App configuration."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WebhooksConfig(AppConfig):
    """``INSTALLED_APPS`` takes plain ``"django_sandbox.contrib.webhooks"``."""

    name = "django_sandbox.contrib.webhooks"
    label = "sandbox_webhooks"
    verbose_name = _("Sandbox webhooks")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.core.checks import Tags, register

        from django_sandbox.contrib.webhooks import checks, events, notices, signals

        events.load()
        signals.endpoint_disabled.connect(
            notices.email_owner, dispatch_uid="django_sandbox.webhooks"
        )
        register(checks.check_settings)
        register(checks.check_deployment, Tags.security, deploy=True)
