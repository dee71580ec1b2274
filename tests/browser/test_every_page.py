"""Every page of the dashboard and the admin, in both modes, for all eyes and screens."""

import re

import pytest

from tests.browser.calling import activate, work
from tests.browser.crawling import pages_from
from tests.browser.looking import NARROW, faults, overflow, prepare
from tests.browser.people import banner, sign_in, switch

# In the admin: our models, and one of the site's for all.
OURS = re.compile(
    r"/admin/$|/(django_sandbox|sandbox_\w+|scheduling/booking)/(?!.*(history|delete)/$)"
)


@pytest.mark.parametrize("mode", ["live", "test"])
@pytest.mark.parametrize(
    ("start", "least", "elsewhere"),
    [
        pytest.param("/", 15, ["^/v1/", "^/admin/"], id="dashboard"),
        pytest.param("/admin/", 50, ["^/v1/", "^/$"], id="admin"),
    ],
)
def test_every_page(start, least, elsewhere, mode, page, superuser, site):
    """Banner in test mode only, and nothing on the console; and whatever ``faults`` looks for.

    Pages that are all Django's own but for the bar are looked at on a narrow screen only.
    """
    work(site, activate(site, superuser))
    sign_in(page, superuser, start)
    if mode == "test":
        switch(page, "test")
    prepare(page)
    wrong, visited = [], 0
    for address in pages_from(page, start, leave_out=elsewhere):
        if start == "/" or (mode == "test" and OURS.search(address)):
            found = faults(page)
        else:
            found = overflow(page, NARROW)
        if banner(page).count() != (mode == "test"):
            found.append(f"the banner, in {mode} mode: {banner(page).count()}")
        wrong += [f"{address}: {fault}" for fault in found]
        visited += 1
    assert not wrong, "\n".join(wrong)
    assert visited >= least
