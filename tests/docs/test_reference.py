"""The reference names all there is, and nothing that is not."""

import pkgutil
import re
import sys
from contextlib import suppress
from importlib import import_module

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.dispatch import Signal

import django_sandbox
from django_sandbox import conf, exceptions, signals
from django_sandbox.contrib.activity import conf as activity
from django_sandbox.contrib.effects import options
from django_sandbox.contrib.rest_framework import urls
from django_sandbox.contrib.webhooks import conf as webhooks
from django_sandbox.contrib.webhooks import signals as webhook_signals
from django_sandbox.management import actions  # noqa: F401 - before the actions of apps
from tests.docs.pages import DOCS

sys.path.append(str(DOCS / "_ext"))

import generated

REFERENCE = DOCS / "reference"


def page(name):
    return (REFERENCE / name).read_text()


def sections(text, level="###"):
    """Heading, without its backquotes, and what stands below it."""
    parts = re.split(rf"^{level} (.+)$", text, flags=re.MULTILINE)
    return dict(zip([name.strip("`") for name in parts[1::2]], parts[2::2], strict=True))


def rows(text):
    """The rows of all tables, each a list of its cells; heads and rules left out."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split(" |")] for line in lines]
    return [row for row in cells if row[0].startswith("`") or row[0].isdigit()]


# --- settings


def test_every_setting():
    assert sections(page("settings.md")).keys() == conf.DEFAULTS.keys()


@pytest.mark.parametrize(
    "name", [n for n, d in conf.DEFAULTS.items() if isinstance(d, (str, bool)) or d is None]
)
def test_the_default_of_a_setting(name):
    text = sections(page("settings.md"))[name].strip()
    if name == "OWNER_MODEL":  # stands for another setting
        assert text.startswith("Default: `settings.AUTH_USER_MODEL`.")
        return
    said = re.match(r"Default `(.+?)`", text)[1]
    assert eval(said) == conf.DEFAULTS[name]


@pytest.mark.parametrize(
    "name, defaults",
    [
        ("SNAPSHOTS", conf.SNAPSHOT_OPTIONS),
        ("EFFECTS", options.DEFAULTS),
        ("WEBHOOKS", webhooks.DEFAULTS),
        ("ACTIVITY", activity.DEFAULTS),
    ],
)
def test_the_keys_of_an_inner_dict(name, defaults):
    from datetime import timedelta

    table = {row[0].strip("`"): row[1] for row in rows(sections(page("settings.md"))[name])}
    assert table.keys() == defaults.keys()
    for key, said in table.items():
        if said.startswith("`"):
            assert eval(said.strip("`"), {"timedelta": timedelta}) == defaults[key], key


def test_the_options_of_an_environment():
    table = rows(sections(page("settings.md"))["ENVIRONMENTS"])
    known = conf.ENVIRONMENT_OPTIONS | conf.THROWAWAY_DEFAULTS.keys()
    assert {row[0].strip("`") for row in table} == known


# --- errors


def every_error():
    """The package's own, wherever they stand; of optional parts those whose libraries are here."""
    packages = django_sandbox.__path__
    for module in pkgutil.walk_packages(packages, "django_sandbox.", onerror=lambda name: None):
        if ".migrations" not in module.name:
            with suppress(ImportError, ImproperlyConfigured):
                import_module(module.name)
    found, below = set(), [exceptions.SandboxError]
    while below:
        error = below.pop()
        below += error.__subclasses__()
        found.add(error)
    return {error for error in found if error.__module__.startswith("django_sandbox.")}


def test_every_error_with_a_code():
    said = {
        (int(status), code.strip("`"), name)
        for status, code, names, _ in (row for row in rows(page("errors.md")) if len(row) == 4)
        for name in re.findall(r"`(\w+)`", names)
    }
    assert said == {(e.status, e.code, e.__name__) for e in every_error() if e.code}


def test_every_error_without_a_code():
    said = {row[0].strip("`") for row in rows(page("errors.md")) if len(row) == 2}
    bare = {e.__name__ for e in every_error() if not e.code}
    assert said == bare - {"SandboxError"}


# --- signals


def test_every_signal():
    said = {row[0].strip("`") for row in rows(page("signals.md"))}
    there = {
        name
        for module in (signals, webhook_signals)
        for name, found in vars(module).items()
        if isinstance(found, Signal)
    }
    assert said == there


# --- commands


def help_of(capsys, *words):
    with pytest.raises(SystemExit):
        call_command("sandbox", *words, "--help")
    return capsys.readouterr().out


def test_every_command(capsys):
    made = {
        name.removeprefix("sandbox "): text for name, text in sections(generated.commands()).items()
    }
    assert made.keys() == set(re.findall(r"^    ([a-z-]+) ", help_of(capsys), re.MULTILINE))
    for name, text in made.items():
        # Of what --help lists, the page leaves out what every command has.
        told = set(re.findall(r"`(--[a-z-]+)", text)) | {"--help", "--json"}
        option = re.compile(r"^  (?:-\w(?: \w+)?, )?(--[a-z-]+)", re.MULTILINE)
        given = set(option.findall(help_of(capsys, name)))
        assert told == given, name


# --- REST


def test_every_call(settings):
    made = sections(generated.rest())
    said = {tuple(name.split()) for name in made}
    there = set(calls(urls.urlpatterns))
    assert there <= said
    assert "INSUFFICIENT_SCOPE" in made["POST api-keys"] and "`raw_key`" in made["POST api-keys"]
    assert "`seeded`" in made["POST sandbox/reset"]


def calls(patterns):
    """Method and path of each call, as the addresses have them."""
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            yield from calls(pattern.url_patterns)
            continue
        path = re.sub(r"<\w+:(\w+)>", r"{\1}", str(pattern.pattern))
        for method in ("get", "post", "put", "patch", "delete"):
            if hasattr(pattern.callback.cls, method):
                yield method.upper(), path


def test_the_parts_are_asked_for():
    marks = [
        name for path in DOCS.rglob("*.md") for name in generated.MARK.findall(path.read_text())
    ]
    assert sorted(marks) == sorted(generated.PARTS)
