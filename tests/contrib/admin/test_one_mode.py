"""All that a page of the admin shows besides its object: one mode's rows, in either direction."""

import datetime

import pytest

from django_sandbox import live_mode, sandbox_mode
from tests.contrib.admin.conftest import SWITCH
from tests.testapp.models import Booking, EventType, Everything, Invoice, Log, Tag

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.contrib.admin.own_site")]

SITE = "/back-office/testapp"
MODES = {"live": live_mode, "test": sandbox_mode}


class World:
    """The rows of one mode, each with the mode in its name."""

    def __init__(self, owner, mode):
        self.mode, self.name = mode, f"{mode}-only"
        with MODES[mode]():
            self.tag = Tag.objects.create(organization=owner, name=f"tag-{self.name}")
            self.event_type = EventType.objects.create(
                organization=owner, name=f"type-{self.name}", slug=f"slug-{self.name}"
            )
            self.booking = Booking.objects.create(
                organization=owner,
                event_type=self.event_type,
                title=f"booking-{self.name}",
                price=7 if mode == "live" else 9,
            )
            self.booking.tags.add(self.tag)
            self.invoice = Invoice.objects.create(booking=self.booking)
            year = 2001 if mode == "live" else 2002
            Everything.objects.create(organization=owner, date=datetime.date(year, 5, 1))


@pytest.fixture(autouse=True)
def readable(monkeypatch):
    """Rows say their names, as a site's do, so that a page that shows one can be told."""
    monkeypatch.setattr(Booking, "__str__", lambda self: self.title)
    monkeypatch.setattr(EventType, "__str__", lambda self: self.name)
    monkeypatch.setattr(Tag, "__str__", lambda self: self.name)
    monkeypatch.setattr(Invoice, "__str__", lambda self: f"invoice of {self.booking}")


@pytest.fixture(params=["live", "test"])
def own(request, owner):
    return World(owner, request.param)


@pytest.fixture
def other(own, owner):
    return World(owner, "test" if own.mode == "live" else "live")


@pytest.fixture
def client(admin_client, own, other):
    admin_client.post(SWITCH, {"environment": own.mode})
    return admin_client


def get(client, address, status=200):
    response = client.get(f"{SITE}{address}")
    assert response.status_code == status, address
    return response.text


def test_lists(client, own, other):
    page = get(client, "/booking/")
    assert own.booking.title in page and own.event_type.name in page
    assert other.name not in page
    assert "1 booking" in page and "tag-" + own.name in page  # the filter of tags
    page = get(client, "/booking/?_facets=True")
    assert "(1)" in page and other.name not in page
    for query in (f"q={other.booking.title}", f"event_type__id__exact={other.event_type.pk}"):
        assert "0 bookings" in get(client, f"/booking/?{query}")
    page = get(client, "/invoice/")
    assert own.booking.title in page and other.name not in page


def test_a_shared_models_list_searched_and_filtered_by_sandboxed_rows(client, own, other):
    page = get(client, "/organization/")
    assert own.booking.title in page and other.name not in page  # the filter's choices
    assert "1 organization" in get(client, f"/organization/?q={own.booking.title}")
    assert "0 organizations" in get(client, f"/organization/?q={other.booking.title}")
    assert "1 organization" in get(client, f"/organization/?bookings__id__exact={own.booking.pk}")
    assert "0 organ" in get(client, f"/organization/?bookings__id__exact={other.booking.pk}")
    assert "0 organ" in get(client, f"/organization/?event_types__slug={other.event_type.slug}")


def test_date_hierarchy(client, own, other):
    page = get(client, "/everything/")
    years = {"live": "2001", "test": "2002"}
    assert years[own.mode] in page and years[other.mode] not in page


def test_forms_and_inlines(client, own, other, owner):
    page = get(client, f"/booking/{own.booking.pk}/change/")
    assert own.tag.name in page and other.name not in page
    assert other.name not in get(client, "/booking/add/")
    assert other.name not in get(client, f"/booking/add/?event_type={other.event_type.pk}")
    page = get(client, f"/organization/{owner.pk}/change/")
    assert own.booking.title in page and other.name not in page  # inlines
    assert 'name="bookings-INITIAL_FORMS" value="1"' in page


def test_raw_ids_do_not_say_what_the_other_mode_calls_it(client, own, other):
    page = get(client, f"/invoice/add/?booking={own.booking.pk}")
    assert own.booking.title in page
    assert other.booking.title not in get(client, f"/invoice/add/?booking={other.booking.pk}")
    response = client.post(f"{SITE}/invoice/add/", {"booking": other.booking.pk})
    nowhere = client.post(f"{SITE}/invoice/add/", {"booking": 999_999})
    assert "errorlist" in response.text and other.name not in response.text
    there = response.text.replace(str(other.booking.pk), "").replace("999999", "")
    assert "valid choice" in there and "valid choice" in nowhere.text


def test_autocomplete(client, own, other):
    source = "app_label=testapp&model_name=booking&field_name=event_type"
    for term, found in (("", 1), (own.event_type.name, 1), (other.event_type.name, 0)):
        answer = client.get(f"/back-office/autocomplete/?{source}&term={term}")
        assert [r["text"] for r in answer.json()["results"]] == [own.event_type.name] * found
    # From a shared model too.
    source = "app_label=testapp&model_name=log&field_name=booking"
    answer = client.get(f"/back-office/autocomplete/?{source}&term={other.booking.title}")
    assert answer.json()["results"] == []
    page = client.get(f"/back-office/autocomplete/?{source}&page=2")
    assert page.status_code == 404


def test_a_shared_row_that_points_into_the_other_mode(client, other):
    """A check asks sites not to have such keys; the admin shows the id at most."""
    with MODES[other.mode]():
        log = Log.objects.create(booking=other.booking, text="note")
    assert other.name not in get(client, f"/log/{log.pk}/change/")


def test_inline_posts_of_the_other_modes_keys(client, own, other, owner):
    def post(pk):
        form = {"name": owner.name, "bookings-TOTAL_FORMS": 1, "bookings-INITIAL_FORMS": 1}
        form |= {"bookings-0-id": pk, "bookings-0-organization": owner.pk}
        form |= {"bookings-0-title": "Taken over", "bookings-0-event_type": own.event_type.pk}
        return client.post(f"{SITE}/organization/{owner.pk}/change/", form)

    there, nowhere = post(other.booking.pk), post(999_999)
    assert there.status_code == nowhere.status_code == 200
    for response in (there, nowhere):
        formset = response.context["inline_admin_formsets"][0].formset
        assert not formset.is_valid() and other.name not in response.text
    with MODES[other.mode]():
        assert Booking.objects.get(pk=other.booking.pk).title == other.booking.title
    assert post(own.booking.pk).status_code == 302
    # A parent of the other mode is nowhere, whatever is posted to it.
    page = f"{SITE}/booking/{other.booking.pk}/change/"
    assert client.post(page, {"_saveasnew": "1", "title": "x"}).status_code == 404


def test_list_editable_and_actions_with_the_other_modes_keys(client, own, other):
    form = {"form-TOTAL_FORMS": 1, "form-INITIAL_FORMS": 1, "_save": "Save"}
    form |= {"form-0-id": other.booking.pk, "form-0-title": "Taken over", "form-0-price": 1}
    client.post(f"{SITE}/booking/", form)
    action = {"action": "delete_selected", "_selected_action": [other.invoice.pk], "post": "yes"}
    client.post(f"{SITE}/invoice/", action)
    across = {"action": "delete_selected", "_selected_action": [own.invoice.pk]}
    page = client.post(f"{SITE}/invoice/", {**across, "select_across": "1", "index": "0"}).text
    assert own.booking.title in page and other.name not in page
    client.post(f"{SITE}/invoice/", {**across, "select_across": "1", "post": "yes"})
    with MODES[other.mode]():
        assert Invoice.objects.count() == 1
        assert Booking.objects.get().title == other.booking.title
    with MODES[own.mode]():
        assert not Invoice.objects.exists()


def test_delete_confirmation_of_a_shared_row(client, own, other, owner):
    page = get(client, f"/organization/{owner.pk}/delete/")
    assert own.booking.title in page and other.name not in page


def test_related_objects_in_pop_ups(client, own, other):
    page = get(client, "/booking/?_popup=1&_to_field=id")
    assert own.booking.title in page and other.name not in page
    get(client, f"/eventtype/{other.event_type.pk}/change/?_popup=1&_to_field=id", status=404)
    get(client, f"/eventtype/{other.event_type.pk}/delete/?_popup=1&_to_field=id", status=404)


def test_view_on_site(client, own, other):
    from django.contrib.contenttypes.models import ContentType

    kind = ContentType.objects.get_for_model(Booking).pk
    for pk in (other.booking.pk, 999_999):
        assert client.get(f"/back-office/r/{kind}/{pk}/").status_code == 404
