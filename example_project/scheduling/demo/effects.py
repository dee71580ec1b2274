"""The part of the story about effects: live reaches the vendor, test reaches nobody."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings

from scheduling.demo.client import Client

if TYPE_CHECKING:
    from scheduling.demo.story import Story

CARD, DECLINED_CARD = "4242424242424242", "4000000000000002"
BOOKED = ["charge", "mail", "event"]  # what a booking with a card sets off


class EffectsPart:
    """Books with a card in both modes, asks the vendor what it heard, reads what was held back."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.narrator = story.narrator
        self.vendor = Client(settings.VENDOR_URL)
        # The story's earlier bookings set off something too.
        self.before = len(self.vendor.send("GET", "/v1/heard").json)
        self.held_before = self.held_back()

    def play(self) -> None:
        """All of it. :raises StoryBroken: at the first answer that is not as told."""
        self.book_with_a_card()
        self.read_what_was_held_back()
        self.meet_a_declined_card()

    def book_with_a_card(self) -> None:
        self.narrator.step("A booking charges a card, mails and makes a calendar event: in live")
        held = self.book(self.story.test, CARD, hours=2)
        captured = held.headers.get("X-Effects-Captured")
        self.narrator.show("X-Effects-Captured", captured)
        self.narrator.expect(captured == str(len(BOOKED)), "all three held back", held)
        self.narrator.show("the vendor heard", self.heard([]))
        self.book(self.story.live, CARD, hours=2)
        self.narrator.show("the vendor heard", self.heard(BOOKED))

    def read_what_was_held_back(self) -> None:
        self.narrator.step("What test mode held back can be read")
        log = self.story.test("GET", "/v1/captured-effects", status=200)
        self.narrator.show("counts", log.json["counts"])
        more = self.held_back() - self.held_before
        self.narrator.expect(more == Counter({"email": 1, "http": 2}), "all three", log)
        mail = next(entry for entry in log.json["results"] if entry["kind"] == "email")
        one = self.story.test("GET", f"/v1/captured-effects/{mail['id']}", status=200)
        payload = one.json["payload"]
        self.narrator.show("mail", f"{payload['subject']}, to {mail['summary']}")

    def meet_a_declined_card(self) -> None:
        self.narrator.step("A card that is declined, in test mode only")
        self.book(self.story.test, DECLINED_CARD, hours=3, status=402, code="CARD_DECLINED")
        self.book(self.story.live, DECLINED_CARD, hours=3)
        self.narrator.show("the vendor heard", self.heard(BOOKED * 2))

    def book(self, call: Any, card: str, *, hours: int, status: int = 201, **wanted: Any) -> Any:
        """Book the first event type of the mode, some hours after the story's slot."""
        types = self.narrator.client.send("GET", "/v1/event-types", key=self.key_of(call))
        body = {
            **self.story.booking_of(types.json["results"][0]["id"]),
            "starts_at": (self.story.slot + timedelta(hours=hours)).isoformat(),
            "card": card,
        }
        return call("POST", "/v1/bookings", status=status, body=body, **wanted)

    def held_back(self) -> Counter[str]:
        """How much of each kind test mode has held back so far."""
        path, key = "/v1/captured-effects", self.story.test_key
        return Counter(self.narrator.client.send("GET", path, key=key).json["counts"])

    def key_of(self, call: Any) -> str:
        """The key that a call is made with."""
        return self.story.test_key if call == self.story.test else self.story.live_key

    def heard(self, wanted: list[str]) -> str:
        """What the vendor says it was asked for since the card came into play, in words."""
        answer = self.vendor.send("GET", "/v1/heard")
        told = answer.json[self.before :]
        self.narrator.expect(
            sorted(one["what"] for one in told) == sorted(wanted), f"heard {wanted}", answer
        )
        live_only = all(one["key"] == settings.VENDOR_LIVE_KEY for one in answer.json)
        self.narrator.expect(live_only, "heard with live credentials only", answer)
        return ", ".join(one["what"] for one in told) or "nothing"
