"""A small site in a folder of its own, as somebody has it who meets the package today.

It has users, organizations, and products that are ordered. Each test changes a file of it,
asks ``manage.py`` for something in another process, and reads what that says.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

MANAGE = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""

SETTINGS = """
from pathlib import Path
SECRET_KEY = "newcomer"
DATABASES = {"default": {
    "ENGINE": "django.db.backends.sqlite3", "NAME": Path(__file__).parent / "db.sqlite3"
}}
INSTALLED_APPS = [
    "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
    "accounts", "shop", "django_sandbox",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
ROOT_URLCONF = "urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
"""

ACCOUNTS = """
from django.db import models

class Organization(models.Model):
    name = models.CharField(max_length=50)
"""

# The child before its parent: no order of tables is right by chance.
SHOP = """
from django.db import models
from accounts.models import Organization

class Order(models.Model):
    product = models.ForeignKey("shop.Product", models.CASCADE)
    number = models.IntegerField()

class Product(models.Model):
    organization = models.ForeignKey(Organization, models.CASCADE)
    sku = models.CharField(max_length=20)
"""

MIDDLEWARE = 'MIDDLEWARE += ["django_sandbox.middleware.SandboxMiddleware"]\n'
OWNER = 'SANDBOX = {"OWNER_MODEL": "accounts.Organization"}\n'


class Site:
    """Files in a folder, and the processes that run there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self) -> None:
        self.write("manage.py", MANAGE)
        self.write("settings.py", SETTINGS)
        self.write("urls.py", "urlpatterns = []\n")
        self.write("accounts/__init__.py", "")
        self.write("accounts/models.py", ACCOUNTS)
        self.write("shop/__init__.py", "")
        self.write("shop/models.py", SHOP)
        self.write("accounts/migrations/__init__.py", "")
        self.write("shop/migrations/__init__.py", "")

    @property
    def environ(self) -> dict[str, str]:
        services = ("DATABASE_URL", "CACHE_URL", "DJANGO_SETTINGS_MODULE", "PYTEST_ADDOPTS")
        kept = {k: v for k, v in os.environ.items() if k not in services}
        return {**kept, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def change(self, name: str, old: str, new: str) -> None:
        text = (self.folder / name).read_text()
        assert old in text
        self.write(name, text.replace(old, new))

    def append(self, name: str, text: str) -> None:
        self.write(name, (self.folder / name).read_text() + text)

    def adopt(self) -> None:
        """Both models of the shop are sandboxed, and belong to an organization."""
        self.change("shop/models.py", "(models.Model)", "(SandboxModel)")
        self.change(
            "shop/models.py",
            "from django.db import models",
            "from django.db import models\nfrom django_sandbox.models import SandboxModel",
        )
        self.append("settings.py", OWNER + MIDDLEWARE)

    def migrate(self) -> None:
        self.manage("makemigrations", "accounts", "shop", "-v0")
        self.manage("migrate", "-v0")

    def run(self, *arguments: str, status: int = 0) -> str:
        """What a Python process writes, both streams together.

        :param status: its exit status, which must be so.
        """
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == status, done.stdout
        return done.stdout

    def manage(self, *arguments: str, status: int = 0) -> str:
        return self.run("manage.py", *arguments, status=status)
