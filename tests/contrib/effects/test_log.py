"""The log: by REST, in the admin, in a response header, and pruned."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.core.mail import EmailMultiAlternatives
from django.core.management import CommandError, call_command
from django.test import AsyncClient, Client
from django.utils import timezone

from django_sandbox import all_modes, lifecycle, live_mode, sandbox_mode
from django_sandbox.contrib.effects import capture
from django_sandbox.contrib.effects.models import CapturedEffect
from django_sandbox.contrib.effects.pruning import prune
from django_sandbox.models import ApiKey
from tests.conftest import bearer

pytestmark = pytest.mark.django_db
LOG = "/v1/captured-effects"


def fill(owner, number=3, environment="test", kind="call"):
    with sandbox_mode(environment, owner=owner):
        return [capture(kind, f"{kind} {n}", {"n": n}) for n in range(number)]


class TestRest:
    def test_a_page_newest_first_with_counts(self, client, owner, test_key):
        fill(owner, 2, kind="email")
        last = fill(owner, 1)[0]
        answer = client.get(LOG, headers=bearer(test_key)).json()
        assert answer["counts"] == {"email": 2, "http": 0, "call": 1}
        assert [entry["summary"] for entry in answer["results"]] == [
            "call 0",
            "email 1",
            "email 0",
        ]
        assert answer["next"] is None
        entry = answer["results"][0]
        assert (entry["id"], entry["kind"], entry["environment"]) == (last.pk, "call", "test")
        assert entry["created_at"].endswith("Z")
        assert "payload" not in entry

    def test_page_by_page_to_the_end(self, client, owner, test_key):
        made = fill(owner, 7)
        seen, before = [], None
        while True:
            query = {"limit": 3, **({"before": before} if before else {})}
            answer = client.get(LOG, query, headers=bearer(test_key)).json()
            seen += [entry["id"] for entry in answer["results"]]
            fill(owner, 1)  # what comes meanwhile shifts no page
            before = answer["next"]
            if before is None:
                break
        assert seen == [effect.pk for effect in reversed(made)]

    def test_by_kind_and_since(self, client, owner, test_key):
        old, new = fill(owner, 2)
        fill(owner, 1, kind="email")
        with sandbox_mode():
            hour_ago = timezone.now() - timedelta(hours=1)
            CapturedEffect.objects.filter(pk=old.pk).update(created_at=hour_ago)
        since = (timezone.now() - timedelta(minutes=5)).isoformat()
        query = {"kind": "call", "since": since}
        answer = client.get(LOG, query, headers=bearer(test_key)).json()
        assert [entry["id"] for entry in answer["results"]] == [new.pk]
        assert answer["counts"] == {"email": 1, "http": 0, "call": 1}

    @pytest.mark.parametrize(
        "query",
        [{"kind": "fax"}, {"since": "x"}, {"before": 0}, {"limit": 0}, {"limit": 201}],
    )
    def test_wrong_questions(self, client, test_key, query):
        refused = client.get(LOG, query, headers=bearer(test_key))
        assert (refused.status_code, refused.json()["code"]) == (400, "INVALID")
        assert list(refused.json()["errors"]) == list(query)

    def test_the_whole_of_one(self, client, owner, test_key, to_outbox):
        with sandbox_mode(owner=owner):
            made = EmailMultiAlternatives("Hi", "Text", "a@x.test", ["b@y.test"])
            made.attach("f.bin", b"\xff", "application/octet-stream")
            made.send()
            (effect,) = CapturedEffect.objects.all()
        shown = client.get(f"{LOG}/{effect.pk}", headers=bearer(test_key)).json()
        assert shown["payload"]["subject"] == "Hi"
        assert shown["raw"].encode() == effect.raw_bytes
        assert "/w==" in shown["raw"]
        assert shown["truncated"] is False

    def test_each_sees_its_own_owners_and_environments(
        self, client, owner, other_owner, test_key, live_key, sandbox_settings, seeders
    ):
        sandbox_settings(ENVIRONMENTS={"test": {}, "ci": {}})
        (own,) = fill(owner, 1)
        (ci,) = fill(owner, 1, "ci")
        (others,) = fill(other_owner, 1)
        with sandbox_mode():
            nobodys = capture("call", "x", {})
        with live_mode(owner=owner):
            live = capture("call", "x", {})
        ci_key = ApiKey.objects.issue(owner, environment="ci")[1]

        def seen(key, **query):
            answer = client.get(LOG, query, headers=bearer(key))
            return [entry["id"] for entry in answer.json()["results"]]

        assert seen(test_key) == seen(live_key) == [own.pk]
        assert seen(ci_key) == seen(live_key, environment="ci") == [ci.pk]
        for effect in (ci, others, nobodys, live):
            answer = client.get(f"{LOG}/{effect.pk}", headers=bearer(test_key))
            assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
        refused = client.get(LOG, {"environment": "ci"}, headers=bearer(test_key))
        assert refused.json()["code"] == "ENVIRONMENT_MISMATCH"
        for wrong in ("live", "no"):
            refused = client.get(LOG, {"environment": wrong}, headers=bearer(live_key))
            assert refused.json()["code"] == "UNKNOWN_ENVIRONMENT"

    @pytest.mark.parametrize("wrong", ["0", "-1", "x", "%00", "1.5", "9" * 30, "%D9%A3", "1%0A"])
    def test_ids_that_are_none(self, client, test_key, wrong):
        answer = client.get(f"{LOG}/{wrong}", headers=bearer(test_key))
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")

    def test_a_session_means_its_own_environment(self, session, owner, sandbox_settings, seeders):
        sandbox_settings(ENVIRONMENTS={"test": {}, "ci": {}})
        fill(owner, 1)
        (ci,) = fill(owner, 1, "ci")
        session.put("/v1/mode", {"environment": "ci"}, content_type="application/json")
        shown = session.get(LOG).json()["results"]
        assert [entry["id"] for entry in shown] == [ci.pk]
        shown = session.get(LOG, {"environment": "test"}).json()["results"]
        assert [entry["environment"] for entry in shown] == ["test"]

    def test_strangers_and_other_methods(self, client, test_key, owner):
        assert client.get(LOG).json()["code"] == "API_KEY_MISSING"
        (effect,) = fill(owner, 1)
        for method in (client.post, client.put, client.delete, client.patch):
            assert method(LOG, headers=bearer(test_key)).status_code == 405
            assert method(f"{LOG}/{effect.pk}", headers=bearer(test_key)).status_code == 405

    def test_queries_do_not_grow_and_load_no_raw(
        self, client, owner, test_key, django_assert_max_num_queries
    ):
        fill(owner, 20)
        client.get(LOG, headers=bearer(test_key))  # activates the sandbox
        with django_assert_max_num_queries(6) as asked:
            client.get(LOG, headers=bearer(test_key))
        assert not any('"raw"' in query["sql"] for query in asked.captured_queries)


@pytest.mark.urls("tests.contrib.effects.views")
@pytest.mark.usefixtures("to_outbox")
class TestTheHeader:
    @pytest.fixture(autouse=True)
    def installed(self, settings):
        own = "django_sandbox.contrib.effects.middleware.EffectsHeaderMiddleware"
        settings.MIDDLEWARE = [*settings.MIDDLEWARE, own]

    def test_says_in_test_mode_how_many(self, client, test_key, live_key):
        held = client.get("/sends?to=b@y.test", headers=bearer(test_key))
        assert held["X-Effects-Captured"] == "1"
        assert client.get("/quiet", headers=bearer(test_key))["X-Effects-Captured"] == "0"
        sent = client.get("/sends?to=b@y.test", headers=bearer(live_key))
        assert "X-Effects-Captured" not in sent

    def test_on_the_answer_to_a_fault_too(self, test_key):
        client = Client(raise_request_exception=False)
        failed = client.get("/fails", headers=bearer(test_key))
        assert (failed.status_code, failed["X-Effects-Captured"]) == (500, "1")

    def test_not_what_comes_while_streaming(self, client, test_key):
        streamed = client.get("/streams", headers=bearer(test_key))
        assert list(streamed.streaming_content) == [b"x"]
        assert streamed["X-Effects-Captured"] == "0"
        with sandbox_mode():
            assert CapturedEffect.objects.count() == 1

    @pytest.mark.django_db(transaction=True)
    def test_under_asgi_threads_of_the_request_included(self, test_key, vendor):
        async def ask():
            headers = {"authorization": f"Bearer {test_key}"}
            return await AsyncClient().get(f"/asks-async?url={vendor.url}/?a=1", headers=headers)

        answer = async_to_sync(ask)()
        assert answer["X-Effects-Captured"] == "3"


class TestTheAdmin:
    @pytest.fixture
    def staff(self, session, user):
        user.is_staff = user.is_superuser = True
        user.save()
        session.post("/sandbox/mode", {"environment": "test", "next": "/"})
        return session

    def test_shows_each_mode_its_own_escaped(self, staff, owner):
        with sandbox_mode(owner=owner):
            effect = capture("call", "<b>x</b>", {"html": "<script>alert(1)</script>"})
        page = staff.get("/admin/sandbox_effects/capturedeffect/").content.decode()
        assert "&lt;b&gt;x" in page and "<b>x" not in page
        whole = staff.get(f"/admin/sandbox_effects/capturedeffect/{effect.pk}/change/")
        assert "<script>alert" not in whole.content.decode()
        assert "&lt;script&gt;alert" in whole.content.decode()
        staff.post("/sandbox/mode", {"environment": "live", "next": "/"})
        page = staff.get("/admin/sandbox_effects/capturedeffect/").content.decode()
        assert "&lt;b&gt;x" not in page

    def test_shows_a_mail_as_text(self, staff, to_outbox):
        with sandbox_mode():
            EmailMultiAlternatives("Hi", "Text", "a@x.test", ["b@y.test"]).send()
            (effect,) = CapturedEffect.objects.all()
        page = staff.get(f"/admin/sandbox_effects/capturedeffect/{effect.pk}/change/")
        assert "Subject: Hi" in page.content.decode()

    def test_changes_nothing(self, staff, owner):
        (effect,) = fill(owner, 1)
        base = "/admin/sandbox_effects/capturedeffect"
        assert staff.get(f"{base}/add/").status_code == 403
        assert staff.post(f"{base}/{effect.pk}/delete/", {"post": "yes"}).status_code == 403
        assert staff.post(f"{base}/{effect.pk}/change/", {"summary": "x"}).status_code == 403
        delete = {"action": "delete_selected", "_selected_action": [effect.pk], "post": "yes"}
        staff.post(f"{base}/", delete)
        with sandbox_mode():
            assert CapturedEffect.objects.get().summary == "call 0"


class TestItsLife:
    def test_cleanup_takes_the_owners_own_and_no_more(self, owner, other_owner):
        fill(owner, 2)
        fill(other_owner, 1)
        with live_mode(owner=owner):
            capture("call", "x", {})
        with sandbox_mode():
            capture("call", "nobody's", {})
        lifecycle.activate(owner)
        deleted = lifecycle.cleanup(owner)
        assert deleted["sandbox_effects.CapturedEffect"] == 2
        with all_modes():
            assert CapturedEffect.objects.count() == 3

    def test_it_goes_with_its_owner(self, owner):
        fill(owner, 1)
        with live_mode():
            owner.delete()
        with all_modes():
            assert not CapturedEffect.objects.exists()

    def test_a_full_sandbox_still_captures(self, owner, sandbox_settings):
        sandbox_settings(ENVIRONMENTS={"test": {"quota": 0}})
        assert len(fill(owner, 2)) == 2

    def test_pruning_by_age_in_batches_of_every_mode(self, owner, monkeypatch):
        monkeypatch.setattr("django_sandbox.contrib.effects.pruning.BATCH", 2)
        old = [effect.pk for effect in fill(owner, 5)]
        with live_mode():
            old.append(capture("call", "live", {}).pk)
        (new,) = fill(owner, 1)
        with all_modes():
            then = timezone.now() - timedelta(days=31)
            CapturedEffect.objects.filter(pk__in=old).update(created_at=then)
            assert prune() == 6
            assert [effect.pk for effect in CapturedEffect.objects.all()] == [new.pk]
        assert prune() == 0

    def test_pruning_keeps_as_long_as_the_site_says(self, owner, effects):
        fill(owner, 1)
        effects(KEEP=timedelta(0))
        assert prune() == 1

    def test_pruning_by_command(self, owner, capsys):
        fill(owner, 2)
        call_command("prune_effects", "--json")
        assert json.loads(capsys.readouterr().out) == {"deleted": {"captured_effects": 0}}
        call_command("prune_effects", "--older-than", "0")
        assert capsys.readouterr().out == "Deleted 2 captured effects.\n"
        with pytest.raises(CommandError, match="days"):
            call_command("prune_effects", "--older-than", "-1")
