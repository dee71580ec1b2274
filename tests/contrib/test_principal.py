"""``request.user`` of a request with a key, before all that asks something of a user."""

import copy
import logging
import pickle

import pytest
from asgiref.sync import async_to_sync
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db import models
from django.template import engines
from django.test import AsyncClient
from rest_framework import permissions, serializers
from rest_framework.throttling import UserRateThrottle

from django_sandbox import lifecycle, live_mode, sandbox_mode
from django_sandbox.contrib.rest_framework import ApiKeyPrincipal
from django_sandbox.models import ApiKey
from tests.conftest import bearer
from tests.testapp import views
from tests.testapp.models import Booking, Note

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("seeders")]


@pytest.fixture
def key(owner):
    return ApiKey.objects.issue(owner, environment="test")[0]


@pytest.fixture
def principal(key):
    return ApiKeyPrincipal(key)


def principal_with(owner, *scopes):
    return ApiKeyPrincipal(ApiKey.objects.issue(owner, scopes=scopes)[0])


# --- identity


def test_it_is_no_user(principal, user):
    assert not isinstance(principal, (get_user_model(), AnonymousUser))
    assert principal != user and user != principal and AnonymousUser() != principal
    assert (principal.is_authenticated, principal.is_anonymous, principal.is_active) == (
        True,
        False,
        True,
    )
    assert not principal.is_staff and not principal.is_superuser


@pytest.mark.parametrize("field", [models.BigAutoField, models.UUIDField, models.IntegerField])
def test_its_pk_is_no_users(principal, field):
    with pytest.raises(ValidationError):
        field(primary_key=True).to_python(principal.pk)
    with pytest.raises(ValueError, match="expected a number"):
        get_user_model().objects.filter(pk=principal.pk).exists()
    assert principal.id == principal.pk == f"api_key:{principal.api_key.pk}"


def test_equality_and_hash(principal, key, owner):
    same, other = ApiKeyPrincipal(ApiKey.objects.get(pk=key.pk)), principal_with(owner)
    assert principal == same and hash(principal) == hash(same) and principal != other
    assert {principal: 1}[same] == 1
    assert principal != principal.pk


def test_copies(principal):
    for again in (pickle.loads(pickle.dumps(principal)), copy.copy(principal)):
        assert again == principal and again.owner == principal.owner


def test_logged_it_names_the_key_and_no_secret(owner, caplog):
    api_key, raw = ApiKey.objects.issue(owner)
    principal = ApiKeyPrincipal(api_key)
    with caplog.at_level(logging.INFO):
        logging.getLogger("site").info("%s did this, %r", principal, principal)
    named = f"{api_key.prefix}…{api_key.last_four}"
    assert f"{named} did this, <ApiKeyPrincipal: {named}>" in caplog.text
    assert raw not in caplog.text and api_key.digest not in caplog.text


def test_it_asks_the_database_nothing(key, django_assert_num_queries, owner, client):
    raw = ApiKey.objects.issue(owner)[1]
    client.get("/api/me", headers=bearer(raw))
    with django_assert_num_queries(1):  # the key with its owner, in the middleware
        client.get("/api/me", headers=bearer(raw))


# --- permissions


@pytest.mark.parametrize(
    "scopes, permission, allowed",
    [
        ([], "testapp.view_booking", True),
        ([], "testapp.delete_booking", True),
        (["bookings:read"], "testapp.view_booking", True),
        (["bookings:read"], "testapp.change_booking", False),
        (["bookings:write"], "testapp.add_booking", True),
        (["bookings:*"], "testapp.publish_booking", True),
        (["event_types:*"], "testapp.view_eventtype", True),
        (["event_types:*"], "testapp.view_booking", False),
        # Not the customers' own: whatever the key says of itself.
        ([], "testapp.view_organization", False),
        (["users:write", "*"], "auth.change_user", False),
        (["api_keys:write"], "django_sandbox.add_apikey", False),
        ([], "django_sandbox.use_test_mode", False),
        ([], "testapp.view_nothing", False),
        ([], "nonsense", False),
        ([], "", False),
        ([], "a.b.c", False),
    ],
)
def test_permissions_are_scopes(owner, scopes, permission, allowed):
    principal = principal_with(owner, *scopes)
    assert principal.has_perm(permission) is allowed
    assert principal.has_perms([permission]) is allowed


def test_permissions_on_an_object_are_the_owners(owner, other_owner):
    principal = principal_with(owner)
    with live_mode():
        own = Booking.objects.create(organization=owner)
        theirs = Booking.objects.create(organization=other_owner)
        nobodys = Note(content_object=own)
    assert principal.has_perm("testapp.change_booking", own)
    assert not principal.has_perm("testapp.change_booking", theirs)
    assert not principal.has_perm("testapp.change_note", nobodys)
    assert not principal.has_perm("testapp.change_booking", owner)
    assert not principal_with(owner, "bookings:read").has_perm("testapp.change_booking", own)


def test_permissions_on_an_app(owner):
    assert principal_with(owner).has_module_perms("testapp")
    assert principal_with(owner, "bookings:read").has_module_perms("testapp")
    assert not principal_with(owner, "elsewhere:read").has_module_perms("testapp")
    assert not principal_with(owner).has_module_perms("auth")


def test_drfs_object_permissions(client, owner, other_owner, session):
    def statuses(raw, booking):
        address = f"/api/object-permissioned/{booking.pk}"
        return [
            client.generic(method, address, headers=bearer(raw)).status_code
            for method in ("GET", "PATCH", "DELETE")
        ]

    with live_mode():
        own = Booking.objects.create(organization=owner)
        theirs = Booking.objects.create(organization=other_owner)
    reads = ApiKey.objects.issue(owner, scopes=["bookings:read"])[1]
    both = ApiKey.objects.issue(owner, scopes=["bookings:*"])[1]
    # 403 where the object may be seen, 404 where it may not: DRF's rule.
    assert statuses(reads, own) == [200, 403, 403]
    assert statuses(both, theirs) == [404, 404, 404]
    assert statuses(both, own) == [200, 200, 204]
    assert session.get(f"/api/object-permissioned/{theirs.pk}").status_code == 403


def test_a_key_opens_no_staff_view(client, live_key):
    for method in ("GET", "POST"):
        answer = client.generic(method, "/api/organizations", headers=bearer(live_key))
        assert answer.status_code == 403


@pytest.mark.parametrize(
    "permission, status",
    [
        (permissions.IsAuthenticated, 200),
        (permissions.IsAuthenticatedOrReadOnly, 200),
        (permissions.IsAdminUser, 403),
    ],
)
def test_drfs_other_permissions(client, live_key, monkeypatch, permission, status):
    monkeypatch.setattr(views.WhoAmI, "permission_classes", [permission])
    assert client.get("/api/me", headers=bearer(live_key)).status_code == status


# --- what else asks for a user


def test_drfs_throttle_counts_by_key(rf, principal, owner):
    throttle = type("PerDay", (UserRateThrottle,), {"rate": "1/day"})()
    request = rf.get("/")
    request.user = principal
    assert principal.pk in throttle.get_cache_key(request, None)


def test_the_current_user_of_a_serializer(rf, principal, user):
    """A key is nobody: as an author it is refused by name, not taken for a user."""

    class Remark(serializers.Serializer):
        author = serializers.HiddenField(default=serializers.CurrentUserDefault())

    request = rf.get("/")
    request.user = principal
    remark = Remark(data={}, context={"request": request})
    assert remark.is_valid() and remark.validated_data["author"] is principal
    with pytest.raises(ValueError, match='Cannot assign "<ApiKeyPrincipal: acme_test_'):
        LogEntry(user=remark.validated_data["author"])


def test_the_browsable_api(client, owner, settings):
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "rest_framework"]  # its templates
    raw = ApiKey.objects.issue(owner, environment="test", scopes=["bookings:read"])[1]
    lifecycle.activate(owner)
    with sandbox_mode():
        Booking.objects.create(organization=owner, title="Shown in HTML")
    for address in ("/api/bookings", "/api/me"):
        answer = client.get(address, headers={"accept": "text/html", **bearer(raw)})
        assert answer.status_code == 200
        assert answer["Content-Type"].startswith("text/html")
        assert "</html>" in answer.text and raw not in answer.text
    listed = client.get("/api/bookings", headers={"accept": "text/html", **bearer(raw)})
    assert "Shown in HTML" in listed.text and "acme_test_" in listed.text
    assert 'name="title"' in listed.text  # the form to add one


def test_permissions_in_a_template(principal, rf):
    request = rf.get("/")
    request.user = principal
    page = engines["django"].from_string(
        "{{ user }} {% if perms.testapp.view_booking %}yes{% endif %}"
        "{% if perms.auth %}no{% endif %}"
    )
    assert page.render({}, request) == f"{principal} yes"


def test_under_asgi(live_key, owner):
    async def me():
        return await AsyncClient().get("/api/me", headers=bearer(live_key))

    assert async_to_sync(me)().json()["owner"] == owner.pk


def test_an_async_view_of_plain_django(live_key, owner):
    async def named():
        return await AsyncClient().get("/async-named", headers=bearer(live_key))

    assert async_to_sync(named)().json()["owner"] == owner.pk


def test_a_key_goes_before_the_session(session, own_counters, live_key, user):
    answer = session.get("/api/throttled-open", headers=bearer(live_key))
    assert answer.json()["user"].startswith("acme_live_")
    assert session.get("/api/throttled-open").json()["user"] == user.get_username()
