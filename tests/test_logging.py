"""Log records say which mode, environment and owner they are from."""

from __future__ import annotations

import io
import logging
import re
from pathlib import Path

import pytest

from django_sandbox import all_modes, live_mode, sandbox_mode
from django_sandbox.logging import ModeFilter, mode_fields
from tests.conftest import bearer

GUIDE = Path(__file__).parent.parent / "docs" / "guides" / "logging.md"


@pytest.fixture
def lines():
    """What is logged, as a site's format writes it."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.addFilter(ModeFilter())
    handler.setFormatter(logging.Formatter("%(mode)s %(environment)s %(owner)s %(message)s"))
    logger = logging.getLogger("tests.modes")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield lambda: written.getvalue().splitlines()
    logger.removeHandler(handler)


log = logging.getLogger("tests.modes")


def test_each_record_has_its_mode(lines, sandbox_settings):
    sandbox_settings(ENVIRONMENTS={"test": {}, "ci": {}})
    log.info("a")
    with live_mode():
        log.info("b")
        with sandbox_mode("ci"):
            log.info("c")
        with all_modes():
            log.info("d")
    sandbox_settings(UNSET_MODE="live")
    log.info("e")
    assert lines() == [
        "- - - a",
        "live live - b",
        "test ci - c",
        "all all - d",
        "live live - e",
    ]


@pytest.mark.django_db
def test_a_request_by_key_names_its_owner(lines, client, owner, test_key, live_key):
    client.get("/log", headers=bearer(test_key))
    client.get("/log", headers=bearer(live_key))
    assert lines() == [f"test test {owner.pk} asked", f"live live {owner.pk} asked"]


@pytest.mark.django_db
def test_a_session_is_not_asked_for_its_owner(session, lines, monkeypatch):
    """A line in a log must not cost a query, nor fail where none can be made."""
    from django_sandbox import owners

    monkeypatch.setattr(owners, "resolve", lambda request: pytest.fail("asked"))
    session.get("/log")
    assert lines() == ["live live - asked"]


def test_what_the_caller_says_is_kept(lines):
    with sandbox_mode():
        log.info("x", extra={"owner": "mine", "mode": "dark"})
    assert lines() == ["dark test mine x"]


# --- the guide's hooks, as they stand there


def guide_code(word):
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    namespace: dict = {}
    exec(next(block for block in blocks if word in block), namespace)
    return namespace


def test_structlog():
    structlog = pytest.importorskip("structlog")
    namespace = guide_code("structlog")
    try:
        with structlog.testing.capture_logs(processors=[namespace["add_mode"]]) as captured:
            with sandbox_mode():
                structlog.get_logger().info("hello")
            structlog.get_logger().info("nowhere")
    finally:
        structlog.reset_defaults()
    assert captured == [
        {"event": "hello", "log_level": "info", "mode": "test", "environment": "test"},
        {"event": "nowhere", "log_level": "info"},
    ]


def test_opentelemetry():
    trace = pytest.importorskip("opentelemetry.sdk.trace")
    processor = guide_code("SpanProcessor")["ModeSpans"]()
    provider = trace.TracerProvider()
    provider.add_span_processor(processor)
    with sandbox_mode(), provider.get_tracer("x").start_as_current_span("work") as span:
        assert dict(span.attributes) == {"sandbox.mode": "test", "sandbox.environment": "test"}
    assert mode_fields() == {}
