"""The core works where nothing but Django is installed."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OPTIONAL = [
    "rest_framework",
    "drf_spectacular",
    "celery",
    "factory",
    "httpx",
    "requests",
    "cryptography",
    "standardwebhooks",
    "psycopg",
    "environ",
]

HIDE = f"""
import sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {OPTIONAL!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Hidden())
"""

SITE = """
from django.conf import settings
settings.configure(
    SECRET_KEY="x",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes",
                    "django.contrib.sessions", "django_sandbox"],
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware",
                "django.contrib.auth.middleware.AuthenticationMiddleware",
                "django_sandbox.middleware.SandboxMiddleware"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    ROOT_URLCONF="django_sandbox.urls",
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
import django
django.setup()
"""


def run(*parts):
    code = "\n".join(textwrap.dedent(part) for part in parts)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, text=True, capture_output=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_import_without_settings():
    assert run(HIDE, "import django_sandbox; print(django_sandbox.__version__)")[0] == 0


def test_check_and_migrate():
    code, output = run(
        HIDE,
        SITE,
        """
        from django.core.management import call_command
        call_command("check", fail_level="WARNING")
        call_command("migrate", verbosity=0)
        call_command("makemigrations", check=True, verbosity=0)
        from django.contrib.auth.models import User
        from django_sandbox import lifecycle, seeder
        seeder(lambda owner: print("seeded"))
        print(lifecycle.activate(User.objects.create_user("ann")).raw_key)
        """,
    )
    assert code == 0 and "sandbox_test_" in output and "seeded" in output, output


def test_work_in_the_background_needs_celery():
    code, output = run(
        HIDE,
        SITE.replace("SECRET_KEY", 'SANDBOX={"BACKGROUND": True}, SECRET_KEY'),
        """
        from django.core.management import call_command
        call_command("check")
        """,
    )
    assert code == 1 and "sandbox.E008" in output, output
    assert "pip install django-sandbox[celery]" in output


def test_effects_need_no_http_client_but_for_its_adapter():
    code, output = run(
        HIDE,
        SITE.replace('"django_sandbox"]', '"django_sandbox", "django_sandbox.contrib.effects"]'),
        """
        from django.core.exceptions import ImproperlyConfigured
        from django.core.mail import EmailMessage
        from django.core.management import call_command
        call_command("check")
        call_command("migrate", verbosity=0)
        from django_sandbox import sandbox_mode
        from django_sandbox.contrib.effects import http
        from django_sandbox.contrib.effects.mail import EmailBackend
        from django_sandbox.contrib.effects.models import CapturedEffect
        with sandbox_mode():
            EmailBackend().send_messages([EmailMessage("S", "B", "a@x.test", ["b@y.test"])])
            print(CapturedEffect.objects.get().summary)
        for name in http.__all__:
            try:
                getattr(http, name)
            except ImproperlyConfigured as error:
                print(name, error)
        """,
    )
    assert code == 0 and "b@y.test" in output, output
    assert output.count("pip install django-sandbox[effects]") == 3, output


@pytest.mark.parametrize(
    "hidden, there", [("httpx", "RequestsAdapter"), ("requests", "HttpxTransport")]
)
def test_each_adapter_needs_its_own_client_only(hidden, there):
    hide = HIDE.replace(repr(OPTIONAL), repr([hidden]))
    code, output = run(
        hide, SITE, f"from django_sandbox.contrib.effects.http import {there}; print({there}())"
    )
    assert code == 0 and there in output, output


@pytest.mark.parametrize(
    "module, extra",
    [
        ("rest_framework", "drf"),
        ("celery", "celery"),
        ("webhooks", "webhooks"),
        ("factory_boy", "factories"),
    ],
)
def test_a_missing_extra_says_which_pip_install_mends_it(module, extra):
    code, output = run(HIDE, SITE, f"import django_sandbox.contrib.{module}")
    assert code != 0 and f"pip install django-sandbox[{extra}]" in output
