"""Seconds by name: each second once, and none where nobody asks."""

from threading import Thread

import pytest

from visionft import stopwatch
from visionft.stopwatch import Stopwatch, measuring, running, timed


@pytest.fixture
def clock(monkeypatch):
    """Return a function that lets seconds pass."""
    now = [0.0]
    monkeypatch.setattr(stopwatch, "perf_counter", lambda: now[0])

    def passes(seconds):
        now[0] += seconds

    return passes


def test_every_second_counts_once(clock):
    watch = Stopwatch()
    with measuring(watch):
        clock(1)
        with timed("wait"):
            clock(2)
            with timed("decode"):
                clock(4)
            with timed("decode"):
                clock(8)
            clock(16)
        clock(32)
    assert watch.take() == {"other": 33, "wait": 18, "decode": 12}
    clock(1)
    assert watch.take() == {"other": 1}


def test_validation_is_one_thing(clock):
    watch = Stopwatch()
    with measuring(watch), timed("validation"):
        clock(1)
        with timed("decode"):
            clock(2)
            with timed("prefix"):
                clock(4)
                watch.turn("prefix", "forward")
    assert watch.take() == {"other": 0, "validation": 7}


def test_a_name_turns_into_another_where_it_is_the_innermost(clock):
    watch = Stopwatch()
    with measuring(watch):
        watch.turn("prefix", "forward")
        with timed("prefix"):
            clock(1)
            watch.turn("prefix", "forward")
            clock(2)
            watch.turn("prefix", "forward")
        clock(4)
    assert watch.take() == {"other": 4, "prefix": 1, "forward": 2}


def test_errors_end_what_they_leave(clock):
    watch = Stopwatch()

    def fail():
        with timed("decode"):
            clock(1)
            raise ZeroDivisionError

    with measuring(watch):
        with pytest.raises(ZeroDivisionError):
            fail()
        clock(2)
    assert watch.take() == {"other": 2, "decode": 1}
    assert running() is None


def test_the_device_is_waited_for_before_the_time_is_read(clock):
    watch = Stopwatch(settle=lambda: clock(1))
    with measuring(watch), timed("forward"):
        pass
    assert watch.take() == {"other": 2, "forward": 1}


def test_nothing_is_measured_unless_asked_and_in_other_threads(clock):
    assert timed("decode") is timed("forward")
    watch, seen = Stopwatch(), []
    with measuring(watch):
        thread = Thread(target=lambda: seen.append(running()))
        thread.start()
        thread.join()
        with measuring(None):
            assert running() is None
        assert running() is watch
    assert seen == [None]


def test_what_a_thread_does_beside_is_apart(clock):
    watch = Stopwatch()
    with measuring(watch.beside()), timed("decode"):
        clock(3)
    clock(1)
    assert watch.take_beside() == {"decode": 3}
    assert watch.take() == {"other": 4}
    assert watch.take_beside() == {}
