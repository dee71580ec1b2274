"""Invariant 6: deleting a shared row on which rows of both modes hang.

Live owns it: its test rows go with it. Test mode may delete it only where no live row,
however it hangs there, would go or change with it.
"""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, connection, models, transaction
from django.db.models.signals import post_delete, pre_delete
from django.test import RequestFactory

from django_sandbox import all_modes, live_mode, sandbox_mode
from django_sandbox.exceptions import CrossModeError, ModeNotSet
from tests.isolation.conftest import everything, table, unchanged
from tests.testapp import models as m

CASES = [
    "cascade",
    "protect",
    "restrict",
    "set_null",
    "set_default",
    "set_value",
    "do_nothing",
]
DELETES = {
    "instance": lambda row: row.delete(),
    "queryset": lambda row: type(row).objects.filter(pk=row.pk).delete(),
    "key": lambda row: type(row)(pk=row.pk).delete(),
    "admin": lambda row: admin.ModelAdmin(type(row), admin.AdminSite()).delete_model(
        RequestFactory().post("/"), row
    ),
    "admin action": lambda row: admin.ModelAdmin(type(row), admin.AdminSite()).delete_queryset(
        RequestFactory().post("/"), type(row).objects.filter(pk=row.pk)
    ),
}


def refused(delete, *args):
    with unchanged(), pytest.raises(CrossModeError), transaction.atomic():
        delete(*args)


@pytest.fixture
def place(db):
    return m.Place.objects.create(name="here")


def item(place, case, mode, **values):
    with mode():
        return m.Item.objects.create(**{case: place}, **values)


@pytest.mark.parametrize("verb", DELETES)
@pytest.mark.parametrize("case", CASES)
def test_live_takes_test_rows_along(place, case, verb):
    row = item(place, case, sandbox_mode)
    with live_mode():
        DELETES[verb](place)
    assert table(m.Place) == []
    kept = table(m.Item)
    if case.startswith("set_"):
        assert [(x["id"], x[f"{case}_id"], bool(x["is_test"])) for x in kept] == [
            (row.pk, None, True)
        ]
    else:
        assert kept == []


@pytest.mark.parametrize("verb", DELETES)
@pytest.mark.parametrize("case", CASES)
def test_test_mode_is_refused_where_live_rows_hang(place, case, verb):
    item(place, case, live_mode)
    item(place, case, sandbox_mode) if case not in ("protect", "restrict") else None
    with sandbox_mode():
        refused(DELETES[verb], place)


@pytest.mark.parametrize("verb", DELETES)
@pytest.mark.parametrize("case", ["cascade", "set_null", "set_default", "set_value"])
def test_test_mode_deletes_where_only_test_rows_hang(place, case, verb):
    item(place, case, sandbox_mode)
    with sandbox_mode():
        DELETES[verb](place)
    assert table(m.Place) == []


@pytest.mark.parametrize(
    ("case", "error"), [("protect", models.ProtectedError), ("restrict", models.RestrictedError)]
)
@pytest.mark.parametrize("mode", [live_mode, sandbox_mode], ids=["live", "test"])
def test_a_refusal_of_the_own_mode_stays(place, case, error, mode):
    item(place, case, mode)
    with mode(), unchanged(), pytest.raises(error):
        place.delete()


@pytest.mark.parametrize("case", CASES)
def test_live_rows_follow_djangos_rules(place, case):
    item(place, case, live_mode)
    with live_mode():
        if case in ("protect", "restrict"):
            with pytest.raises((models.ProtectedError, models.RestrictedError)):
                place.delete()
            return
        if case == "do_nothing":
            return
        place.delete()
    assert len(table(m.Item)) == (0 if case == "cascade" else 1)


@pytest.mark.parametrize("rule", ["item", "kept", "ignored"])
@pytest.mark.parametrize("case", ["cascade", "protect"])
def test_what_hangs_on_the_test_rows_is_no_obstacle(place, case, rule):
    row = item(place, case, sandbox_mode)
    with sandbox_mode():
        m.Part.objects.create(**{rule: row})
    with live_mode():
        place.delete()
    assert table(m.Place) == table(m.Item) == table(m.Part) == []


def test_protected_test_rows_do_not_keep_a_live_organization(world):
    with sandbox_mode():
        m.Invoice.objects.create(booking=world.test.booking)
    with live_mode():
        world.org.delete()
    assert table(m.Booking) == table(m.Invoice) == []


def test_signals_of_test_rows_are_sent(place):
    row = item(place, "cascade", sandbox_mode)
    sent = []

    def receive(instance, **kwargs):
        sent.append(instance.pk)

    post_delete.connect(receive, sender=m.Item)
    try:
        with live_mode():
            place.delete()
    finally:
        post_delete.disconnect(receive, sender=m.Item)
    assert sent == [row.pk]


# --- the whole world


@pytest.mark.parametrize("verb", DELETES)
def test_live_deletes_an_organization_with_everything_on_it(world, verb):
    org = m.Organization.objects.get(name="shared")
    with live_mode():
        DELETES[verb](org)
    left = everything()
    for label in ("Booking", "Recurring", "EventType", "Tag", "Note", "Organization_tags", "Team"):
        assert left[f"testapp.{label}"] == [], label
    assert {row["organization_id"] for row in left["testapp.Document"]} == {None}
    assert {row["booking_id"] for row in left["testapp.Log"]} == {None}


@pytest.mark.parametrize("verb", DELETES)
def test_test_mode_cannot_delete_an_organization_with_live_rows(world, verb):
    with sandbox_mode():
        refused(DELETES[verb], m.Organization.objects.get(name="shared"))


@pytest.mark.parametrize("verb", DELETES)
def test_a_proxy_of_the_shared_model(world, verb):
    proxy = m.ProxyOrganization.objects.get(name="empty")
    with live_mode():
        m.Booking.objects.create(organization=proxy)
    with sandbox_mode():
        refused(DELETES[verb], proxy)
        m.Booking.objects.create(organization=proxy)
    with live_mode():
        DELETES[verb](proxy)
    assert not any(row["organization_id"] == world.empty.pk for row in table(m.Booking))


HANGING = {
    "cascade": lambda org: m.Booking.objects.create(organization=org),
    "set null": lambda org: m.Document.objects.create(organization=org, number="x"),
    "generic": lambda org: org.notes.create(text="x"),
    "one-to-one": lambda org: m.Profile.objects.create(organization=org),
    "link": lambda org: org.tags.add(m.Tag.objects.create(name="x")),
    "child": lambda org: m.Recurring.objects.create(organization=org),
    "environment": lambda org: m.Feature.objects.create(organization=org, slug="x"),
}


@pytest.mark.parametrize("label", HANGING)
def test_each_kind_of_live_row_alone(world, label):
    with live_mode():
        HANGING[label](world.empty)
    with sandbox_mode():
        refused(world.empty.delete)
        refused(m.Organization.objects.filter(name="empty").delete)
    with live_mode():
        m.Organization.objects.get(name="empty").delete()


@pytest.mark.parametrize("label", HANGING)
def test_each_kind_of_test_row_alone(world, label):
    before = everything()
    with sandbox_mode():
        HANGING[label](world.empty)
        m.Document.objects.filter(organization=world.empty).delete()
    with live_mode():
        world.empty.delete()
    after = everything()
    for name in ("Booking", "Note", "Organization_tags", "Recurring", "Feature", "Profile"):
        assert after[f"testapp.{name}"] == before[f"testapp.{name}"]


def test_rows_behind_a_shared_child(world):
    team = m.Team.objects.create(organization=world.empty)
    with live_mode():
        booking = m.Booking.objects.create(organization=world.org, team=team)
    with sandbox_mode():
        refused(world.empty.delete)
        refused(team.delete)
    with live_mode():
        world.empty.delete()
        booking.refresh_from_db()
    assert booking.team_id is None


def test_test_rows_behind_a_shared_child(world):
    team = m.Team.objects.create(organization=world.empty)
    with sandbox_mode():
        booking = m.Booking.objects.create(organization=world.org, team=team)
    with live_mode():
        world.empty.delete()
    with sandbox_mode():
        booking.refresh_from_db()
        assert booking.team_id is None


def test_deleting_several_at_once(world):
    both = m.Organization.objects.filter(name__in=["empty", "shared"])
    with sandbox_mode():
        refused(both.delete)
    with live_mode():
        both.delete()
    assert table(m.Booking) == []


def test_a_row_without_rows_is_deleted_in_either_mode(own, world):
    with own.mode():
        world.empty.delete()
    assert "empty" not in {row["name"] for row in table(m.Organization)}


def test_sandboxed_parents_take_only_their_own(own, other):
    with own.mode(), unchanged(other):
        own.event_type.delete()
        m.Tag.objects.all().delete()
        own.booking.delete() if m.Booking.objects.filter(pk=own.booking.pk) else None


def test_all_modes_deletes_everything(world):
    with all_modes():
        world.org.delete()
    assert table(m.Booking) == table(m.EventType) == []


def test_no_mode_deletes_nothing(world):
    with unchanged(), pytest.raises(ModeNotSet), transaction.atomic():
        world.empty.delete()


def test_muted_signals_reach_no_row_of_the_other_mode(world):
    """Nothing looks then; the database's own foreign keys refuse what hangs there."""
    kept, pre_delete.receivers = pre_delete.receivers, []
    pre_delete.sender_receivers_cache.clear()
    try:
        with (
            sandbox_mode(),
            unchanged(world.live),
            pytest.raises(IntegrityError),
            transaction.atomic(),
        ):
            world.org.delete()
            connection.check_constraints()
    finally:
        pre_delete.receivers = kept
        pre_delete.sender_receivers_cache.clear()


def test_admin_names_only_own_rows_before_it_deletes(own, other, world):
    site = admin.AdminSite()
    site.register([m.Booking, m.Organization])
    request = RequestFactory().get("/")
    request.user = type("Superuser", (), {"has_perm": lambda *args: True})()
    with own.mode():
        shown, counts, _, _ = admin.ModelAdmin(m.Organization, site).get_deleted_objects(
            [world.org], request
        )
    assert counts["bookings"] == len(own.bookings)


def test_content_types_of_generic_rows(world):
    kind = ContentType.objects.create(app_label="gone", model="gone")
    with live_mode():
        note = m.Note.objects.create(content_type=kind, object_id=1)
    with sandbox_mode():
        refused(kind.delete)
    with live_mode():
        kind.delete()
    assert note.pk not in {row["id"] for row in table(m.Note)}


def test_a_shared_row_with_nothing_but_generic_rows(db):
    poster = m.Poster.objects.create()
    with live_mode():
        poster.notes.create(text="x")
    with sandbox_mode():
        refused(poster.delete)
        poster.notes.create(text="y")
    with live_mode():
        poster.delete()
    assert table(m.Note) == []
