"""Settings of the test suite. ``DATABASE_URL`` chooses the database; SQLite if it is unset."""

import sys
from pathlib import Path

import environ

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

env = environ.Env()

SECRET_KEY = "tests"
DATABASES = {"default": env.db("DATABASE_URL", default="sqlite://:memory:")}
if "sqlite" not in DATABASES["default"]["ENGINE"]:
    # Runs side by side on one server, each with a database of its own.
    DATABASES["default"]["TEST"] = {"NAME": f"test_sandbox{env('TEST_DB_SUFFIX', default='')}"}
CACHES = {
    "default": {
        **env.cache("CACHE_URL", default="locmemcache://"),
        "KEY_FUNCTION": "django_sandbox.caching.key_function",
    }
}
USE_TZ = True
ROOT_URLCONF = "tests.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ALLOWED_HOSTS = ["*"]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "tests.testapp",  # before django_sandbox: the order must not matter
    "django_sandbox",
]
if DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    INSTALLED_APPS += ["django_sandbox.contrib.postgres", "tests.postgres.rooms"]
# The test app has no migrations, so that its models are as written; what it points to is
# made together with it.
MIGRATION_MODULES = dict.fromkeys(("admin", "auth", "contenttypes", "sessions", "testapp"))
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_sandbox.middleware.SandboxMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
SANDBOX = {
    "KEY_PREFIX": "acme",
    "OWNER_MODEL": "testapp.Organization",
    "OWNER_RESOLVER": "tests.testapp.owners.from_request",
}
# The test app has models that the checks warn of, on purpose; tests/test_checks.py reads them.
SILENCED_SYSTEM_CHECKS = ["sandbox.W002", "sandbox.W004", "sandbox.W005", "sandbox.W007"]
REST_FRAMEWORK = {
    # Named in the settings, as sites do: the classes must load while DRF itself is loading.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "django_sandbox.contrib.rest_framework.ApiKeyAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
