"""The README's quick start, followed to the letter in a new project."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README.split("## Quick start")[1], re.DOTALL)

PROBE = """
from django.contrib.auth.models import User
from django.test import Client
from bookings.models import Booking
from django_sandbox import CrossModeError, ModeNotSet, live_mode, sandbox_mode
from django_sandbox.models import ApiKey

owner = User.objects.get(pk=1)
with live_mode():
    Booking.objects.create(owner=owner, title="A real booking")
    live = Booking.objects.get()
with sandbox_mode():
    assert [b.title for b in Booking.objects.all()] == ["Sample booking"]
    try:
        live.delete()
    except CrossModeError:
        pass
    else:
        raise AssertionError("deleted a live row in test mode")
try:
    Booking.objects.count()
except ModeNotSet:
    pass
else:
    raise AssertionError("counted without a mode")

live_key = ApiKey.objects.issue(owner)[1]
test_key = ApiKey.objects.issue(owner, environment="test")[1]
for headers, titles, mode in (
    ({}, "A real booking", "live"),
    ({"authorization": f"Bearer {live_key}"}, "A real booking", "live"),
    ({"authorization": f"Bearer {test_key}"}, "Sample booking", "test"),
):
    answer = Client().get("/titles", headers=headers)
    assert (answer.text, answer["X-Mode"]) == (titles, mode), (answer.text, mode)
status = Client().get("/v1/sandbox/status", headers={"authorization": f"Bearer {test_key}"})
assert status.json()["active"] is True, status.json()
print("isolated")
"""

VIEW = """
from django.http import HttpResponse
from bookings.models import Booking
urlpatterns += [
    path("titles", lambda request: HttpResponse(
        ", ".join(Booking.objects.values_list("title", flat=True))
    )),
]
"""


@pytest.fixture
def project(tmp_path):
    def run(*command, **kwargs):
        done = subprocess.run(
            [sys.executable, *command],
            cwd=tmp_path / "site",
            text=True,
            capture_output=True,
            check=False,
            env=environment,
            **kwargs,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    environment = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}
    environment["PYTHONPATH"] = str(ROOT)
    (tmp_path / "site").mkdir()
    run("-m", "django", "startproject", "config", ".")
    run("manage.py", "startapp", "bookings")
    return tmp_path / "site", run


def test_the_quick_start_isolates_a_model(project):
    site, run = project
    settings = site / "config" / "settings.py"
    settings.write_text(
        settings.read_text() + '\nINSTALLED_APPS += ["bookings"]\nALLOWED_HOSTS = ["*"]\n'
    )
    commands = []
    for language, block in BLOCKS:
        if language == "console":
            commands += [line for line in block.splitlines() if line.startswith("python manage.py")]
            continue
        name = block.splitlines()[0].removeprefix("# ")
        path = site / name if "/" in name else site / "config" / name
        if name != "anywhere.py":
            path.write_text(block if name != "settings.py" else settings.read_text() + block)
    urls = site / "config" / "urls.py"
    urls.write_text(urls.read_text() + VIEW)
    assert commands[-1] == "python manage.py sandbox activate --owner 1"
    for command in commands[:-1]:
        run(*command.split()[1:])
    run(
        "manage.py",
        "shell",
        "-c",
        "from django.contrib.auth.models import User; User.objects.create_user('ann')",
    )
    assert "raw_key: acme_test_" in run(*commands[-1].split()[1:])
    assert "isolated" in run("manage.py", "shell", "-c", PROBE)
    anywhere = next(block for _, block in BLOCKS if "anywhere.py" in block)
    run("manage.py", "shell", "-c", anywhere)


def test_the_two_commands():
    assert "python3 -m pip install tox && python3 -m tox run -e demo\n" in README
    assert "python3 -m pip install tox && python3 -m tox run\n" in README


def test_its_links_lead_somewhere():
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert len(links) > 20
    assert [link for link in links if not (ROOT / link).exists()] == []
