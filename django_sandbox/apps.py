"""App configuration: loads the parts that must be there once models are."""

from django.apps import AppConfig


class DjangoSandboxConfig(AppConfig):
    """The core app. ``INSTALLED_APPS`` takes plain ``"django_sandbox"``."""

    name = "django_sandbox"
    label = "django_sandbox"
    verbose_name = "Sandbox"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django_sandbox import checks, registry

        registry.load_seeders()
        checks.register_all()
