"""Installs the built wheel into an empty environment and runs it there.

python tests/dist_smoke.py <folder of the distributions> <folder for the environment>
"""

import subprocess
import sys
import venv
from pathlib import Path

SMOKE = """
from django.conf import settings
settings.configure(
    SECRET_KEY="x",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes",
                    "django.contrib.sessions", "django_sandbox"],
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware",
                "django.contrib.auth.middleware.AuthenticationMiddleware",
                "django_sandbox.middleware.SandboxMiddleware"],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
)
import django
django.setup()
from django.core.management import call_command
from django.template.loader import get_template
from importlib.resources import files
call_command("check", fail_level="WARNING")
call_command("migrate", verbosity=0)
from django.contrib.auth.models import User
from django_sandbox import lifecycle
assert lifecycle.activate(User.objects.create_user("ann")).raw_key.startswith("sandbox_test_")
package = files("django_sandbox")
for name in ("py.typed", "static/django_sandbox/sandbox.css", "templates/django_sandbox/toggle.html"):
    assert package.joinpath(name).is_file(), name
from django.template import Context, Engine
from django.utils import translation
from django_sandbox import sandbox_mode
banner = Engine.get_default().from_string("{% load sandbox %}{% sandbox_banner %}")
for language, words in (("de", "Testmodus"), ("fr", "Mode test")):
    with translation.override(language), sandbox_mode():
        assert words in banner.render(Context()), language
print("the wheel works")
"""


def main(distributions: Path, environment: Path) -> None:
    (wheel,) = distributions.glob("*.whl")
    venv.create(environment, clear=True, with_pip=True)
    python = str(environment / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", str(wheel)], check=True)
    installed = subprocess.run(
        [python, "-m", "pip", "list", "--format=freeze"], check=True, capture_output=True, text=True
    ).stdout.lower()
    assert "djangorestframework" not in installed and "celery" not in installed
    subprocess.run([python, "-c", SMOKE], check=True, cwd=environment)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
