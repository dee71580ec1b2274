"""The raw key is in the answer that made it, and nowhere else: a search of all there is."""

import json
import logging
import pickle
import re
from datetime import timedelta

import pytest
from celery import Celery
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.template.defaultfilters import pprint
from django.test import Client, RequestFactory
from django.views.debug import ExceptionReporter

from django_sandbox import keys, lifecycle, signals
from django_sandbox.contrib.rest_framework import ApiKeyPrincipal
from django_sandbox.exceptions import ApiKeyError
from django_sandbox.middleware import SandboxMiddleware
from django_sandbox.models import ApiKey
from tests.conftest import bearer

pytestmark = pytest.mark.django_db
HEAD = len("acme_test_") + keys.ID_LENGTH
ADD = "/admin/django_sandbox/apikey/add/"


def secret_of(raw):
    """What must not be seen: secret and check sum. Brand, mode and id may be."""
    return raw[HEAD:]


@pytest.fixture
def everything_logged(caplog):
    """Every record of every logger from ``DEBUG`` on, SQL included, with all its attributes."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="django")
    connection.force_debug_cursor = True
    yield lambda: "\n".join(
        f"{record.getMessage()} {record.__dict__!r} {record.exc_text}" for record in caplog.records
    )
    connection.force_debug_cursor = False


@pytest.fixture
def site(client, sandbox_settings, own_counters):
    """A client that is answered 500 as a browser is; limits and caches as a site has them."""
    sandbox_settings(FAILED_KEY_RATE="5/min", KEY_CACHE=timedelta(minutes=1), HINT_OTHER_MODE=True)
    client.raise_request_exception = False
    return client


def post(client, address, raw, **body):
    return client.post(address, json.dumps(body), "application/json", headers=bearer(raw))


def rows_of_every_table():
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            found += [(table, row) for row in cursor.fetchall()]
    return found


def test_the_whole_life_of_keys_leaves_no_trace_of_them(
    site, owner, user, admin_client, everything_logged, capsys
):
    live = ApiKey.objects.issue(owner)[1]
    activated = post(site, "/v1/sandbox/activate", live).json()["test_api_key"]
    issued = post(site, "/v1/api-keys", live, environment="test").json()
    rotated = post(site, f"/v1/api-keys/{issued['id']}/rotate", live, grace=60).json()
    from_admin = admin_client.post(ADD, {"owner": owner.pk, "environment": "test", "scopes": ""})
    raws = [live, *(made["raw_key"] for made in (activated, issued, rotated))]
    raws += [_key_in(from_admin.text)]
    call_command("sandbox", "issue-key", "--owner", str(owner.pk), "--json")
    raws += [json.loads(capsys.readouterr().out)["raw_key"]]
    answers = []
    for raw in raws:
        for address in (
            "/titles",
            "/api/me",
            "/api/bookings",
            "/nowhere",
            "/bookings/9",
            "/v1/mode",
        ):
            answers.append(site.get(address, headers=bearer(raw)))
            answers.append(site.get(address, headers={"x-api-key": raw}))
        answers += [
            post(site, address, raw, a=1) for address in ("/api/bookings", "/v1/api-keys/x")
        ]
        for wrong in (raw[:-1], raw.swapcase(), raw + "x"):
            answers.append(site.get("/titles", headers=bearer(wrong)))
    answers.append(site.get("/v1/api-keys", headers=bearer(live)))
    answers.append(site.get("/titles", headers={**bearer(live), "x-api-key": rotated["raw_key"]}))
    ids = [raw[10:22] for raw in raws]
    for address in ("", "?q=a", *(f"{i}/{page}/" for i in ids for page in ("change", "history"))):
        answers.append(admin_client.get(f"/admin/django_sandbox/apikey/{address}"))
    answers.append(admin_client.get("/admin/"))
    lifecycle.deactivate(owner)
    answers += [site.get("/titles", headers=bearer(raw)) for raw in raws]
    assert {answer.status_code for answer in answers} >= {200, 400, 401, 403, 404, 429}
    shown = [f"{answer.text} {answer.headers} {answer.cookies}" for answer in answers]
    kept = rows_of_every_table()
    assert len(raws) == 6 and any(ids[0] in str(row) for row in kept)  # it would be found
    for secret in map(secret_of, raws):
        assert secret not in everything_logged()
        assert not [text for text in shown if secret in text]
        assert not [row for row in kept if secret in str(row)]
        assert not [s for s in Session.objects.all() if secret in str(s.get_decoded())]
        assert secret not in str(admin_client.cookies) + str(site.cookies)


def _key_in(text):
    return re.search(keys.scanner_pattern(), text)[0]


# --- error pages, with DEBUG on and off


class Reports(logging.Handler):
    """Makes of each fault the reports that ``AdminEmailHandler`` sends, plain and HTML."""

    def __init__(self):
        super().__init__()
        self.made = []

    def emit(self, record):
        if record.exc_info:
            reporter = ExceptionReporter(record.request, *record.exc_info, is_email=True)
            self.made += [reporter.get_traceback_text(), reporter.get_traceback_html()]


@pytest.fixture(params=[True, False], ids=["DEBUG", "mail"])
def error_pages(request, settings, site):
    """What Django shows of a fault: its page with ``DEBUG``, and what it mails the admins."""
    settings.DEBUG = request.param
    reports = Reports()
    logger = logging.getLogger("django.request")
    logger.addHandler(reports)
    yield lambda response: [response.text, *reports.made]
    logger.removeHandler(reports)


def assert_hidden(pages, *raws):
    assert any("Traceback" in page for page in pages)  # it is a page that shows frames
    for secret in map(secret_of, raws):
        assert not [page for page in pages if secret in page]


@pytest.fixture
def database_down():
    """Every query about keys fails."""

    def refuse(execute, sql, params, many, context):
        if "django_sandbox_apikey" in sql and sql.startswith("SELECT"):
            raise OperationalError("the database is gone")
        return execute(sql, params, many, context)

    return lambda: connection.execute_wrapper(refuse)


@pytest.mark.parametrize("header", ["authorization", "x-api-key"])
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_a_faulty_views_error_page(site, error_pages, live_key, header, accept):
    value = bearer(live_key)["authorization"] if header == "authorization" else live_key
    response = site.get("/fails", headers={header: value, "accept": accept})
    assert response.status_code == 500
    assert_hidden(error_pages(response), live_key)


def test_the_error_page_of_a_fault_while_a_key_is_verified(
    site, error_pages, live_key, database_down
):
    with database_down():
        response = site.get("/titles", headers=bearer(live_key))
    pages = error_pages(response)
    assert response.status_code == 500 and any("_stored" in page for page in pages)
    assert_hidden(pages, live_key)


@pytest.fixture
def receiver_fails(monkeypatch):
    """A site's receiver of a signal that fails, after the key is committed."""
    made = []
    generate = keys.generate

    def note(is_test):
        made.append(generate(is_test))
        return made[-1]

    def fail(**kwargs):
        raise LookupError("a fault of the site's receiver")

    monkeypatch.setattr(keys, "generate", note)
    yield lambda: signals.api_key_issued.connect(fail), made
    signals.api_key_issued.disconnect(fail)


@pytest.mark.django_db(transaction=True)
def test_the_error_page_of_a_fault_once_a_key_is_made(
    error_pages, receiver_fails, owner, admin_client
):
    live, old = ApiKey.objects.issue(owner)[1], ApiKey.objects.issue(owner)[0]
    connect, made = receiver_fails
    connect()
    calls = ["/v1/api-keys", f"/v1/api-keys/{old.pk}/rotate", "/v1/sandbox/activate"]
    client = Client(raise_request_exception=False)
    for number, address in enumerate(calls, start=3):
        response = client.post(address, {}, "application/json", headers=bearer(live))
        assert (response.status_code, len(made)) == (500, number)
        assert_hidden(error_pages(response), live, *(key.raw for key in made))
    admin_client.raise_request_exception = False
    response = admin_client.post(ADD, {"owner": owner.pk, "environment": "live", "scopes": ""})
    assert (response.status_code, len(made)) == (500, 6)
    assert_hidden(error_pages(response), live, *(key.raw for key in made))


def test_what_an_error_tracker_sees_of_our_frames(live_key, database_down):
    """The variables of every frame of the package, by their repr."""
    with database_down(), pytest.raises(OperationalError) as caught:
        ApiKey.objects.authenticate(live_key)
    frames = ExceptionReporter(None, caught.type, caught.value, caught.tb).get_traceback_frames()
    ours = [frame for frame in frames if "/django_sandbox/" in frame["filename"]]
    assert {frame["function"] for frame in ours} >= {"authenticate", "_stored"}
    assert not [f for f in ours if secret_of(live_key) in str([pprint(v) for v in f["vars"]])]


def test_reprs_and_pickles(owner):
    done = lifecycle.activate(owner)
    api_key, raw = done.api_key, done.raw_key
    parsed = keys.parse(raw)
    with pytest.raises(ApiKeyError) as caught:
        ApiKey.objects.authenticate(raw[:-1])
    for thing in (done, api_key, parsed, caught.value, ApiKeyPrincipal(api_key), [parsed.raw]):
        assert secret_of(raw) not in repr(thing) + str(vars(api_key))
    assert secret_of(raw).encode() not in pickle.dumps([api_key, ApiKeyPrincipal(api_key)])
    assert str(done.raw_key) == raw  # and yet it is there for whoever asks


def test_a_tasks_message(site, owner, live_key):
    app = Celery("tests", broker="memory://", fixups=[])

    @app.task
    def nothing():
        pass

    sent = []

    def send(request):
        nothing.delay()
        with app.connection_for_read() as broker:
            message = broker.SimpleQueue("celery").get(timeout=60)
            sent.append(f"{message.headers} {message.properties} {message.body}")
            message.ack()
        return HttpResponse()

    SandboxMiddleware(send)(RequestFactory().get("/", headers=bearer(live_key)))
    assert "django_sandbox_environment" in sent[0] and secret_of(live_key) not in sent[0]
