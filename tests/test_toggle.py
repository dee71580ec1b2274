"""The toggle: the form view, and what it shows."""

import pytest
from django.contrib.messages import get_messages

from django_sandbox import lifecycle
from django_sandbox.models import Sandbox

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
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "", " "],
)
def test_the_way_back_stays_on_the_site(session, target):
    assert session.post(URL, {"environment": "live", "next": target})["Location"] == "/"


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


def test_what_a_page_shows(session, client, user):
    live = session.get("/page").content.decode()
    assert "Test mode" not in live
    assert 'value="live" data-mode="live" aria-pressed="true"' in live
    assert "csrfmiddlewaretoken" in live and 'name="next" value="/page"' in live
    session.post(URL, {"environment": "test"})
    test = session.get("/page?a=1").content.decode()
    assert 'role="status"' in test and "Test mode" in test
    assert 'value="test" data-mode="test" aria-pressed="true"' in test
    assert "<form" not in client.get("/page").content.decode()
    user.user_permissions.clear()
    assert "<form" not in session.get("/page").content.decode()


def test_no_inline_style_and_no_script(session):
    session.post(URL, {"environment": "test"})
    page = session.get("/page").content.decode()
    assert "<script" not in page and "style=" not in page and "<style" not in page
    assert "onclick" not in page


def test_several_environments(session, sandbox_settings):
    sandbox_settings(ENVIRONMENTS={"test": {}, "ci": {}})
    session.post(URL, {"environment": "ci"})
    response = session.get("/page")
    assert response["X-Environment"] == "ci"
    assert "(ci)" in response.text and 'value="test"' in response.text


def test_the_toggle_without_a_request_says_what_is_missing():
    from django.template import Context, Template, TemplateSyntaxError

    with pytest.raises(TemplateSyntaxError, match="context_processors.request"):
        Template("{% load sandbox %}{% sandbox_toggle %}").render(Context())
