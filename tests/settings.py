"""Settings of the test suite. ``DATABASE_URL`` chooses the database; SQLite if it is unset."""

import os
import sys
import uuid
from pathlib import Path

import django
import environ

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

env = environ.Env()

SECRET_KEY = "tests"
DATABASES = {"default": env.db("DATABASE_URL", default="sqlite://:memory:")}
if "sqlite" not in DATABASES["default"]["ENGINE"]:
    # Runs side by side on one server, each with a database of its own.
    DATABASES["default"]["TEST"] = {"NAME": f"test_sandbox{env('TEST_DB_SUFFIX', default='')}"}
# What an earlier run has left in Redis is not found. Processes that a test starts share the name.
os.environ.setdefault("TEST_CACHE_PREFIX", f"tests-{uuid.uuid4().hex}")
CACHES = {
    "default": {
        **env.cache("CACHE_URL", default="locmemcache://"),
        "KEY_FUNCTION": "django_sandbox.caching.key_function",
        "KEY_PREFIX": env("TEST_CACHE_PREFIX"),
    }
}
if worker := env("PYTEST_XDIST_WORKER", default=""):
    # Tests empty their cache: each process of a parallel run has a Redis database of its own.
    redis, _, number = CACHES["default"].get("LOCATION", "").rpartition("/")
    if redis.startswith("redis://"):
        own = (int(number) + int(worker.removeprefix("gw"))) % 16
        CACHES["default"]["LOCATION"] = f"{redis}/{own}"
USE_TZ = True
ROOT_URLCONF = "tests.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ALLOWED_HOSTS = ["*"]

INSTALLED_APPS = [
    "django_sandbox.contrib.admin",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "tests.cloneapp",
    "tests.testapp",  # before django_sandbox: the order must not matter
    "django_sandbox",
    "django_sandbox.contrib.webhooks",
    "django_sandbox.contrib.activity",
    "django_sandbox.contrib.effects",
]
if django.VERSION >= (6, 0):
    INSTALLED_APPS += ["django_tasks_db"]  # a worker for Django's own tasks
if DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    INSTALLED_APPS += ["django_sandbox.contrib.postgres", "tests.postgres.rooms"]
# The test app has no migrations, so that its models are as written; what it points to is
# made together with it.
MIGRATION_MODULES = dict.fromkeys(
    ("admin", "auth", "contenttypes", "sessions", "testapp", "cloneapp")
)
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
    # Tests send failing keys by the thousand, all from one address.
    "FAILED_KEY_RATE": None,
    # Whichever tests of Celery have run in this process.
    "WEBHOOKS": {"DISPATCH": "inline"},
}
# The test app has models that the checks warn of, on purpose; tests/test_checks.py reads them.
SILENCED_SYSTEM_CHECKS = [f"sandbox.W{number}" for number in ("002", "004", "005", "007", "060")]
REST_FRAMEWORK = {
    # Named in the settings, as sites do: the classes must load while DRF itself is loading.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "django_sandbox.contrib.rest_framework.ApiKeyAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_SCHEMA_CLASS": "django_sandbox.contrib.rest_framework.schema.AutoSchema",
}
SPECTACULAR_SETTINGS = {"OAS_VERSION": "3.1.0"}  # whose schemas are plain JSON Schema
# What sends mail, by the words of either Django. The test runner puts its own in their place.
EFFECTS_BACKEND = "django_sandbox.contrib.effects.mail.EmailBackend"
if django.VERSION >= (6, 1):
    MAILERS = {"default": {"BACKEND": EFFECTS_BACKEND, "OPTIONS": {"host": "localhost"}}}
else:
    EMAIL_BACKEND = EFFECTS_BACKEND
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
