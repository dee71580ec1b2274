"""The story: a customer's developer meets test mode. Every step says what must come of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import StringIO
from typing import Any

from django.core.management import call_command

from scheduling.demo.data import PASSWORD, USERNAME
from scheduling.demo.effects import EffectsPart
from scheduling.demo.narrator import Narrator
from scheduling.demo.receiver import receiving
from scheduling.seeds import INVITEES, WORKING_DAYS, next_monday

LIVE, TEST, SESSION = "live key", "test key", "signed in"
INTRO_CALL = {"name": "Intro Call", "slug": "intro-call", "duration_minutes": 30}
INVITEE = {"invitee_name": "Ada Lovelace", "invitee_email": "ada@example.com"}
SEEDED = {
    "event_types": 1,
    "availability_rules": len(WORKING_DAYS),
    "bookings": len(INVITEES),
}


class Story:
    """The steps, in order. What one learns, such as a key, the next ones use."""

    def __init__(self, narrator: Narrator) -> None:
        self.narrator = narrator
        self.live_key = ""
        self.test_key = ""
        self.slot: datetime = next_monday() + timedelta(days=1, hours=15)

    def play(self) -> None:
        """All of it. :raises StoryBroken: at the first answer that is not as told."""
        self.sign_in()
        self.issue_live_key()
        self.activate()
        self.find_seeded_data()
        self.make_the_same_in_both_modes()
        self.look_from_live()
        self.keep_live_key_from_wiping()
        self.wipe_test_data()
        self.reset()
        self.deactivate()
        self.meet_closed_doors()
        self.come_back()
        self.hear_of_bookings()
        EffectsPart(self).play()
        self.toggle_dashboard()

    def live(self, method: str, path: str, **options: Any) -> Any:
        """A request with the live key."""
        options = {"mode": "live", **options}
        return self.narrator.call(method, path, who=LIVE, key=self.live_key, **options)

    def test(self, method: str, path: str, **options: Any) -> Any:
        """A request with the test key."""
        options = {"mode": "test", **options}
        return self.narrator.call(method, path, who=TEST, key=self.test_key, **options)

    def sign_in(self) -> None:
        self.narrator.step("Sign in to the dashboard: a session starts in live mode")
        client = self.narrator.client
        client.send("GET", "/sign-in")
        form = {
            "username": USERNAME,
            "password": PASSWORD,
            "csrfmiddlewaretoken": client.csrf_token,
        }
        self.narrator.call("POST", "/sign-in", who=USERNAME, status=302, mode="live", form=form)

    def issue_live_key(self) -> None:
        self.narrator.step("Issue a live key: it is shown once")
        body = {"name": "Backend", "environment": "live"}
        made = self.narrator.call(
            "POST", "/v1/api-keys", who=SESSION, status=201, mode="live", body=body
        )
        self.live_key = made.json["raw_key"]
        self.narrator.show("raw_key", self.live_key)
        listed = self.narrator.call("GET", "/v1/api-keys", who=SESSION, status=200, mode="live")
        self.narrator.expect(self.live_key not in listed.text, "no raw key in the list", listed)
        found = listed.json[0]
        self.narrator.show("listed as", f"{found['prefix']}…{found['last_four']}, no raw_key")

    def activate(self) -> None:
        self.narrator.step("Activate the sandbox: seeded, with a first test key")
        made = self.live("POST", "/v1/sandbox/activate", status=201)
        self.test_key = made.json["test_api_key"]["raw_key"]
        self.narrator.show("sandbox_id", made.json["sandbox_id"])
        self.narrator.show("raw_key", self.test_key)
        self.narrator.show("seeded", made.json["seeded"])
        self.narrator.expect(made.json["seeded"] == SEEDED, f"seeded {SEEDED}", made)
        again = self.live("POST", "/v1/sandbox/activate", status=200)
        self.narrator.expect("test_api_key" not in again.json, "no second key", again)
        self.narrator.show("again", "active already, no new key")

    def find_seeded_data(self) -> None:
        self.narrator.step("First request with the test key: there is something to see")
        bookings = self.test("GET", "/v1/bookings", status=200)
        self.show_bookings(bookings)
        self.narrator.expect(bookings.json["count"] == len(INVITEES), "all seeded", bookings)
        types = self.test("GET", "/v1/event-types", status=200)
        slugs = [found["slug"] for found in types.json["results"]]
        self.narrator.show("slugs", ", ".join(slugs))
        self.narrator.expect(slugs == ["test-event"], "the slug test-event", types)

    def make_the_same_in_both_modes(self) -> None:
        self.narrator.step("The same slug and the same slot, in both modes")
        booked = None
        for call in (self.live, self.test):
            made = call("POST", "/v1/event-types", status=201, body=INTRO_CALL)
            self.narrator.show("slug", f"intro-call, {in_words(made)}")
            booked = self.booking_of(made.json["id"])
            made = call("POST", "/v1/bookings", status=201, body=booked)
            self.narrator.show("starts_at", f"{made.json['starts_at']}, {in_words(made)}")
        self.narrator.step("Inside a mode the slot is taken and the slug is too")
        taken = self.test("POST", "/v1/bookings", status=409, code="SLOT_TAKEN", body=booked)
        self.narrator.expect("code" in taken.json, "an error code", taken)
        refused = self.test("POST", "/v1/event-types", status=400, body=INTRO_CALL)
        self.narrator.show("refused", refused.text)

    def look_from_live(self) -> None:
        self.narrator.step("The live key sees none of the test rows")
        seen = self.test("GET", "/v1/bookings", status=200).json["results"]
        self.narrator.show("bookings", len(seen))
        bookings = self.live("GET", "/v1/bookings", status=200)
        self.show_bookings(bookings)
        self.narrator.expect(bookings.json["count"] == 1, "one live booking", bookings)
        stray = self.live("GET", f"/v1/bookings/{seen[0]['id']}", status=404)
        self.narrator.show("a test booking by its id", stray.json["detail"])

    def keep_live_key_from_wiping(self) -> None:
        self.narrator.step("A live key cannot wipe anything")
        self.live("DELETE", "/v1/test-data", status=400, code="TEST_KEY_REQUIRED")

    def wipe_test_data(self) -> None:
        self.narrator.step("The test key wipes the test data, and says what there was")
        wiped = self.test("DELETE", "/v1/test-data", status=200)
        deleted = wiped.json["deleted"]
        self.narrator.show("deleted", deleted)
        wanted = {**SEEDED, "event_types": 2, "bookings": SEEDED["bookings"] + 1}
        held = {name: deleted.get(name) for name in wanted}
        self.narrator.expect(held == wanted, f"deleted {wanted}", wiped)
        self.count_bookings(self.test, 0)
        self.count_bookings(self.live, 1)

    def reset(self) -> None:
        self.narrator.step("Reset: wiped and seeded afresh, the keys stay")
        done = self.test("POST", "/v1/sandbox/reset", status=200)
        self.narrator.show("seeded", done.json["seeded"])
        self.narrator.expect(done.json["seeded"] == SEEDED, f"seeded {SEEDED}", done)
        self.count_bookings(self.test, len(INVITEES))

    def deactivate(self) -> None:
        self.narrator.step("Deactivate: the test keys end, the data is kept for a while")
        done = self.live("POST", "/v1/sandbox/deactivate", status=200)
        status = self.live("GET", "/v1/sandbox/status", status=200)
        for name in ("active", "key_count", "purge_at"):
            self.narrator.show(name, status.json[name])
        closed = status.json["active"] is False and status.json["key_count"] == 0
        self.narrator.expect(closed, "an inactive sandbox without keys", done)

    def meet_closed_doors(self) -> None:
        self.narrator.step("The test key opens nothing any more; a made-up key never did")
        self.test("GET", "/v1/bookings", status=403, code="SANDBOX_NOT_ACTIVE")
        self.narrator.call(
            "GET",
            "/v1/bookings",
            who="made up",
            key="acme_test_made_up",
            status=401,
            mode="live",
            code="API_KEY_INVALID",
        )
        self.count_bookings(self.live, 1)

    def come_back(self) -> None:
        self.narrator.step("Activate again: a new key, and the data is still there")
        made = self.live("POST", "/v1/sandbox/activate", status=201)
        self.test_key = made.json["test_api_key"]["raw_key"]
        self.narrator.show("raw_key", self.test_key)
        self.narrator.expect(not made.json["seeded"], "not seeded again", made)
        self.count_bookings(self.test, len(INVITEES))

    def hear_of_bookings(self) -> None:
        self.narrator.step("Webhooks: a test booking is told to test endpoints, signed")
        with receiving() as receiver:
            wanted = {"url": receiver.url, "events": ["booking.created"]}
            made = self.test("POST", "/v1/webhook-endpoints", status=201, body=wanted)
            secret = made.json["secret"]
            self.narrator.show("secret", secret)
            types = self.test("GET", "/v1/event-types", status=200).json["results"]
            booked = self.booking_of(types[0]["id"])
            self.test("POST", "/v1/bookings", status=201, body=booked)
            call_command("deliver_webhooks", once=True, stdout=StringIO())  # without a worker too
            came = receiver.next(secret)
            self.narrator.expect(came is not None, "a webhook", made)
            webhook_id, payload = came or ("", {})
            self.narrator.show("received", f"{webhook_id}, signature verified")
            self.narrator.show("event", f"{payload['event']}, is_test: {payload['is_test']}")
            told = payload["event"] == "booking.created" and payload["data"]["is_test"] is True
            self.narrator.expect(told, "the test booking", made)
            types = self.live("GET", "/v1/event-types", status=200).json["results"]
            self.slot += timedelta(hours=1)
            self.live("POST", "/v1/bookings", status=201, body=self.booking_of(types[0]["id"]))
            call_command("deliver_webhooks", once=True, stdout=StringIO())
            self.narrator.expect(receiver.is_empty, "nothing of live", made)
            self.narrator.show("of the live booking", "nothing: this endpoint is of test mode")
        listed = self.test("GET", "/v1/webhook-deliveries", status=200)
        (delivery,) = listed.json
        self.narrator.show("delivery", f"{delivery['status']}, {len(delivery['attempts'])} attempt")
        self.narrator.expect(delivery["status"] == "delivered", "delivered", listed)

    def toggle_dashboard(self) -> None:
        self.narrator.step("The dashboard has a toggle, and a banner in test mode")
        for environment in ("test", "live"):
            form = {
                "environment": environment,
                "next": "/",
                "csrfmiddlewaretoken": self.narrator.client.csrf_token,
            }
            before = "live" if environment == "test" else "test"
            self.narrator.call(
                "POST", "/sandbox/mode", who=SESSION, status=302, mode=before, form=form
            )
            page = self.narrator.call("GET", "/", who=SESSION, status=200, mode=environment)
            has_banner = "sandbox-banner" in page.text
            self.narrator.expect(has_banner == (environment == "test"), "the banner in test mode")
            self.narrator.show("banner", "Test mode" if has_banner else "none")
            path = "/developers/captured"
            page = self.narrator.call("GET", path, who=SESSION, status=200, mode=environment)
            shown = INVITEE["invitee_email"] in page.text
            self.narrator.expect(shown == (environment == "test"), "the mail held back, in test")

    def booking_of(self, event_type: int) -> dict[str, Any]:
        """The body of a booking of the story's slot."""
        return {
            **INVITEE,
            "event_type": event_type,
            "starts_at": self.slot.isoformat(),
        }

    def show_bookings(self, answer: Any) -> None:
        """Print who is booked, and hold every row to the mode of the answer."""
        rows = answer.json["results"]
        names = ", ".join(row["invitee_name"] for row in rows)
        self.narrator.show("bookings", f"{len(rows)} ({names})")
        of_mode = all(row["is_test"] == (answer.mode == "test") for row in rows)
        self.narrator.expect(of_mode, f"rows of {answer.mode} mode only", answer)

    def count_bookings(self, call: Any, wanted: int) -> None:
        """Ask for the bookings and count them."""
        answer = call("GET", "/v1/bookings", status=200)
        self.narrator.show("bookings", answer.json["count"])
        self.narrator.expect(answer.json["count"] == wanted, f"{wanted} bookings", answer)


def in_words(made: Any) -> str:
    """Which mode a row says it belongs to."""
    return f"is_test: {str(made.json['is_test']).lower()}"
