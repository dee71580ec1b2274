"""The toggle of a session: who may switch, for how long, and where the switch leads."""

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.test.utils import override_script_prefix

from django_sandbox import lifecycle
from django_sandbox.models import Sandbox
from tests.conftest import bearer

pytestmark = pytest.mark.django_db
URL = "/sandbox/mode"


def test_choosing_test_mode_activates_and_seeds(session, owner):
    response = session.post(URL, {"environment": "test", "next": "/titles"})
    assert (response.status_code, response["Location"]) == (302, "/titles")
    assert Sandbox.objects.get(owner=owner).is_active
    response = session.get("/titles")
    assert response["X-Mode"] == "test" and len(response.json()["titles"]) == 3
    session.post(URL, {"environment": "live"})
    assert session.get("/titles")["X-Mode"] == "live"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "HTTPS://EVIL.EXAMPLE",
        "//evil.example",
        "///evil.example",
        "////evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "\\/evil.example",
        "https:evil.example",
        "https:/evil.example",
        "http:///evil.example",
        "https://testserver@evil.example/",
        "https://testserver.evil.example/",
        "http://testserver:81/titles",
        "javascript:alert(1)",
        "JavaScript://testserver/%0aalert(1)",
        "data:text/html,x",
        "/\t/evil.example",
        "\x08//evil.example",
        "\x00/titles",
        "http://[evil/",
        "/" + "a" * 3000,
        "/" + "\N{EURO SIGN}" * 2000,
        "",
        " ",
    ],
)
def test_the_way_back_stays_on_the_site(session, target):
    assert session.post(URL, {"environment": "live", "next": target})["Location"] == "/"


@pytest.mark.parametrize(
    "target, location",
    [
        ("/titles", "/titles"),
        ("/titles?a=1&next=//evil.example", "/titles?a=1&next=//evil.example"),
        ("http://testserver/titles", "http://testserver/titles"),
        ("/nowhere", "/nowhere"),
        ("/b\N{LATIN SMALL LETTER U WITH DIAERESIS}cher?q=a b", "/b%C3%BCcher?q=a%20b"),
        ("/a\r\nSet-Cookie: a=b", "/a%0D%0ASet-Cookie:%20a=b"),
    ],
)
def test_the_way_back_leads_to_the_page(session, target, location):
    response = session.post(URL, {"environment": "live", "next": target})
    assert (response.status_code, response["Location"]) == (302, location)
    assert "Set-Cookie" not in response


@pytest.mark.parametrize("target", [URL, f"{URL}?x=1", "/sandbox/%6Dode", "mode", "?x", "/sends"])
def test_the_way_back_is_no_page_that_takes_forms_only(session, target):
    assert session.post(URL, {"environment": "live", "next": target})["Location"] == "/"


def test_under_a_prefix_the_sites_first_page_is_there(session):
    there = {"SCRIPT_NAME": "/shop"}  # the server hands both on; the test client one
    with override_script_prefix("/shop/"):
        for target, location in (("", "/shop/"), ("/shop/sends", "/shop/"), ("/shop/a", "/shop/a")):
            response = session.post(URL, {"environment": "live", "next": target}, **there)
            assert response["Location"] == location


def test_the_way_back_of_a_secure_site_is_secure(session):
    secure = {"environment": "live", "next": "http://testserver/titles"}
    assert session.post(URL, secure, secure=True)["Location"] == "/"


def test_only_by_post_with_a_csrf_token(session, user):
    assert session.get(URL).status_code == 405
    strict = type(session)(enforce_csrf_checks=True)
    strict.force_login(user)
    assert strict.post(URL, {"environment": "test"}).status_code == 403
    assert strict.get("/titles")["X-Mode"] == "live"


def test_without_the_permission(session, user, client):
    user.user_permissions.clear()
    assert session.post(URL, {"environment": "test"}).status_code == 403
    assert client.post(URL, {"environment": "test"}).status_code == 403
    assert not Sandbox.objects.exists()


def test_one_tab_switches_for_all_of_the_session_and_for_no_other(session, user):
    other = Client()
    other.force_login(user)
    session.post(URL, {"environment": "test"})
    assert session.get("/titles")["X-Mode"] == "test"
    assert other.get("/titles")["X-Mode"] == "live"


def test_logging_out_ends_test_mode_for_good(session, user):
    session.post(URL, {"environment": "test"})
    session.logout()
    assert session.get("/titles")["X-Mode"] == "live"
    session.force_login(user)
    assert session.get("/titles")["X-Mode"] == "live"


def test_a_new_session_key_keeps_the_choice_of_its_user(session, user):
    session.post(URL, {"environment": "test"})
    before = session.session.session_key
    session.force_login(user)  # as one who enters the password again
    store = session.session
    store.cycle_key()
    session.cookies["sessionid"] = store.session_key
    assert store.session_key != before
    assert session.get("/titles")["X-Mode"] == "test"


def test_signing_in_as_somebody_else_inherits_nothing(session, admin_user):
    session.post(URL, {"environment": "test"})
    session.force_login(admin_user)
    assert session.get("/titles")["X-Mode"] == "live"
    assert "django_sandbox_environment" not in session.session


def test_a_session_that_changes_hands_without_signing_in_inherits_nothing(
    session, user, admin_user, settings
):
    """Users known by a header (single sign-on) share the session of a browser."""
    settings.MIDDLEWARE = [
        "tests.testapp.middleware.user_by_header" if "AuthenticationMiddleware" in name else name
        for name in settings.MIDDLEWARE
    ]
    browser = Client()

    def mode_of(who):
        return browser.get("/titles", headers={"x-user": who.username})["X-Mode"]

    browser.post(URL, {"environment": "test"}, headers={"x-user": user.username})
    assert [mode_of(who) for who in (user, admin_user, user)] == ["test", "live", "test"]


def test_the_permission_coming_back_does_not_bring_test_mode_back(session, user):
    session.post(URL, {"environment": "test"})
    permissions = list(user.user_permissions.all())
    user.user_permissions.clear()
    assert session.get("/titles")["X-Mode"] == "live"
    user.user_permissions.set(permissions)
    assert session.get("/titles")["X-Mode"] == "live"


def test_a_request_with_a_key_leaves_the_sessions_choice_alone(session, live_key):
    session.post(URL, {"environment": "test"})
    assert session.get("/titles", headers=bearer(live_key))["X-Mode"] == "live"
    assert session.get("/titles")["X-Mode"] == "test"


def test_a_host_of_one_environment_cannot_be_switched(session, sandbox_settings):
    sandbox_settings(ENVIRONMENTS={"test": {"hosts": ["sandbox-*"]}, "ci": {}})
    there = {"host": "sandbox-shop.example"}
    response = session.post(URL, {"environment": "ci"}, headers=there)
    assert "serves one environment only" in str(next(iter(get_messages(response.wsgi_request))))
    session.post(URL, {"environment": "ci"})
    assert session.get("/titles", headers=there)["X-Environment"] == "test"
    assert session.get("/titles")["X-Environment"] == "ci"


def test_sample_data_that_fails_is_told_without_the_sites_inside(session, seeders):
    def broken(owner):
        raise LookupError("secret")

    seeders["shop.seeds.broken"] = broken
    response = session.post(URL, {"environment": "test", "next": "/page"})
    (message,) = map(str, get_messages(response.wsgi_request))
    assert (response["Location"], message) == (
        "/page",
        "The sample data could not be made. The sandbox is as it was before.",
    )
    assert session.get("/titles")["X-Mode"] == "live"


def test_without_messages_a_refusal_is_answered_with_its_status(session, settings):
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "messages" not in name]
    response = session.post(URL, {"environment": "nope"})
    assert (response.status_code, response.json()["code"]) == (400, "UNKNOWN_ENVIRONMENT")


def test_with_a_key_there_is_no_session_to_switch(session, live_key):
    headers = {"authorization": f"Bearer {live_key}"}
    assert session.post(URL, {"environment": "test"}, headers=headers).status_code == 403


@pytest.mark.parametrize("name", ["nope", ""])
def test_an_unknown_environment_is_refused_with_a_message(session, name):
    response = session.post(URL, {"environment": name})
    assert response.status_code == 302
    assert "not a test environment" in str(next(iter(get_messages(response.wsgi_request))))
    assert session.get("/titles")["X-Mode"] == "live"


def test_a_deactivated_sandbox_is_refused(session, owner):
    lifecycle.activate(owner)
    lifecycle.deactivate(owner)
    response = session.post(URL, {"environment": "test"})
    assert "not active" in str(next(iter(get_messages(response.wsgi_request))))
    assert session.get("/titles")["X-Mode"] == "live"


def test_auto_activate_off_wants_it_activated_first(session, owner, sandbox_settings):
    sandbox_settings(AUTO_ACTIVATE=False)
    session.post(URL, {"environment": "test"})
    assert session.get("/titles")["X-Mode"] == "live"
    lifecycle.activate(owner)
    session.post(URL, {"environment": "test"})
    assert session.get("/titles")["X-Mode"] == "test"


def test_staff_without_an_owner_may_choose_test_mode(admin_client):
    admin_client.post(URL, {"environment": "test"})
    assert admin_client.get("/titles")["X-Mode"] == "test"
    assert not Sandbox.objects.exists()
