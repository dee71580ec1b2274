"""The log of the admin: what is told of the other mode's rows, which is nothing."""

import json
import pickle

import pytest
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import transaction

from django_sandbox import all_modes, live_mode, sandbox_mode
from django_sandbox.context import no_mode
from django_sandbox.contrib.admin.models import EntryEnvironment
from tests.contrib.admin.conftest import SWITCH
from tests.testapp.models import Booking, EventType, Feature, Ticket

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.contrib.admin.own_site")]

SITE = "/back-office/testapp"


@pytest.fixture(autouse=True)
def readable(monkeypatch):
    for model in (Booking, Ticket):
        monkeypatch.setattr(model, "__str__", lambda self: self.title)


@pytest.fixture
def switch(admin_client):
    def to(environment):
        admin_client.post(SWITCH, {"environment": environment})

    return to


def add_ticket(client, owner, title):
    form = {"organization": owner.pk, "title": title}
    assert client.post(f"{SITE}/ticket/add/", form).status_code == 302
    client.get("/back-office/")  # with the message of success


def index_of(client):
    return client.get("/back-office/").text


@pytest.mark.parametrize("own, other", [("live", "test"), ("test", "live")])
def test_recent_actions_are_of_one_mode(admin_client, owner, switch, own, other):
    switch(own)
    add_ticket(admin_client, owner, "Secret")
    assert "Secret" in index_of(admin_client)
    switch(other)
    assert "Secret" not in index_of(admin_client) and "None available" in index_of(admin_client)
    switch(own)
    with sandbox_mode() if own == "test" else live_mode():
        ticket = Ticket.objects.get()
    form = {"organization": owner.pk, "title": "Secret changed"}
    admin_client.post(f"{SITE}/ticket/{ticket.pk}/change/", form)
    admin_client.post(f"{SITE}/ticket/{ticket.pk}/delete/", {"post": "yes"})
    admin_client.get("/back-office/")
    page = index_of(admin_client)
    assert page.count("addlink") and "Secret changed" in page and 'class="deletelink"' in page
    switch(other)
    assert "Secret" not in index_of(admin_client)


@pytest.mark.parametrize("own, other", [("live", "test"), ("test", "live")])
def test_many_deleted_by_an_action(admin_client, owner, switch, own, other):
    switch(own)
    with sandbox_mode() if own == "test" else live_mode():
        tickets = [Ticket.objects.create(organization=owner, title=f"Gone {n}") for n in range(3)]
    form = {"action": "delete_selected", "_selected_action": [t.pk for t in tickets], "post": "yes"}
    admin_client.post(f"{SITE}/ticket/", form)
    admin_client.get("/back-office/")
    assert index_of(admin_client).count("Gone") == 3
    switch(other)
    assert "Gone" not in index_of(admin_client)


@pytest.mark.parametrize("own, other", [("live", "test"), ("test", "live")])
def test_history_where_a_key_is_used_again(admin_client, owner, switch, own, other):
    switch(own)
    add_ticket(admin_client, owner, "First life")
    with sandbox_mode() if own == "test" else live_mode():
        pk = Ticket.objects.get().pk
        Ticket.objects.all().delete()
    with sandbox_mode() if other == "test" else live_mode():
        Ticket.objects.create(pk=pk, organization=owner, title="Second life")
    switch(other)
    page = admin_client.get(f"{SITE}/ticket/{pk}/history/")
    assert page.status_code == 200 and "Second life" in page.text
    assert "have a change history" in page.text
    form = {"organization": owner.pk, "title": "Changed"}
    admin_client.post(f"{SITE}/ticket/{pk}/change/", form)
    page = admin_client.get(f"{SITE}/ticket/{pk}/history/")
    assert [e.action_flag for e in page.context["action_list"]] == [CHANGE]


def test_shared_rows_are_told_of_in_every_mode(admin_client, switch):
    form = {"name": "Umbrella", "bookings-TOTAL_FORMS": 0, "bookings-INITIAL_FORMS": 0}
    for environment in ("live", "test"):
        switch(environment)
        form["name"] = f"Umbrella {environment}"
        admin_client.post("/admin/testapp/organization/add/", form)
    for environment in ("live", "test"):
        switch(environment)
        admin_client.get("/back-office/")
        page = index_of(admin_client)
        assert "Umbrella live" in page and "Umbrella test" in page
    assert not EntryEnvironment.objects.exists()


# --- an entry about a shared row that tells of sandboxed ones


def change_with_inline(client, owner, event_type, name, title):
    form = {"name": name, "bookings-TOTAL_FORMS": 1, "bookings-INITIAL_FORMS": 0}
    form |= {"bookings-0-title": title, "bookings-0-event_type": event_type.pk}
    page = f"{SITE}/organization/{owner.pk}"
    response = client.post(f"{page}/change/", form)
    assert response.status_code == 302
    client.get("/back-office/")
    return f"{page}/history/"


@pytest.mark.parametrize("own, other", [("live", "test"), ("test", "live")])
def test_what_is_said_of_inlines_is_of_their_mode(admin_client, owner, switch, own, other):
    with sandbox_mode() if own == "test" else live_mode():
        event_type = EventType.objects.create(organization=owner)
    switch(own)
    history = change_with_inline(admin_client, owner, event_type, "Renamed", "Secret")
    messages = [e.get_change_message() for e in admin_client.get(history).context["action_list"]]
    assert messages == ["Changed Name.", "Added booking “Secret”."]
    switch(other)
    messages = [e.get_change_message() for e in admin_client.get(history).context["action_list"]]
    assert messages == ["Changed Name."]
    assert "Secret" not in index_of(admin_client) and "Renamed" in index_of(admin_client)
    # Where nothing else has changed there is nothing to tell.
    switch(own)
    change_with_inline(admin_client, owner, event_type, "Renamed", "More")
    assert len(admin_client.get(history).context["action_list"]) == 3
    switch(other)
    assert len(admin_client.get(history).context["action_list"]) == 1


def test_links_of_an_automatic_table_are_of_their_mode(admin_user, owner):
    part = {"added": {"name": "organization-tag relationship", "object": "Secret"}}
    with sandbox_mode():
        LogEntry.objects.log_actions(admin_user.pk, [owner], CHANGE, [part], single_object=True)
        assert LogEntry.objects.count() == 1
    with live_mode():
        assert LogEntry.objects.count() == 0


@pytest.mark.parametrize(
    "message",
    ["", "In words", "[broken", "[1, 2]", '["x"]', '[{"changed": {"fields": ["Name"]}}]', "{}"],
)
def test_messages_that_tell_of_the_object_alone_stay_as_they_are(admin_user, owner, message):
    with sandbox_mode():
        LogEntry.objects.log_actions(admin_user.pk, [owner], CHANGE, message, single_object=True)
    with live_mode():
        assert LogEntry.objects.get().change_message == message


def test_several_divided_at_once(admin_user, owner, other_owner):
    parts = [
        {"changed": {"fields": ["Name"]}},
        {"deleted": {"name": "booking", "object": "Secret"}},
        {"added": {"name": "team", "object": "Team"}},
    ]
    with live_mode():
        made = LogEntry.objects.log_actions(admin_user.pk, [owner, other_owner], CHANGE, parts)
        assert len(made) == 2 and all(entry.pk for entry in made)
        assert LogEntry.objects.count() == 4
    with sandbox_mode():
        told = [json.loads(e.change_message) for e in LogEntry.objects.all()]
        assert told == [[parts[0], parts[2]]] * 2


# --- queries


def log(user, row, flag=ADDITION):
    return LogEntry.objects.log_actions(user.pk, [row], flag, "", single_object=True)


@pytest.fixture
def both(admin_user, owner):
    """An entry of each mode, and one about a shared row."""
    made = {}
    for mode, block in (("live", live_mode), ("test", sandbox_mode)):
        with block():
            made[mode] = log(admin_user, Ticket.objects.create(organization=owner, title=mode))
    with live_mode():
        made["shared"] = log(admin_user, owner)
    return made


def seen(entries):
    return sorted(e.object_repr for e in entries)


def test_the_mode_is_that_in_which_a_query_runs(both, admin_user):
    entries = LogEntry.objects.order_by("pk")
    of_user = admin_user.logentry_set.all()
    with live_mode():
        packed = pickle.dumps(entries)
    for rows in (entries, of_user, pickle.loads(packed)):
        for _ in range(2):
            with live_mode():
                assert seen(rows) == ["Acme", "live"] and rows.count() == 2
            with sandbox_mode():
                assert seen(rows) == ["Acme", "test"] and rows.count() == 2
            with all_modes():
                assert seen(rows) == ["Acme", "live", "test"] and rows.count() == 3
        assert seen(entries) == ["Acme"] and entries.count() == 1  # with no mode
    with sandbox_mode():
        assert LogEntry.objects.select_related("user", "content_type").exists()
        assert list(LogEntry.objects.filter(pk=both["live"].pk).values_list()) == []
        ours = LogEntry.objects.filter(object_repr="live") | LogEntry.objects.exclude(pk=0)
        assert seen(ours) == ["Acme", "test"]
        assert get_user_model().objects.filter(
            pk__in=LogEntry.objects.values("user_id").filter(object_repr="test")
        )


def test_writes_stay_in_the_mode(both):
    with sandbox_mode():
        assert LogEntry.objects.update(change_message="seen") == 2
        LogEntry.objects.all().delete()
    with all_modes():
        assert seen(LogEntry.objects.all()) == ["live"]
        assert LogEntry.objects.get().change_message == ""
    assert not EntryEnvironment.objects.exists()


def test_an_entry_saved_again_is_not_noted_twice(both):
    entry = both["test"]
    entry.change_message = "edited"
    with sandbox_mode():
        entry.save()
        assert LogEntry.objects.get(pk=entry.pk).change_message == "edited"
        entry.refresh_from_db()
    with live_mode(), pytest.raises(LogEntry.DoesNotExist):
        entry.refresh_from_db()


BLOCKS = {"live": live_mode, "test": sandbox_mode, "all": all_modes, "none": no_mode}


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS)
def test_deleting_its_user_takes_the_entries_of_every_mode(both, admin_user, block):
    with block():
        admin_user.delete()
    with all_modes():
        assert not LogEntry.objects.exists() and not EntryEnvironment.objects.exists()


@pytest.mark.parametrize("mode", ["live", "test", "all"])
def test_deleting_its_content_type_leaves_the_entries_of_every_mode(both, mode):
    with BLOCKS[mode]():
        ContentType.objects.get_for_model(Ticket).delete()
    ContentType.objects.clear_cache()
    with all_modes():
        assert LogEntry.objects.filter(content_type=None).count() == 2


@pytest.mark.parametrize("own, other", [("live", "test"), ("test", "live")])
def test_what_goes_with_a_user_is_listed_of_one_mode(
    admin_client, both, admin_user, switch, own, other
):
    switch(own)
    page = admin_client.get(f"/admin/auth/user/{admin_user.pk}/delete/").text
    assert f"Added “{own}”." in page and f"Added “{other}”." not in page
    form = {"action": "delete_selected", "_selected_action": [admin_user.pk]}
    page = admin_client.post("/admin/auth/user/", form).text
    assert f"Added “{own}”." in page and f"Added “{other}”." not in page


def test_an_entry_from_before_the_app_was_installed(both, admin_user, owner):
    """It has no note: about a row with modes it is of live, as all such rows were."""
    EntryEnvironment.objects.all().delete()
    with live_mode():
        assert seen(LogEntry.objects.all()) == ["Acme", "live", "test"]
    with sandbox_mode():
        assert seen(LogEntry.objects.all()) == ["Acme"]
        LogEntry._base_manager.update(content_type=None)  # the model is gone
        assert seen(LogEntry.objects.all()) == []


def test_what_is_written_with_no_mode_is_shown_in_none(admin_user, owner):
    with all_modes():
        ticket = Ticket.objects.create(organization=owner, title="Whose?", is_test=False)
        log(admin_user, ticket)
    log(admin_user, ticket)
    for block in (live_mode, sandbox_mode):
        with block():
            assert not LogEntry.objects.exists()
    with all_modes():
        assert LogEntry.objects.count() == 2


def test_several_test_environments(admin_user, owner, sandbox_settings):
    sandbox_settings(ENVIRONMENTS={"test": {}, "ci": {}})
    with sandbox_mode("ci"):
        log(admin_user, Ticket.objects.create(organization=owner, title="of any"))
        log(admin_user, Feature.objects.create(organization=owner, slug="of-ci"))
    with sandbox_mode("ci"):
        assert LogEntry.objects.count() == 2
    with sandbox_mode("test"):
        assert seen(LogEntry.objects.all()) == ["of any"]
    with live_mode():
        assert not LogEntry.objects.exists()


def test_a_proxy_and_a_multi_table_child_of_a_sandboxed_model(admin_user, owner):
    from tests.testapp.models import ProxyBooking, Recurring

    with sandbox_mode():
        log(admin_user, ProxyBooking.objects.create(organization=owner, title="p"))
        log(admin_user, Recurring.objects.create(organization=owner, title="r"))
        assert seen(LogEntry.objects.all()) == ["p", "r"]
    with live_mode():
        assert seen(LogEntry.objects.all()) == []


def test_an_entry_and_its_note_are_one(admin_user, owner, monkeypatch):
    from django_sandbox.contrib.admin.log import writing

    def fails(entries, using):
        raise RuntimeError("the power is gone")

    monkeypatch.setattr(writing, "note", fails)
    with sandbox_mode():
        ticket = Ticket.objects.create(organization=owner)
        for rows in ([ticket], [ticket, ticket]):
            with pytest.raises(RuntimeError), transaction.atomic():
                LogEntry.objects.log_actions(admin_user.pk, rows, CHANGE)
    with all_modes():
        assert not LogEntry.objects.exists()


def test_live_costs_nothing_more(admin_user, owner, django_assert_num_queries):
    with live_mode():
        ticket = Ticket.objects.create(organization=owner)
        ContentType.objects.get_for_model(Ticket)
        with django_assert_num_queries(3):
            log(admin_user, ticket)  # a savepoint round the entry
    with sandbox_mode(), django_assert_num_queries(4):
        log(admin_user, Ticket(pk=ticket.pk, title="t"))


def test_no_migration_is_wanted():
    call_command("makemigrations", "sandbox_admin", "--check", "--dry-run", verbosity=0)
