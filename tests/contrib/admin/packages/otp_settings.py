"""The test site with django-otp's admin, which wants a second factor."""

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS, MIDDLEWARE

INSTALLED_APPS = [*INSTALLED_APPS, "django_otp", "django_otp.plugins.otp_static"]
_after = MIDDLEWARE.index("django.contrib.auth.middleware.AuthenticationMiddleware") + 1
MIDDLEWARE = [*MIDDLEWARE[:_after], "django_otp.middleware.OTPMiddleware", *MIDDLEWARE[_after:]]
ROOT_URLCONF = "tests.contrib.admin.packages.otp_suite"
