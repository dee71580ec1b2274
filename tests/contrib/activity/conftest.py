"""The log's middleware before ours, as a site puts it."""

import pytest

MIDDLEWARE = "django_sandbox.contrib.activity.middleware.ActivityMiddleware"


@pytest.fixture
def logged(settings):
    settings.MIDDLEWARE = [MIDDLEWARE, *settings.MIDDLEWARE]
