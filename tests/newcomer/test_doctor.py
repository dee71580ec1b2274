"""``manage.py sandbox doctor`` on whole sites, in processes of their own."""

import json

import pytest

from tests.newcomer.site import OWNER

pytestmark = pytest.mark.once


def doctor(site, status):
    return json.loads(site.manage("sandbox", "doctor", "--json", status=status))


def told(document, severity):
    return {(f["id"], f["subject"]) for f in document["findings"] if f["severity"] == severity}


def test_a_site_that_has_only_installed_the_package(plain_site):
    document = doctor(plain_site, status=1)
    assert told(document, "must") == {
        ("sandbox.W001", "The site"),
        ("sandbox.D001", "The site"),
        ("sandbox.D003", "The site"),
        ("sandbox.D004", "The site"),
    }
    assert {f for f in told(document, "should") if f[0] == "sandbox.D020"} == {
        ("sandbox.D020", "shop.Product"),
        ("sandbox.D020", "shop.Order"),
    }
    assert document["models"] == {
        "accounts.Organization": "shared",
        "shop.Product": "undecided",
        "shop.Order": "undecided",
    }
    (owner,) = [f for f in document["findings"] if f["id"] == "sandbox.D003"]
    assert owner["code"] == ['SANDBOX = {"OWNER_MODEL": "accounts.Organization", ...}']
    assert not (plain_site.folder / "db.sqlite3").stat().st_size  # it made nothing


def test_a_site_that_has_done_what_it_must(site):
    document = doctor(site, status=0)
    assert document["must"] == 0 and told(document, "must") == set()
    assert document["models"]["shop.Order"] == "sandboxed"
    text = site.manage("sandbox", "doctor")
    assert "shop.Order (sandboxed)\n  may     sandbox.D022" in text
    assert text.endswith(f"To do: 0 must, {document['should']} should, {document['may']} may.\n")


def test_models_ahead_of_their_migrations_and_of_their_tables(site):
    site.change("shop/models.py", "number =", "note = models.TextField(default='')\n    number =")
    (found,) = [f for f in doctor(site, status=1)["findings"] if f["severity"] == "must"]
    assert found["id"] == "sandbox.D002"
    assert found["code"][0] == "$ python manage.py makemigrations shop"
    site.manage("makemigrations", "shop", "-v0")
    (found,) = [f for f in doctor(site, status=1)["findings"] if f["severity"] == "must"]
    assert (found["id"], found["code"]) == ("sandbox.D001", ["$ python manage.py migrate"])
    assert "shop.0002" in found["message"]


def test_an_app_without_migrations(site):
    for path in (site.folder / "shop" / "migrations").glob("*"):
        path.unlink() if path.is_file() else None
    (site.folder / "shop" / "migrations").rename(site.folder / "nothing")
    found = {f["id"] for f in doctor(site, status=1)["findings"] if f["severity"] == "must"}
    assert found == {"sandbox.D002"}


def test_errors_that_stop_other_commands_do_not_stop_it(site):
    site.change("settings.py", OWNER, 'SANDBOX = {"OWNER": "accounts.Organization"}\n')
    site.manage("sandbox", "purge", status=1)
    found = {f["id"] for f in doctor(site, status=1)["findings"] if f["severity"] == "must"}
    assert found == {"sandbox.E001", "sandbox.E009"}


def test_a_database_that_is_not_there(site):
    site.change("settings.py", '"db.sqlite3"', '"no" / "such" / "db.sqlite3"')
    document = doctor(site, status=1)
    (found,) = [f for f in document["findings"] if f["id"] == "sandbox.D001"]
    assert "could not be asked" in found["message"]


def test_what_is_silenced(site):
    before = {f["id"] for f in doctor(site, status=0)["findings"]}
    assert "sandbox.D022" in before
    site.append("settings.py", 'SILENCED_SYSTEM_CHECKS = ["sandbox.D022"]\n')
    assert {f["id"] for f in doctor(site, status=0)["findings"]} == before - {"sandbox.D022"}
