"""The sandbox's pages: how it stands, reset, clone, deactivate, snapshots."""

from __future__ import annotations

import re

import pytest
from scheduling.factories import BookingFactory, EventTypeFactory
from scheduling.models import Booking, EventType

from django_sandbox import lifecycle, live_mode, sandbox_mode, snapshots
from django_sandbox.models import ApiKey

pytestmark = pytest.mark.django_db

PAGE = "/developers/sandbox"


def text(response):
    """What the answer says, in one line."""
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_the_sandbox_is_activated(browser, owner):
    assert "Not activated yet" in text(browser.get(PAGE))

    activated = text(browser.post(PAGE))

    for part in ("5 availability rules", "3 bookings", "1 event type"):
        assert part in activated
    raw_key = re.search(r"acme_test_\w{50}", activated)[0]
    assert ApiKey.objects.authenticate(raw_key).environment == "test"
    assert "active already" in text(browser.post(PAGE, follow=True))
    assert ApiKey.objects.count() == 1


def test_it_is_activated_with_a_scenario(browser, owner):
    browser.post(PAGE, {"scenario": "busy-week"})

    with sandbox_mode():
        assert owner.bookings.count() >= 30
        assert owner.event_types.get().slug == "consultation"


def test_an_unknown_scenario_activates_nothing(browser, owner):
    assert "Select a valid choice" in text(browser.post(PAGE, {"scenario": "nope"}))
    assert not lifecycle.status(owner)["active"]


def test_the_page_says_what_is_in_it(browser, owner, sandbox):
    with live_mode():
        BookingFactory(event_type__organization=owner)
    ApiKey.objects.issue(owner, environment="test")

    page = text(browser.get(PAGE))

    assert sandbox.pk in page
    assert "<dt>Bookings</dt><dd>3</dd>" in page
    assert "<dt>Availability rules</dt><dd>5</dd>" in page
    assert '<dt>Usable test keys</dt><dd><a href="/developers/api-keys?show=test">2</a>' in page


def test_reset_shows_the_counts_before_and_after(browser, owner, sandbox):
    with sandbox_mode():
        BookingFactory(event_type=owner.event_types.get())
    with live_mode():
        live = BookingFactory(event_type__organization=owner)

    asked = text(browser.get(f"{PAGE}/reset"))
    assert "4 bookings" in asked and "5 availability rules" in asked and "Live data" in asked
    with sandbox_mode():
        assert owner.bookings.count() == 4

    done = text(browser.post(f"{PAGE}/reset", follow=True))
    assert "4 bookings" in done and "3 bookings" in done
    with sandbox_mode():
        assert owner.bookings.count() == 3
    with live_mode():
        assert list(Booking.objects.all()) == [live]


def test_the_sandbox_is_reset_to_a_scenario(browser, owner, sandbox):
    assert '<option value="busy-week">Busy week</option>' in text(browser.get(PAGE))
    asked = text(browser.get(f"{PAGE}/reset?scenario=busy-week"))
    assert '<option value="busy-week" selected>' in asked

    drawn = []
    for _ in range(2):
        browser.post(f"{PAGE}/reset", {"scenario": "busy-week"})
        with sandbox_mode():
            drawn.append(list(owner.bookings.values_list("invitee_name", "status")))
    assert 30 <= len(drawn[0]) <= 35 and drawn[0] == drawn[1]

    refused = text(browser.post(f"{PAGE}/reset", {"scenario": "nope"}))
    assert "Select a valid choice" in refused
    with sandbox_mode():
        assert len(drawn[0]) == owner.bookings.count()


def test_it_is_deactivated_and_comes_back_within_the_retention(browser, owner, sandbox):
    ApiKey.objects.issue(owner, environment="test")
    asked = text(browser.get(f"{PAGE}/deactivate"))
    assert "1 test key revoked" not in asked and "2 test keys revoked" in asked
    assert "3 bookings" in asked and lifecycle.status(owner)["active"]

    closed = text(browser.post(f"{PAGE}/deactivate", follow=True))
    assert "The sandbox is inactive. Its data is kept until" in closed
    assert "its data is still there" in closed and "<dt>Bookings</dt><dd>3</dd>" in closed
    assert not ApiKey.objects.usable().exists()
    for action in ("reset", "clone", "deactivate"):
        refused = browser.get(f"{PAGE}/{action}", follow=True)
        assert "The sandbox is not active." in text(refused)
    assert "is not active" in text(browser.post(f"{PAGE}/reset", follow=True))

    with sandbox_mode():
        BookingFactory(event_type=owner.event_types.get())
    back = text(browser.post(PAGE))
    assert re.search(r"acme_test_\w{50}", back)
    with sandbox_mode():
        assert owner.bookings.count() == 4  # as it was, and not seeded again


def test_who_deactivates_it_is_back_in_live_mode(in_test_mode, owner, sandbox):
    assert in_test_mode.get(PAGE)["X-Mode"] == "test"

    closed = in_test_mode.post(f"{PAGE}/deactivate", follow=True)

    assert closed["X-Mode"] == "live" and "The sandbox is inactive." in text(closed)


# --- clone


def test_configuration_is_copied_from_live_once_its_diff_was_seen(browser, owner, sandbox):
    with live_mode():
        call = EventTypeFactory(organization=owner, name="Live call", slug="live-call")
        BookingFactory(event_type=call, invitee_name="Ada Live")
    page = f"{PAGE}/clone"

    html = text(browser.get(page))
    assert "Live call" in html and "Added" in html and "1 row of the sandbox will be" in html
    with sandbox_mode():
        assert not EventType.objects.filter(slug="live-call").exists()
    done = text(browser.post(page, follow=True))
    assert "Copied 1 event type, updated nothing, removed nothing." in done
    with sandbox_mode():
        EventType.objects.filter(slug="live-call").update(name="Mine")
        assert not Booking.objects.filter(invitee_name="Ada Live").exists()

    html = text(browser.get(page))
    assert "Kept" in html and "Mine" in html and "nothing will be written" in html
    html = text(browser.get(f"{page}?overwrite=on"))
    assert "Changed" in html and '<input type="hidden" name="overwrite" value="on">' in html
    assert "<del>Mine</del>" in html and "<ins>Live call</ins>" in html
    done = text(browser.post(page, {"overwrite": "on"}, follow=True))
    assert "Copied nothing, updated 1 event type, removed nothing." in done
    assert "The sandbox has what live has." in text(browser.get(page))


def test_what_live_no_longer_has_is_removed_if_asked(browser, owner, sandbox):
    with live_mode():
        call = EventTypeFactory(organization=owner, name="Live call", slug="live-call")
    browser.post(f"{PAGE}/clone")
    with live_mode():
        call.delete()

    assert "Gone" in text(browser.get(f"{PAGE}/clone"))
    assert "Removed" in text(browser.get(f"{PAGE}/clone?prune=on"))
    browser.post(f"{PAGE}/clone", {"prune": "on"})

    with sandbox_mode():
        assert not EventType.objects.filter(slug="live-call").exists()


# --- snapshots


def test_a_snapshot_is_taken_restored_and_deleted(browser, owner, sandbox):
    taken = text(browser.post(f"{PAGE}/snapshots", {"name": "before-import"}, follow=True))
    assert "Took before-import:" in taken and "3 bookings" in taken
    with sandbox_mode():
        owner.bookings.all().delete()

    address = f"{PAGE}/snapshots/before-import"
    assert "Restore this snapshot?" in text(browser.get(f"{address}/restore"))
    with sandbox_mode():
        assert not owner.bookings.exists()
    assert "made 3 bookings" in text(browser.post(f"{address}/restore", follow=True))
    with sandbox_mode():
        assert owner.bookings.count() == 3

    browser.post(f"{address}/delete")
    assert not snapshots.snapshots(owner).exists()
    assert browser.get(f"{address}/restore").status_code == 404


@pytest.mark.parametrize("name", ["", "a b", "x" * 64, "../etc"])
def test_a_name_that_is_none_takes_no_snapshot(browser, owner, sandbox, name):
    answer = text(browser.post(f"{PAGE}/snapshots", {"name": name}, follow=True))

    assert 'role="alert"' in answer and not snapshots.snapshots(owner).exists()


def test_a_second_snapshot_of_a_name_is_refused(browser, owner, sandbox):
    for _ in range(2):
        answer = browser.post(f"{PAGE}/snapshots", {"name": "mine"}, follow=True)

    assert "There is a snapshot" in text(answer)


def test_snapshots_of_others_are_not_found(browser, sandbox, other_owner):
    lifecycle.activate(other_owner)
    snapshots.snapshot(other_owner, name="theirs")

    assert "theirs" not in text(browser.get(PAGE))
    for action in ("restore", "delete"):
        address = f"{PAGE}/snapshots/theirs/{action}"
        assert browser.get(address).status_code == browser.post(address).status_code == 404
    assert snapshots.snapshots(other_owner).exists()
