"""``POST sandbox/clone``. Every answer is held against the schema."""

from __future__ import annotations

import json

import pytest

from django_sandbox import lifecycle, live_mode, sandbox_mode
from tests.cloneapp.models import Category, Label, Product
from tests.cloning import conftest as catalogues
from tests.cloning.conftest import copy_of, count
from tests.conftest import bearer

pytestmark = pytest.mark.django_db
sandbox, catalogue = catalogues.sandbox, catalogues.catalogue
CLONED = {
    "categories": 2,
    "labels": 2,
    "products": 3,
    "downloads": 1,
    "bundles": 1,
    "bundle_items": 1,
    "rules": 1,
    "remarks": 3,
}


@pytest.fixture
def post(client, live_key):
    def post(body=None, key=live_key, status=200):
        response = client.post(
            "/v1/sandbox/clone", body or {}, content_type="application/json", headers=bearer(key)
        )
        assert response.status_code == status, response.content
        return response.json()

    return post


def test_answers_with_counts(post, sandbox, catalogue):
    answer = post()
    assert answer["cloned"] == answer["added"] == CLONED
    assert (answer["environment"], answer["dry_run"]) == ("test", False)
    again = post()
    assert again["cloned"] == {} and again["diff"] == []


def test_dry_run_shows_the_diff_and_changes_nothing(post, owner, sandbox, catalogue):
    post()
    with live_mode():
        Product.objects.filter(name="Saw").update(price=2, api_secret="new-secret")
        Category.objects.create(organization=owner, name="New", parent=catalogue.saws)
        Category.objects.filter(name="Saws").update(parent=None)
    answer = post({"dry_run": True})
    assert answer["dry_run"] is True
    assert answer["cloned"] == {"categories": 2, "products": 1}
    own = [
        {"field": "price", "old": "9.50", "new": "2.00"},
    ]
    changes = {(c["kind"], c["name"]): c for c in answer["diff"]}
    assert changes["changed", "Saw"] == {
        "model": "products",
        "kind": "changed",
        "key": str(catalogue.saw.pk),
        "name": "Saw",
        "reason": "",
        "fields": own,
    }
    parent = copy_of(catalogue.tools).pk
    assert changes["changed", "Saws"]["fields"] == [{"field": "parent", "old": parent, "new": None}]
    assert changes["added", "New"]["fields"] == []
    assert "secret" not in json.dumps(answer)
    assert count(Category) == 2 and str(copy_of(catalogue.saw).price) == "9.50"
    real = post()
    assert real["diff"] == answer["diff"]


def test_shows_a_new_reference_by_the_live_row(post, owner, sandbox, catalogue):
    post()
    with live_mode():
        new = Category.objects.create(organization=owner, name="New")
        Category.objects.filter(name="Saws").update(parent=new)
    (change,) = [c for c in post({"dry_run": True})["diff"] if c["kind"] == "changed"]
    old = copy_of(catalogue.tools).pk
    fields = [{"field": "parent", "old": old, "new": f"copy of {new.pk}"}]
    assert (change["name"], change["fields"]) == ("Saws", fields)
    (change,) = [c for c in post()["diff"] if c["kind"] == "changed"]
    assert copy_of(catalogue.saws).parent_id == copy_of(new).pk


def test_options(post, owner, sandbox, catalogue):
    post()
    with sandbox_mode():
        Label.objects.filter(name="sharp").update(name="blunt")
    with live_mode():
        catalogue.about_owner.delete()
    assert post()["kept"] == {"labels": 1}
    answer = post({"conflicts": "overwrite", "prune": True})
    assert (answer["changed"], answer["removed"]) == ({"labels": 1}, {"remarks": 1})


@pytest.mark.parametrize(
    "body, status, code",
    [
        ({"source": "test"}, 400, "CLONE_REFUSED"),
        ({"source": None}, 400, "CLONE_REFUSED"),
        ({"source": ["live"]}, 400, "CLONE_REFUSED"),
        ({"environment": "live"}, 400, "CLONE_REFUSED"),
        ({"source": "test", "environment": "live"}, 400, "CLONE_REFUSED"),
        ({"environment": "staging"}, 400, "UNKNOWN_ENVIRONMENT"),
        ({"environment": None}, 400, "UNKNOWN_ENVIRONMENT"),
        ({"environment": {}}, 400, "UNKNOWN_ENVIRONMENT"),
        ({"conflicts": "merge"}, 400, "INVALID"),
        ({"dry_run": "perhaps"}, 400, "INVALID"),
        ({"prune": None}, 400, "INVALID"),
    ],
)
def test_refusals(post, sandbox, catalogue, body, status, code):
    assert post(body, status=status)["code"] == code
    assert count(Category) == 0


def test_conflicts_can_be_refused(post, sandbox, catalogue):
    post()
    with sandbox_mode():
        Label.objects.filter(name="sharp").update(name="blunt")
    with live_mode():
        Label.objects.filter(name="sharp").update(name="sharper")
    refused = post({"conflicts": "refuse"}, status=400)
    assert refused["code"] == "CLONE_REFUSED" and "cloneapp.Label" in refused["message"]


def test_who_may(client, session, post, owner, seeders, catalogue, test_key):
    assert post(status=403)["code"] == "SANDBOX_NOT_ACTIVE"
    lifecycle.activate(owner)
    assert post(key=test_key, status=403)["code"] == "LIVE_KEY_REQUIRED"
    assert client.post("/v1/sandbox/clone").status_code in (401, 403)
    response = session.post("/v1/sandbox/clone", {}, content_type="application/json")
    assert response.json()["cloned"] == CLONED
