"""System checks of the effects' settings: each fault by its name."""

from __future__ import annotations

import json
from datetime import timedelta

import django
import pytest
from django.test import override_settings

from django_sandbox.contrib.effects import checks
from tests.contrib.effects.conftest import BACKEND, LOCMEM, use_mail_settings

OWN = "django_sandbox.contrib.effects.middleware.EffectsHeaderMiddleware"
SANDBOX = "django_sandbox.middleware.SandboxMiddleware"


def said(found):
    return [(message.id, message.msg) for message in found]


@pytest.fixture(autouse=True)
def captured_mail(settings):
    use_mail_settings(settings)


def test_the_defaults_are_right(effects):
    effects()
    assert checks.check_settings() == checks.check_answers() == checks.check_middleware() == []


def test_right_values(effects, tmp_path):
    effects(
        EMAIL_BACKEND=LOCMEM,
        EMAIL_OPTIONS={"host": "x"},
        TEAM_ADDRESSES="tests.contrib.effects.test_team.team",
        RESPONSES={"a.example/*": {}, "POST a.example/*": [{"when": {"json": [1]}}]},
        RESPONSES_DIR=str(tmp_path),
        MAGIC={"0002": {"delay": 0.5, "at": "a.example/*"}},
        KEEP=timedelta(days=1),
        MAX_BYTES=0,
        OUTBOUND_HOSTS=["x"],
    )
    assert checks.check_settings() == checks.check_answers() == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EMAIL_BACKEND", "no.such.Backend"),
        ("EMAIL_BACKEND", BACKEND),
        ("EMAIL_BACKEND", 5),
        ("EMAIL_OPTIONS", [1]),
        ("EMAIL_OPTIONS", {1: 2}),
        ("TEAM_ADDRESSES", "no.such.function"),
        ("TEAM_ADDRESSES", ["a@x.test"]),
        ("KEEP", 30),
        ("KEEP", timedelta(days=-1)),
        ("MAX_BYTES", "1"),
        ("MAX_BYTES", -1),
        ("MAX_BYTES", True),
    ],
)
def test_wrong_values(effects, name, value):
    effects(**{name: value})
    ((found, words),) = said(checks.check_settings())
    assert found == "sandbox.E080" and f"[{name!r}]" in words


def test_an_unknown_key(effects):
    effects(EMAIL_BACKENDS=LOCMEM)
    ((found, words),) = said(checks.check_settings())
    assert found == "sandbox.E080" and "'EMAIL_BACKENDS'" in words


@pytest.mark.parametrize(
    ("target", "answer", "words"),
    [
        ("a.example", {}, "is no target"),
        ("https://a.example/x", {}, "is no target"),
        ("post a.example/x", {}, "is no target"),
        ("", {}, "is no target"),
        ("a.example/*", {"stauts": 1}, "unknown key 'stauts'"),
        ("a.example/*", {"status": 99}, "'status' must be"),
        ("a.example/*", {"status": True}, "'status' must be"),
        ("a.example/*", {"delay": 61}, "'delay' must be"),
        ("a.example/*", {"delay": -1}, "'delay' must be"),
        ("a.example/*", {"delay": "1"}, "'delay' must be"),
        ("a.example/*", {"error": "boom"}, "'error' must be"),
        ("a.example/*", {"text": 5}, "'text' must be"),
        ("a.example/*", {"headers": {"A": 5}}, "'headers' must be"),
        ("a.example/*", {"headers": {"A": "b\nc"}}, "'headers' must be"),
        ("a.example/*", {"json": {1, 2}}, "'json' is no JSON"),
        ("a.example/*", {"json": {}, "text": ""}, "both 'json' and 'text'"),
        ("a.example/*", {"when": {"body": {}}}, "'when' must be"),
        ("a.example/*", {"when": {"query": "a=b"}}, "'when' must be"),
        ("a.example/*", "ok", "must be a dict"),
        ("a.example/*", [{}, "ok"], "[1] must be a dict"),
    ],
)
def test_wrong_answers(effects, target, answer, words):
    effects(RESPONSES={target: answer})
    ((found, said_words),) = said(checks.check_answers())
    assert found == "sandbox.E081"
    assert words in said_words and repr(target) in said_words


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("", {}, "is a text"),
        (5, {}, "is a text"),
        ("x", 402, "must be a dict"),
        ("x", {"at": "nowhere"}, "is no target"),
        ("x", {"statos": 402}, "unknown key 'statos'"),
    ],
)
def test_wrong_magic(effects, key, value, words):
    effects(MAGIC={key: value})
    ((found, said_words),) = said(checks.check_answers())
    assert found == "sandbox.E081" and words in said_words and "['MAGIC']" in said_words


@pytest.mark.parametrize("name", ["MAGIC", "RESPONSES"])
def test_what_is_no_dict(effects, name):
    effects(**{name: [1]})
    assert said(checks.check_answers()) == [
        ("sandbox.E081", f'SANDBOX["EFFECTS"][{name!r}] must be a dict.')
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "Expecting"),
        ("5", "must be an object"),
        ('{"status": 200}', "'path' must be"),
        ('{"path": "v1"}', "'path' must be"),
        ('{"path": "/", "method": "post"}', "'method' must be"),
        ('{"path": "/", "stauts": 200}', "unknown key 'stauts'"),
        ('[{"path": "/"}, {"path": "/", "status": 9}]', "[1]: 'status'"),
    ],
)
def test_wrong_files_each_by_its_name(effects, tmp_path, content, words):
    folder = tmp_path / "a.example"
    folder.mkdir()
    (folder / "wrong.json").write_text(content)
    (folder / "right.json").write_text(json.dumps({"path": "/"}))
    effects(RESPONSES_DIR=tmp_path)
    ((found, said_words),) = said(checks.check_answers())
    assert found == "sandbox.E081"
    assert words in said_words and str(folder / "wrong.json") in said_words


def test_a_folder_that_is_none(effects, tmp_path):
    effects(RESPONSES_DIR=tmp_path / "none")
    ((found, words),) = said(checks.check_answers())
    assert found == "sandbox.E081" and "'RESPONSES_DIR'" in words


def test_all_faults_are_told_at_once(effects):
    effects(RESPONSES={"a": {}, "b.example/": {}, "c": {}}, MAGIC={"x": 5})
    assert len(checks.check_answers()) == 3


@pytest.mark.parametrize(
    ("path", "warned"),
    [
        ("django.core.mail.backends.smtp.EmailBackend", True),
        ("anymail.backends.mailgun.EmailBackend", True),
        (BACKEND, False),
        (LOCMEM, False),
        ("django.core.mail.backends.console.EmailBackend", False),
    ],
)
def test_mail_that_is_not_captured(effects, path, warned):
    name = "MAILERS" if django.VERSION >= (6, 1) else "EMAIL_BACKEND"
    value = {"default": {"BACKEND": path}} if name == "MAILERS" else path
    with override_settings(**{name: value}):
        assert [found for found, _ in said(checks.check_settings())] == (
            ["sandbox.W080"] if warned else []
        )


@pytest.mark.parametrize(
    ("order", "found"),
    [([SANDBOX, OWN], []), ([OWN, SANDBOX], ["sandbox.E082"]), ([OWN], ["sandbox.E082"]), ([], [])],
)
def test_where_the_middleware_stands(settings, order, found):
    settings.MIDDLEWARE = order
    assert [id_ for id_, _ in said(checks.check_middleware())] == found
