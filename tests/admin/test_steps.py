"""What every step has in common: who may take it, that asking changes nothing, CSRF."""

from html import unescape

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import quote
from django.test import Client

from django_sandbox import lifecycle, live_mode, snapshots
from django_sandbox.admin import step_admin
from django_sandbox.models import ApiKey, Sandbox
from tests.admin.conftest import SANDBOXES, links_in, messages_of, page_of, state, unchanged
from tests.cloneapp.models import Label

pytestmark = pytest.mark.django_db

KEYS = "/admin/django_sandbox/apikey/"
SNAPSHOTS = "/admin/django_sandbox/snapshot/"
SEE = {"sandbox": "view_sandbox", "apikey": "view_apikey", "snapshot": "view_snapshot"}
STEPS = {  # the page's model, what the step needs beside seeing it, and its form
    "activate": ("sandbox", {"manage_sandbox"}, {}),
    "seed": ("sandbox", {"reset_sandbox"}, {}),
    "reset": ("sandbox", {"reset_sandbox"}, {}),
    "cleanup": ("sandbox", {"reset_sandbox"}, {}),
    "clone": ("sandbox", {"reset_sandbox"}, {"conflicts": "keep"}),
    "snapshot": ("sandbox", {"reset_sandbox"}, {"name": "new"}),
    "deactivate": ("sandbox", {"manage_sandbox"}, {}),
    "rotate": ("apikey", {"change_apikey", "add_apikey"}, {"grace": "0"}),
    "revoke": ("apikey", {"change_apikey"}, {}),
    "restore": ("snapshot", {"reset_sandbox"}, {}),
}
NEEDED = sorted({codename for _, needed, _ in STEPS.values() for codename in needed})


@pytest.fixture
def row(request, owner):
    """Something on which the step has an effect."""
    step = request.getfixturevalue("step")
    sandbox = lifecycle.activate(owner).sandbox
    kept = snapshots.snapshot(owner, "test", "kept")
    if step == "activate":
        lifecycle.deactivate(owner)
    if step == "clone":
        with live_mode():
            Label.objects.create(organization=owner, name="sharp")
    if step == "seed":
        lifecycle.cleanup(owner)
        Sandbox.objects.update(seeded_at=None)
    if step == "restore":
        lifecycle.cleanup(owner)
        return kept
    return ApiKey.objects.first() if STEPS[step][0] == "apikey" else sandbox


def address_of(step, row):
    return f"/admin/django_sandbox/{STEPS[step][0]}/{quote(row.pk)}/{step}/"


def form_of(client, step, row):
    """What the page's form sends when it is confirmed."""
    shown = client.get(address_of(step, row)).context["shown"]
    return {**STEPS[step][2], "shown": shown, "confirmed": "yes"}


@pytest.mark.parametrize("mode", ["live", "test"])
@pytest.mark.parametrize("step", STEPS)
def test_asking_changes_nothing_and_confirming_does_in_either_mode(
    admin_client, other_sandbox, step, row, mode
):
    session = admin_client.session
    session["django_sandbox_environment"] = mode
    session.save()
    others = Sandbox.objects.filter(pk=other_sandbox.pk).values()
    before_others = list(others)
    with unchanged():
        page = admin_client.get(address_of(step, row))
        admin_client.post(address_of(step, row), STEPS[step][2])  # not confirmed
    assert page.status_code == 200 and page["X-Mode"] == mode
    assert "no-store" in page["Cache-Control"]
    before = state()
    answer = admin_client.post(address_of(step, row), form_of(admin_client, step, row), follow=True)
    assert answer.status_code == 200 and state() != before
    assert list(others) == before_others
    entry = LogEntry.objects.get()
    assert entry.object_id == str(row.pk) and entry.user.username == "admin"
    history = admin_client.get(address_of(step, row).replace(f"/{step}/", "/history/"))
    assert entry.get_change_message() and entry.change_message in unescape(history.text)


@pytest.mark.parametrize("step", STEPS)
def test_each_step_needs_its_permissions(staff, step, row):
    model, needed, _ = STEPS[step]
    address = address_of(step, row)
    page = address.replace(f"/{step}/", "/change/")
    may = staff(SEE[model], *needed)
    assert address in links_in(may.get(page)) and may.get(address).status_code == 200
    for lacking in needed:
        rest = [name for name in NEEDED if name != lacking]
        may_not = staff(SEE[model], *rest)
        assert address not in links_in(may_not.get(page))
        with unchanged():
            assert may_not.get(address).status_code == 403
            assert may_not.post(address, form_of(may, step, row)).status_code == 403
    blind = staff(*needed) if model != "apikey" else staff("reset_sandbox")
    assert blind.get(address).status_code == 403
    assert Client().get(address).status_code == 302  # to sign in


def test_whoever_may_only_look_sees_no_buttons_and_no_actions(staff, sandbox):
    viewer = staff("view_sandbox", "view_apikey")
    page = viewer.get(page_of(sandbox, "change"))
    assert page.status_code == 200 and "sandbox-steps" not in page.text
    listed = viewer.get(SANDBOXES)
    assert listed.status_code == 200 and 'name="action"' not in listed.text
    assert f"{SANDBOXES}activate/" not in links_in(listed)
    assert viewer.get(f"{SANDBOXES}activate/").status_code == 403
    with unchanged():
        viewer.post(SANDBOXES, {"action": "reset", "_selected_action": [sandbox.pk]})
        body = {"action": "reset", "_selected_action": [sandbox.pk], "shown": "{}", "confirmed": 1}
        viewer.post(SANDBOXES, body)


def test_a_step_is_offered_where_there_is_use_in_it(admin_client, owner, sandbox):
    page = page_of(sandbox, "change")

    def offered():
        links = links_in(admin_client.get(page))
        return [step for step in STEPS if page_of(sandbox, step) in links]

    assert offered() == ["reset", "cleanup", "clone", "snapshot", "deactivate"]
    lifecycle.deactivate(owner)
    assert offered() == ["activate", "cleanup"]
    with unchanged():
        answer = admin_client.get(page_of(sandbox, "reset"), follow=True)
    assert messages_of(answer) == ["There is nothing to do for this now."]


def test_a_form_from_elsewhere_is_refused(admin_user, sandbox):
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin_user)
    with unchanged():
        answer = client.post(page_of(sandbox, "reset"), {"confirmed": "yes"})
        opened = client.post(f"{SANDBOXES}activate/", {"owner": 1, "environment": "test"})
    assert answer.status_code == opened.status_code == 403


def test_what_is_not_there(admin_client, sandbox):
    assert admin_client.get(f"{SANDBOXES}sbx_none/reset/", follow=True).status_code == 200
    assert "doesn’t exist" in admin_client.get(f"{SANDBOXES}sbx_none/reset/", follow=True).text


def test_an_action_shows_each_row_and_then_does_them(
    admin_client, owner, sandbox, other_owner, other_sandbox
):
    lifecycle.deactivate(other_owner)
    chosen = {"action": "reset", "_selected_action": [sandbox.pk, other_sandbox.pk]}
    with unchanged():
        page = admin_client.post(SANDBOXES, chosen)
    assert {plan.row for plan in page.context["plans"]} == {sandbox, other_sandbox}
    assert page.text.count('name="_selected_action"') == 2
    seeded_at = Sandbox.objects.get(pk=sandbox.pk).seeded_at
    confirmed = {**chosen, "shown": page.context["shown"], "confirmed": "yes"}
    answer = admin_client.post(SANDBOXES, confirmed, follow=True)
    said = sorted(messages_of(answer))
    assert said[0].startswith("Acme · test: Deleted: ")
    assert said[1] == "Globex · test: The sandbox is not active. Activate it first."
    assert Sandbox.objects.get(pk=sandbox.pk).seeded_at > seeded_at
    assert LogEntry.objects.count() == 1


def test_an_action_takes_no_more_than_can_be_shown(
    admin_client, sandbox, other_sandbox, monkeypatch
):
    monkeypatch.setattr(step_admin, "MOST_AT_ONCE", 1)
    chosen = {"action": "cleanup", "_selected_action": [sandbox.pk, other_sandbox.pk]}
    with unchanged():
        answer = admin_client.post(SANDBOXES, chosen, follow=True)
    assert messages_of(answer) == ["Choose at most 1 at once."]
