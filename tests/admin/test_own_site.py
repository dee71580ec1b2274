"""In a site's own ``AdminSite`` no page leads out of it."""

import pytest

from tests.admin.conftest import SANDBOXES, links_in, page_of

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.admin.backstage")]


def here(address):
    return address.replace("/admin/", "/backstage/", 1)


def strays(response):
    return [link for link in links_in(response) if str(link).startswith("/admin/")]


@pytest.mark.parametrize("step", ["change", "history", "reset", "clone", "deactivate"])
def test_every_page_of_a_sandbox_stays_there(admin_client, sandbox, step):
    page = admin_client.get(here(page_of(sandbox, step)))
    assert page.status_code == 200 and strays(page) == []
    assert any(str(link).startswith("/backstage/") for link in links_in(page))


def test_so_does_what_follows(admin_client, owner, sandbox):
    done = admin_client.post(here(page_of(sandbox, "reset")), {"confirmed": "yes"})
    assert (done.status_code, done["Location"]) == (302, here(page_of(sandbox, "change")))
    body = {"owner": owner.pk, "name": "", "environment": "live", "scopes": ""}
    shown = admin_client.post("/backstage/django_sandbox/apikey/add/", body)
    assert "cannot be shown again" in shown.text and strays(shown) == []
    listed = admin_client.get(here(SANDBOXES))
    assert strays(listed) == [] and here(f"{SANDBOXES}activate/") in links_in(listed)
