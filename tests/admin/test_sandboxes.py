"""The life of a sandbox from the admin."""

import re
from datetime import timedelta

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import quote
from django.utils import timezone

from django_sandbox import all_modes, conf, jobs, keys, lifecycle, live_mode, sandbox_mode, seeder
from django_sandbox.models import ApiKey, CloneLink, Job, Sandbox, Snapshot
from tests.admin.conftest import (
    SANDBOXES,
    counts_in,
    links_in,
    messages_of,
    page_of,
    unchanged,
)
from tests.cleanup.test_refusals import link_by_raw_sql
from tests.cloneapp.models import Label
from tests.testapp.models import Booking, EventType, Organization

pytestmark = pytest.mark.django_db

ACTIVATE = f"{SANDBOXES}activate/"


def key_in(response):
    return re.search(keys.scanner_pattern(), response.text)[0]


def take(client, sandbox, step, **values):
    """Confirm a step as its page shows it."""
    page = client.get(page_of(sandbox, step))
    body = {"shown": page.context["shown"], "confirmed": "yes", **values}
    return client.post(page_of(sandbox, step), body, follow=True)


def rows(owner):
    with all_modes():
        found = Booking.objects.filter(organization=owner).order_by("pk")
        return list(found.values_list("title", "is_test"))


@pytest.fixture
def live_booking(owner, other_owner):
    """What no step may touch: live rows of the owner."""
    with live_mode():
        return Booking.objects.create(organization=owner, title="live")


def test_sandboxes_are_read_only(admin_client, owner):
    sandbox = lifecycle.activate(owner).sandbox
    address = "/admin/django_sandbox/sandbox/"
    assert sandbox.pk in admin_client.get(address).text
    assert admin_client.get(f"{address}add/").status_code == 403
    assert admin_client.post(f"{address}{sandbox.pk}/change/", {}).status_code == 403
    assert admin_client.post(f"{address}{sandbox.pk}/delete/", {"post": "yes"}).status_code == 403


def test_they_go_with_their_owner(admin_client, owner):
    lifecycle.activate(owner)
    response = admin_client.post(
        f"/admin/testapp/organization/{owner.pk}/delete/", {"post": "yes"}, follow=True
    )
    assert response.status_code == 200 and not ApiKey.objects.exists()


def test_a_sandbox_is_opened_for_an_owner_who_had_none(admin_client, owner, other_owner):
    assert ACTIVATE in links_in(admin_client.get(SANDBOXES))
    page = admin_client.get(ACTIVATE, {"owner": owner.pk})
    assert page.status_code == 200 and not Sandbox.objects.exists()
    body = {"owner": owner.pk, "environment": "test", "issue_key": "on"}
    answer = admin_client.post(ACTIVATE, body)
    assert answer.status_code == 200 and "no-store" in answer["Cache-Control"]
    sandbox = Sandbox.objects.get()
    assert (sandbox.owner, sandbox.is_active) == (owner, True)
    assert ApiKey.objects.authenticate(key_in(answer)) == ApiKey.objects.get()
    assert messages_of(answer)[0].startswith(
        "Acme · test: Activated. Made: 3 bookings, 1 event type. Key issued: acme_test_"
    )
    assert "Key issued" in LogEntry.objects.get(object_id=sandbox.pk).change_message
    again = admin_client.post(ACTIVATE, body, follow=True)  # the form sent twice
    assert messages_of(again) == ["Acme · test: It was active already. Nothing was changed."]
    assert ApiKey.objects.count() == 1 and Sandbox.objects.count() == 1


def test_opening_issues_a_key_to_those_who_may_issue_keys(staff, owner, sandbox):
    lifecycle.deactivate(owner)
    manager = staff("view_sandbox", "manage_sandbox")
    before = ApiKey.objects.count()
    for page in (ACTIVATE, page_of(sandbox, "activate")):
        assert "issue_key" not in manager.get(page).text
    take(manager, sandbox, "activate", issue_key="on")
    assert ApiKey.objects.count() == before and Sandbox.objects.get().is_active
    lifecycle.deactivate(owner)
    issuer = staff("view_sandbox", "manage_sandbox", "add_apikey")
    assert ApiKey.objects.authenticate(key_in(take(issuer, sandbox, "activate", issue_key="on")))
    lifecycle.deactivate(owner)
    take(issuer, sandbox, "activate")  # not wanted
    assert ApiKey.objects.count() == before + 1


@pytest.mark.parametrize(
    "values", [{"environment": "live"}, {"environment": "nope"}, {"owner": ""}, {"owner": "x"}]
)
def test_what_cannot_be_opened_is_a_form_error(admin_client, owner, values):
    answer = admin_client.post(ACTIVATE, {"owner": owner.pk, "environment": "test", **values})
    assert "errornote" in answer.text and not Sandbox.objects.exists()


def test_throwaway_environments_are_opened_by_name_and_go_at_once(
    admin_client, owner, sandbox_settings
):
    pattern = {"limit": 1, "lifetime": timedelta(hours=2)}
    sandbox_settings(ENVIRONMENTS={"test": {}, "ci-*": pattern})
    body = {"owner": owner.pk, "environment": "ci-1", "issue_key": "on"}
    assert "errornote" in admin_client.post(ACTIVATE, {**body, "environment": "pr-1"}).text
    assert "errornote" in admin_client.post(ACTIVATE, {**body, "minutes": "0"}).text
    assert key_in(admin_client.post(ACTIVATE, {**body, "minutes": "90"}))
    sandbox = Sandbox.objects.get()
    lifetime = sandbox.expires_at - sandbox.activated_at
    assert (sandbox.environment, lifetime) == ("ci-1", timedelta(minutes=90))
    refused = admin_client.post(ACTIVATE, {**body, "environment": "ci-2"}, follow=True)
    assert "There may be 1 environments" in messages_of(refused)[0]
    assert Sandbox.objects.get() == sandbox
    page = admin_client.get(page_of(sandbox, "deactivate"))
    assert "goes at once" in page.text
    gone = take(admin_client, sandbox, "deactivate")
    assert gone.redirect_chain[-1][0] == SANDBOXES and not Sandbox.objects.exists()
    assert messages_of(gone) == ["Acme · ci-1: Deactivated. 1 key revoked."]
    assert LogEntry.objects.filter(object_id=sandbox.pk).count() == 2


def test_deactivating_says_which_keys_go_and_until_when_data_is_kept(
    admin_client, owner, sandbox, other_sandbox, live_booking, sandbox_settings
):
    live_key, _ = ApiKey.objects.issue(owner)
    (own,) = ApiKey.objects.filter(owner=owner, environment="test")
    page = admin_client.get(page_of(sandbox, "deactivate"))
    (plan,) = page.context["plans"]
    assert [row[0] for row in plan.tables[0].rows] == [str(own)]
    assert counts_in(page, table=1) == {"Bookings": 3, "Event types": 1}
    before = timezone.now()
    answer = take(admin_client, sandbox, "deactivate")
    sandbox.refresh_from_db()
    assert sandbox.purge_at >= before + conf.get("RETENTION") and not sandbox.is_active
    assert messages_of(answer)[0].startswith("Acme · test: Deactivated. 1 key revoked. Its data")
    assert set(ApiKey.objects.usable()) == {live_key, *ApiKey.objects.exclude(owner=owner)}
    assert len(rows(owner)) == 4
    again = admin_client.post(page_of(sandbox, "deactivate"), {"confirmed": "yes"}, follow=True)
    assert messages_of(again) == ["Acme · test: It was not active. Nothing was changed."]


@pytest.mark.parametrize("step", ["reset", "cleanup"])
def test_what_is_shown_is_what_goes(
    admin_client, owner, sandbox, other_owner, other_sandbox, live_booking, step
):
    with sandbox_mode():
        Booking.objects.create(organization=owner, title="made in test")
    key = ApiKey.objects.get(owner=owner)
    others = rows(other_owner)
    page = admin_client.get(page_of(sandbox, step))
    assert counts_in(page) == {"Bookings": 4, "Event types": 1}
    assert page.context["plans"][0].tables[0].total == 5
    (said,) = messages_of(take(admin_client, sandbox, step))
    assert said.startswith("Acme · test: Deleted: 4 bookings, 1 event type.")
    samples = [(f"Sample {number}", True) for number in range(3)] if step == "reset" else []
    assert rows(owner) == [("live", False), *samples]
    assert rows(other_owner) == others
    key.refresh_from_db()
    assert not key.is_revoked
    again = take(admin_client, sandbox, step)
    assert len(messages_of(again)) == 1 and len(rows(owner)) == 1 + len(samples)


def test_a_scenario_is_chosen_where_there_are_several(admin_client, owner, sandbox, seeders):
    assert "scenario" not in admin_client.get(page_of(sandbox, "reset")).context["form"].fields

    @seeder(scenario="busy-week")
    def busy(owner):
        Booking.objects.create(organization=owner, title="busy")

    page = admin_client.get(page_of(sandbox, "reset"))
    names = [name for name, label in page.context["form"].fields["scenario"].choices]
    assert names == ["default", "busy-week"]
    with unchanged():
        refused = take(admin_client, sandbox, "reset", scenario="nope")
    assert "errornote" in refused.text
    take(admin_client, sandbox, "reset", scenario="busy-week")
    assert rows(owner) == [("busy", True)]


def test_a_seeder_that_fails_is_named_and_leaves_all_as_it_was(
    admin_client, owner, sandbox, seeders
):
    @seeder
    def broken(owner):
        raise ValueError("secret detail")

    with unchanged():
        (said,) = messages_of(take(admin_client, sandbox, "reset"))
    assert "broken failed" in said and "secret detail" not in said
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("step", ["reset", "cleanup"])
def test_where_live_would_be_reached_there_is_no_button(admin_client, owner, sandbox, step):
    with live_mode():
        booking = Booking.objects.create(organization=owner)
    with sandbox_mode():
        link_by_raw_sql(booking, EventType.objects.get())
    page = admin_client.get(page_of(sandbox, step))
    assert "errornote" in page.text and f"pk {booking.pk}" in page.text
    assert 'name="confirmed"' not in page.text
    with unchanged():
        answer = take(admin_client, sandbox, step)
    assert f"pk {booking.pk}" in messages_of(answer)[0] and not LogEntry.objects.exists()
    link_by_raw_sql(booking, type("None", (), {"pk": None}))


def test_an_empty_sandbox_is_seeded_once(admin_client, owner, seeders):
    sandbox = lifecycle.activate(owner).sandbox
    Sandbox.objects.update(seeded_at=None)

    @seeder
    def one(owner):
        Booking.objects.create(organization=owner, title="one")

    (said,) = messages_of(take(admin_client, sandbox, "seed"))
    assert said == "Acme · test: Made: 1 booking." and rows(owner) == [("one", True)]
    again = admin_client.post(page_of(sandbox, "seed"), {"confirmed": "yes"}, follow=True)
    assert messages_of(again) == ["Acme · test: Made: nothing."] and len(rows(owner)) == 1


@live_mode()
def label(owner, name):
    return Label.objects.create(organization=owner, name=name)


def copies():
    with sandbox_mode():
        return sorted(Label.objects.values_list("name", flat=True))


def test_a_clone_shows_each_row_and_does_what_it_showed(admin_client, owner, sandbox):
    label(owner, "sharp")
    with unchanged():
        page = admin_client.get(page_of(sandbox, "clone"))
    (plan,) = page.context["plans"]
    assert plan.tables[0].rows == [["Labels", 1]] and copies() == []
    assert plan.tables[1].rows[0][:2] == ["Labels: sharp", "added"]
    (said,) = messages_of(take(admin_client, sandbox, "clone", conflicts="keep"))
    assert said == "Acme · test: added: 1 label" and copies() == ["sharp"]
    again = take(admin_client, sandbox, "clone", conflicts="keep")
    assert messages_of(again)[0].endswith("The sandbox has what live has. Nothing was changed.")
    assert CloneLink.objects.count() == 1


def test_a_clone_chosen_otherwise_is_shown_before_it_is_done(admin_client, owner, sandbox):
    label(owner, "sharp")
    lifecycle.clone(owner)
    with sandbox_mode():
        Label.objects.update(name="mine")
    with unchanged():
        page = take(admin_client, sandbox, "clone", conflicts="overwrite")
    assert messages_of(page)[0].startswith("You have chosen otherwise.")
    assert "&#x27;mine&#x27; → &#x27;sharp&#x27;" in page.text and copies() == ["mine"]
    body = {"conflicts": "overwrite", "shown": page.context["shown"], "confirmed": "yes"}
    admin_client.post(page_of(sandbox, "clone"), body)
    assert copies() == ["sharp"]


def test_a_clone_that_is_refused_says_so_beforehand(admin_client, owner, sandbox):
    label(owner, "sharp")
    lifecycle.clone(owner)
    for mode, name in ((sandbox_mode(), "mine"), (live_mode(), "theirs")):
        with mode:
            Label.objects.update(name=name)
    page = admin_client.post(page_of(sandbox, "clone"), {"conflicts": "refuse", "show": "yes"})
    assert "were changed both in live and in test" in page.text
    assert 'name="confirmed"' not in page.text and 'name="show"' in page.text
    body = {"conflicts": "refuse", "shown": page.context["shown"], "confirmed": "yes"}
    with unchanged():
        answer = admin_client.post(page_of(sandbox, "clone"), body, follow=True)
    assert "were changed both" in messages_of(answer)[0] and copies() == ["mine"]


def test_what_is_gone_from_live_is_removed_where_that_is_chosen(admin_client, owner, sandbox):
    sharp = label(owner, "sharp")
    lifecycle.clone(owner)
    with live_mode():
        sharp.delete()
    kept = admin_client.get(page_of(sandbox, "clone"))
    assert "gone from live, kept" in kept.text
    body = {"conflicts": "keep", "prune": "on", "show": "yes"}
    page = admin_client.post(page_of(sandbox, "clone"), body)
    assert page.context["plans"][0].tables[0].columns[1] == "removed" and copies() == ["sharp"]
    body = {**body, "shown": page.context["shown"], "confirmed": "yes"}
    admin_client.post(page_of(sandbox, "clone"), body)
    assert copies() == []


def test_a_snapshot_is_taken_and_restored(admin_client, owner, sandbox, live_booking):
    assert "errornote" in take(admin_client, sandbox, "snapshot", name="no spaces").text
    (said,) = messages_of(take(admin_client, sandbox, "snapshot", name="before"))
    assert said == "Acme · test: “before” keeps 4 rows."
    (refused,) = messages_of(take(admin_client, sandbox, "snapshot", name="before"))
    assert "There is a snapshot" in refused
    take(admin_client, sandbox, "snapshot", name="before", replace="on")
    snapshot = Snapshot.objects.get()
    with sandbox_mode():
        Booking.objects.create(organization=owner, title="since")
        Booking.objects.filter(title="Sample 0").delete()
    address = f"/admin/django_sandbox/snapshot/{snapshot.pk}/restore/"
    page = admin_client.get(address)
    assert page.context["plans"][0].tables[0].rows == [["Bookings", 3, 3], ["Event types", 1, 1]]
    answer = admin_client.post(address, {"confirmed": "yes"}, follow=True)
    assert "Restored. Deleted: 1 booking. Made: 1 booking." in messages_of(answer)[0]
    assert [title for title, is_test in rows(owner) if is_test] == [
        f"Sample {number}" for number in range(3)
    ]
    lifecycle.deactivate(owner)
    with unchanged():
        refused = admin_client.post(address, {"confirmed": "yes"}, follow=True)
    assert "The sandbox is not active" in messages_of(refused)[0]


@pytest.mark.parametrize("step", ["reset", "cleanup", "clone"])
def test_in_the_background_the_page_begins_a_job(
    admin_client, owner, sandbox, queue, sandbox_settings, django_capture_on_commit_callbacks, step
):
    sandbox_settings(BACKGROUND=True)
    label(owner, "sharp")
    with django_capture_on_commit_callbacks(execute=True):
        answer = take(admin_client, sandbox, step, conflicts="keep")
    job = Job.objects.get()
    assert (job.kind, job.owner, queue) == (step, owner, [job.pk]) and len(rows(owner)) == 3
    (address,) = {x for x in links_in(answer) if f"/job/{quote(job.pk)}/" in str(x)}
    shown = admin_client.get(address)
    assert shown.status_code == 200 and job.pk in shown.text
    assert job.pk in LogEntry.objects.get(object_id=sandbox.pk).change_message
    take(admin_client, sandbox, step, conflicts="keep")
    assert Job.objects.get() == job  # the same work is one job
    jobs.run(job.pk)
    job.refresh_from_db()
    assert job.status == "done" and "done" in admin_client.get(address).text
    assert len(rows(owner)) == (0 if step == "cleanup" else 3)


def test_sandboxes_are_found_by_their_owner_as_the_admin_finds_it(
    admin_client, sandbox, other_sandbox, monkeypatch
):
    monkeypatch.setattr(admin.site.get_model_admin(Organization), "search_fields", ["^name"])
    listed = admin_client.get(SANDBOXES, {"q": "Acme"})
    assert list(listed.context["cl"].queryset) == [sandbox]


def test_a_sandbox_leads_to_its_keys_snapshots_and_jobs(admin_client, staff, sandbox):
    links = links_in(admin_client.get(page_of(sandbox, "change")))
    for model in ("apikey", "snapshot", "job"):
        (link,) = (link for link in links if f"/{model}/?" in str(link))
        assert admin_client.get(link).status_code == 200
    page = staff("view_sandbox", "view_job").get(page_of(sandbox, "change"))
    assert "/job/?" in page.text and "/apikey/?" not in page.text
