"""The bar of an admin page: who sees what, on which pages, whatever the site has overridden."""

import pytest
from django.contrib.auth.models import Permission
from django.template import engines

from django_sandbox import sandbox_mode
from tests.contrib.admin.conftest import SWITCH
from tests.testapp.models import Booking

pytestmark = pytest.mark.django_db

BANNER = 'class="sandbox-banner"'
SWITCHER = 'class="sandbox-toggle"'
BAR = "sandbox-admin-bar"


@pytest.fixture
def booking(owner):
    with sandbox_mode():
        return Booking.objects.create(organization=owner, title="Sample")


def pages(booking):
    own = f"/admin/testapp/booking/{booking.pk}"
    return [
        "/admin/",
        "/admin/testapp/",
        "/admin/testapp/booking/",
        "/admin/testapp/booking/add/",
        f"{own}/change/",
        f"{own}/history/",
        f"{own}/delete/",
        "/admin/testapp/booking/?_popup=1",
        "/admin/testapp/organization/add/?_popup=1&_to_field=id",
        "/admin/password_change/",
        "/admin/password_change/done/",
    ]


def test_every_page_has_both_once(in_test_mode, booking):
    for address in pages(booking):
        response = in_test_mode.get(address)
        assert response.status_code == 200, address
        assert response.text.count(BANNER) == response.text.count(SWITCHER) == 1, address


def test_pages_that_answer_a_post_too(in_test_mode, booking):
    selected = {"action": "delete_selected", "_selected_action": booking.pk}
    page = in_test_mode.post("/admin/testapp/booking/", selected).text
    assert page.count(BANNER) == page.count(SWITCHER) == 1 and "Sample" not in page.split(BAR)[0]
    page = in_test_mode.post("/admin/testapp/booking/add/", {}).text
    assert "errornote" in page and page.count(BANNER) == page.count(SWITCHER) == 1


def test_in_live_there_is_the_switcher_alone(admin_client):
    page = admin_client.get("/admin/").text
    assert BANNER not in page and page.count(SWITCHER) == 1
    assert f'action="{SWITCH}"' in page and "csrfmiddlewaretoken" in page


def test_it_stands_between_header_and_content(in_test_mode):
    page = in_test_mode.get("/admin/").text
    assert page.index('id="user-tools"') < page.index(BANNER) < page.index('id="content-start"')


def test_who_may_not_use_test_mode_sees_an_admin_as_ever(staff):
    client = staff("view_booking")
    assert BAR not in client.get("/admin/").text
    assert client.post(SWITCH, {"environment": "test"}).status_code == 403
    client = staff("view_booking", "use_test_mode", name="tester")
    assert SWITCHER in client.get("/admin/").text
    client.post(SWITCH, {"environment": "test"})
    assert BANNER in client.get("/admin/").text
    Permission.objects.get(codename="use_test_mode").user_set.clear()
    assert BAR not in client.get("/admin/").text  # and back in live mode


def test_signing_in_and_out(client, in_test_mode):
    assert BAR not in client.get("/admin/login/").text
    page = in_test_mode.post("/admin/logout/")
    assert "Logged out" in page.text and BAR not in page.text  # the choice went with the session


def test_on_a_host_of_test_mode_the_sign_in_page_says_so(client, sandbox_settings):
    sandbox_settings(ENVIRONMENTS={"test": {"hosts": ["sandbox.example"]}})
    page = client.get("/admin/login/", headers={"host": "sandbox.example"}).text
    assert BANNER in page and SWITCHER not in page


OWN_BLOCKS = ["extrastyle", "usertools", "branding", "messages", "nav-global", "footer"]


@pytest.mark.parametrize("block", [*OWN_BLOCKS, "header"])
def test_a_base_site_that_replaces_a_block(in_test_mode, own_template, block):
    own_template(
        "admin/base_site.html",
        f'{{% extends "admin/base.html" %}}{{% block {block} %}}<i>own</i>{{% endblock %}}',
    )
    for address in ("/admin/", "/admin/testapp/booking/?_popup=1"):
        page = in_test_mode.get(address).text
        assert page.count(BANNER) == page.count(SWITCHER) == 1
    assert "<i>own</i>" in in_test_mode.get("/admin/").text


def test_a_base_site_that_replaces_them_all(in_test_mode, own_template):
    blocks = (f"{{% block {name} %}}own{{% endblock %}}" for name in [*OWN_BLOCKS, "header"])
    own_template("admin/base_site.html", '{% extends "admin/base.html" %}' + "".join(blocks))
    for address in ("/admin/", "/admin/testapp/booking/?_popup=1"):
        page = in_test_mode.get(address).text
        assert page.count(BANNER) == page.count(SWITCHER) == 1


def test_a_base_that_extends_its_like(in_test_mode, own_template):
    own_template(
        "admin/base.html", '{% extends "admin/base.html" %}{% block footer %}f{% endblock %}'
    )
    assert in_test_mode.get("/admin/").text.count(BANNER) == 1


def test_a_base_of_its_own_with_the_tag(in_test_mode, own_template):
    own_template(
        "admin/base.html",
        "{% load sandbox_admin %}<body>{% sandbox_admin_bar %}{% block content %}{% endblock %}",
    )
    page = in_test_mode.get("/admin/").text
    assert page.startswith("<body>") and page.count(BANNER) == page.count(SWITCHER) == 1


def test_without_the_address_of_the_switch_there_is_no_switcher(in_test_mode, settings):
    settings.ROOT_URLCONF = "tests.contrib.admin.no_switch"
    page = in_test_mode.get("/admin/")
    assert page.status_code == 200 and BANNER in page.text and SWITCHER not in page.text


def test_without_the_request_in_the_context(in_test_mode, settings):
    options = {**settings.TEMPLATES[0]["OPTIONS"]}
    options["context_processors"] = [
        name for name in options["context_processors"] if not name.endswith(".request")
    ]
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "OPTIONS": options}]
    page = in_test_mode.get("/admin/").text
    assert page.count(BANNER) == page.count(SWITCHER) == 1


def test_a_page_without_a_request_or_a_mode():
    page = engines["django"].get_template("admin/invalid_setup.html")
    assert BAR not in page.render({"title": "Database error"})
    with sandbox_mode():
        text = page.render({"title": "Database error"})
    assert BANNER in text and SWITCHER not in text


def test_a_strict_content_security_policy_holds(in_test_mode):
    page = in_test_mode.get("/admin/").text
    bar = page[page.index(f'<div class="{BAR}') : page.index("</form>", page.index(SWITCHER))]
    assert not any(word in bar for word in ("<script", "<style", "style=", "onclick"))


def test_the_bar_asks_the_database_nothing(in_test_mode, django_assert_num_queries):
    in_test_mode.get("/admin/")
    with django_assert_num_queries(2):  # session and user
        in_test_mode.get("/admin/password_change/")
