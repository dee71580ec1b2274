"""On whose behalf is the work done? By key, by session, by a block, in threads and in none."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from django_sandbox import all_modes, live_mode, sandbox_mode
from django_sandbox.context import Caller, no_mode
from django_sandbox.owners import current_owner_key
from tests.conftest import bearer


def body(response):
    return b"".join(response.streaming_content).decode()


@pytest.mark.django_db
def test_a_request_works_for_its_keys_owner(client, owner, test_key, live_key):
    for key in (test_key, live_key):
        response = client.get("/behalf", headers=bearer(key))
        assert body(response) == f"{owner.pk} {owner.pk}"
        assert current_owner_key() is None


@pytest.mark.django_db
def test_a_session_works_for_the_resolvers_owner(session, client, owner):
    assert body(session.get("/behalf")) == f"{owner.pk} {owner.pk}"
    assert body(client.get("/behalf")) == "None None"


@pytest.mark.django_db
def test_the_resolver_is_asked_only_by_who_wants_to_know(session, sandbox_settings):
    sandbox_settings(OWNER_RESOLVER="tests.test_owners.never")
    assert session.get("/mode").status_code == 200


def never(request):
    raise AssertionError("nobody asked")


def test_a_block_may_name_the_owner():
    owner, other = Caller(3), Caller(4)
    owner.pk, other.pk = 3, 4
    assert current_owner_key() is None
    with sandbox_mode(owner=owner):
        assert current_owner_key() == 3
        with live_mode():
            assert current_owner_key() == 3
            with all_modes(), live_mode(owner=other):
                assert current_owner_key() == 4
        with no_mode():
            assert current_owner_key() is None
            with sandbox_mode():
                assert current_owner_key() is None
        assert current_owner_key() == 3
    assert current_owner_key() is None


def test_a_decorated_function_and_generator_work_for_the_owner():
    owner = Caller(3)
    owner.pk = 3

    @sandbox_mode(owner=owner)
    def plain():
        return current_owner_key()

    @sandbox_mode(owner=owner)
    def parts():
        yield current_owner_key()
        yield current_owner_key()

    assert plain() == 3
    for seen in parts():
        assert seen == 3
        assert current_owner_key() is None


def test_a_thread_of_its_own_works_for_nobody():
    owner = Caller(3)
    owner.pk = 3
    with sandbox_mode(owner=owner), ThreadPoolExecutor(1) as pool:
        assert pool.submit(sandbox_mode()(current_owner_key)).result() is None


def test_a_caller_is_asked_once():
    asked = []
    caller = Caller(find=lambda: asked.append(1) or 7)
    assert caller.known_key is None and asked == []
    assert (caller.key, caller.key, caller.known_key) == (7, 7, 7)
    assert asked == [1]
