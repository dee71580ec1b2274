"""Plain Django views that API keys call."""

import pytest

from django_sandbox import live_mode
from django_sandbox.decorators import api_key_required
from django_sandbox.models import ApiKey
from tests.conftest import bearer
from tests.testapp.models import Booking

pytestmark = pytest.mark.django_db


@pytest.fixture
def booking(owner):
    with live_mode():
        return Booking.objects.create(organization=owner, title="live")


@pytest.mark.parametrize("address", ["/bookings", "/async-bookings"])
@pytest.mark.parametrize("scopes", [[], ["*"], ["bookings:*"], ["bookings:write", "bookings:read"]])
def test_a_key_with_the_scopes_passes(client, owner, booking, address, scopes):
    raw = ApiKey.objects.issue(owner, scopes=scopes)[1]
    assert client.get(f"{address}/{booking.pk}", headers=bearer(raw)).text == "live"


@pytest.mark.parametrize("address", ["/bookings", "/async-bookings"])
def test_without_a_key_it_is_401_whoever_asks(client, session, booking, address):
    for caller in (client, session):
        response = caller.get(f"{address}/{booking.pk}")
        assert (response.status_code, response.json()["code"]) == (401, "API_KEY_MISSING")
        assert response["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "address, scopes, lacks",
    [
        ("/bookings", ["bookings:write"], "bookings:read"),
        ("/async-bookings", ["bookings:read"], "bookings:write"),
    ],
)
def test_a_lesser_key_is_403(client, owner, booking, address, scopes, lacks):
    raw = ApiKey.objects.issue(owner, scopes=scopes)[1]
    response = client.get(f"{address}/{booking.pk}", headers=bearer(raw))
    assert (response.status_code, response.json()) == (
        403,
        {
            "code": "INSUFFICIENT_SCOPE",
            "message": f"This API key lacks the scope '{lacks}'. Use one that has it.",
        },
    )


def test_what_is_no_scope_is_said_when_the_view_is_defined():
    with pytest.raises(ValueError, match="is not a scope"):
        api_key_required("bookings")
