"""App configuration."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SandboxAdminConfig(AppConfig):
    """``INSTALLED_APPS`` takes plain ``"django_sandbox.contrib.admin"``."""

    name = "django_sandbox.contrib.admin"
    label = "sandbox_admin"
    verbose_name = _("Sandbox admin")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.apps import apps
        from django.core.checks import Tags, register

        from django_sandbox import hooks
        from django_sandbox.contrib.admin import checks, pages

        register(checks.check_order)
        register(checks.check_templates, Tags.templates)
        register(checks.check_switch, Tags.urls)
        hooks.add(hooks.before_view, pages.refuse_missing)
        hooks.add(hooks.on_refusal, pages.answer_refusal)
        hooks.add(hooks.way_back, pages.lead_back)
        if apps.is_installed(checks.ADMIN):
            from django_sandbox.contrib.admin import log

            log.install()
