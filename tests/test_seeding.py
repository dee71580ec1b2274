"""Seeders: scenarios, their order, what is random in them, and what becomes of a failure."""

import json
import random
from io import StringIO
from threading import Event, Thread

import pytest
from django.core.management import CommandError, call_command

from django_sandbox import lifecycle, registry, sandbox_mode, seeder, seeding
from django_sandbox.exceptions import SandboxNotActive, SeederFailed, UnknownScenario
from django_sandbox.models import ApiKey, Sandbox
from tests.conftest import bearer
from tests.testapp.models import Booking, EventType

pytestmark = pytest.mark.django_db


@pytest.fixture
def scenarios(seeders):
    """Three: the default one, a busy week, and none of the two."""

    @seeder
    def usual(owner):
        Booking.objects.create(organization=owner, title="usual")

    @seeder(scenario="busy-week")
    def busy(owner):
        for number in range(4):
            Booking.objects.create(organization=owner, title=f"busy {number}")

    @seeder(scenario=["busy-week", "quiet"])
    def either(owner):
        Booking.objects.create(organization=owner, title="either")

    @seeder(scenario="*")
    def always(owner):
        EventType.objects.create(organization=owner, slug="always")


@sandbox_mode()
def titles(owner):
    return list(Booking.objects.filter(organization=owner).values_list("title", flat=True))


BUSY = ["busy 0", "busy 1", "busy 2", "busy 3", "either"]


# --- scenarios


def test_a_scenario_stands_in_place_of_the_default(owner, scenarios):
    assert registry.scenarios() == ["default", "busy-week", "quiet"]
    lifecycle.activate(owner)
    assert titles(owner) == ["usual"]
    done = lifecycle.reset(owner, scenario="busy-week")
    assert titles(owner) == BUSY
    assert done.seeded == {"testapp.Booking": 5, "testapp.EventType": 1}
    lifecycle.reset(owner, scenario="quiet")
    assert titles(owner) == ["either"]
    lifecycle.reset(owner)
    assert titles(owner) == ["usual"]


def test_activate_and_seed_take_a_scenario(owner, scenarios):
    lifecycle.activate(owner, scenario="quiet")
    assert titles(owner) == ["either"]
    assert lifecycle.seed(owner, scenario="busy-week") == {}
    lifecycle.cleanup(owner)
    Sandbox.objects.update(seeded_at=None)
    assert lifecycle.seed(owner, scenario="busy-week") == {
        "testapp.Booking": 5,
        "testapp.EventType": 1,
    }


@pytest.mark.parametrize("name", ["nope", "", "*", None, 3, ["quiet"]])
@pytest.mark.parametrize("action", ["activate", "seed", "reset"])
def test_unknown_scenarios_change_nothing_and_list_those_there_are(owner, scenarios, action, name):
    if action != "activate":
        lifecycle.activate(owner)
    with pytest.raises(UnknownScenario, match="It has: default, busy-week, quiet"):
        getattr(lifecycle, action)(owner, scenario=name)
    assert Sandbox.objects.count() == (action != "activate")
    assert titles(owner) == ([] if action == "activate" else ["usual"])


def test_a_site_without_seeders_has_the_default_scenario(owner, seeders):
    assert registry.scenarios() == ["default"]
    assert lifecycle.activate(owner, scenario="default").seeded == {}


@pytest.mark.parametrize("name", ["Busy", "busy week", "", "-busy", "a" * 64, 3, []])
def test_names_that_are_none(seeders, name):
    with pytest.raises(ValueError, match="scenario"):
        seeder(scenario=name if isinstance(name, str) else [name] if name else [])(print)
    assert not seeders


@pytest.mark.parametrize(
    "target, options, message",
    [
        (Booking, {}, "function or a factory-boy factory"),
        ("busy", {}, "function or a factory-boy factory"),
        (print, {"size": 3}, "for factories"),
        (print, {"values": {"title": "x"}}, "for factories"),
    ],
)
def test_what_is_no_seeder(seeders, target, options, message):
    with pytest.raises(TypeError, match=message):
        seeder(target, **options)
    assert not seeders


def test_by_rest(client, owner, scenarios, session):
    raw_key = ApiKey.objects.issue(owner)[1]

    def call(method, address, body=None):
        response = client.generic(
            method,
            f"/v1/sandbox/{address}",
            json.dumps(body or {}),
            "application/json",
            headers=bearer(raw_key),
        )
        return response.status_code, response.json()

    assert call("GET", "scenarios") == (200, {"scenarios": ["default", "busy-week", "quiet"]})
    status, made = call("POST", "activate", {"scenario": "quiet"})
    assert (status, made["seeded"]) == (201, {"bookings": 1, "event_types": 1})
    status, done = call("POST", "reset", {"scenario": "busy-week"})
    assert (status, done["seeded"]) == (200, {"bookings": 5, "event_types": 1})
    for name in ("nope", 3, None, {}):
        for action in ("activate", "reset"):
            status, refused = call("POST", action, {"scenario": name})
            assert (status, refused["code"]) == (400, "UNKNOWN_SCENARIO")
            assert "default, busy-week, quiet" in refused["message"]
    assert titles(owner) == BUSY
    assert client.get("/v1/sandbox/scenarios").json()["code"] == "API_KEY_MISSING"
    test_key = made["test_api_key"]["raw_key"]
    assert session.get("/v1/sandbox/scenarios").status_code == 200
    assert client.get("/v1/sandbox/scenarios", headers=bearer(test_key)).status_code == 200


def test_by_command(owner, scenarios):
    def run(*args):
        out = StringIO()
        call_command("sandbox", *args, "--owner", str(owner.pk), "--json", stdout=out)
        return json.loads(out.getvalue())

    assert run("activate", "--scenario", "quiet")["seeded"]["bookings"] == 1
    assert run("reset", "--scenario", "busy-week")["seeded"]["bookings"] == 5
    assert run("reset")["seeded"]["bookings"] == 1
    assert run("seed", "--scenario", "busy-week") == {"seeded": {}}
    with pytest.raises(CommandError, match="default, busy-week, quiet"):
        run("reset", "--scenario", "nope")


# --- failures


def broken(owner):
    Booking.objects.create(organization=owner, title="half")
    raise KeyError("the database password is hunter2")


def test_a_failure_is_named_to_the_site_and_not_to_the_caller(client, owner, scenarios, caplog):
    raw_key = lifecycle.activate(owner).raw_key
    seeder(broken)
    with pytest.raises(
        SeederFailed, match=r"tests\.test_seeding\.broken failed.*hunter2"
    ) as raised:
        lifecycle.reset(owner)
    assert isinstance(raised.value.__cause__, KeyError) and raised.value.seeder.endswith("broken")

    response = client.post("/v1/sandbox/reset", headers=bearer(raw_key))
    assert (response.status_code, response.json()["code"]) == (500, "SEEDER_FAILED")
    assert "hunter2" not in response.text and "tests." not in response.text
    assert "hunter2" in caplog.text and "tests.test_seeding.broken" in caplog.text
    assert titles(owner) == ["usual"]


def test_a_failure_on_a_keys_first_request_leaves_no_sandbox(client, owner, test_key, seeders):
    seeder(broken)
    response = client.get("/titles", headers=bearer(test_key))
    assert (response.status_code, response.json()["code"]) == (500, "SEEDER_FAILED")
    assert not Sandbox.objects.exists() and titles(owner) == []


def test_the_command_says_which_seeder(owner, seeders):
    seeder(broken)
    with pytest.raises(CommandError, match=r"tests\.test_seeding\.broken.*hunter2"):
        call_command("sandbox", "activate", "--owner", str(owner.pk))


def test_seed_needs_an_active_sandbox(owner, scenarios):
    with pytest.raises(SandboxNotActive):
        lifecycle.seed(owner, scenario="quiet")


# --- chance


def draws(owner):
    """A seeder whose data are random by Python's own generator."""
    for _ in range(5):
        Booking.objects.create(organization=owner, title=str(random.random()))


def draws_too(owner):
    Booking.objects.create(organization=owner, title=str(random.random()))


def test_the_same_owner_gets_the_same_data(owner, other_owner, seeders):
    seeder(draws)
    seeder(draws_too)
    lifecycle.activate(owner)
    first = titles(owner)
    assert len(set(first)) == 6
    random.random()
    lifecycle.reset(owner)
    assert titles(owner) == first
    lifecycle.activate(other_owner)
    assert not set(titles(other_owner)) & set(first)


def test_a_seeder_more_does_not_change_what_the_others_make(owner, seeders):
    seeder(draws)
    lifecycle.activate(owner)
    first = titles(owner)
    seeders.clear()
    seeder(draws_too)
    seeder(draws)
    lifecycle.reset(owner)
    assert titles(owner)[1:] == first


@pytest.mark.parametrize("fails", [False, True])
def test_afterwards_chance_goes_on_as_before(owner, seeders, fails):
    seeder(draws)
    if fails:
        seeder(broken)
    random.seed(5)
    expected = [random.random() for _ in range(3)]
    random.seed(5)
    drawn = [random.random()]
    try:
        lifecycle.activate(owner)
    except SeederFailed:
        assert fails
    drawn += [random.random(), random.random()]
    assert drawn == expected


class Row:
    def __init__(self, pk):
        self.pk = pk


def seeded_values(pk, target, patience=None):
    with seeding.alone(), seeding.running(seeding.Seeder("a", target), Row(pk)):
        return target()


def test_two_threads_do_not_share_their_chance():
    """One waits until the other is through; each draws what it would have drawn alone."""

    def three():
        return [random.random() for _ in range(3)]

    alone = {pk: seeded_values(pk, three) for pk in (1, 2)}
    begun, waits, drawn = Event(), Event(), {}

    def interrupted():
        values = [random.random()]
        begun.set()
        assert waits.wait(60)
        return values + [random.random() for _ in range(2)]

    class Watching:
        """The lock, which tells when somebody comes to it."""

        def acquire(self, timeout):
            if begun.is_set():
                waits.set()
            return lock.acquire(timeout=timeout)

        def release(self):
            lock.release()

    lock, seeding._lock = seeding._lock, Watching()
    try:
        first = Thread(target=lambda: drawn.update({1: seeded_values(1, interrupted)}))
        first.start()
        assert begun.wait(60)
        second = Thread(target=lambda: drawn.update({2: seeded_values(2, three)}))
        second.start()
        first.join(60)
        second.join(60)
    finally:
        seeding._lock = lock
    assert drawn == alone


def test_who_waited_in_vain_seeds_all_the_same_and_says_so(owner, seeders, monkeypatch, caplog):
    """Two seedings can wait for each other, where one also holds a lock of the database."""
    monkeypatch.setattr(seeding, "PATIENCE", 0)
    held, done = Event(), Event()

    def hold():
        with seeding.alone():
            held.set()
            done.wait(60)

    other = Thread(target=hold)
    other.start()
    assert held.wait(60)
    try:
        state = random.getstate()
        seeder(lambda who: Booking.objects.create(organization=who, title="made"))
        lifecycle.activate(owner)
        assert random.getstate() == state
    finally:
        done.set()
        other.join(60)
    assert titles(owner) == ["made"] and "not reproducible" in caplog.text
