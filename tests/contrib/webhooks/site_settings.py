"""The test site in a process of its own, with a database that outlives it."""

import os

from tests.settings import *  # noqa: F403

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ["SITE_DATABASE"],
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20},
    }
}
INSTALLED_APPS = [name for name in INSTALLED_APPS if "postgres" not in name]  # noqa: F405
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
SANDBOX = {
    **SANDBOX,  # noqa: F405
    "WEBHOOKS": {
        "ALLOW_PRIVATE_ADDRESSES": True,
        "DISPATCH": os.environ.get("SITE_DISPATCH", "auto"),
    },
}
CELERY_BROKER_URL = os.environ.get("SITE_BROKER")
CELERY_TASK_DEFAULT_QUEUE = os.environ.get("SITE_QUEUE", "celery")
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_TRANSPORT_OPTIONS = {"polling_interval": 0.05}
CELERY_BEAT_SCHEDULE = {"sweep": {"task": "django_sandbox.webhooks.sweep", "schedule": 0.5}}
CELERY_BEAT_MAX_LOOP_INTERVAL = 0.5
