"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EffectsConfig(AppConfig):
    """``INSTALLED_APPS`` takes plain ``"django_sandbox.contrib.effects"``."""

    name = "django_sandbox.contrib.effects"
    label = "sandbox_effects"
    verbose_name = _("Sandbox effects")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.core.checks import register

        from django_sandbox.contrib.effects import checks

        for check in (checks.check_settings, checks.check_answers, checks.check_middleware):
            register(check)
