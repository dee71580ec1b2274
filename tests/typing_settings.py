"""The least a site has; what the type checker loads to know the package's own models."""

SECRET_KEY = "types"
INSTALLED_APPS = [
    "django_sandbox.contrib.admin",
    "django.contrib.admin",
    "django.contrib.messages",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django_sandbox",
    "django_sandbox.contrib.webhooks",
    "django_sandbox.contrib.activity",
    "django_sandbox.contrib.effects",
]
