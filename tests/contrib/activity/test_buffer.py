"""The buffer: what is added is written once, in order, and nobody waits for it."""

import os
import warnings
from threading import Barrier, Event, Thread

import pytest

from django_sandbox import sandbox_mode
from django_sandbox.context import current_scope
from django_sandbox.contrib.activity.buffer import Buffer

FOR_EVER = 3600  # seconds: what comes sooner did not wait for the interval
DEADLINE = 60


class Collector:
    """A writer that keeps what it is given, and can be held up."""

    def __init__(self):
        self.batches, self.scopes = [], []
        self.entered, self.go = Event(), Event()
        self.go.set()

    def __call__(self, batch):
        self.entered.set()
        assert self.go.wait(DEADLINE)
        self.batches.append(list(batch))
        self.scopes.append(current_scope())

    @property
    def items(self):
        return [item for batch in self.batches for item in batch]


@pytest.fixture
def written():
    return Collector()


@pytest.fixture
def make(written):
    made = []

    def make(**options):
        made.append(Buffer(written, **{"interval": FOR_EVER, **options}))
        return made[-1]

    yield make
    written.go.set()
    for buffer in made:
        buffer.close(DEADLINE)


def test_a_full_batch_is_written_without_waiting(make, written):
    buffer = make(batch=3)
    for number in range(3):
        assert buffer.add(number)
    assert written.entered.wait(DEADLINE)
    assert buffer.flush(DEADLINE) and written.batches == [[0, 1, 2]]


def test_fewer_are_written_after_the_interval(make, written):
    make(batch=100, interval=0.01).add("one")
    assert written.entered.wait(DEADLINE)


def test_flush_waits_until_all_is_written(make, written):
    buffer = make(batch=2)
    assert buffer.flush(0)  # nothing to do
    for number in range(5):
        buffer.add(number)
    assert buffer.flush(DEADLINE) and written.items == [0, 1, 2, 3, 4]
    assert all(len(batch) <= 2 for batch in written.batches)
    buffer.add(5)
    assert written.items == [0, 1, 2, 3, 4]  # the hurry is over
    assert buffer.flush(DEADLINE) and written.items[-1] == 5


def test_flush_says_where_it_was_not_in_time(make, written):
    buffer = make(batch=1)
    written.go.clear()
    buffer.add("stuck")
    assert written.entered.wait(DEADLINE)
    assert not buffer.flush(0)


def test_what_does_not_fit_is_dropped_and_counted(make, written, caplog):
    buffer = make(batch=1, limit=3)
    written.go.clear()
    buffer.add("being written")
    assert written.entered.wait(DEADLINE)
    for number in range(3):
        assert buffer.add(number)
    assert "dropping" not in caplog.text
    for _ in range(4):
        assert buffer.add("lost")  # and came back at once
    assert "More than 3 entries wait" in caplog.text
    written.go.set()
    assert buffer.flush(DEADLINE) and written.items == ["being written", 0, 1, 2]
    assert "4 entries were dropped" in caplog.text
    assert caplog.text.count("More than 3") == 1


def test_a_writer_that_fails_is_logged_and_the_next_batch_written(written, caplog):
    def write(batch):
        if batch == ["bad"]:
            raise RuntimeError("the database is gone")
        written(batch)

    buffer = Buffer(write, batch=1, interval=FOR_EVER)
    for item in ("good", "bad", "better"):
        buffer.add(item)
        assert buffer.flush(DEADLINE)
    buffer.close(DEADLINE)
    assert written.items == ["good", "better"]
    assert "1 entries could not be written" in caplog.text and "database is gone" in caplog.text


def test_closing_writes_what_waits_and_takes_no_more(make, written):
    buffer = make()
    buffer.add("last")
    buffer.close(DEADLINE)
    assert written.items == ["last"]
    assert not buffer.add("too late")
    buffer.close(DEADLINE)
    make().close(0)  # never used: no thread to wait for


def test_many_threads_lose_and_double_nothing(make, written):
    buffer = make(limit=10_000, batch=50)
    start = Barrier(8)

    def add(who):
        start.wait(DEADLINE)
        for number in range(200):
            buffer.add((who, number))

    threads = [Thread(target=add, args=(who,)) for who in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert buffer.flush(DEADLINE)
    assert sorted(written.items) == [(who, n) for who in range(8) for n in range(200)]
    for who in range(8):
        assert [n for w, n in written.items if w == who] == list(range(200))


def test_the_thread_is_in_nobodys_mode(make, written):
    buffer = make()
    with sandbox_mode():
        buffer.add("made in test mode")
        assert buffer.flush(DEADLINE)
    assert written.scopes == [None]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_the_child_of_a_fork_begins_anew(monkeypatch, written):
    """Under a pre-forking server: the parent's entries are the parent's to write."""
    from django_sandbox.contrib.activity import writing

    buffer = writing.buffer  # it is registered with the fork
    assert buffer.flush(DEADLINE)
    monkeypatch.setattr(buffer, "_write", written)
    monkeypatch.setattr(buffer, "interval", FOR_EVER)
    buffer.add("parent's")
    reading, writing_end = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking with threads
        child = os.fork()
    if child == 0:
        try:
            buffer.add("child's")
            done = buffer.flush(DEADLINE)
            os.write(writing_end, repr((done, written.items)).encode())
        finally:
            os._exit(0)  # whatever happens, the tests go on in one process only
    os.close(writing_end)
    with os.fdopen(reading) as pipe:
        assert pipe.read() == '(True, ["child\'s"])'
    os.waitpid(child, 0)
    assert buffer.flush(DEADLINE) and written.items == ["parent's"]
