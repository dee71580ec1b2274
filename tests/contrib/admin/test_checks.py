"""The app's place among the others, and what it needs."""

import pytest
from django.core.checks import Error, Warning, run_checks

from django_sandbox.contrib.admin import checks

pytestmark = pytest.mark.django_db  # what the models ask for is asked of the database
APP = checks.APP


def of_the_app():
    ids = ("sandbox.E090", "sandbox.W090", "sandbox.W091")
    return [message for message in run_checks() if message.id in ids]


def test_nothing_to_say():
    assert of_the_app() == []


@pytest.mark.parametrize("after", [True, False])
def test_the_place_of_the_app(settings, after):
    others = [name for name in settings.INSTALLED_APPS if name not in (APP, checks.ADMIN)]
    settings.INSTALLED_APPS = [*others, checks.ADMIN, APP] if after else [APP, *others]
    problem = (
        "django_sandbox.contrib.admin stands after django.contrib.admin in INSTALLED_APPS."
        if after
        else "django.contrib.admin is not in INSTALLED_APPS."
    )
    assert checks.check_order() == [
        Error(
            problem,
            hint='Put "django_sandbox.contrib.admin" before "django.contrib.admin", and before '
            "any other app that brings an admin/base.html, so that its template is the one that "
            "is found.",
            id="sandbox.E090",
        )
    ]
    assert checks.check_templates() == []  # said already


def test_a_template_that_hides_the_bar(own_template, tmp_path):
    own_template("admin/base.html", "{% extends 'admin/other.html' %}")
    file = tmp_path / "admin" / "base.html"
    assert of_the_app() == [
        Warning(
            f"{file} hides the one of django_sandbox.contrib.admin: admin pages have no banner and "
            "no switcher.",
            hint='Put "django_sandbox.contrib.admin" first, let that template begin with '
            '{% extends "admin/base.html" %}, or put '
            "{% load sandbox_admin %}{% sandbox_admin_bar %} into it.",
            id="sandbox.W090",
        )
    ]


@pytest.mark.parametrize(
    "text",
    [
        "{% extends 'admin/base.html' %}{% block footer %}{% endblock %}",
        "{% load sandbox_admin %}{% sandbox_admin_bar %}{% block content %}{% endblock %}",
    ],
)
def test_a_template_that_does_not_hide_it(own_template, text):
    own_template("admin/base.html", text)
    assert of_the_app() == []


def test_without_the_address_of_the_switch(settings):
    settings.ROOT_URLCONF = "tests.contrib.admin.no_switch"
    assert of_the_app() == [
        Warning(
            "No address is named sandbox:mode, so admin pages have no switcher.",
            hint='Add path("sandbox/", include("django_sandbox.urls")) to the ROOT_URLCONF.',
            id="sandbox.W091",
        )
    ]
