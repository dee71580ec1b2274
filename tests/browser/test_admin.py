"""What the staff of a site does in the admin."""

import re

import pytest

from tests.browser.calling import CARD, activate, book, sent, with_key
from tests.browser.people import expect, expect_mode, row, sign_in, switch
from tests.contrib.webhooks.receiver import receiving

with_and_without_scripts = pytest.mark.parametrize(
    "page", [True, False], ids=["scripts", "no-scripts"], indirect=True
)


@pytest.fixture
def page(request, open_page):
    """On a desk's screen; with scripts, unless a test asks for none."""
    return open_page(java_script_enabled=getattr(request, "param", True))


def own_row(page, person):
    """The row of the person's organization, found in the list by what it is called."""
    return row(page, person["organization"]).filter(
        has=page.get_by_text(person["organization"], exact=True)
    )


def open_sandbox(page, person):
    """The page of the person's sandbox, by the list of all."""
    page.goto("/admin/django_sandbox/sandbox/")
    own_row(page, person).get_by_role("link").first.click()


def press(page, label):
    """Open a step from an object's buttons, and be asked."""
    page.get_by_role("navigation", name="What can be done").get_by_role(
        "link", name=label, exact=True
    ).click()
    expect(page.get_by_role("heading", name=label)).to_be_visible()


@with_and_without_scripts
def test_each_mode_has_lists_of_its_own(page, superuser):
    sign_in(page, superuser, "/admin/")
    expect_mode(page, "live")
    page.goto("/admin/scheduling/eventtype/")
    expect(row(page, "Strategy Session").first).to_be_visible()
    expect(row(page, "Test Event")).to_have_count(0)

    switch(page, "test")
    expect(page).to_have_url(re.compile("/admin/scheduling/eventtype/$"))
    expect(row(page, "Test Event").first).to_be_visible()
    expect(row(page, "Strategy Session").filter(has_text=superuser["organization"])).to_have_count(
        0
    )


@with_and_without_scripts
def test_what_is_made_in_test_mode_is_not_in_live(page, superuser):
    name = f"Onboarding of {superuser['organization']}"
    sign_in(page, superuser, "/admin/")
    switch(page, "test")
    page.goto("/admin/scheduling/eventtype/add/")
    expect_mode(page, "test")
    page.get_by_label("Organization").select_option(superuser["organization"])
    page.get_by_label("Name").fill(name)
    page.get_by_label("Slug").fill("onboarding")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(row(page, name)).to_be_visible()

    switch(page, "live")
    expect(row(page, name)).to_have_count(0)


def test_a_switch_on_the_page_of_one_row_leads_to_the_list(page, superuser):
    sign_in(page, superuser, "/admin/")
    switch(page, "test")
    page.goto("/admin/scheduling/eventtype/")
    row(page, "Test Event").first.get_by_role("link").first.click()
    expect(page.get_by_label("Slug")).to_have_value("test-event")

    switch(page, "live")
    expect(page).to_have_url(re.compile("/admin/scheduling/eventtype/$"))
    expect(row(page, "Strategy Session").first).to_be_visible()


def test_the_window_that_picks_a_row_is_of_the_same_mode(page, superuser):
    sign_in(page, superuser, "/admin/")
    switch(page, "test")
    page.goto("/admin/scheduling/booking/add/")
    offered = page.get_by_role("combobox", name=re.compile("^Event type"))
    expect(offered).to_contain_text("Test Event")
    expect(offered).not_to_contain_text("Strategy Session")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Add another event type").click()
    expect(opened.value.get_by_role("status").filter(has_text="Test mode")).to_be_visible()


def test_a_key_is_shown_once_and_works(page, superuser, site):
    activate(site, superuser)
    sign_in(page, superuser, "/admin/")
    page.goto("/admin/django_sandbox/apikey/add/")
    page.get_by_label("Owner").select_option(superuser["organization"])
    page.get_by_label("Name").fill("From the admin")
    page.get_by_label("Environment").select_option("test")
    page.get_by_role("button", name="Save", exact=True).click()
    raw_key = page.get_by_text(re.compile(r"^acme_test_\w{40,}$")).inner_text()

    with with_key(site, raw_key) as client:
        answer = client.get("/v1/bookings")
    assert (answer.status_code, answer.headers["X-Mode"]) == (200, "test")

    page.get_by_role("button", name="Done").click()
    expect(page.get_by_text("From the admin").first).to_be_visible()
    assert raw_key not in page.content()


@with_and_without_scripts
def test_reset_says_what_goes_and_does_it(page, superuser, site):
    with with_key(site, activate(site, superuser)) as client:
        book(client)
    sign_in(page, superuser, "/admin/")
    open_sandbox(page, superuser)
    press(page, "Reset")
    counts = page.get_by_role("table", name="Rows deleted")
    expect(counts.get_by_role("row", name=re.compile("bookings", re.I))).to_contain_text("4")
    page.get_by_role("button", name="Reset").click()

    done = page.locator(".messagelist .success")
    expect(done).to_contain_text(re.compile("Deleted: .*4 bookings.* Made: .*3 bookings"))


def test_a_clone_shows_its_diff_first(page, superuser, site):
    activate(site, superuser)
    sign_in(page, superuser, "/admin/")
    open_sandbox(page, superuser)
    press(page, "Clone from live")
    diff = page.get_by_role("table", name=re.compile("Row by row"))
    line = diff.get_by_role("row").filter(has_text="Strategy Session")
    expect(line).to_contain_text("added")
    page.get_by_role("button", name="Clone from live").click()
    expect(page.locator(".messagelist .success")).to_contain_text("added")

    with with_key(site, superuser["live_key"]) as live:
        (made,) = sent(live.get("/v1/event-types"))["results"]
        sent(live.patch(f"/v1/event-types/{made['id']}", json={"duration_minutes": 45}))
    press(page, "Clone from live")
    expect(line).to_contain_text("60 → 45")


def test_a_webhook_is_sent_again(page, superuser, site):
    test_key = activate(site, superuser)
    sign_in(page, superuser, "/admin/")
    with receiving() as receiver, with_key(site, test_key) as client:
        sent(client.post("/v1/webhook-endpoints", json={"url": receiver.url}))
        book(client)
        (first,) = receiver.wait_for(1)
        page.goto("/admin/sandbox_webhooks/delivery/")
        row(page, receiver.url).get_by_role("checkbox").check()
        page.locator("select[name=action]").select_option(label="Resend the selected deliveries")
        page.get_by_role("button", name=re.compile("^(Go|Run)")).click()
        expect(page.get_by_role("heading", level=1, name="Resend")).to_be_visible()
        page.get_by_role("button", name="Resend").click()
        expect(page.locator(".messagelist .success")).to_be_visible()
        assert receiver.wait_for(2)[1].id == first.id


def test_an_email_that_was_held_back_can_be_read(page, superuser, site):
    with with_key(site, activate(site, superuser)) as client:
        book(client, card=CARD)
    sign_in(page, superuser, "/admin/")
    page.goto("/admin/sandbox_effects/capturedeffect/")
    expect(row(page, "margaret@example.com")).to_have_count(0)

    switch(page, "test")
    own_row(page, superuser).filter(has_text="margaret@example.com").get_by_role(
        "link"
    ).first.click()
    expect(page.get_by_text("Hello Margaret Hamilton").first).to_be_visible()
