"""Settings of the example project, a small scheduling product called Acme Scheduling.

Needs nothing but Python: SQLite, local memory and eager tasks are the defaults. A
deployment names its services by environment variables (or in a ``.env`` beside
``manage.py``): ``DATABASE_URL``, ``CACHE_URL``, ``CELERY_BROKER_URL``.
"""

from pathlib import Path
from urllib.parse import urlsplit

import django
import environ

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
if (BASE_DIR / ".env").exists():
    env.read_env(BASE_DIR / ".env")

DEBUG = env.bool("DEBUG", default=True)
SECRET_KEY = env("SECRET_KEY", default="example-only-never-use-this-in-production")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])

# --- Services

DATABASES = {
    "default": env.db("DATABASE_URL", default=f"sqlite:///{(BASE_DIR / 'db.sqlite3').as_posix()}")
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A transaction that will write takes its lock at once and waits for it, instead of
    # failing half-way with "database is locked".
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL;",
    }
CACHES = {
    "default": {
        **env.cache("CACHE_URL", default="locmemcache://"),
        # What is cached in one mode is not found in the other.
        "KEY_FUNCTION": "django_sandbox.caching.key_function",
    }
}
CELERY_BROKER_URL = env("CELERY_BROKER_URL", default="memory://")
CELERY_TASK_ALWAYS_EAGER = CELERY_BROKER_URL == "memory://"
CELERY_TASK_EAGER_PROPAGATES = True
CELERY_BEAT_SCHEDULE = {
    "retention": {"task": "django_sandbox.purge_expired", "schedule": 24 * 3600},
    "webhooks": {"task": "django_sandbox.webhooks.sweep", "schedule": 60},
    "old-webhooks": {"task": "django_sandbox.webhooks.prune", "schedule": 24 * 3600},
}

# --- Application

INSTALLED_APPS = [
    "django_sandbox.contrib.admin",  # before Django's own, whose templates it extends
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",  # Swagger UI's files, from this site and no other
    "django_sandbox",
    "django_sandbox.contrib.activity",
    "django_sandbox.contrib.webhooks",
    "django_sandbox.contrib.effects",
    "scheduling",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "config.middleware.content_security_policy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_sandbox.contrib.activity.middleware.ActivityMiddleware",
    "django_sandbox.middleware.SandboxMiddleware",
    "django_sandbox.contrib.effects.middleware.EffectsHeaderMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "scheduling.dashboard.context.organization",
                "scheduling.dashboard.context.mode",
            ]
        },
    }
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
LOGIN_URL = "dashboard:sign-in"
LOGIN_REDIRECT_URL = "dashboard:bookings"
LOGOUT_REDIRECT_URL = "dashboard:sign-in"

# Everything the pages need comes from this site's own files.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)

# --- Test mode

API_RATE = env("API_RATE", default="600/min")
# The vendor that is charged, mails and makes calendar events: ``manage.py vendor``.
VENDOR_URL = env("VENDOR_URL", default="http://127.0.0.1:8900")
VENDOR_LIVE_KEY = env("VENDOR_LIVE_KEY", default="cloud-live-key")
VENDOR_TEST_KEY = env("VENDOR_TEST_KEY", default="cloud-test-key")
VENDOR_HOST = urlsplit(VENDOR_URL).hostname

DEFAULT_FROM_EMAIL = "Acme Scheduling <bookings@acme.example>"
if django.VERSION >= (6, 1):
    MAILERS = {"default": {"BACKEND": "django_sandbox.contrib.effects.mail.EmailBackend"}}
else:
    EMAIL_BACKEND = "django_sandbox.contrib.effects.mail.EmailBackend"

SANDBOX = {
    "KEY_PREFIX": "acme",
    "OWNER_MODEL": "scheduling.Organization",
    "OWNER_RESOLVER": "scheduling.owners.sandbox_owner",
    # Each mode has a count of its own: a load test takes nothing from live.
    "ENVIRONMENTS": {"live": {"rate": API_RATE}, "test": {"rate": API_RATE, "quota": 10_000}},
    # While developing, webhooks may go to this machine, and by plain http.
    "WEBHOOKS": {"ALLOW_PRIVATE_ADDRESSES": DEBUG},
    "EFFECTS": {
        "EMAIL_BACKEND": "scheduling.vendor.client.EmailBackend",
        "RESPONSES": {
            f"POST {VENDOR_HOST}/v1/charges": {"status": 201, "json": {"id": "charge_test"}},
            f"POST {VENDOR_HOST}/v1/events": {"status": 201, "json": {"id": "event_test"}},
        },
        "MAGIC": {
            "4000000000000002": {"status": 402, "json": {"error": "declined"}},
            "4000000000000119": {"delay": 30},  # longer than the client waits
        },
    },
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "django_sandbox.contrib.rest_framework.ApiKeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_THROTTLE_CLASSES": ["django_sandbox.contrib.rest_framework.ModeRateThrottle"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",
    "PAGE_SIZE": 50,
    "DEFAULT_PARSER_CLASSES": ["django_sandbox.contrib.rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "django_sandbox.contrib.rest_framework.schema.AutoSchema",
    "EXCEPTION_HANDLER": "django_sandbox.contrib.rest_framework.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Acme Scheduling",
    "DESCRIPTION": (
        "Event types, availability and bookings. Every call works in the mode of its API key: "
        "build and test with a test key, and no live data is touched."
    ),
    "VERSION": "1",
    "SCHEMA_PATH_PREFIX": "/v1/",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "django_sandbox.contrib.webhooks.schema.add_events",
    ],
}
