"""Banner, toggle and badge on a page of a site."""

import re
from html.parser import HTMLParser

import pytest
from django.template import Context, Template, TemplateSyntaxError

from django_sandbox import all_modes, lifecycle, live_mode, sandbox_mode
from django_sandbox.context import no_mode
from django_sandbox.models import ApiKey
from tests.testapp.models import Booking

SWITCH = "/sandbox/mode"
MANY = {"test": {}, **{f"team-{number}": {} for number in range(5)}}


def render(source, **values):
    return Template("{% load sandbox %}" + source).render(Context(values))


class Controls(HTMLParser):
    """What can be operated on a page, each with its attributes."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def all(self, tag):
        return [attributes for name, attributes in self.found if name == tag]


def next_of(html):
    (hidden,) = (c for c in Controls(html).all("input") if c["name"] == "next")
    return hidden["value"]


@pytest.mark.django_db
def test_what_a_page_shows(session, client, user):
    live = session.get("/page").text
    assert "Test mode" not in live
    assert 'value="live" data-mode="live" aria-pressed="true"' in live
    assert "csrfmiddlewaretoken" in live and next_of(live) == "/page"
    session.post(SWITCH, {"environment": "test"})
    test = session.get("/page?a=1").text
    assert 'role="status"' in test and "Test mode" in test
    assert 'value="test" data-mode="test" aria-pressed="true"' in test
    assert next_of(test) == "/page?a=1"
    assert "<form" not in client.get("/page").text
    user.user_permissions.clear()
    assert "<form" not in session.get("/page").text


@pytest.mark.django_db
def test_no_inline_style_and_no_script(session):
    session.post(SWITCH, {"environment": "test"})
    page = session.get("/page").text
    assert "<script" not in page and "style=" not in page and "<style" not in page
    assert not re.search(r"\son\w+=", page)


@pytest.mark.django_db
def test_the_stylesheet_is_linked_once(session, client):
    for environment in ("live", "test"):
        session.post(SWITCH, {"environment": environment})
        for _ in range(2):  # templates are compiled once and rendered often
            page = session.get("/page").text
            assert page.count("<link") == 1
            assert page.index("<link") < page.index("sandbox-")
    assert client.get("/page").text.count("<link") == 1  # the badge alone needs it


def test_the_stylesheet_in_the_head_is_enough():
    with sandbox_mode():
        html = render("<head>{% sandbox_styles %}</head>{% sandbox_banner %}{% sandbox_badge %}")
    assert html.count("<link") == 1 and html.index("<link") < html.index("</head>")


def test_where_nothing_is_shown_nothing_is_linked():
    with live_mode():
        assert render("{% sandbox_banner %}").strip() == ""
    with no_mode():
        assert render("{% sandbox_banner %}{% sandbox_badge %}").strip() == ""


@pytest.mark.django_db
def test_several_environments(session, sandbox_settings):
    sandbox_settings(ENVIRONMENTS={"test": {}, "ci": {}})
    session.post(SWITCH, {"environment": "ci"})
    response = session.get("/page")
    assert response["X-Environment"] == "ci"
    assert '(<bdi translate="no">ci</bdi>)' in response.text and 'value="test"' in response.text
    assert "Mode: ci</legend>" in response.text


@pytest.mark.django_db
def test_many_environments_are_a_list_that_needs_no_script(session, sandbox_settings, seeders):
    sandbox_settings(ENVIRONMENTS=MANY)
    session.post(SWITCH, {"environment": "team-3"})
    page = session.get("/page").text
    controls = Controls(page)
    assert controls.all("select") == [
        {"class": "sandbox-toggle-list", "name": "environment", "aria-label": "Mode"}
    ]
    offered = {option["value"]: "selected" in option for option in controls.all("option")}
    assert list(offered) == ["live", *MANY]
    assert [name for name, selected in offered.items() if selected] == ["team-3"]
    (button,) = controls.all("button")
    assert button["type"] == "submit" and "name" not in button
    assert "Mode: team-3</legend>" in page
    session.post(SWITCH, {"environment": "team-1", "next": next_of(page)})
    assert session.get("/page")["X-Environment"] == "team-1"


@pytest.mark.django_db
def test_a_host_of_one_environment_offers_that_one(session, sandbox_settings):
    sandbox_settings(ENVIRONMENTS={"test": {"hosts": ["sandbox-*"]}})
    page = session.get("/page", headers={"host": "sandbox-shop.example"}).text
    (button,) = Controls(page).all("button")
    assert (button["value"], button["aria-pressed"]) == ("test", "true")


@pytest.mark.django_db
def test_staff_without_an_owner_see_the_throwaway_that_they_are_in(admin_client, sandbox_settings):
    sandbox_settings(ENVIRONMENTS={"test": {}, "ci-*": {}})
    admin_client.post(SWITCH, {"environment": "ci-7"})
    page = admin_client.get("/page").text
    assert 'value="ci-7" data-mode="test" aria-pressed="true"' in page


# --- where a switch leads


@pytest.mark.django_db
def test_a_page_can_say_where_a_switch_leads(session):
    assert next_of(session.get("/page?next=/titles").text) == "/titles"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "address, referer, expected",
    [
        ("/sends", "http://testserver/page?a=1", "http://testserver/page?a=1"),
        ("/sends", "", ""),  # which leads to the site's first page
        ("/shows-and-takes", "http://testserver/page", "/shows-and-takes"),
    ],
)
def test_a_page_that_answers_a_form_leads_to_one_that_can_be_read(
    session, address, referer, expected
):
    page = session.post(address, headers={"referer": referer} if referer else {}).text
    assert next_of(page) == expected
    switched = session.post(SWITCH, {"environment": "test", "next": next_of(page)})
    assert session.get(switched["Location"]).status_code != 405


# --- the badge


def shown(html):
    mode = re.search(r'data-mode="(\w+)"', html)
    return mode and (mode[1], re.search(r"<bdi>(.*)</bdi>", html)[1])


def test_the_badge_tells_the_mode_of_the_page(sandbox_settings):
    sandbox_settings(ENVIRONMENTS={"test": {}, "ci": {}})
    for block, expected in (
        (live_mode(), ("live", "Live")),
        (sandbox_mode(), ("test", "Test")),
        (sandbox_mode("ci"), ("test", "ci")),
        (all_modes(), ("all", "All modes")),
    ):
        with block:
            assert shown(render("{% sandbox_badge %}")) == expected


@pytest.mark.django_db
def test_the_badge_tells_the_mode_of_a_row(owner):
    sandbox = lifecycle.activate(owner).sandbox
    with sandbox_mode():
        booking = Booking.objects.create(organization=owner)
    rows = [
        (booking, ("test", "Test")),
        (sandbox, ("test", "Test")),
        (ApiKey.objects.issue(owner)[0], ("live", "Live")),
        ("ci", ("test", "ci")),
        (owner, None),
        (None, None),
    ]
    with live_mode():
        for row, expected in rows:
            assert shown(render("{% sandbox_badge row %}", row=row)) == expected
        assert render("{% sandbox_badge missing %}").strip() == ""


def test_the_badge_is_heard_as_what_it_is():
    with sandbox_mode():
        html = render("{% sandbox_badge %}")
    assert re.sub(r"<[^>]+>", "", html).strip() == "Mode: Test"


def test_names_are_escaped():
    html = render("{% sandbox_badge name %}", name='<img src="x">')
    assert "<img" not in html


def test_the_toggle_without_a_request_says_what_is_missing():
    with pytest.raises(TemplateSyntaxError, match="context_processors.request"):
        render("{% sandbox_toggle %}")
