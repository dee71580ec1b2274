"""App configuration: loads the parts that must be there once models are."""

from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig
from django.db.models.signals import pre_migrate
from django.utils.translation import gettext_lazy as _

# What switches itself on where its library is installed. By name: the core imports none.
INTEGRATIONS = {"celery": "django_sandbox.contrib.celery"}


class DjangoSandboxConfig(AppConfig):
    """The core app. ``INSTALLED_APPS`` takes plain ``"django_sandbox"``."""

    name = "django_sandbox"
    label = "django_sandbox"
    verbose_name = _("Sandbox")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django_sandbox import checks, expiry, quotas, registry
        from django_sandbox.isolation import fixtures
        from django_sandbox.isolation.inserts import stand_around
        from django_sandbox.operations import inject_fills

        registry.load_seeders()
        stand_around(expiry.around_insert)
        stand_around(quotas.around_insert)
        checks.register_all()
        fixtures.install()
        pre_migrate.connect(inject_fills, dispatch_uid="django_sandbox.fill")
        for library, integration in INTEGRATIONS.items():
            if _is_installed(library):
                import_module(integration)


def _is_installed(library: str) -> bool:
    try:
        return find_spec(library) is not None
    except ModuleNotFoundError:
        return False
