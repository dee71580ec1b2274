"""Django REST framework: authentication, permissions and throttle for a site's own views.

The endpoints of the contract are in :mod:`django_sandbox.contrib.rest_framework.urls`.
Nothing of this goes into ``INSTALLED_APPS``.
"""

from django.core.exceptions import ImproperlyConfigured

try:
    import rest_framework  # noqa: F401
except ImportError as error:
    raise ImproperlyConfigured(
        "django_sandbox.contrib.rest_framework needs Django REST framework: "
        "pip install django-sandbox[drf]"
    ) from error

from django_sandbox.contrib.rest_framework.authentication import (
    ApiKeyAuthentication,
    ApiKeyPrincipal,
)
from django_sandbox.contrib.rest_framework.errors import exception_handler
from django_sandbox.contrib.rest_framework.permissions import HasScope, LiveModeOnly, TestModeOnly
from django_sandbox.contrib.rest_framework.throttling import ModeRateThrottle

__all__ = [
    "ApiKeyAuthentication",
    "ApiKeyPrincipal",
    "HasScope",
    "LiveModeOnly",
    "ModeRateThrottle",
    "TestModeOnly",
    "exception_handler",
]
