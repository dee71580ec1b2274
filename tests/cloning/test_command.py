"""``manage.py sandbox clone``"""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from django_sandbox import live_mode
from tests.cloneapp.models import Category, Product
from tests.cloning.conftest import count

pytestmark = pytest.mark.django_db


def run(*args):
    out = StringIO()
    call_command("sandbox", "clone", *args, stdout=out)
    return out.getvalue()


def test_what_it_prints(owner, sandbox, catalogue):
    text = run("--owner", str(owner.pk), "--dry-run")
    assert f"+ categories {catalogue.tools.pk} 'Tools' (added)\n" in text
    assert "Nothing was changed: this is what would be done.\n" in text
    assert count(Category) == 0
    document = json.loads(run("--owner", str(owner.pk), "--json"))
    assert sum(document["cloned"].values()) == 14
    assert run("--owner", str(owner.pk)) == "The sandbox has what live has.\n"
    with live_mode():
        Product.objects.filter(name="Saw").update(price=2, api_secret="new-secret")
    assert run("--owner", str(owner.pk)) == (
        f"~ products {catalogue.saw.pk} 'Saw' (changed)\n"
        "    price: '9.50' -> '2.00'\n"
        "changed: 1 products\n"
    )
    with live_mode():
        catalogue.about_owner.delete()
    key = str(owner.pk)
    assert run("--owner", key).endswith("'on owner' (gone)\ngone: 1 remarks\n")
    assert run("--owner", key, "--prune").endswith("(removed)\nremoved: 1 remarks\n")


def test_progress_goes_to_stderr(owner, sandbox, catalogue):
    errors = StringIO()
    call_command("sandbox", "clone", "--owner", str(owner.pk), stdout=StringIO(), stderr=errors)
    with live_mode():
        live = Category.objects.filter(organization=owner).count()
    assert f"cloneapp.Category: {live} of {live} rows\n" in errors.getvalue()


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--source", "test"], "Only live can be cloned"),
        (["--environment", "live"], "Nothing is ever cloned into live"),
        (["--environment", "staging"], "not a test environment"),
        (["--conflicts", "merge"], "invalid choice"),
    ],
)
def test_refusals(owner, sandbox, arguments, message):
    with pytest.raises(CommandError, match=message):
        run("--owner", str(owner.pk), *arguments)


def test_without_a_sandbox(owner):
    with pytest.raises(CommandError, match="not active"):
        run("--owner", str(owner.pk))
