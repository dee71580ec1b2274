"""A shell and any command, with a mode and without one."""

from __future__ import annotations

import json
import os
import pty
import select
import sys

import pytest
from django.core.management import CommandError, call_command

from django_sandbox import Mode, current_mode
from django_sandbox.context import current_scope
from django_sandbox.exceptions import ModeNotSet, UnknownEnvironment
from django_sandbox.management import shell
from tests.testapp.models import Tag

pytestmark = pytest.mark.once

FIXTURE = [
    {"model": "accounts.organization", "pk": 1, "fields": {"name": "Acme"}},
    {"model": "shop.product", "pk": 1, "fields": {"organization": 1, "sku": "a"}},
    {"model": "shop.order", "pk": 1, "fields": {"product": 1, "number": 7}},
]


def test_no_mode_says_what_was_asked_for_and_what_to_do(db):
    with pytest.raises(ModeNotSet) as refused:
        Tag.objects.count()
    message = str(refused.value)
    assert message.startswith("testapp.Tag is kept apart by mode. No mode is set here")
    for way in ("with live_mode()", "sandbox shell", "sandbox run", "@pytest.mark.live_mode"):
        assert way in message
    with pytest.raises(ModeNotSet, match=r"^testapp\.Tag is kept apart by mode\."):
        Tag(name="a").save()


def test_dumpdata_and_loaddata(site):
    site.write("rows.json", json.dumps(FIXTURE))
    assert "shop.Product is kept apart by mode" in site.manage("loaddata", "rows.json", status=1)
    for environment in ("test", "live"):
        again = [
            {**row, "pk": 1 + (environment == "live")} if "shop" in row["model"] else row
            for row in FIXTURE
        ]
        again[2]["fields"] = {"product": again[1]["pk"], "number": 7}
        site.write("rows.json", json.dumps(again))
        site.manage("sandbox", "run", "--environment", environment, "loaddata", "rows.json")
    assert "CommandError" in site.manage("dumpdata", "shop", status=1)
    for environment, products in (("live", [2]), ("test", [1]), ("all", [1, 2])):
        out = site.manage(
            "sandbox", "run", "--environment", environment, "dumpdata", "shop.product"
        )
        assert [row["pk"] for row in json.loads(out[out.index("[") :])] == products


COMMANDS = """
for command in (
    ["flush", "--noinput"],
    ["sqlflush"],
    ["inspectdb"],
    ["remove_stale_contenttypes", "--noinput"],
    ["createsuperuser", "--noinput", "--username", "ann", "--email", "ann@example.com"],
    ["makemigrations", "--check", "--dry-run"],
    ["showmigrations"],
    ["check", "--database", "default"],
):
    call_command(*command)
    print("done:", command[0])
"""


def test_commands_that_touch_no_sandboxed_row_need_no_mode(site):
    code = f"from django.core.management import call_command{COMMANDS}"
    assert site.manage("shell", "-c", code).count("done:") == 8


def test_a_command_that_is_run_in_an_environment(db, capsys):
    call_command("sandbox", "run", "--environment", "live", "dumpdata", "testapp.tag")
    assert capsys.readouterr().out.strip() == "[]"
    assert current_scope() is None
    for words, complaint in (
        (("--environment", "live", "nonesuch"), "Unknown command: 'nonesuch'"),
        (("--environment", "nonesuch", "check"), "'nonesuch' is not a test environment"),
    ):
        with pytest.raises(CommandError, match=complaint):
            call_command("sandbox", "run", *words)


def test_code_in_a_shell(db, capsys):
    code = "print(current_mode()); switch('live'); print(current_mode())"
    call_command("sandbox", "shell", "-c", code)
    assert capsys.readouterr().out.split()[-2:] == ["test", "live"]
    assert current_scope() is None


def test_switching_to_what_is_not_there_changes_nothing():
    with shell.switched("live"):
        with pytest.raises(UnknownEnvironment):
            shell.switch("nonesuch")
        assert current_mode() == Mode.LIVE
        shell.switch("all")
        assert current_mode() == Mode.ALL
    assert current_scope() is None


def test_a_shell_says_which_mode_it_is_in(site):
    """On a terminal, line by line, as a person does it."""
    lines = ["Product.objects.count()", 'switch("live")', "current_mode()", 'switch("all")']
    said = converse(site, lines)
    assert "You work in the environment 'test'." in said
    assert "[test] >>> Product.objects.count()" in said
    assert "[live] >>> current_mode()" in said
    assert "[all] >>>" in said
    assert "Error" not in said


def converse(site, lines):
    """What a shell on a pseudo-terminal shows, when it is given lines one by one."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(site.folder)
        command = [sys.executable, "manage.py", "sandbox", "shell", "-i", "python"]
        os.execve(sys.executable, command, {**site.environ, "TERM": "dumb"})
    shown, waiting = b"", [*(f"{line}\n".encode() for line in lines), b"\x04"]
    while select.select([terminal], [], [], 60)[0]:
        try:
            part = os.read(terminal, 4096)
        except OSError:  # Linux's word for the end of a terminal
            break
        shown += part
        if not part:
            break
        if shown.endswith(b">>> ") and waiting:
            os.write(terminal, waiting.pop(0))
    os.close(terminal)
    assert os.waitpid(child, 0)[1] == 0, shown.decode()
    return shown.decode()


def test_a_sites_own_shell_is_the_one_that_opens(site):
    site.write("shop/management/__init__.py", "")
    site.write("shop/management/commands/__init__.py", "")
    site.write(
        "shop/management/commands/shell.py",
        "from django.core.management.commands import shell\n"
        "class Command(shell.Command):\n"
        "    def get_auto_imports(self):\n"
        "        return ['math.pi']\n",
    )
    out = site.manage("sandbox", "shell", "-c", "print(int(pi), current_mode())")
    assert "3 test" in out
