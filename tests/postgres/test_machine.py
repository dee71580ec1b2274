"""Modes, transactions, rollbacks and statements in any order, against an oracle of lists."""

from __future__ import annotations

import pytest
from django.db import connections, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from django_sandbox import CrossModeError, ModeNotSet, all_modes, live_mode, sandbox_mode
from tests.postgres import services

MODES = {
    "live": live_mode,
    "test": sandbox_mode,
    "qa": lambda: sandbox_mode("qa"),
    "all": all_modes,
}
BASE = ["live"] * 4 + ["test"] * 2 + ["qa"]
COUNT = "SELECT count(*) FROM rooms_room"
INSERT = "INSERT INTO rooms_room (number, is_test, environment) VALUES (0, %s, %s)"


class Modes(RuleBasedStateMachine):
    """``blocks`` are the open modes and transactions, innermost last, each to be left alone."""

    alias: str

    @initialize()
    def start(self):
        with all_modes(), connections[self.alias].cursor() as cursor:
            cursor.execute("DELETE FROM rooms_room WHERE number = 0")
        self.modes = []  # (name, block)
        self.atomics = []  # (block, the rows as they were when it began)
        self.streams = []  # (cursor, rows it has yet to give, depth of transaction)
        self.stored = list(BASE)

    @property
    def mode(self):
        return self.modes[-1][0] if self.modes else None

    def visible(self):
        if self.mode == "all":
            return len(self.stored)
        return self.stored.count(self.mode)

    @rule(name=st.sampled_from(sorted(MODES)))
    def enter_mode(self, name):
        block = MODES[name]()
        block.__enter__()
        self.modes.append((name, block))

    @precondition(lambda self: self.modes)
    @rule(data=st.data())
    def leave_mode(self, data):
        index = data.draw(st.integers(0, len(self.modes) - 1))  # closed out of order too
        _, block = self.modes.pop(index)
        block.__exit__(None, None, None)

    @rule()
    def begin(self):
        block = transaction.atomic(self.alias)
        block.__enter__()
        self.atomics.append((block, list(self.stored)))

    @precondition(lambda self: self.atomics)
    @rule(how=st.sampled_from(["commit", "rollback", "exception"]))
    def end(self, how):
        block, before = self.atomics.pop()
        self.close_streams(len(self.atomics))
        if how == "rollback":
            transaction.set_rollback(True, self.alias)
        error = KeyError() if how == "exception" else None
        block.__exit__(type(error) if error else None, error, None)
        if how != "commit":
            self.stored = before

    @rule()
    def count(self):
        with connections[self.alias].cursor() as cursor:
            cursor.execute(COUNT)
            assert cursor.fetchone()[0] == self.visible()

    @precondition(lambda self: self.mode not in (None, "all"))
    @rule()
    def insert_own(self):
        with connections[self.alias].cursor() as cursor:
            cursor.execute(INSERT, [self.mode != "live", self.mode])
        self.stored.append(self.mode)

    @precondition(lambda self: self.mode != "all")
    @rule(other=st.sampled_from(["live", "test", "qa"]))
    def insert_foreign(self, other):
        if other == self.mode:
            return
        refused = pytest.raises(CrossModeError if self.mode else ModeNotSet)
        atomic = transaction.atomic(self.alias)
        with refused, atomic, connections[self.alias].cursor() as cursor:
            cursor.execute(INSERT, [other != "live", other])

    @rule()
    def delete_foreign(self):
        wanted = {"live", "test", "qa"} - {self.mode}
        if self.mode == "all":
            return
        with connections[self.alias].cursor() as cursor:
            cursor.execute("DELETE FROM rooms_room WHERE environment = ANY(%s)", [list(wanted)])
            assert cursor.rowcount == 0

    @precondition(lambda self: len(self.streams) < 3)
    @rule()
    def open_stream(self):
        cursor = connections[self.alias].chunked_cursor()
        cursor.execute("SELECT id FROM rooms_room")
        self.streams.append((cursor, [self.visible()], len(self.atomics)))

    @precondition(lambda self: self.streams)
    @rule(data=st.data(), size=st.integers(1, 4))
    def fetch(self, data, size):
        cursor, left, _ = data.draw(st.sampled_from(self.streams))
        rows = cursor.fetchmany(size)
        assert len(rows) == min(size, left[0])
        left[0] -= len(rows)

    @precondition(lambda self: not self.atomics)
    @rule()
    def reconnect(self):
        self.close_streams(0)
        connections[self.alias].close()

    def close_streams(self, depth):
        """A stream opened inside a transaction ends with it."""
        for cursor, _, opened_at in self.streams:
            if opened_at > depth or depth == 0:
                cursor.close()
        self.streams = [s for s in self.streams if not (s[2] > depth or depth == 0)]

    def teardown(self):
        if hasattr(self, "modes"):
            while self.atomics:
                self.end("rollback")
            self.close_streams(0)
            while self.modes:
                self.modes.pop()[1].__exit__(None, None, None)


@pytest.mark.parametrize("options", [{}, {"server_side_binding": True}], ids=["client", "server"])
def test_machine(rows, options):
    with services.alias("machine", OPTIONS=options) as connection:
        machine = type("Machine", (Modes,), {"alias": connection.alias})
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=100,
                stateful_step_count=40,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
